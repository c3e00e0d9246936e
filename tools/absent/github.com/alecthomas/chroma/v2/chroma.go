// Package chroma stands for the colours of code in what the engine prints.
package chroma

// TokenType is a kind of word.
type TokenType int

// The kinds that the engine names.
const (
	Background TokenType = iota
	Comment
	CommentPreproc
	Error
	GenericDeleted
	GenericEmph
	GenericInserted
	GenericStrong
	GenericSubheading
	Keyword
	KeywordNamespace
	KeywordReserved
	KeywordType
	Literal
	LiteralDate
	LiteralNumber
	LiteralString
	LiteralStringEscape
	Name
	NameAttribute
	NameBuiltin
	NameClass
	NameConstant
	NameDecorator
	NameException
	NameFunction
	NameOther
	NameTag
	Operator
	Punctuation
	Text
)

type (
	StyleEntries map[TokenType]string
	Style        struct{ Name string }
)

// MustNewStyle returns a style without colours.
func MustNewStyle(name string, _ StyleEntries) *Style { return &Style{Name: name} }
