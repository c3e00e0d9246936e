// Package gcpckms stands for the seal that keeps Vault's key with Google Cloud.
package gcpckms

import (
	wrapping "github.com/hashicorp/go-kms-wrapping/v2"

	"vault-aws-federation/tools/absent/seal"
)

// Names that Vault's configuration is read by, as in the seal itself.
const (
	EnvGcpCkmsWrapperCredsPath   = "GOOGLE_CREDENTIALS"
	EnvGcpCkmsWrapperProject     = "GOOGLE_PROJECT"
	EnvGcpCkmsWrapperLocation    = "GOOGLE_REGION"
	EnvGcpCkmsWrapperKeyRing     = "GCPCKMS_WRAPPER_KEY_RING"
	EnvVaultGcpCkmsSealKeyRing   = "VAULT_GCPCKMS_SEAL_KEY_RING"
	EnvGcpCkmsWrapperCryptoKey   = "GCPCKMS_WRAPPER_CRYPTO_KEY"
	EnvVaultGcpCkmsSealCryptoKey = "VAULT_GCPCKMS_SEAL_CRYPTO_KEY"
)

// NewWrapper returns a seal that refuses to be configured.
func NewWrapper() *seal.Wrapper {
	return &seal.Wrapper{Kind: wrapping.WrapperTypeGcpCkms}
}
