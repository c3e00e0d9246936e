// Package credentials stands for keys at AWS.
package credentials

// Credentials are never used.
type Credentials struct{}

// NewStaticCredentials keeps none.
func NewStaticCredentials(key, secret, token string) *Credentials { return &Credentials{} }
