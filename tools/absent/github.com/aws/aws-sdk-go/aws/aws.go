// Package aws stands for the first client of AWS, by which Vault's provider tries credentials that
// a program reads from Vault. What makes things at AWS uses the second one.
package aws

import (
	"net/http"

	"github.com/aws/aws-sdk-go/aws/credentials"
)

// Config says who calls, and where.
type Config struct {
	Credentials *credentials.Credentials
	HTTPClient  *http.Client
	Region      *string
}
