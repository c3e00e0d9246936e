// Package arm stands for what is said to Azure's resource manager.
package arm

import "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

// ClientOptions say where it is.
type ClientOptions struct{ policy.ClientOptions }
