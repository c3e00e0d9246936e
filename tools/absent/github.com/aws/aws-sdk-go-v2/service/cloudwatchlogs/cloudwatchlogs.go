// Package cloudwatchlogs stands for the client of AWS CloudWatch, which `pulumi logs` reads.
package cloudwatchlogs

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"vault-aws-federation/tools/absent"
)

// Client is never used: the way to AWS refuses before.
type Client struct{}

// NewFromConfig returns a client that refuses every call.
func NewFromConfig(aws.Config, ...func(*struct{})) *Client { return &Client{} }

// FilterLogEventsInput names a log.
type FilterLogEventsInput struct {
	LogGroupName       *string
	StartTime, EndTime *int64
}

// FilterLogEventsOutput is never made.
type FilterLogEventsOutput struct{ Events []types.FilteredLogEvent }

// FilterLogEventsPaginator has one page, which refuses.
type FilterLogEventsPaginator struct{}

// NewFilterLogEventsPaginator returns one page, which refuses.
func NewFilterLogEventsPaginator(*Client, *FilterLogEventsInput) *FilterLogEventsPaginator {
	return &FilterLogEventsPaginator{}
}

// HasMorePages is true: the refusal is to be read.
func (*FilterLogEventsPaginator) HasMorePages() bool { return true }

// NextPage refuses.
func (*FilterLogEventsPaginator) NextPage(context.Context) (*FilterLogEventsOutput, error) {
	return nil, absent.Error("reading logs of AWS CloudWatch")
}
