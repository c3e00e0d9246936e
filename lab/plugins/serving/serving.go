// Package serving puts one of the laboratory's plugins on the wire.
package serving

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/sys/unix"
)

// Bridged serves a Terraform provider as the Pulumi plugin of its name, until the engine ends it
// or has ended itself. What the plugin does not have is refused by its name.
func Bridged(info tfbridge.ProviderInfo) {
	info.P.InitLogging(context.Background())
	plugin, inputs := Plugin{Name: info.Name, Version: info.Version}, inputsByToken(info)
	Served(plugin, func(engine *provider.HostClient) pulumirpc.ResourceProviderServer {
		return &refusing{
			ResourceProviderServer: tfbridge.NewProvider(
				context.Background(), engine, info.Name, info.Version, info.P, info, nil),
			plugin:    plugin,
			settings:  known(info.P.Schema(), info.Config, "version", "pluginDownloadURL"),
			inputs:    inputs,
			functions: functions(info),
		}
	})
}

// Served serves a plugin that the function makes, until the engine ends it or has ended itself.
func Served(plugin Plugin, open func(*provider.HostClient) pulumirpc.ResourceProviderServer) {
	if slices.Contains(os.Args[1:], "-version") {
		fmt.Println(plugin.Version)
		return
	}
	err := endWithParent()
	if err == nil {
		err = provider.Main(plugin.Name, func(engine *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
			return open(engine), nil
		})
	}
	if err != nil {
		cmdutil.ExitError(err.Error())
	}
}

// endWithParent ends this process with the one that started it. An engine that was killed ends
// nobody, and calls under way would go on to change what nobody records.
func endWithParent() error {
	parent, err := unix.PidfdOpen(os.Getppid(), 0)
	if err != nil {
		return fmt.Errorf("watching the engine's process: %w", err)
	}
	go func() {
		waited := []unix.PollFd{{Fd: int32(parent), Events: unix.POLLIN}}
		for {
			if _, err := unix.Poll(waited, -1); !errors.Is(err, unix.EINTR) {
				os.Exit(1)
			}
		}
	}()
	return nil
}

// Plugin is a plugin as the engine knows it.
type Plugin struct{ Name, Version string }

// Refusal says that the laboratory's plugin does not have something, and which plugin does.
func (p Plugin) Refusal(what string) string {
	return fmt.Sprintf("%s is not served by the laboratory's %q plugin; to use it, aim the program "+
		"at real services with the official plugin: pulumi plugin install resource %s %s",
		what, p.Name, p.Name, p.Version)
}

// UnknownInputs refuses, by their names, inputs that a type does not have.
func (p Plugin) UnknownInputs(
	token string, known map[string]bool, request *pulumirpc.CheckRequest,
) []*pulumirpc.CheckFailure {
	var failures []*pulumirpc.CheckFailure
	for name := range request.GetNews().GetFields() {
		if !known[name] && !strings.HasPrefix(name, "__") {
			failures = append(failures, &pulumirpc.CheckFailure{
				Property: name,
				Reason:   p.Refusal(fmt.Sprintf("the property %q of %s", name, token)),
			})
		}
	}
	return failures
}

// refusing answers for what is not in the table of a bridged provider; the bridge, which answers
// for the rest, would say no more than that it does not know the name.
type refusing struct {
	pulumirpc.ResourceProviderServer
	plugin    Plugin
	settings  map[string]bool
	inputs    map[string]map[string]bool
	functions map[string]bool
}

func (r *refusing) CheckConfig(
	ctx context.Context, request *pulumirpc.CheckRequest,
) (*pulumirpc.CheckResponse, error) {
	if failures := r.plugin.UnknownInputs("the provider", r.settings, request); len(failures) > 0 {
		return &pulumirpc.CheckResponse{Failures: failures}, nil
	}
	return r.ResourceProviderServer.CheckConfig(ctx, request)
}

func (r *refusing) Check(
	ctx context.Context, request *pulumirpc.CheckRequest,
) (*pulumirpc.CheckResponse, error) {
	token, known, err := r.served(request.GetUrn())
	if err != nil {
		return nil, err
	}
	if failures := r.plugin.UnknownInputs(token, known, request); len(failures) > 0 {
		return &pulumirpc.CheckResponse{Failures: failures}, nil
	}
	return r.ResourceProviderServer.Check(ctx, request)
}

func (r *refusing) Read(
	ctx context.Context, request *pulumirpc.ReadRequest,
) (*pulumirpc.ReadResponse, error) {
	if _, _, err := r.served(request.GetUrn()); err != nil {
		return nil, err
	}
	return r.ResourceProviderServer.Read(ctx, request)
}

func (r *refusing) Invoke(
	ctx context.Context, request *pulumirpc.InvokeRequest,
) (*pulumirpc.InvokeResponse, error) {
	if !r.functions[request.GetTok()] {
		return nil, errors.New(r.plugin.Refusal("the function " + request.GetTok()))
	}
	return r.ResourceProviderServer.Invoke(ctx, request)
}

func (r *refusing) served(urn string) (string, map[string]bool, error) {
	token := string(resource.URN(urn).Type())
	known, found := r.inputs[token]
	if !found {
		return token, nil, errors.New(r.plugin.Refusal("the resource type " + token))
	}
	return token, known, nil
}

func inputsByToken(info tfbridge.ProviderInfo) map[string]map[string]bool {
	byToken := map[string]map[string]bool{}
	for name, bridged := range info.Resources {
		byToken[string(bridged.Tok)] = known(info.P.ResourcesMap().Get(name).Schema(), bridged.Fields)
	}
	return byToken
}

// known returns Pulumi's names of fields, and others that are known besides.
func known(
	fields shim.SchemaMap, own map[string]*tfbridge.SchemaInfo, besides ...string,
) map[string]bool {
	names := map[string]bool{}
	for field := range fields.Range {
		names[tfbridge.TerraformToPulumiNameV2(field, fields, own)] = true
	}
	for _, name := range besides {
		names[name] = true
	}
	return names
}

func functions(info tfbridge.ProviderInfo) map[string]bool {
	served := map[string]bool{}
	for _, bridged := range info.DataSources {
		served[string(bridged.Tok)] = true
	}
	return served
}

// Token returns Pulumi's name of a resource type: package, module, and the type twice.
func Token(plugin, module, name string) tokens.Type {
	file := strings.ToLower(name[:1]) + name[1:]
	return tokens.Type(plugin + ":" + module + "/" + file + ":" + name)
}
