package main

import (
	"maps"
	"slices"

	jwtauth "github.com/hashicorp/vault-plugin-auth-jwt"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	awsauth "github.com/hashicorp/vault/builtin/credential/aws"
	awssecrets "github.com/hashicorp/vault/builtin/logical/aws"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
)

// registry is the catalogue of plugins that this Vault has, in the form the core asks for it
// (`plugincatalog.BuiltinRegistry`).
type registry struct {
	secrets map[string]logical.Factory
	auth    map[string]logical.Factory
}

func newRegistry() *registry {
	return &registry{
		secrets: map[string]logical.Factory{"aws": awssecrets.Factory, "kv": kv.Factory},
		auth:    map[string]logical.Factory{"aws": awsauth.Factory, "jwt": jwtauth.Factory, "oidc": jwtauth.Factory},
	}
}

// giveIdentity lets mounts of the plugin, of either class, ask for identity tokens.
func (r *registry) giveIdentity(plugin string, tokens *identityTokens) {
	r.secrets[plugin] = tokens.wrap(r.secrets[plugin])
	r.auth[plugin] = tokens.wrap(r.auth[plugin])
}

func (r *registry) of(kind consts.PluginType) map[string]logical.Factory {
	switch kind {
	case consts.PluginTypeSecrets:
		return r.secrets
	case consts.PluginTypeCredential:
		return r.auth
	default:
		return nil
	}
}

// Contains tells whether there is such a plugin.
func (r *registry) Contains(name string, kind consts.PluginType) bool {
	_, found := r.of(kind)[name]
	return found
}

// Get returns the plugin's factory, wrapped as the core expects it.
func (r *registry) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	factory, found := r.of(kind)[name]
	return func() (interface{}, error) { return factory, nil }, found
}

// Keys lists the plugins of one kind.
func (r *registry) Keys(kind consts.PluginType) []string {
	return slices.Sorted(maps.Keys(r.of(kind)))
}

// DeprecationStatus calls every plugin of the catalogue supported.
func (r *registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	if !r.Contains(name, kind) {
		return consts.Unknown, false
	}
	return consts.Supported, true
}

// IsBuiltinEntPlugin is false for all: the catalogue has plugins of the open build only.
func (r *registry) IsBuiltinEntPlugin(string, consts.PluginType) bool {
	return false
}
