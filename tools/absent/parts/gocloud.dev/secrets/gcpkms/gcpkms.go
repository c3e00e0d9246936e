// Package gcpkms stands for secrets of a stack encrypted by Google Cloud.
package gcpkms

import (
	"context"
	"net/url"

	"gocloud.dev/secrets"
	"golang.org/x/oauth2"

	"vault-aws-federation/tools/absent"
)

// Scheme is that of its URLs.
const Scheme = "gcpkms"

var errAbsent = absent.Error("secrets by Google Cloud (gcpkms://)")

// Client is never made.
type Client struct{}

// Dial refuses.
func Dial(context.Context, oauth2.TokenSource) (*Client, func(), error) { return nil, nil, errAbsent }

// URLOpener refuses.
type URLOpener struct{ Client *Client }

// OpenKeeperURL refuses.
func (*URLOpener) OpenKeeperURL(context.Context, *url.URL) (*secrets.Keeper, error) {
	return nil, errAbsent
}
