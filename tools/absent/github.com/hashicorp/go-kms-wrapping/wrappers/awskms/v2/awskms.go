// Package awskms stands for the seal that keeps Vault's key with AWS KMS.
package awskms

import (
	"github.com/hashicorp/go-hclog"
	wrapping "github.com/hashicorp/go-kms-wrapping/v2"

	"vault-aws-federation/tools/absent/seal"
)

// Names that Vault's configuration is read by, as in the seal itself.
const (
	EnvAwsKmsWrapperKeyId   = "AWSKMS_WRAPPER_KEY_ID"
	EnvVaultAwsKmsSealKeyId = "VAULT_AWSKMS_SEAL_KEY_ID"
)

// NewWrapper returns a seal that refuses to be configured.
func NewWrapper() *seal.Wrapper {
	return &seal.Wrapper{Kind: wrapping.WrapperTypeAwsKms}
}

// WithDisallowEnvVars is an option of the absent seal.
func WithDisallowEnvVars(bool) wrapping.Option { return seal.Ignored }

// WithLogger is an option of the absent seal. Vault gives it to every seal, and each ignores what it
// does not know.
func WithLogger(hclog.Logger) wrapping.Option { return seal.Ignored }
