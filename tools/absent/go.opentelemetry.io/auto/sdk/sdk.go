// Package sdk stands for tracing that another program switches on from outside (eBPF).
package sdk

import (
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// TracerProvider traces nothing.
func TracerProvider() trace.TracerProvider { return noop.NewTracerProvider() }
