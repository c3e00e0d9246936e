package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/helper/namespace"
	"github.com/hashicorp/vault/vault"
)

const (
	registryFile     = "namespaces.json"
	namespacesFolder = "namespaces"
	idLength         = 5
	idAlphabet       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// tenant is one namespace: a Vault core of its own, because the open core knows none but its root.
type tenant struct {
	entry
	core      *vault.Core
	handler   http.Handler
	rootToken string
}

// entry is what the registry remembers of a namespace.
type entry struct {
	ID string `json:"id"`
	// Path ends with a slash; that of the root namespace is empty.
	Path           string            `json:"path"`
	CustomMetadata map[string]string `json:"custom_metadata"`
}

func (e entry) namespace() *namespace.Namespace {
	return &namespace.Namespace{ID: e.ID, Path: e.Path, CustomMetadata: e.CustomMetadata}
}

// parent is the path of the namespace around this one.
func (e entry) parent() string {
	trimmed := strings.TrimSuffix(e.Path, "/")
	return trimmed[:strings.LastIndex(trimmed, "/")+1]
}

// cluster is all namespaces of one Vault behind one listener.
type cluster struct {
	chosen options
	logger hclog.Logger
	root   *tenant

	// changing is held while a namespace is made or deleted, which takes calls to Vault itself.
	changing sync.Mutex
	// reading guards tenants, which has every namespace by its path, the root one included.
	reading sync.RWMutex
	tenants map[string]*tenant
}

// openCluster opens the root namespace and every other that the registry remembers.
func openCluster(ctx context.Context, chosen options, logger hclog.Logger) (*cluster, error) {
	c := &cluster{chosen: chosen, logger: logger, tenants: map[string]*tenant{}}
	remembered, err := readRegistry(chosen.home)
	if err != nil {
		return nil, err
	}
	if chosen.edition != enterprise {
		remembered = nil
	}
	known := append([]entry{{ID: namespace.RootNamespaceID}}, remembered...)
	for _, one := range known {
		opened, err := c.open(ctx, one)
		if err != nil {
			return nil, errors.Join(err, c.shutdown())
		}
		c.tenants[one.Path] = opened
	}
	c.root = c.tenants[""]
	if chosen.edition == enterprise {
		err = c.sweep()
	}
	return c, err
}

// handler is the HTTP API of the chosen edition; the open one has no namespaces.
func (c *cluster) handler() http.Handler {
	if c.chosen.edition != enterprise {
		return c.root.handler
	}
	return http.HandlerFunc(c.route)
}

func (c *cluster) shutdown() error {
	var problems []error
	for _, one := range c.tenants {
		problems = append(problems, one.core.Shutdown())
	}
	return errors.Join(problems...)
}

func (c *cluster) open(ctx context.Context, one entry) (*tenant, error) {
	chosen := c.chosen
	if one.Path != "" {
		chosen.home = c.folder(one.ID)
		if err := os.MkdirAll(chosen.home, 0o700); err != nil {
			return nil, err
		}
	}
	core, rootToken, err := openVault(ctx, chosen, one.namespace(), c.logger)
	if err != nil {
		return nil, err
	}
	handler := newHandler(chosen, core, one.namespace())
	return &tenant{entry: one, core: core, handler: handler, rootToken: rootToken}, nil
}

func (c *cluster) folder(id string) string {
	return filepath.Join(c.chosen.home, namespacesFolder, id)
}

// sweep removes what an interrupted making or deleting of a namespace left on disk.
func (c *cluster) sweep() error {
	folders, err := os.ReadDir(filepath.Join(c.chosen.home, namespacesFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, one := range c.tenants {
		known[one.ID] = true
	}
	for _, folder := range folders {
		if !known[folder.Name()] {
			if err := os.RemoveAll(c.folder(folder.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// at finds the innermost namespace that path leads into, and what of path is left within it.
func (c *cluster) at(path string) (*tenant, string) {
	c.reading.RLock()
	defer c.reading.RUnlock()
	for end := len(path); ; end-- {
		end = strings.LastIndex(path[:end], "/")
		if found := c.tenants[path[:end+1]]; found != nil {
			return found, path[end+1:]
		}
	}
}

// exactly returns the namespace of a path that ends with a slash, or nil.
func (c *cluster) exactly(path string) *tenant {
	c.reading.RLock()
	defer c.reading.RUnlock()
	return c.tenants[path]
}

// all returns every namespace.
func (c *cluster) all() []*tenant {
	c.reading.RLock()
	defer c.reading.RUnlock()
	found := make([]*tenant, 0, len(c.tenants))
	for _, one := range c.tenants {
		found = append(found, one)
	}
	return found
}

// publish makes the tenant answer, or with nil its path lead nowhere, and remembers it.
func (c *cluster) publish(path string, changed *tenant) error {
	c.reading.Lock()
	defer c.reading.Unlock()
	before := c.tenants[path]
	if changed == nil {
		delete(c.tenants, path)
	} else {
		c.tenants[path] = changed
	}
	var remembered []entry
	for _, one := range c.tenants {
		if one.Path != "" {
			remembered = append(remembered, one.entry)
		}
	}
	if err := writeFile(c.chosen.home, registryFile, remembered); err != nil {
		if before == nil {
			delete(c.tenants, path)
		} else {
			c.tenants[path] = before
		}
		return err
	}
	return nil
}

// newID makes an id of the shape that Vault Enterprise gives, unlike every other here.
func (c *cluster) newID() (string, error) {
	for {
		id := make([]byte, idLength)
		for i := range id {
			n, err := rand.Int(rand.Reader, big.NewInt(int64(len(idAlphabet))))
			if err != nil {
				return "", err
			}
			id[i] = idAlphabet[n.Int64()]
		}
		taken, err := exists(c.folder(string(id)))
		if err != nil || !taken {
			return string(id), err
		}
	}
}

func readRegistry(home string) ([]entry, error) {
	content, err := os.ReadFile(filepath.Join(home, registryFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var remembered []entry
	if err := json.Unmarshal(content, &remembered); err != nil {
		return nil, fmt.Errorf("%s is not valid JSON: restore the file or delete the folder to begin anew: %w",
			filepath.Join(home, registryFile), err)
	}
	return remembered, nil
}
