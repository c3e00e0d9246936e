// Package admin stands for the directory of Google Workspace.
package admin

import (
	"context"

	"google.golang.org/api/option"

	"vault-aws-federation/tools/absent"
)

var errAbsent = absent.Error("the directory of Google Workspace")

// Rights that are asked for, as in the client itself.
const (
	AdminDirectoryGroupReadonlyScope = "https://www.googleapis.com/auth/admin.directory.group.readonly"
	AdminDirectoryUserReadonlyScope  = "https://www.googleapis.com/auth/admin.directory.user.readonly"
)

// Service is never made.
type Service struct {
	Groups groups
	Users  users
}

// NewService refuses.
func NewService(context.Context, ...option.ClientOption) (*Service, error) { return nil, errAbsent }

// The rest is what Vault's code names after a service was made, which never happens.

type (
	Groups struct{ Groups []Group }
	Group  struct{ Email string }
	User   struct{ CustomSchemas map[string][]byte }

	groups     struct{}
	groupsList struct{}
	users      struct{}
	usersGet   struct{}
)

func (groups) List() groupsList                                     { return groupsList{} }
func (c groupsList) UserKey(string) groupsList                      { return c }
func (c groupsList) Domain(string) groupsList                       { return c }
func (c groupsList) Fields(...string) groupsList                    { return c }
func (groupsList) Pages(context.Context, func(*Groups) error) error { return errAbsent }

func (users) Get(string) usersGet                   { return usersGet{} }
func (c usersGet) Context(context.Context) usersGet { return c }
func (c usersGet) Projection(string) usersGet       { return c }
func (c usersGet) CustomFieldMask(string) usersGet  { return c }
func (c usersGet) Fields(...string) usersGet        { return c }
func (usersGet) Do() (*User, error)                 { return nil, errAbsent }
