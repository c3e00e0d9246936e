// Package hashivault stands for secrets of a stack encrypted by Vault's transit engine.
package hashivault

import (
	"context"
	"net/url"

	"gocloud.dev/secrets"

	"vault-aws-federation/tools/absent"
)

// Scheme is that of its URLs.
const Scheme = "hashivault"

func init() { secrets.DefaultURLMux().RegisterKeeper(Scheme, opener{}) }

type opener struct{}

func (opener) OpenKeeperURL(context.Context, *url.URL) (*secrets.Keeper, error) {
	return nil, absent.Error("secrets by Vault's transit engine (hashivault://)")
}
