// Package pq stands for the driver of PostgreSQL, where the engine can keep its state.
package pq

import (
	"database/sql"
	"database/sql/driver"

	"vault-aws-federation/tools/absent"
)

func init() { sql.Register("postgres", refusing{}) }

type refusing struct{}

func (refusing) Open(string) (driver.Conn, error) {
	return nil, absent.Error("a state in PostgreSQL (postgres://)")
}
