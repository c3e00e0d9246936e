// Package gcsblob stands for state kept at Google Cloud.
package gcsblob

import (
	"context"
	"net/url"

	"gocloud.dev/blob"
	"gocloud.dev/gcp"

	"vault-aws-federation/tools/absent"
)

// Scheme is that of its URLs.
const Scheme = "gs"

// Options and URLOpener are what the engine says of the way there.
type (
	Options struct {
		GoogleAccessID string
		PrivateKey     []byte
	}
	URLOpener struct {
		Client  *gcp.HTTPClient
		Options Options
	}
)

func init() { blob.DefaultURLMux().RegisterBucket(Scheme, new(URLOpener)) }

// OpenBucketURL refuses.
func (*URLOpener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return nil, absent.Error("a state at Google Cloud (gs://)")
}
