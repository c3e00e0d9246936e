// Package packet stands for how signatures are made.
package packet

// Config says how.
type Config struct{}
