package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/vault/helper/namespace"
	"github.com/hashicorp/vault/sdk/helper/pluginutil"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/vault"
)

const defaultTokenTTL = time.Hour

// claims are those of a plugin identity token, as Vault Enterprise's plugin workload identity
// federation issues them.
type claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  []string `json:"aud"`
	Expiry    int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	NotBefore int64    `json:"nbf"`
	Mount     workload `json:"vaultproject.io"`
}

// workload describes the mount that a token speaks for.
type workload struct {
	Accessor      string `json:"accessor"`
	Class         string `json:"class"`
	Local         bool   `json:"local"`
	NamespaceID   string `json:"namespace_id"`
	NamespacePath string `json:"namespace_path"`
	Path          string `json:"path"`
	Plugin        string `json:"plugin"`
	Version       string `json:"version"`
}

// identityTokens mints the plugin identity tokens of one core.
type identityTokens struct {
	core *vault.Core
	// namespace is the one that the core plays.
	namespace *namespace.Namespace
	// now dates every token. Vault rotates the keys themselves by the clock of the process.
	now func() (time.Time, error)
	// signers has the id of the key that last signed for a mount, by accessor.
	signers sync.Map
}

// wrap makes a plugin's mounts ask here for identity tokens, and Vault for everything else.
func (t *identityTokens) wrap(factory logical.Factory) logical.Factory {
	return func(ctx context.Context, config *logical.BackendConfig) (logical.Backend, error) {
		view, complete := config.System.(systemView)
		if !complete {
			return nil, errors.New("Vault gave the plugin an incomplete system view")
		}
		wrapped := *config
		wrapped.System = identitySystemView{systemView: view, tokens: t, mount: config.BackendUUID}
		return factory(ctx, &wrapped)
	}
}

// systemView is all that Vault offers to a plugin that runs inside it.
type systemView interface {
	logical.SystemView
	logical.ExtendedSystemView
}

type identitySystemView struct {
	systemView
	tokens *identityTokens
	mount  string
}

// GenerateIdentityToken is the function that Vault's open build leaves out.
func (v identitySystemView) GenerateIdentityToken(ctx context.Context, request *pluginutil.IdentityTokenRequest) (*pluginutil.IdentityTokenResponse, error) {
	who, err := findRequester(v.tokens.core, v.mount)
	if err != nil {
		return nil, err
	}
	token, ttl, err := v.tokens.mint(ctx, who, request.Audience, request.TTL)
	if err != nil {
		return nil, err
	}
	return &pluginutil.IdentityTokenResponse{Token: pluginutil.IdentityToken(token), TTL: ttl}, nil
}

// requester is a mount that asks for a token.
type requester struct {
	*vault.MountEntry
	class string // as tokens name it: secret or auth
}

// findRequester looks the mount up for each token, because its path and its key can change while
// the plugin runs.
func findRequester(core *vault.Core, uuid string) (requester, error) {
	for class, list := range map[string]func() ([]*vault.MountEntry, error){
		"secret": core.ListMounts,
		"auth":   core.ListAuths,
	} {
		mounts, err := list()
		if err != nil {
			return requester{}, err
		}
		for _, mount := range mounts {
			if mount.BackendAwareUUID == uuid {
				return requester{MountEntry: mount, class: class}, nil
			}
		}
	}
	return requester{}, errors.New("the mount that asks for an identity token is in neither mount table")
}

func (r requester) keyName() string {
	if r.Config.IdentityTokenKey == "" {
		return defaultKey
	}
	return r.Config.IdentityTokenKey
}

// mint returns a token and how long it is valid, which the key's verification TTL caps: a token
// must not outlive the public key it is verified with.
func (t *identityTokens) mint(ctx context.Context, who requester, audience string, ttl time.Duration) (string, time.Duration, error) {
	ctx = namespace.RootContext(ctx)
	name := who.keyName()
	key, err := readNamedKey(ctx, t.core, name)
	if err != nil {
		return "", 0, err
	}
	if !key.allows(audience) {
		return "", 0, refusal("key %q does not allow audience %q: add it to allowed_client_ids of identity/oidc/key/%s", name, audience, name)
	}
	document, err := readDiscovery(ctx, t.core, t.namespace)
	if err != nil {
		return "", 0, err
	}
	if ttl == 0 {
		ttl = defaultTokenTTL
	}
	ttl = min(ttl, key.VerificationTTL)
	now, err := t.now()
	if err != nil {
		return "", 0, err
	}
	payload, err := json.Marshal(t.claims(document.Issuer, who, audience, now, ttl))
	if err != nil {
		return "", 0, err
	}
	token, err := key.sign(payload)
	if err != nil {
		return "", 0, fmt.Errorf("signing with key %q: %w", name, err)
	}
	t.publish(ctx, who.Accessor, key.SigningKey.KeyID)
	return token, ttl, nil
}

func (t *identityTokens) claims(issuer string, who requester, audience string, now time.Time, ttl time.Duration) claims {
	return claims{
		Issuer:    issuer,
		Subject:   fmt.Sprintf("plugin-identity:%s:%s:%s", t.namespace.ID, who.class, who.Accessor),
		Audience:  []string{audience},
		Expiry:    now.Add(ttl).Unix(),
		IssuedAt:  now.Unix(),
		NotBefore: now.Unix(),
		Mount: workload{
			Accessor:      who.Accessor,
			Class:         who.class,
			Local:         who.Local,
			NamespaceID:   t.namespace.ID,
			NamespacePath: t.namespace.Path,
			Path:          who.Path,
			Plugin:        who.Type,
			Version:       who.RunningVersion,
		},
	}
}

// publish makes sure that the keys document has the key of a token before the token is used.
// Vault caches the document and does not renew it when a mount is made with another key or turned
// to one, so the first token of each pair of mount and key has the cache dropped.
func (t *identityTokens) publish(ctx context.Context, accessor, keyID string) {
	if last, known := t.signers.Swap(accessor, keyID); !known || last != keyID {
		t.core.IdentityStore().InvalidateKey(ctx, oidcTokens)
	}
}

// refusal is an error that reaches the client as HTTP 400: the request cannot succeed as it is,
// and clients repeat what answers 5xx.
func refusal(format string, values ...any) error {
	return &logical.StatusBadRequest{Err: "failed to generate plugin identity token: " + fmt.Sprintf(format, values...)}
}
