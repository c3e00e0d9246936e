// Package libopenapi stands for the reader of OpenAPI documents, a quarter of what the engine took to
// compile. `pulumi api` reads the document of Pulumi Cloud by it, and a laboratory has none.
package libopenapi

import (
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"vault-aws-federation/tools/absent"
)

// Document is never read.
type Document interface {
	BuildV3Model() (*DocumentModel[v3.Document], error)
}

// DocumentModel is what would be read.
type DocumentModel[T any] struct {
	Model T
}

// NewDocument says that the reader is absent.
func NewDocument([]byte) (Document, error) {
	return nil, absent.Error("the reader of Pulumi Cloud's API")
}
