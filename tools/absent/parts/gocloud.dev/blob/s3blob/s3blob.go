// Package s3blob stands for state kept in AWS S3.
package s3blob

import (
	"context"
	"net/url"

	"gocloud.dev/blob"

	"vault-aws-federation/tools/absent"
)

// Scheme is that of its URLs.
const Scheme = "s3"

func init() { blob.DefaultURLMux().RegisterBucket(Scheme, opener{}) }

type opener struct{}

func (opener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return nil, absent.Error("a state in AWS S3 (s3://)")
}
