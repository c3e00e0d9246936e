// Package zxcvbn stands for the judge of passwords, whose dictionaries take longer to load than most
// commands of the engine run.
package zxcvbn

// Estimate says how hard a text is to guess.
type Estimate struct {
	// Entropy is in bits.
	Entropy float64
}

// PasswordStrength takes every text for a strong password: under a name like "token" or "secret", the
// engine then asks whether the value is one, which is the safe mistake.
func PasswordStrength(string, []string) Estimate {
	return Estimate{Entropy: 128}
}
