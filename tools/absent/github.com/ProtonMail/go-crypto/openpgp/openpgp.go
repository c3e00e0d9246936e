// Package openpgp stands for signatures of commits and tags, which Pulumi neither makes nor checks.
package openpgp

import (
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"vault-aws-federation/tools/absent"
)

var errAbsent = absent.Error("OpenPGP (signatures of commits and tags)")

// Entity is never made.
type Entity struct{}

// ReadArmoredKeyRing refuses.
func ReadArmoredKeyRing(io.Reader) ([]*Entity, error) { return nil, errAbsent }

// CheckArmoredDetachedSignature refuses.
func CheckArmoredDetachedSignature([]*Entity, io.Reader, io.Reader, *packet.Config) (*Entity, error) {
	return nil, errAbsent
}

// ArmoredDetachSign refuses.
func ArmoredDetachSign(io.Writer, *Entity, io.Reader, *packet.Config) error { return errAbsent }
