// Package absent says what was left out of the programs that this project builds for its laboratory.
package absent

import "fmt"

// Error says that something is absent, by the name a person knows it by, and what has it.
func Error(what string) error {
	return fmt.Errorf("%s is not built into this program of the laboratory, which never calls it "+
		"(tools/absent/README.md): use the official release for it", what)
}
