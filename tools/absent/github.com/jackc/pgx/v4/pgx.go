// Package pgx stands for the driver of PostgreSQL.
package pgx

import (
	"crypto/tls"

	"github.com/jackc/pgconn"

	"vault-aws-federation/tools/absent"
)

// ConnConfig is never made.
type ConnConfig struct {
	Host      string
	Port      uint16
	TLSConfig *tls.Config
	Fallbacks []*pgconn.FallbackConfig
}

// ParseConfig refuses: it comes before any connection.
func ParseConfig(string) (*ConnConfig, error) { return nil, absent.Error("PostgreSQL") }
