package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/helper/namespace"
	"github.com/hashicorp/vault/vault"
)

// laboratory is an unsealed Vault without a socket.
type laboratory struct {
	t       *testing.T
	core    *vault.Core
	handler http.Handler
	token   string
}

func newLaboratory(t *testing.T) *laboratory {
	t.Helper()
	chosen := options{home: t.TempDir(), apiAddr: "https://vault.lab.test", version: "1.21.0", edition: enterprise}
	cluster, err := openCluster(context.Background(), chosen, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.shutdown(); err != nil {
			t.Error(err)
		}
	})
	return &laboratory{t: t, core: cluster.root.core, handler: cluster.handler(), token: cluster.root.rootToken}
}

func (l *laboratory) request(method, path, body string) *httptest.ResponseRecorder {
	l.t.Helper()
	request := httptest.NewRequest(method, "/v1/"+path, strings.NewReader(body))
	request.Header.Set("X-Vault-Token", l.token)
	response := httptest.NewRecorder()
	l.handler.ServeHTTP(response, request)
	return response
}

func (l *laboratory) write(path, body string) {
	l.t.Helper()
	if response := l.request(http.MethodPost, path, body); response.Code >= http.StatusBadRequest {
		l.t.Fatalf("writing %s: %d %s", path, response.Code, response.Body)
	}
}

// mint asks as the mount at path would, at the given time.
func (l *laboratory) mint(path, audience string, ttl time.Duration, now time.Time) (string, time.Duration, error) {
	l.t.Helper()
	mounts, err := l.core.ListMounts()
	if err != nil {
		l.t.Fatal(err)
	}
	for _, mount := range mounts {
		if mount.Path == path {
			who, err := findRequester(l.core, mount.BackendAwareUUID)
			if err != nil {
				l.t.Fatal(err)
			}
			tokens := &identityTokens{core: l.core, namespace: namespace.RootNamespace, now: func() (time.Time, error) { return now, nil }}
			return tokens.mint(context.Background(), who, audience, ttl)
		}
	}
	l.t.Fatalf("no mount at %s", path)
	return "", 0, nil
}

// verify checks a token as AWS does, by the served keys, and returns its claims and its key's id.
func (l *laboratory) verify(token string) (claims, string) {
	l.t.Helper()
	var keys jose.JSONWebKeySet
	body := l.request(http.MethodGet, "identity/oidc/plugins/.well-known/keys", "").Body
	if err := json.Unmarshal(body.Bytes(), &keys); err != nil {
		l.t.Fatalf("%s: %v", body, err)
	}
	signed, err := jose.ParseSigned(token)
	if err != nil {
		l.t.Fatal(err)
	}
	keyID := signed.Signatures[0].Header.KeyID
	found := keys.Key(keyID)
	if len(found) != 1 {
		l.t.Fatalf("the keys document has %d keys with the id of the token's, %q", len(found), keyID)
	}
	payload, err := signed.Verify(found[0])
	if err != nil {
		l.t.Fatal(err)
	}
	var verified claims
	if err := json.Unmarshal(payload, &verified); err != nil {
		l.t.Fatal(err)
	}
	return verified, keyID
}

func TestATokenSpeaksForItsMount(t *testing.T) {
	lab := newLaboratory(t)
	lab.write("sys/mounts/team/aws", `{"type":"aws"}`)
	now := time.Now()

	token, ttl, err := lab.mint("team/aws/", "sts", 0, now)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := lab.verify(token)

	accessor := got.Mount.Accessor
	if !strings.HasPrefix(accessor, "aws_") {
		t.Errorf("accessor %q", accessor)
	}
	want := claims{
		Issuer:    "https://vault.lab.test/v1/identity/oidc/plugins",
		Subject:   "plugin-identity:root:secret:" + accessor,
		Audience:  []string{"sts"},
		Expiry:    now.Add(time.Hour).Unix(),
		IssuedAt:  now.Unix(),
		NotBefore: now.Unix(),
		Mount: workload{
			Accessor: accessor, Class: "secret", NamespaceID: "root",
			Path: "team/aws/", Plugin: "aws", Version: "v1.21.0+builtin.vault",
		},
	}
	if encode(t, got) != encode(t, want) {
		t.Errorf("claims\n got %s\nwant %s", encode(t, got), encode(t, want))
	}
	if ttl != time.Hour {
		t.Errorf("an unset lifetime became %s, not an hour", ttl)
	}
}

func TestRotationChangesTheSignerAndKeepsTheOldKeyPublished(t *testing.T) {
	lab := newLaboratory(t)
	lab.write("sys/mounts/aws", `{"type":"aws"}`)
	before, _, err := lab.mint("aws/", "sts", 0, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, oldKey := lab.verify(before)

	lab.write("identity/oidc/key/default/rotate", `{}`)
	after, _, err := lab.mint("aws/", "sts", 0, time.Now())
	if err != nil {
		t.Fatal(err)
	}

	if _, newKey := lab.verify(after); newKey == oldKey {
		t.Error("the same key signs after the rotation")
	}
	lab.verify(before)
}

func TestTheMountsOwnKeyRulesItsTokens(t *testing.T) {
	lab := newLaboratory(t)
	lab.write("identity/oidc/key/narrow", `{"allowed_client_ids":"sts","rotation_period":"1h","verification_ttl":"10m"}`)
	lab.request(http.MethodGet, "identity/oidc/plugins/.well-known/keys", "") // fills Vault's cache
	lab.write("sys/mounts/aws", `{"type":"aws","config":{"identity_token_key":"narrow"}}`)

	token, ttl, err := lab.mint("aws/", "sts", time.Hour, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	lab.verify(token)
	if ttl != 10*time.Minute {
		t.Errorf("the token outlives the key's verification: %s", ttl)
	}

	_, _, err = lab.mint("aws/", "elsewhere", 0, time.Now())
	if err == nil || !strings.Contains(err.Error(), `key "narrow" does not allow audience "elsewhere"`) {
		t.Errorf("an audience that the key does not list: %v", err)
	}
}

func TestThePrivateKeyIsNowhereOnDiskInTheClear(t *testing.T) {
	lab := newLaboratory(t)
	lab.write("sys/mounts/aws", `{"type":"aws"}`)
	ctx := namespace.RootContext(context.Background())
	prefix, _ := lab.core.RouterAccess().StoragePrefixByAPIPath(ctx, identityMount)

	entry, err := lab.core.PhysicalAccess().Get(ctx, prefix+namedKeyFolder+defaultKey)
	if err != nil || entry == nil {
		t.Fatalf("the key is not where it is read from: %v", err)
	}

	if strings.Contains(string(entry.Value), "signing_key") {
		t.Error("Vault's storage has the key in the clear")
	}
}

func encode(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}
