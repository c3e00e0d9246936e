# Lets a token read the credentials of one Vault role, and nothing else.
path "${mount}/creds/${role}" {
  capabilities = ["read"]
}
