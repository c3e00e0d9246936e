// Package armresources stands for Azure's resource manager, where Vault's provider tries credentials.
package armresources

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"vault-aws-federation/tools/absent"
)

var errAbsent = absent.Error("Azure's resource manager")

type (
	ProvidersClient            struct{}
	ProvidersClientListOptions struct{ Expand *string }
	Pager                      struct{}
)

// NewProvidersClient refuses.
func NewProvidersClient(string, *azidentity.Credential, *arm.ClientOptions) (*ProvidersClient, error) {
	return nil, errAbsent
}

// NewListPager returns one page, which refuses.
func (*ProvidersClient) NewListPager(*ProvidersClientListOptions) *Pager { return &Pager{} }

// More is true: the refusal is to be read.
func (*Pager) More() bool { return true }

// NextPage refuses.
func (*Pager) NextPage(context.Context) (struct{}, error) { return struct{}{}, errAbsent }
