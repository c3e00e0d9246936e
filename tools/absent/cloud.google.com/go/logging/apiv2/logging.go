// Package logging stands for the client of Google Cloud's logs, which `pulumi logs` reads.
package logging

import (
	"context"

	loggingpb "google.golang.org/genproto/googleapis/logging/v2"

	"google.golang.org/api/option"

	"vault-aws-federation/tools/absent"
)

var errAbsent = absent.Error("reading logs of Google Cloud")

// Client is never made.
type Client struct{}

// NewClient refuses.
func NewClient(context.Context, ...option.ClientOption) (*Client, error) { return nil, errAbsent }

// ListLogEntries is never reached.
func (*Client) ListLogEntries(context.Context, *loggingpb.ListLogEntriesRequest) Entries {
	return Entries{}
}

// Entries are none.
type Entries struct{}

// Next refuses.
func (Entries) Next() (*loggingpb.LogEntry, error) { return nil, errAbsent }
