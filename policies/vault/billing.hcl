# What the billing application of the production example may do once it has logged in: read one
# role's credentials, in whichever namespace it logged in to.
path "apps/creds/legacy" {
  capabilities = ["read"]
}

path "data/creds/report" {
  capabilities = ["read"]
}
