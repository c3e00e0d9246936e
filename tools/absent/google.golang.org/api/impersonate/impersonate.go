// Package impersonate stands for service accounts of Google Cloud.
package impersonate

import (
	"context"

	"golang.org/x/oauth2"
	"google.golang.org/api/option"

	"vault-aws-federation/tools/absent"
)

// CredentialsConfig says who is to be impersonated.
type CredentialsConfig struct {
	TargetPrincipal, Subject string
	Scopes                   []string
}

// CredentialsTokenSource refuses.
func CredentialsTokenSource(context.Context, CredentialsConfig, ...option.ClientOption) (oauth2.TokenSource, error) {
	return nil, absent.Error("impersonation at Google Cloud")
}
