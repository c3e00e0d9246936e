// Package azidentity stands for identities of Azure.
package azidentity

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"vault-aws-federation/tools/absent"
)

var errAbsent = absent.Error("an identity of Azure")

type (
	ClientID                         string
	ClientSecretCredentialOptions    struct{}
	ManagedIdentityCredentialOptions struct{ ID ClientID }
	AccessToken                      struct{ Token string }
)

// Credential is never made.
type Credential struct{}

// NewClientSecretCredential refuses.
func NewClientSecretCredential(tenant, client, secret string, _ *ClientSecretCredentialOptions) (*Credential, error) {
	return nil, errAbsent
}

// NewManagedIdentityCredential refuses.
func NewManagedIdentityCredential(*ManagedIdentityCredentialOptions) (*Credential, error) {
	return nil, errAbsent
}

// GetToken refuses.
func (*Credential) GetToken(context.Context, policy.TokenRequestOptions) (AccessToken, error) {
	return AccessToken{}, errAbsent
}
