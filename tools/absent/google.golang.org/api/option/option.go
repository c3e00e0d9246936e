// Package option stands for settings of Google Cloud's clients, which are all absent.
package option

import (
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

// ClientOption changes nothing.
type ClientOption any

// Options of clients that are absent.
func WithCredentials(*google.Credentials) ClientOption { return nil }
func WithScopes(...string) ClientOption                { return nil }
func WithTokenSource(oauth2.TokenSource) ClientOption  { return nil }
func WithUserAgent(string) ClientOption                { return nil }
