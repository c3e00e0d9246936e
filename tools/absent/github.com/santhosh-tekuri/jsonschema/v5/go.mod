module github.com/santhosh-tekuri/jsonschema/v5

go 1.26.0

require vault-aws-federation/tools/absent v0.0.0
