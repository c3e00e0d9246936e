package main

import (
	"net/http"
	"regexp"
)

// publicDocument is the whole of what a private Vault publishes: two documents of each namespace.
var publicDocument = regexp.MustCompile(`^/v1/((?:[A-Za-z0-9_-]+/)*)identity/oidc/plugins/\.well-known/(?:openid-configuration|keys)$`)

// public is what the world sees of a Vault that is otherwise private. It compares the target as it
// was sent, letter by letter: what is encoded, has a query or leads through `..` is another one.
// Nothing of the request goes on to Vault but the document's own path: neither headers, which could
// name another namespace or carry a token, nor a body.
func (c *cluster) public() http.Handler {
	inside := c.handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := publicDocument.FindStringSubmatch(r.RequestURI)
		if found == nil || c.exactly(found[1]) == nil {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are allowed", http.StatusMethodNotAllowed)
			return
		}
		asked, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.RequestURI, http.NoBody)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		asked.RemoteAddr = r.RemoteAddr
		inside.ServeHTTP(w, asked)
	})
}
