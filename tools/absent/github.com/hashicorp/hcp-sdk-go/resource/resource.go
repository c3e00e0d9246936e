// Package resource stands for the names of resources of HashiCorp's cloud.
package resource

import "vault-aws-federation/tools/absent"

// Resource is never made.
type Resource struct{}

// FromString refuses.
func FromString(string) (Resource, error) {
	return Resource{}, absent.Error("the link to HashiCorp's cloud")
}
