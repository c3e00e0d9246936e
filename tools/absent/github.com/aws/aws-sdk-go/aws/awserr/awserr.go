// Package awserr stands for errors of AWS.
package awserr

// Error is never made.
type Error interface {
	error
	Code() string
	Message() string
}
