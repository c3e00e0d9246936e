// Package googleapi stands for errors of Google Cloud, none of which is ever met.
package googleapi

// Error is never made.
type Error struct {
	Code    int
	Message string
	Body    string
	Details []any
	Errors  []ErrorItem
	err     error
}

// ErrorItem is a part of an error.
type ErrorItem struct{ Reason, Message string }

func (e *Error) Error() string { return e.Message }

// Wrap keeps a cause.
func (e *Error) Wrap(err error) { e.err = err }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }
