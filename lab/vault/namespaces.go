package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/go-uuid"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
)

const largestBody = 1 << 20

var (
	namespaceName = regexp.MustCompile(`^[^\s/]+$`)
	reserved      = []string{"root", "sys", "audit", "auth", "cubbyhole", "identity", ".", ".."}
)

// described is a namespace as `sys/namespaces` tells it.
func (e entry) described() map[string]any {
	metadata := e.CustomMetadata
	if metadata == nil {
		metadata = map[string]string{}
	}
	return map[string]any{"id": e.ID, "path": e.Path, "custom_metadata": metadata}
}

// serveNamespaces answers `sys/namespaces` as Vault Enterprise does ("/sys/namespaces"), but for
// one thing: a deletion is over when it is answered, where Vault Enterprise queues it.
func (c *cluster) serveNamespaces(w http.ResponseWriter, r *http.Request, where *tenant) {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	if !permits(r, where.core, tokenOf(r), strings.TrimSuffix(path, "/"), path) {
		logical.RespondError(w, http.StatusForbidden, logical.ErrPermissionDenied)
		return
	}
	name := strings.Trim(strings.TrimPrefix(path, "sys/namespaces"), "/")
	data, warning, err := c.answer(r, where, name)
	switch status := new(answered); {
	case errors.As(err, &status):
		logical.RespondError(w, status.code, errors.New(status.text))
	case err != nil:
		logical.RespondError(w, http.StatusInternalServerError, err)
	default:
		respond(w, data, warning)
	}
}

// answered is a refusal with its status.
type answered struct {
	code int
	text string
}

func (a *answered) Error() string { return a.text }

func badRequest(format string, values ...any) error {
	return &answered{code: http.StatusBadRequest, text: fmt.Sprintf(format, values...)}
}

func (c *cluster) answer(r *http.Request, where *tenant, name string) (data map[string]any, warning string, err error) {
	if name == "" {
		if !slices.Equal(needed(r), []string{"list"}) {
			return nil, "", &answered{code: http.StatusMethodNotAllowed, text: "unsupported operation"}
		}
		data, err = c.list(where)
		return data, "", err
	}
	if strings.Contains(name, "/") {
		return nil, "", badRequest(`"/" is not allowed in namespace names`)
	}
	path := where.Path + name + "/"
	switch r.Method {
	case http.MethodGet:
		found := c.exactly(path)
		if found == nil {
			return nil, "", &answered{code: http.StatusNotFound}
		}
		return found.described(), "", nil
	case http.MethodPut, http.MethodPost:
		data, err = c.create(r, where, name)
		return data, "", err
	case http.MethodPatch:
		data, err = c.patch(r, path)
		return data, "", err
	case http.MethodDelete:
		return nil, "Namespace deletion has been queued. Progress will be reported in debug-level logs in Vault's server log.",
			c.remove(r.Context(), path)
	default:
		return nil, "", &answered{code: http.StatusMethodNotAllowed, text: "unsupported operation"}
	}
}

func (c *cluster) list(where *tenant) (map[string]any, error) {
	details := map[string]any{}
	for _, one := range c.all() {
		if one.Path != "" && one.parent() == where.Path {
			details[strings.TrimPrefix(one.Path, where.Path)] = one.described()
		}
	}
	if len(details) == 0 {
		return nil, &answered{code: http.StatusNotFound}
	}
	return map[string]any{"keys": slices.Sorted(maps.Keys(details)), "key_info": details}, nil
}

func (c *cluster) create(r *http.Request, where *tenant, name string) (map[string]any, error) {
	given, err := metadataOf(r)
	if err != nil {
		return nil, err
	}
	if !namespaceName.MatchString(name) || slices.Contains(reserved, name) {
		return nil, badRequest("%q is a reserved path or not a name, and cannot be used as a namespace", name)
	}
	c.changing.Lock()
	defer c.changing.Unlock()
	path := where.Path + name + "/"
	if c.exactly(path) != nil {
		return nil, badRequest("namespace %q already exists", path)
	}
	mounts, err := where.core.ListMounts()
	if err != nil {
		return nil, err
	}
	for _, mount := range mounts {
		if strings.HasPrefix(mount.Path, name+"/") {
			return nil, badRequest("existing mount at %q conflicts with the namespace", mount.Path)
		}
	}
	id, err := c.newID()
	if err != nil {
		return nil, err
	}
	made := entry{ID: id, Path: path, CustomMetadata: map[string]string{}}
	for key, value := range given {
		if value != nil {
			made.CustomMetadata[key] = *value
		}
	}
	opened, err := c.open(context.WithoutCancel(r.Context()), made)
	if err != nil {
		return nil, err
	}
	if err := c.publish(path, opened); err != nil {
		return nil, errors.Join(err, opened.core.Shutdown())
	}
	return made.described(), nil
}

func (c *cluster) patch(r *http.Request, path string) (map[string]any, error) {
	given, err := metadataOf(r)
	if err != nil {
		return nil, err
	}
	c.changing.Lock()
	defer c.changing.Unlock()
	found := c.exactly(path)
	if found == nil {
		return nil, &answered{code: http.StatusNotFound}
	}
	changed := *found
	changed.CustomMetadata = maps.Clone(found.CustomMetadata)
	if changed.CustomMetadata == nil {
		changed.CustomMetadata = map[string]string{}
	}
	for key, value := range given {
		if value == nil {
			delete(changed.CustomMetadata, key)
		} else {
			changed.CustomMetadata[key] = *value
		}
	}
	return changed.described(), c.publish(path, &changed)
}

// remove deletes a namespace and all that is in it. Mounts go one by one through Vault's own API,
// so that what was issued ends at AWS; if that fails, the namespace stays and the reason is told.
func (c *cluster) remove(ctx context.Context, path string) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	doomed := c.exactly(path)
	if doomed == nil {
		return nil
	}
	for _, one := range c.all() {
		if one.Path != "" && one.parent() == path {
			return badRequest("child namespaces exist under path %q, cannot remove", path)
		}
	}
	if err := doomed.empty(ctx); err != nil {
		return err
	}
	if err := c.publish(path, nil); err != nil {
		return err
	}
	return errors.Join(doomed.core.Shutdown(), os.RemoveAll(c.folder(doomed.ID)))
}

func (t *tenant) empty(ctx context.Context) error {
	mounts, err := t.core.ListMounts()
	if err != nil {
		return err
	}
	methods, err := t.core.ListAuths()
	if err != nil {
		return err
	}
	var paths []string
	for _, mount := range mounts {
		if !slices.Contains([]string{"system", "identity", "cubbyhole", "ns_system", "ns_identity", "ns_cubbyhole"}, mount.Type) {
			paths = append(paths, "sys/mounts/"+mount.Path)
		}
	}
	for _, method := range methods {
		if method.Type != "token" {
			paths = append(paths, "sys/auth/"+method.Path)
		}
	}
	for _, path := range paths {
		request := httptest.NewRequestWithContext(ctx, http.MethodDelete, "/v1/"+strings.TrimSuffix(path, "/"), nil)
		request.Header.Set(consts.AuthHeaderName, t.rootToken)
		answer := httptest.NewRecorder()
		t.handler.ServeHTTP(answer, request)
		if answer.Code >= http.StatusBadRequest {
			return badRequest("the namespace %q stays, for it cannot be emptied: %s: %s", t.Path, path, answer.Body)
		}
	}
	return nil
}

// metadataOf reads `custom_metadata`, in which a key without value is to be removed.
func metadataOf(r *http.Request) (map[string]*string, error) {
	var body struct {
		CustomMetadata map[string]*string `json:"custom_metadata"`
	}
	content, err := io.ReadAll(io.LimitReader(r.Body, largestBody))
	if err != nil || len(content) == 0 {
		return nil, err
	}
	if err := json.Unmarshal(content, &body); err != nil {
		return nil, badRequest("failed to parse JSON input: %v", err)
	}
	return body.CustomMetadata, nil
}

func respond(w http.ResponseWriter, data map[string]any, warning string) {
	id, err := uuid.GenerateUUID()
	if err != nil {
		logical.RespondError(w, http.StatusInternalServerError, err)
		return
	}
	response := map[string]any{
		"request_id": id, "lease_id": "", "renewable": false, "lease_duration": 0,
		"data": data, "wrap_info": nil, "warnings": nil, "auth": nil,
	}
	if data == nil {
		response["data"] = nil
	}
	if warning != "" {
		response["warnings"] = []string{warning}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(response) // a client that has gone away needs no answer
}
