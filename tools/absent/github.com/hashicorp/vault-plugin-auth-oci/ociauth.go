// Package ociauth stands for logins to Vault by Oracle Cloud.
package ociauth

import (
	"net/http"

	"vault-aws-federation/tools/absent"
)

var errAbsent = absent.Error("a login to Vault by Oracle Cloud")

// GetSignedInstanceRequestHeaders refuses.
func GetSignedInstanceRequestHeaders(address, path string) (http.Header, error) {
	return nil, errAbsent
}

// GetSignedAPIRequestHeaders refuses.
func GetSignedAPIRequestHeaders(address, path string) (http.Header, error) { return nil, errAbsent }
