// Package alicloudkms stands for the seal that keeps Vault's key with AliCloud.
package alicloudkms

import (
	wrapping "github.com/hashicorp/go-kms-wrapping/v2"

	"vault-aws-federation/tools/absent/seal"
)

// Names that Vault's configuration is read by, as in the seal itself.
const (
	EnvAliCloudKmsWrapperKeyId   = "ALICLOUDKMS_WRAPPER_KEY_ID"
	EnvVaultAliCloudKmsSealKeyId = "VAULT_ALICLOUDKMS_SEAL_KEY_ID"
)

// NewWrapper returns a seal that refuses to be configured.
func NewWrapper() *seal.Wrapper {
	return &seal.Wrapper{Kind: wrapping.WrapperTypeAliCloudKms}
}
