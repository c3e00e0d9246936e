# What a token needs to deploy, change, recover and destroy the dev stack, and nothing else. For a
# stack of yours write your own paths: "aws" is a secrets engine and an auth method, "people" a login
# of people, "dev-" what the names of the stack "dev" begin with, "team-a" a namespace. What is in
# a namespace takes each of these paths once more with the namespace in front ("team-a/aws/roles/*"),
# save those about the token and sys/in-flight-req, which are asked of the root namespace.

# The token itself.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "sys/capabilities-self" {
  capabilities = ["update"]
}

# A namespace that the stack makes; "read" alone where it is "existing". The last two only for
# `vaultaws recover`.
path "sys/namespaces/team-a" {
  capabilities = ["create", "update", "read", "delete"]
}

path "team-a/sys/namespaces" {
  capabilities = ["list"]
}

path "team-a/identity/oidc/key" {
  capabilities = ["list"]
}

path "team-a/sys/mounts" {
  capabilities = ["read"]
}

path "team-a/sys/auth" {
  capabilities = ["read"]
}

# Issuer and signing key. With `vault.issuer: existing`, no "update" on the issuer.
path "identity/oidc/config" {
  capabilities = ["read", "update"]
}

path "identity/oidc/key" {
  capabilities = ["list"]
}

path "identity/oidc/key/dev-*" {
  capabilities = ["create", "read", "update", "delete"]
}

path "sys/mounts" {
  capabilities = ["read"]
}

path "sys/auth" {
  capabilities = ["read"]
}

# Vault policies of the stack's own.
path "sys/policies/acl/dev-*" {
  capabilities = ["read", "update", "delete"]
}

# A secrets engine.
path "sys/mounts/aws" {
  capabilities = ["read", "update", "delete"]
}

path "sys/mounts/aws/tune" {
  capabilities = ["update"]
}

path "aws/config/root" {
  capabilities = ["create", "read", "update"]
}

path "aws/static-roles/session-check" {
  capabilities = ["update"]
}

path "aws/roles" {
  capabilities = ["list"]
}

path "aws/roles/*" {
  capabilities = ["read", "update", "delete"]
}

# The end of its leases, before anything that revoking needs is deleted.
path "sys/leases/lookup/aws/*" {
  capabilities = ["list", "sudo"]
}

path "sys/leases/revoke-prefix/aws/*" {
  capabilities = ["update", "sudo"]
}

path "sys/in-flight-req" {
  capabilities = ["read"]
}

# An aws auth method.
path "sys/auth/aws" {
  capabilities = ["update", "delete", "sudo"]
}

path "sys/auth/aws/tune" {
  capabilities = ["update", "sudo"]
}

path "sys/mounts/auth/aws" {
  capabilities = ["read"]
}

path "sys/mounts/auth/aws/tune" {
  capabilities = ["read", "update"]
}

path "auth/aws/config/client" {
  capabilities = ["create", "read", "update", "delete"]
}

path "auth/aws/config/identity" {
  capabilities = ["read", "update"]
}

path "auth/aws/config/sts/*" {
  capabilities = ["create", "read", "update", "delete"]
}

path "auth/aws/role" {
  capabilities = ["list"]
}

path "auth/aws/role/*" {
  capabilities = ["create", "read", "update", "delete"]
}

# A login of people, and its groups.
path "sys/auth/people" {
  capabilities = ["update", "delete", "sudo"]
}

path "sys/mounts/auth/people" {
  capabilities = ["read"]
}

path "sys/mounts/auth/people/tune" {
  capabilities = ["read", "update"]
}

path "auth/people/config" {
  capabilities = ["read", "update"]
}

path "auth/people/role" {
  capabilities = ["list"]
}

path "auth/people/role/people" {
  capabilities = ["create", "read", "update", "delete"]
}

path "identity/group" {
  capabilities = ["update"]
}

path "identity/group/id/*" {
  capabilities = ["read", "update", "delete"]
}

path "identity/group-alias" {
  capabilities = ["update"]
}

path "identity/group-alias/id/*" {
  capabilities = ["read", "update", "delete"]
}

# Only for `vaultaws recover`.
path "identity/lookup/group" {
  capabilities = ["update"]
}
