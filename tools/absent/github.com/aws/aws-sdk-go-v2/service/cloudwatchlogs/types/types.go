// Package types stands for what CloudWatch would answer.
package types

// FilteredLogEvent is a line of a log; none is ever read.
type FilteredLogEvent struct {
	Message   *string
	Timestamp *int64
}
