// Package gcp stands for the engine's way to Google Cloud.
package gcp

import (
	"context"
	"net/http"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"vault-aws-federation/tools/absent"
)

var errAbsent = absent.Error("Google Cloud")

// HTTPClient is never made.
type HTTPClient struct{}

// DefaultCredentials refuses.
func DefaultCredentials(context.Context) (*google.Credentials, error) { return nil, errAbsent }

// DefaultTransport is never used.
func DefaultTransport() http.RoundTripper { return http.DefaultTransport }

// NewHTTPClient refuses.
func NewHTTPClient(http.RoundTripper, oauth2.TokenSource) (*HTTPClient, error) { return nil, errAbsent }
