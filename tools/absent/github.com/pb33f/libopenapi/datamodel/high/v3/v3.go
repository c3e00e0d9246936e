// Package v3 names what an OpenAPI document would say.
package v3

import (
	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

// Document is the whole.
type Document struct {
	Components *Components
	Info       *base.Info
	Paths      *Paths
}

// Components are what the rest refers to.
type Components struct {
	Schemas *orderedmap.Map[string, *base.SchemaProxy]
}

// Paths are all there are.
type Paths struct {
	PathItems *orderedmap.Map[string, *PathItem]
}

// PathItem is what one path can be asked for.
type PathItem struct {
	Get, Post, Put, Delete, Patch, Head *Operation
}

// Operation is one thing to ask for.
type Operation struct {
	Deprecated  *bool
	Description string
	Extensions  *orderedmap.Map[string, *yaml.Node]
	OperationId string
	Parameters  []*Parameter
	RequestBody *RequestBody
	Responses   *Responses
	Summary     string
	Tags        []string
}

// Parameter is asked by.
type Parameter struct {
	Description string
	In          string
	Name        string
	Required    *bool
	Schema      *base.SchemaProxy
}

// RequestBody is sent along.
type RequestBody struct {
	Content *orderedmap.Map[string, *MediaType]
}

// Responses are answers by status.
type Responses struct {
	Codes   *orderedmap.Map[string, *Response]
	Default *Response
}

// Response is one answer.
type Response struct {
	Content     *orderedmap.Map[string, *MediaType]
	Description string
}

// MediaType is how something is written.
type MediaType struct {
	Schema *base.SchemaProxy
}
