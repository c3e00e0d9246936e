// Command pulumi-resource-command stands in for the command plugin, whose Go module cannot be had:
// scripts run by a shell on this machine.
package main

import (
	"context"
	"errors"
	"os/exec"
	"slices"

	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"vault-aws-federation/lab/plugins/serving"
)

// version is that of the Python package, which the engine asks for by number; set at link time.
var version = "0.0.0"

const token = "command:local:Command"

// inputs of the type; of these only triggers replace it, any other change runs the update script.
var inputs = map[string]bool{
	"create": true, "update": true, "delete": true, "environment": true, "triggers": true,
	"dir": true, "stdin": true, "interpreter": true, "logging": true, "addPreviousOutputInEnv": true,
}

func main() {
	plugin := serving.Plugin{Name: "command", Version: version}
	serving.Served(plugin, func(engine *provider.HostClient) pulumirpc.ResourceProviderServer {
		return &commands{
			plugin:  plugin,
			scripts: scripts{engine: engine, running: map[*exec.Cmd]bool{}},
		}
	})
}

type commands struct {
	pulumirpc.UnimplementedResourceProviderServer
	plugin  serving.Plugin
	scripts scripts
}

func (c *commands) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: c.plugin.Version}, nil
}

func (c *commands) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: request.GetNews()}, nil
}

func (c *commands) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

func (c *commands) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

func (c *commands) Invoke(_ context.Context, request *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, errors.New(c.plugin.Refusal("the function " + request.GetTok()))
}

func (c *commands) Check(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if found := string(resource.URN(request.GetUrn()).Type()); found != token {
		return nil, errors.New(c.plugin.Refusal("the resource type " + found))
	}
	if failures := c.plugin.UnknownInputs(token, inputs, request); len(failures) > 0 {
		return &pulumirpc.CheckResponse{Failures: failures}, nil
	}
	return &pulumirpc.CheckResponse{Inputs: request.GetNews()}, nil
}

func (c *commands) Diff(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	old, err := read(request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := read(request.GetNews())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	ignored := request.GetIgnoreChanges()
	if diff := old.Diff(news, func(key resource.PropertyKey) bool { return slices.Contains(ignored, string(key)) }); diff != nil {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		for _, key := range diff.ChangedKeys() {
			response.Diffs = append(response.Diffs, string(key))
			if key == "triggers" {
				response.Replaces = append(response.Replaces, string(key))
			}
		}
	}
	return response, nil
}

func (c *commands) Create(ctx context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	urn := resource.URN(request.GetUrn())
	made, err := c.write(ctx, urn, "create", request.GetProperties(), nil, request.GetPreview())
	if err != nil {
		return nil, err
	}
	id := ""
	if !request.GetPreview() {
		if id, err = resource.NewUniqueHex(urn.Name(), 8, 0); err != nil {
			return nil, err
		}
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: made}, nil
}

func (c *commands) Update(ctx context.Context, request *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	made, err := c.write(
		ctx, resource.URN(request.GetUrn()), "update", request.GetNews(), request.GetOlds(), request.GetPreview())
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: made}, nil
}

// Read returns the state: a script leaves nothing that could be read.
func (c *commands) Read(_ context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	return &pulumirpc.ReadResponse{
		Id: request.GetId(), Properties: request.GetProperties(), Inputs: request.GetInputs(),
	}, nil
}

// Delete runs the delete script; if it fails, so does the removal.
func (c *commands) Delete(ctx context.Context, request *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	state, err := read(request.GetProperties())
	if err != nil {
		return nil, err
	}
	_, err = c.scripts.run(ctx, resource.URN(request.GetUrn()), plain(state), "delete", plain(state))
	return &emptypb.Empty{}, err
}

// Cancel ends the scripts that run, as the person who cancelled wants.
func (c *commands) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	c.scripts.end()
	return &emptypb.Empty{}, nil
}

// write runs the script of an operation and returns the state that follows: the inputs and what it
// printed. Every output depends on every input, so that one secret input hides what was printed.
func (c *commands) write(
	ctx context.Context, urn resource.URN, operation string, given, before *structpb.Struct, preview bool,
) (*structpb.Struct, error) {
	state, err := read(given)
	if err != nil {
		return nil, err
	}
	old, err := read(before)
	if err != nil {
		return nil, err
	}
	hidden := state.ContainsSecrets()
	printed := map[string]resource.PropertyValue{
		"stdout": resource.MakeComputed(resource.NewStringProperty("")),
		"stderr": resource.MakeComputed(resource.NewStringProperty("")),
	}
	if !preview {
		said, err := c.scripts.run(ctx, urn, plain(state), operation, plain(old))
		if err != nil {
			return nil, err
		}
		printed["stdout"] = resource.NewStringProperty(said["stdout"])
		printed["stderr"] = resource.NewStringProperty(said["stderr"])
	}
	for name, value := range printed {
		if hidden {
			value = resource.MakeSecret(value)
		}
		state[resource.PropertyKey(name)] = value
	}
	return plugin.MarshalProperties(state, plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
}

func read(properties *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(
		properties, plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true, SkipNulls: true})
}

// plain returns values without the marks of secrets, for a script to use.
func plain(values resource.PropertyMap) map[string]any {
	return resource.NewObjectProperty(values).MapRepl(nil, func(value resource.PropertyValue) (any, bool) {
		if !value.IsSecret() {
			return nil, false
		}
		inner := value.SecretValue().Element
		return inner.MapRepl(nil, nil), true
	}).(map[string]any)
}
