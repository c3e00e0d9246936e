// Package config stands for the engine's way to AWS, which only `pulumi logs` goes.
package config

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"vault-aws-federation/tools/absent"
)

// LoadOptions are never used.
type LoadOptions struct{}

// LoadDefaultConfig refuses: it is what the engine does first.
func LoadDefaultConfig(context.Context, ...func(*LoadOptions) error) (aws.Config, error) {
	return aws.Config{}, absent.Error("reading logs of AWS")
}

// Options of what is absent.
func WithRegion(string) func(*LoadOptions) error                               { return nil }
func WithSharedConfigProfile(string) func(*LoadOptions) error                  { return nil }
func WithCredentialsProvider(aws.CredentialsProvider) func(*LoadOptions) error { return nil }
