// Package cli stands for the terminal of Vault's own command line, which the laboratory does not have.
package cli

// Ui is where that command line would write.
type Ui interface {
	Ask(string) (string, error)
	AskSecret(string) (string, error)
	Output(string)
	Info(string)
	Error(string)
	Warn(string)
}
