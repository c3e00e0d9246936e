// Package mysql stands for the driver of mysql databases at Google Cloud.
package mysql

import (
	"cloud.google.com/go/cloudsqlconn"

	"vault-aws-federation/tools/absent"
)

// RegisterDriver refuses.
func RegisterDriver(string, ...cloudsqlconn.Option) (func() error, error) {
	return nil, absent.Error("a mysql database at Google Cloud")
}
