package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/helper/namespace"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/vault"
)

const (
	// keepAlive outlasts the connection pool of every client (Go's keeps idle connections 90 s):
	// a server that closes first can lose a request, and a lost request gets repeated.
	keepAlive = 10 * time.Minute
	// patience covers the longest request, a revocation of many leases at AWS.
	patience = 30 * time.Second
)

// listeners are the handlers by the address that each is served on.
func (c *cluster) listeners() map[string]http.Handler {
	served := map[string]http.Handler{c.chosen.listen: c.handler()}
	if c.chosen.public != "" {
		served[c.chosen.public] = c.public()
	}
	return served
}

// serve answers until ctx ends or a listener fails, then finishes the requests in flight.
func serve(ctx context.Context, handlers map[string]http.Handler, logger hclog.Logger) error {
	servers := map[*http.Server]net.Listener{}
	for address, handler := range handlers {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		defer listener.Close()
		server := &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: patience,
			IdleTimeout:       keepAlive,
			ErrorLog:          logger.StandardLogger(nil),
		}
		servers[server] = listener
	}
	failed := make(chan error, len(servers))
	for server, listener := range servers {
		go func() { failed <- server.Serve(listener) }()
		logger.Info("serving", "listen", listener.Addr().String())
	}

	var problems []error
	running := len(servers)
	select {
	case err := <-failed:
		problems, running = append(problems, err), running-1
	case <-ctx.Done():
	}
	logger.Info("stopping: finishing the requests in flight")
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for server := range servers {
		problems = append(problems, server.Shutdown(deadline))
	}
	for range running {
		if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// newHandler is Vault's own HTTP API of one namespace, with what the chosen edition adds or refuses
// around it.
func newHandler(chosen options, core *vault.Core, where *namespace.Namespace) http.Handler {
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core: core,
		ListenerConfig: &configutil.Listener{
			Address:       chosen.listen,
			RedactVersion: chosen.hideVersion,
		},
	})
	if chosen.edition == enterprise {
		handler = withDiscovery(core, where, handler)
	}
	if chosen.hideVersion {
		handler = withoutVersion(handler)
	}
	return handler
}

// withoutVersion plays a proxy that blocks sys/seal-status, where clients learn the version, and
// keeps them from learning it elsewhere: Vault tells it to holders of a token in sys/health too,
// which must stay readable.
func withoutVersion(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/sys/seal-status":
			logical.RespondError(w, http.StatusForbidden, logical.ErrPermissionDenied)
			return
		case "/v1/sys/health":
			r = r.Clone(r.Context())
			r.Header.Del(consts.AuthHeaderName)
		}
		next.ServeHTTP(w, r)
	})
}
