// Package iam stands for a service of AWS that is never called: there is no session.
package iam

import (
	"github.com/aws/aws-sdk-go/aws/session"

	"vault-aws-federation/tools/absent"
)

// Client refuses every call.
type Client struct{}

// New returns a client that refuses every call.
func New(*session.Session) *Client { return &Client{} }

// GetUser refuses.
func (*Client) GetUser(*struct{}) (*struct{}, error) { return nil, absent.Error("AWS IAM") }
