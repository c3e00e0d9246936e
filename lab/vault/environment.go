package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// harmlessAWS are the AWS variables that say nothing of who the caller is.
var harmlessAWS = []string{"AWS_CA_BUNDLE", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED", "AWS_REGION"}

// confineAWS leaves plugin identity tokens as the only way to AWS. Vault's AWS plugins fall back
// to any credentials they find around them, and a laboratory that worked by such a fallback would
// prove nothing. A laboratory that is to play a masked server asks for that: then what the
// environment sets stays, and every other source is closed as ever. Only names of variables appear
// in its error.
func confineAWS(environment []string, masked bool, set func(name, value string) error) error {
	var found []string
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "AWS_") && value != "" && !slices.Contains(harmlessAWS, name) {
			found = append(found, name)
		}
	}
	if len(found) > 0 && !masked {
		slices.Sort(found)
		return fmt.Errorf("the environment sets %s, which would mask federation: start with only %s of AWS's variables",
			strings.Join(found, ", "), strings.Join(harmlessAWS, ", "))
	}
	// The files of the person's home folder and the metadata service are the sources that remain.
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
	} {
		if err := set(name, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	return nil
}
