// Package styles stands for the table of colours.
package styles

import "github.com/alecthomas/chroma/v2"

// Registry has what was registered.
var Registry = map[string]*chroma.Style{}

// Register keeps a style.
func Register(style *chroma.Style) *chroma.Style {
	Registry[style.Name] = style
	return style
}
