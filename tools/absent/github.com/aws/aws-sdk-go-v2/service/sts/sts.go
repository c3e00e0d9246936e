// Package sts stands for the client of AWS STS in the engine.
package sts

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"vault-aws-federation/tools/absent"
)

// Client refuses every call.
type Client struct{}

// NewFromConfig returns a client that refuses every call.
func NewFromConfig(aws.Config, ...func(*struct{})) *Client { return &Client{} }

// GetCallerIdentityInput asks nothing.
type GetCallerIdentityInput struct{}

// GetCallerIdentity refuses.
func (*Client) GetCallerIdentity(context.Context, *GetCallerIdentityInput) (*struct{}, error) {
	return nil, absent.Error("AWS in the engine")
}
