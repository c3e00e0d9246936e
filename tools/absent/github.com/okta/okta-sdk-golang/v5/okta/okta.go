// Package okta stands for the client by which Vault asks Okta for a second factor of a login.
package okta

import (
	"context"

	"vault-aws-federation/tools/absent"
)

// Configuration is never made.
type Configuration struct{ Context context.Context }

// ConfigSetter is an option of what is absent.
type ConfigSetter func(*Configuration)

// NewConfiguration refuses: it is what Vault does first.
func NewConfiguration(...ConfigSetter) (*Configuration, error) {
	return nil, absent.Error("Okta as a second factor")
}

// Options of what is absent.
func WithToken(string) ConfigSetter  { return nil }
func WithOrgUrl(string) ConfigSetter { return nil }
func WithCache(bool) ConfigSetter    { return nil }

// The rest is what Vault's code names after a configuration was made, which never happens.

// APIClient is never made.
type APIClient struct {
	UserAPI       userAPI
	UserFactorAPI factorAPI
}

func NewAPIClient(*Configuration) *APIClient              { return nil }
func (*APIClient) GetConfig() *Configuration              { return nil }
func (*UserFactorPush) GetId() string                     { return "" }
func (*User) GetId() string                               { return "" }
func (*VerifyUserFactorResponse) GetFactorResult() string { return "" }

type (
	User                     struct{}
	UserFactorPush           struct{}
	VerifyUserFactorResponse struct{ Links map[string]any }
	Factor                   struct{ UserFactorPush *UserFactorPush }
	Transaction              struct {
		UserFactorPushTransaction         *struct{}
		UserFactorPushTransactionRejected *struct{}
		UserFactorPushTransactionTimeout  *struct{}
		UserFactorPushTransactionWaiting  *struct{}
	}
	userAPI        struct{}
	factorAPI      struct{}
	request[T any] struct{}
)

func (userAPI) ListUsers(context.Context) request[[]User]               { return request[[]User]{} }
func (factorAPI) ListFactors(context.Context, string) request[[]Factor] { return request[[]Factor]{} }
func (factorAPI) VerifyFactor(context.Context, string, string) request[*VerifyUserFactorResponse] {
	return request[*VerifyUserFactorResponse]{}
}

func (factorAPI) GetFactorTransactionStatus(context.Context, string, string, string) request[*Transaction] {
	return request[*Transaction]{}
}
func (r request[T]) Filter(string) request[T] { return r }

func (request[T]) Execute() (T, any, error) {
	var none T
	return none, nil, absent.Error("Okta as a second factor")
}
