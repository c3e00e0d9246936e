// Package pgxv5 stands for the driver of postgres databases at Google Cloud.
package pgxv5

import (
	"cloud.google.com/go/cloudsqlconn"

	"vault-aws-federation/tools/absent"
)

// RegisterDriver refuses.
func RegisterDriver(string, ...cloudsqlconn.Option) (func() error, error) {
	return nil, absent.Error("a postgres database at Google Cloud")
}
