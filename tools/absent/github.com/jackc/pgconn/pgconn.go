// Package pgconn stands for connections to PostgreSQL.
package pgconn

import (
	"context"
	"crypto/tls"

	"vault-aws-federation/tools/absent"
)

// FallbackConfig is another server to try.
type FallbackConfig struct {
	Host      string
	Port      uint16
	TLSConfig *tls.Config
}

// ParseConfigOptions says where passwords come from.
type ParseConfigOptions struct {
	GetSSLPassword func(context.Context) string
}

// ParseConfigError is never made.
type ParseConfigError struct{}

func (*ParseConfigError) Error() string { return absent.Error("PostgreSQL").Error() }

// NetworkAddress names none.
func NetworkAddress(string, uint16) (network, address string) { return "", "" }
