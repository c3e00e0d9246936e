// Package terraform stands for the state that tests of Vault's provider look at.
package terraform

type (
	State         struct{ Modules []*ModuleState }
	ModuleState   struct{ Resources map[string]*ResourceState }
	ResourceState struct{ Primary *InstanceState }
	InstanceState struct{ Attributes map[string]string }
)
