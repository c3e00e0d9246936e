# What a token needs to preview the dev stack and to watch it, and nothing that changes anything: for
# the workflows that judge a pull request. For a stack of yours write your own paths, as in deploy.hcl.

path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "sys/capabilities-self" {
  capabilities = ["update"]
}

path "sys/namespaces/team-a" {
  capabilities = ["read"]
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

path "identity/oidc/config" {
  capabilities = ["read"]
}

path "identity/oidc/key" {
  capabilities = ["list"]
}

path "identity/oidc/key/dev-*" {
  capabilities = ["read"]
}

path "sys/mounts" {
  capabilities = ["read"]
}

path "sys/auth" {
  capabilities = ["read"]
}

path "sys/policies/acl/dev-*" {
  capabilities = ["read"]
}

path "sys/mounts/aws" {
  capabilities = ["read"]
}

path "aws/config/root" {
  capabilities = ["read"]
}

path "aws/roles" {
  capabilities = ["list"]
}

path "aws/roles/*" {
  capabilities = ["read"]
}

path "sys/leases/lookup/aws/*" {
  capabilities = ["list", "sudo"]
}

path "sys/in-flight-req" {
  capabilities = ["read"]
}

path "sys/mounts/auth/aws" {
  capabilities = ["read"]
}

path "sys/mounts/auth/aws/tune" {
  capabilities = ["read"]
}

path "auth/aws/config/client" {
  capabilities = ["read"]
}

path "auth/aws/config/identity" {
  capabilities = ["read"]
}

path "auth/aws/config/sts/*" {
  capabilities = ["read"]
}

path "auth/aws/role" {
  capabilities = ["list"]
}

path "auth/aws/role/*" {
  capabilities = ["read"]
}

path "sys/mounts/auth/people" {
  capabilities = ["read"]
}

path "sys/mounts/auth/people/tune" {
  capabilities = ["read"]
}

path "auth/people/config" {
  capabilities = ["read"]
}

path "auth/people/role" {
  capabilities = ["list"]
}

path "auth/people/role/people" {
  capabilities = ["read"]
}

path "identity/group/id/*" {
  capabilities = ["read"]
}

path "identity/group-alias/id/*" {
  capabilities = ["read"]
}

# Only for `vaultaws watch users`: when a lease began. It reads, though it is asked by a POST.
path "sys/leases/lookup" {
  capabilities = ["update"]
}
