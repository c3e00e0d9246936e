// Package jwtauth stands for logins of a person in a browser, which Vault's provider can start.
// Vault itself has the whole plugin.
package jwtauth

import (
	"github.com/hashicorp/vault/api"

	"vault-aws-federation/tools/absent"
)

// Names of settings, as in the plugin itself.
const (
	FieldCallbackHost   = "callbackhost"
	FieldCallbackMethod = "callbackmethod"
	FieldListenAddress  = "listenaddress"
	FieldPort           = "port"
	FieldCallbackPort   = "callbackport"
	FieldSkipBrowser    = "skip_browser"
	FieldAbortOnError   = "abort_on_error"
)

// CLIHandler refuses every login.
type CLIHandler struct{}

// Auth refuses.
func (*CLIHandler) Auth(*api.Client, map[string]string) (*api.Secret, error) {
	return nil, absent.Error("a login of the Vault provider in a browser")
}
