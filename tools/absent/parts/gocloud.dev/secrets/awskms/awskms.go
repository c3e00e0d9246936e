// Package awskms stands for secrets of a stack encrypted by AWS KMS.
package awskms

import (
	"context"
	"net/url"

	"gocloud.dev/secrets"

	"vault-aws-federation/tools/absent"
)

// Scheme is that of its URLs.
const Scheme = "awskms"

func init() { secrets.DefaultURLMux().RegisterKeeper(Scheme, opener{}) }

type opener struct{}

func (opener) OpenKeeperURL(context.Context, *url.URL) (*secrets.Keeper, error) {
	return nil, absent.Error("secrets by AWS KMS (awskms://)")
}
