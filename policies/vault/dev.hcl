# What an application of the dev stack may do once it has logged in with the AWS auth method.
path "aws/creds/my-role" {
  capabilities = ["read"]
}
