package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/vault/api"
	"github.com/hashicorp/vault/helper/namespace"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/vault"
)

const (
	inFlight    = "sys/in-flight-req"
	rootKeyword = "root"
)

var (
	// rootOnly are paths that no other namespace has; Vault's API documentation marks the page of
	// each as a restricted endpoint.
	rootOnly = regexp.MustCompile(`^sys/(generate-root|health|host-info|in-flight-req|init|key-status|leader|license|` +
		`loggers|metrics|monitor|pprof|raw|rekey|replication|rotate|seal|seal-status|step-down|storage|unseal)(/|$)`)
	// ofToken are paths that are about the caller's token, wherever it belongs.
	ofToken = regexp.MustCompile(`^auth/token/(lookup|renew|revoke)-self$`)
)

// route hands a request to the core of its namespace, which stands in the header, in the path, or
// first in the one and then in the other ("Vault Enterprise namespaces", usage). A namespace that
// does not exist remains part of the path, for which its parent then has no handler.
func (c *cluster) route(w http.ResponseWriter, r *http.Request) {
	path, isAPI := strings.CutPrefix(r.URL.Path, "/v1/")
	if !isAPI || c.root.core.Sealed() {
		c.root.handler.ServeHTTP(w, r)
		return
	}
	if named := strings.Trim(r.Header.Get(consts.NamespaceHeaderName), "/"); named != "" && named != rootKeyword {
		path = named + "/" + path
	}
	where, rest := c.at(path)
	if where != c.root && rootOnly.MatchString(rest) {
		where, rest = c.root, path
	}
	token := tokenOf(r)
	if owner := c.owner(token, where); owner != nil && owner != where {
		switch {
		case ofToken.MatchString(rest):
			where = owner
		case strings.HasPrefix(where.Path, owner.Path) &&
			permits(r, owner.core, token, strings.TrimPrefix(where.Path, owner.Path)+rest, rest):
			// A core knows its own tokens only. What the token may do was just looked up where it
			// belongs; from here on it acts as the root of this namespace.
			token = where.rootToken
		}
	}
	inside := r.Clone(r.Context())
	inside.Header.Del(consts.NamespaceHeaderName)
	inside.URL.Path, inside.URL.RawPath = "/v1/"+rest, ""
	if token != "" {
		inside.Header.Del("Authorization")
		inside.Header.Set(consts.AuthHeaderName, token)
	}
	switch {
	case rest == "sys/namespaces" || strings.HasPrefix(rest, "sys/namespaces/"):
		c.serveNamespaces(w, inside, where)
	case where == c.root && rest == inFlight && r.Method == http.MethodGet:
		c.serveInFlight(w, inside)
	default:
		where.handler.ServeHTTP(w, inside)
	}
}

// owner returns the namespace that a token belongs to, or nil for a token that nobody knows.
func (c *cluster) owner(token string, where *tenant) *tenant {
	if token == "" || knows(where.core, token) {
		return where
	}
	for _, other := range c.all() {
		if other != where && knows(other.core, token) {
			return other
		}
	}
	return nil
}

func knows(core *vault.Core, token string) bool {
	// An error means that the token is not of a form this core could have made.
	found, err := core.LookupToken(namespace.RootContext(context.Background()), token)
	return err == nil && found != nil
}

// permits tells whether the policies of a token allow a request to path, which its core sees from
// outside; rest is the same path as the namespace itself knows it. Parameters that policies allow
// or deny are not looked at.
func permits(r *http.Request, core *vault.Core, token, path, rest string) bool {
	held, err := core.Capabilities(namespace.RootContext(r.Context()), token, path)
	if err != nil {
		return false
	}
	if slices.Contains(held, vault.RootCapability) {
		return true
	}
	if api.IsSudoPath("/"+strings.TrimSuffix(rest, "/")) && !slices.Contains(held, vault.SudoCapability) {
		return false
	}
	return slices.ContainsFunc(needed(r), func(one string) bool { return slices.Contains(held, one) })
}

// needed are the capabilities of which a request must have one.
func needed(r *http.Request) []string {
	switch r.Method {
	case "LIST":
		return []string{vault.ListCapability}
	case http.MethodGet, http.MethodHead:
		if list, err := strconv.ParseBool(r.URL.Query().Get("list")); err == nil && list {
			return []string{vault.ListCapability}
		}
		return []string{vault.ReadCapability}
	case http.MethodPatch:
		return []string{vault.PatchCapability}
	case http.MethodDelete:
		return []string{vault.DeleteCapability}
	default:
		return []string{vault.CreateCapability, vault.UpdateCapability}
	}
}

func tokenOf(r *http.Request) string {
	if token := r.Header.Get(consts.AuthHeaderName); token != "" {
		return token
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return ""
}

// serveInFlight tells of the requests to every namespace, as one node of Vault Enterprise would,
// each with the path of its namespace.
func (c *cluster) serveInFlight(w http.ResponseWriter, r *http.Request) {
	own := httptest.NewRecorder()
	c.root.handler.ServeHTTP(own, r)
	requests := map[string]vault.InFlightReqData{}
	if own.Code == http.StatusOK {
		if err := json.Unmarshal(own.Body.Bytes(), &requests); err != nil {
			logical.RespondError(w, http.StatusInternalServerError, err)
			return
		}
		for _, other := range c.all() {
			for id, request := range other.core.LoadInFlightReqData() {
				request.ReqPath = strings.Replace(request.ReqPath, "/v1/", "/v1/"+other.Path, 1)
				requests[id] = request
			}
		}
		own.Body.Reset()
		if err := json.NewEncoder(own.Body).Encode(requests); err != nil {
			logical.RespondError(w, http.StatusInternalServerError, err)
			return
		}
	}
	for name, values := range own.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(own.Code)
	_, _ = w.Write(own.Body.Bytes()) // a client that has gone away needs no answer
}
