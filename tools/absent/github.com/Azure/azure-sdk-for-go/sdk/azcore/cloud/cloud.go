// Package cloud stands for the places that Azure has.
package cloud

// Configuration is one of them.
type Configuration struct{ Name string }

// The places by the names that Vault's provider gives them.
var (
	AzureChina      = Configuration{"China"}
	AzureGovernment = Configuration{"Government"}
	AzurePublic     = Configuration{"Public"}
)
