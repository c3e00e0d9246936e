// Package azurekeyvault stands for the seal that keeps Vault's key with Azure.
package azurekeyvault

import (
	wrapping "github.com/hashicorp/go-kms-wrapping/v2"

	"vault-aws-federation/tools/absent/seal"
)

// Names that Vault's configuration is read by, as in the seal itself.
const (
	EnvAzureKeyVaultWrapperVaultName = "AZUREKEYVAULT_WRAPPER_VAULT_NAME"
	EnvVaultAzureKeyVaultVaultName   = "VAULT_AZUREKEYVAULT_VAULT_NAME"
	EnvAzureKeyVaultWrapperKeyName   = "AZUREKEYVAULT_WRAPPER_KEY_NAME"
	EnvVaultAzureKeyVaultKeyName     = "VAULT_AZUREKEYVAULT_KEY_NAME"
)

// NewWrapper returns a seal that refuses to be configured.
func NewWrapper() *seal.Wrapper {
	return &seal.Wrapper{Kind: wrapping.WrapperTypeAzureKeyVault}
}

// WithDisallowEnvVars is an option of the absent seal.
func WithDisallowEnvVars(bool) wrapping.Option { return seal.Ignored }
