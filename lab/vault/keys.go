package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/vault"
)

const (
	defaultKey     = "default"
	identityMount  = "identity/"
	oidcTokens     = "oidc_tokens/"
	namedKeyFolder = oidcTokens + "named_keys/"
)

// namedKey is what Vault's identity store keeps under `identity/oidc/key/<name>`, as far as
// signing needs it. Vault alone writes it: settings, rotation on schedule and by hand, the next key
// and the publication of rotated public keys are all Vault's own.
type namedKey struct {
	Algorithm        jose.SignatureAlgorithm `json:"signing_algorithm"`
	VerificationTTL  time.Duration           `json:"verification_ttl"`
	SigningKey       *jose.JSONWebKey        `json:"signing_key"`
	AllowedClientIDs []string                `json:"allowed_client_ids"`
}

// identityStorage is a read-only view of the identity store's storage, decrypted in memory, and
// the prefix of its entries.
func identityStorage(ctx context.Context, core *vault.Core) (logical.Storage, string, error) {
	prefix, found := core.RouterAccess().StoragePrefixByAPIPath(ctx, identityMount)
	if !found {
		return nil, "", fmt.Errorf("Vault has no mount at %s", identityMount)
	}
	return vault.NewBarrierDecryptingStorage(core.BarrierEncryptorAccess(), core.PhysicalAccess()), prefix, nil
}

func readNamedKey(ctx context.Context, core *vault.Core, name string) (*namedKey, error) {
	storage, prefix, err := identityStorage(ctx, core)
	if err != nil {
		return nil, err
	}
	entry, err := storage.Get(ctx, prefix+namedKeyFolder+name)
	if err != nil {
		return nil, fmt.Errorf("reading key %q: %w", name, err)
	}
	if entry == nil {
		return nil, refusal("key %q does not exist: write identity/oidc/key/%s first", name, name)
	}
	var key namedKey
	if err := entry.DecodeJSON(&key); err != nil {
		return nil, fmt.Errorf("decoding key %q: %w", name, err)
	}
	if key.SigningKey == nil {
		return nil, refusal("key %q has no key pair yet: rotate it once", name)
	}
	return &key, nil
}

func (k *namedKey) allows(audience string) bool {
	return slices.Contains(k.AllowedClientIDs, "*") || slices.Contains(k.AllowedClientIDs, audience)
}

// sign returns a compact JWT whose header names the key, as Vault's own identity tokens do.
func (k *namedKey) sign(payload []byte) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.Algorithm, Key: k.SigningKey}, nil)
	if err != nil {
		return "", err
	}
	signature, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signature.CompactSerialize()
}
