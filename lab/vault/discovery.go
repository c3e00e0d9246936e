package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/vault/helper/namespace"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/vault"
)

const (
	wellKnownConfiguration = "oidc/.well-known/openid-configuration"
	pluginConfiguration    = "/v1/identity/oidc/plugins/.well-known/openid-configuration"
	pluginKeys             = "/v1/identity/oidc/plugins/.well-known/keys"
	identityKeys           = "/v1/identity/oidc/.well-known/keys"
)

// discovery is the OpenID configuration of the issuer of plugin identity tokens.
type discovery struct {
	Issuer        string   `json:"issuer"`
	Keys          string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	Subjects      []string `json:"subject_types_supported"`
	IDTokenAlgs   []string `json:"id_token_signing_alg_values_supported"`
}

// readDiscovery derives the plugins' document from the one that Vault has for its other identity
// tokens. It asks the identity store directly, because a plugin that wants a token holds locks
// which a request through the core would take a second time.
func readDiscovery(ctx context.Context, core *vault.Core, where *namespace.Namespace) (discovery, error) {
	var document discovery
	storage, prefix, err := identityStorage(ctx, core)
	if err != nil {
		return document, err
	}
	response, err := core.IdentityStore().HandleRequest(ctx, &logical.Request{
		Operation: logical.ReadOperation,
		Path:      wellKnownConfiguration,
		Storage:   logical.NewStorageView(storage, prefix),
	})
	if err != nil {
		return document, fmt.Errorf("reading Vault's OpenID configuration: %w", err)
	}
	body, raw := response.Data[logical.HTTPRawBody].([]byte)
	if !raw {
		return document, fmt.Errorf("Vault gave no OpenID configuration: %w", response.Error())
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return document, fmt.Errorf("decoding Vault's OpenID configuration: %w", err)
	}
	// Scheme and host hold no such path, so the first one is where a namespace stands.
	document.Issuer = strings.Replace(document.Issuer, "/v1/", "/v1/"+where.Path, 1) + "/plugins"
	document.Keys = document.Issuer + "/.well-known/keys"
	return document, nil
}

// withDiscovery answers the two documents of the plugins' issuer before Vault, whose open build
// refuses them. A sealed Vault answers for itself.
func withDiscovery(core *vault.Core, where *namespace.Namespace, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet || core.Sealed():
			next.ServeHTTP(w, r)
		case r.URL.Path == pluginConfiguration:
			serveConfiguration(w, r, core, where)
		case r.URL.Path == pluginKeys:
			// One set of keys serves both issuers of a namespace; Vault's open build computes it
			// whole, those of plugin mounts included.
			elsewhere := r.Clone(r.Context())
			elsewhere.URL.Path = identityKeys
			next.ServeHTTP(w, elsewhere)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func serveConfiguration(w http.ResponseWriter, r *http.Request, core *vault.Core, where *namespace.Namespace) {
	document, err := readDiscovery(namespace.RootContext(r.Context()), core, where)
	if err != nil {
		logical.RespondError(w, http.StatusInternalServerError, err)
		return
	}
	body, err := json.Marshal(document)
	if err != nil {
		logical.RespondError(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "max-age=3600")
	// A client that has gone away needs no answer.
	_, _ = w.Write(body)
}
