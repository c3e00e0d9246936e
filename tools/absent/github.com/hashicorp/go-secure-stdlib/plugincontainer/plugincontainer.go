// Package plugincontainer stands for plugins of Vault that run in containers.
package plugincontainer

import (
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin/runner"

	"vault-aws-federation/tools/absent"
)

// Config is what Vault says of the container.
type Config struct {
	Image, Tag, SHA256, Runtime, CgroupParent string
	Entrypoint, Args, Env                     []string
	Labels                                    map[string]string
	GroupAdd                                  int
	NanoCpus, Memory                          int64
	CapIPCLock, Rootless                      bool
}

// NewContainerRunner refuses.
func (*Config) NewContainerRunner(hclog.Logger, *exec.Cmd, string) (runner.Runner, error) {
	return nil, absent.Error("running plugins in containers")
}
