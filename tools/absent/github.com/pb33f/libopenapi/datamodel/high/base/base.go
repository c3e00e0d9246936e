// Package base names what an OpenAPI document would say of data.
package base

import (
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
	"vault-aws-federation/tools/absent"
)

// Info is of the document itself.
type Info struct {
	Version string
}

// Schema says what data looks like.
type Schema struct {
	AdditionalProperties *DynamicValue[*SchemaProxy, bool]
	AllOf                []*SchemaProxy
	AnyOf                []*SchemaProxy
	Default              *yaml.Node
	Description          string
	Discriminator        *Discriminator
	Enum                 []*yaml.Node
	Extensions           *orderedmap.Map[string, *yaml.Node]
	Format               string
	Items                *DynamicValue[*SchemaProxy, bool]
	MaxLength            *int64
	Maximum              *float64
	MinLength            *int64
	Minimum              *float64
	MultipleOf           *float64
	Nullable             *bool
	OneOf                []*SchemaProxy
	Pattern              string
	Properties           *orderedmap.Map[string, *SchemaProxy]
	ReadOnly             *bool
	Required             []string
	Type                 []string
}

// GoLow has nothing below it.
func (*Schema) GoLow() *Low { return nil }

// MarshalJSONInline says that the writer is absent.
func (*Schema) MarshalJSONInline() ([]byte, error) {
	return nil, absent.Error("the reader of Pulumi Cloud's API")
}

// Low is a schema as it was written.
type Low struct{}

// Hash tells one from another.
func (*Low) Hash() uint64 { return 0 }

// SchemaProxy leads to a schema.
type SchemaProxy struct{}

// Schema finds none.
func (*SchemaProxy) Schema() *Schema { return nil }

// GetReference names none.
func (*SchemaProxy) GetReference() string { return "" }

// Discriminator tells one variant from another.
type Discriminator struct {
	Mapping      *orderedmap.Map[string, string]
	PropertyName string
}

// DynamicValue is one of two.
type DynamicValue[A any, B any] struct {
	A A
	B B
}

// IsA says which.
func (*DynamicValue[A, B]) IsA() bool { return true }
