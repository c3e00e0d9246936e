// Package azureblob stands for state kept in Azure.
package azureblob

import (
	"context"
	"net/url"

	"gocloud.dev/blob"

	"vault-aws-federation/tools/absent"
)

// Scheme is that of its URLs.
const Scheme = "azblob"

// ServiceURLOptions and URLOpener are what the engine says of the way there.
type (
	ServiceURLOptions struct{}
	URLOpener         struct {
		MakeClient        func() error
		ServiceURLOptions ServiceURLOptions
	}
)

// NewDefaultClient is never called.
func NewDefaultClient() error { return absent.Error("Azure") }

// NewDefaultServiceURLOptions are none.
func NewDefaultServiceURLOptions() *ServiceURLOptions { return &ServiceURLOptions{} }

func init() { blob.DefaultURLMux().RegisterBucket(Scheme, new(URLOpener)) }

// OpenBucketURL refuses.
func (*URLOpener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return nil, absent.Error("a state in Azure (azblob://)")
}
