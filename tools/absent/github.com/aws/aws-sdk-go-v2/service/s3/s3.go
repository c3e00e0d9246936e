// Package s3 stands for the client of AWS S3.
package s3

// CopyObjectInput is what the engine looks for in a request, which never comes.
type CopyObjectInput struct{ CopySource *string }
