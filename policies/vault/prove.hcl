# What a token needs for `vaultaws prove` on the dev stack, and nothing else; read deploy.hcl for how
# to name what is yours. It may read every credential of the stack, for each is tried once.

# The token itself, and a child of it that ends by itself, with whatever it has read.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/create" {
  capabilities = ["update"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

path "sys/leases/revoke" {
  capabilities = ["update"]
}

path "sys/policies/acl/dev-*" {
  capabilities = ["read"]
}

# A secrets engine.
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

path "aws/static-roles/session-check" {
  capabilities = ["update"]
}

path "aws/creds/*" {
  capabilities = ["read"]
}

# An aws auth method.
path "sys/mounts/auth/aws" {
  capabilities = ["read"]
}

path "auth/aws/config/client" {
  capabilities = ["read"]
}

path "auth/aws/role" {
  capabilities = ["list"]
}

path "auth/aws/role/*" {
  capabilities = ["read"]
}

path "auth/aws/role/federation-check" {
  capabilities = ["create"]
}

# A login of people.
path "auth/people/config" {
  capabilities = ["read"]
}

path "auth/people/role" {
  capabilities = ["list"]
}

path "auth/people/role/people" {
  capabilities = ["read"]
}

path "identity/lookup/group" {
  capabilities = ["update"]
}
