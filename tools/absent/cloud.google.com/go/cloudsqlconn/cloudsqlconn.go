// Package cloudsqlconn stands for connections to databases at Google Cloud; its drivers refuse.
package cloudsqlconn

// Option and DialOption change nothing.
type (
	Option     any
	DialOption any
)

// Options of connections that are absent.
func WithIAMAuthN() Option                        { return nil }
func WithCredentialsJSON([]byte) Option           { return nil }
func WithDefaultDialOptions(...DialOption) Option { return nil }
func WithPrivateIP() DialOption                   { return nil }
func WithPSC() DialOption                         { return nil }
