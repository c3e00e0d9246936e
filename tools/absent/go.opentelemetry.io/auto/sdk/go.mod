module go.opentelemetry.io/auto/sdk

go 1.26.0
