// Package quick stands for the painting of code.
package quick

import "io"

// Highlight writes the code as it is, without colours.
func Highlight(to io.Writer, code, lexer, formatter, style string) error {
	_, err := io.WriteString(to, code)
	return err
}
