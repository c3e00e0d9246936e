// Package logging stands for messages of Google Cloud's logs, none of which is ever read.
package logging

import (
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

type (
	ListLogEntriesRequest struct {
		ResourceNames []string
		Filter        string
	}
	LogEntry             struct{}
	LogEntry_TextPayload struct{ TextPayload string }
	LogEntry_JsonPayload struct{ JsonPayload *structpb.Struct }
)

func (*LogEntry) GetPayload() any                      { return nil }
func (*LogEntry) GetTimestamp() *timestamppb.Timestamp { return nil }
