// Package policy stands for what is said to Azure.
package policy

import "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

type (
	ClientOptions       struct{ Cloud cloud.Configuration }
	TokenRequestOptions struct {
		Scopes   []string
		TenantID string
	}
)
