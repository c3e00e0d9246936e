# Lets a token read the credentials of one Vault role, give them back, and nothing else.
path "${mount}/creds/${role}" {
  capabilities = ["read"]
}

# Whose lease ends, the path says: by an id in the body, another role's could be ended.
path "sys/leases/revoke/${mount}/creds/${role}/*" {
  capabilities      = ["update"]
  denied_parameters = { "lease_id" = [] }
}
