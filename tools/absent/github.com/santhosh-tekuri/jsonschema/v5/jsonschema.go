// Package jsonschema stands for the judge of JSON. Pulumi's libraries prepare its schemas of project
// files and packages at each start, which took a plugin longer than all else before it answers; a
// plugin judges neither.
package jsonschema

import (
	"io"

	"vault-aws-federation/tools/absent"
)

// Schema says nothing about any document.
type Schema struct {
	Ref                  *Schema
	Properties           map[string]*Schema
	AdditionalProperties any
	Items2020            *Schema
}

// Validate says that the judge is absent.
func (*Schema) Validate(any) error {
	return absent.Error("the validation of JSON against a schema")
}

// ValidationError is what a judge that is not absent finds.
type ValidationError struct {
	InstanceLocation string
	Message          string
	Causes           []*ValidationError
}

func (found *ValidationError) Error() string { return found.Message }

// Compiler compiles nothing.
type Compiler struct {
	LoadURL func(url string) (io.ReadCloser, error)
}

// NewCompiler makes a compiler.
func NewCompiler() *Compiler { return &Compiler{} }

// MustCompile reads no schema, so that it costs nothing.
func (*Compiler) MustCompile(string) *Schema { return &Schema{} }

// LoadURL says that the judge is absent.
func LoadURL(string) (io.ReadCloser, error) {
	return nil, absent.Error("reading a JSON schema")
}
