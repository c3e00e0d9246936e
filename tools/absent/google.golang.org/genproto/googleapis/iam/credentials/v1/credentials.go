// Package credentials stands for messages of Google Cloud's signatures, none of which is ever sent.
package credentials

type (
	SignJwtRequest  struct{ Name, Payload string }
	SignJwtResponse struct{ SignedJwt string }
)
