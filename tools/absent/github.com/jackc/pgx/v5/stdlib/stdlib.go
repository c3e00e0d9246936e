// Package stdlib stands for the driver of PostgreSQL behind database/sql: it registers none.
package stdlib

import (
	"database/sql"

	"github.com/jackc/pgx/v5"
)

// RegisterConnConfig is never reached: no configuration can be parsed.
func RegisterConnConfig(*pgx.ConnConfig) string { return "" }

// OpenDB is never reached: no configuration can be parsed.
func OpenDB(pgx.ConnConfig) *sql.DB { return nil }
