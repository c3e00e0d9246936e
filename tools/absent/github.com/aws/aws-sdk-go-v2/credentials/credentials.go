// Package credentials stands for keys that the engine would use at AWS.
package credentials

import "github.com/aws/aws-sdk-go-v2/aws"

// NewStaticCredentialsProvider gives none.
func NewStaticCredentialsProvider(key, secret, session string) aws.CredentialsProvider {
	return aws.AnonymousCredentials{}
}
