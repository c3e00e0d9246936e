# What an application of the dev stack may do once it has logged in with the AWS auth method.
path "aws/creds/my-role" {
  capabilities = ["read"]
}

# ... and give them back: the id of the lease is that of the path, not one in the body.
path "sys/leases/revoke/aws/creds/my-role/*" {
  capabilities      = ["update"]
  denied_parameters = { "lease_id" = [] }
}
