// Package ocikms stands for the seal that keeps Vault's key with Oracle Cloud.
package ocikms

import (
	wrapping "github.com/hashicorp/go-kms-wrapping/v2"

	"vault-aws-federation/tools/absent/seal"
)

// Names that Vault's configuration is read by, as in the seal itself.
const (
	EnvOciKmsWrapperKeyId                = "OCIKMS_WRAPPER_KEY_ID"
	EnvVaultOciKmsSealKeyId              = "VAULT_OCIKMS_SEAL_KEY_ID"
	EnvOciKmsWrapperCryptoEndpoint       = "OCIKMS_WRAPPER_CRYPTO_ENDPOINT"
	EnvVaultOciKmsSealCryptoEndpoint     = "VAULT_OCIKMS_CRYPTO_ENDPOINT"
	EnvOciKmsWrapperManagementEndpoint   = "OCIKMS_WRAPPER_MANAGEMENT_ENDPOINT"
	EnvVaultOciKmsSealManagementEndpoint = "VAULT_OCIKMS_MANAGEMENT_ENDPOINT"
	KmsConfigKeyId                       = "key_id"
	KmsConfigCryptoEndpoint              = "crypto_endpoint"
	KmsConfigManagementEndpoint          = "management_endpoint"
)

// NewWrapper returns a seal that refuses to be configured.
func NewWrapper() *seal.Wrapper {
	return &seal.Wrapper{Kind: wrapping.WrapperTypeOciKms}
}
