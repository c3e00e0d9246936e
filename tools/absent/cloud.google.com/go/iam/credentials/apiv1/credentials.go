// Package credentials stands for logins to Vault by a service account of Google Cloud.
package credentials

import (
	"context"

	"google.golang.org/api/option"
	credentialspb "google.golang.org/genproto/googleapis/iam/credentials/v1"

	"vault-aws-federation/tools/absent"
)

var errAbsent = absent.Error("a login to Vault by Google Cloud")

// IamCredentialsClient is never made.
type IamCredentialsClient struct{}

// NewIamCredentialsClient refuses.
func NewIamCredentialsClient(context.Context, ...option.ClientOption) (*IamCredentialsClient, error) {
	return nil, errAbsent
}

// Close has nothing to close.
func (*IamCredentialsClient) Close() error { return nil }

// SignJwt refuses.
func (*IamCredentialsClient) SignJwt(context.Context, *credentialspb.SignJwtRequest) (*credentialspb.SignJwtResponse, error) {
	return nil, errAbsent
}
