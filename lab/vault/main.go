package main

import (
	_ "github.com/hashicorp/vault/builtin/credential/aws"
	_ "github.com/hashicorp/vault/builtin/logical/aws"
	_ "github.com/hashicorp/vault-plugin-auth-jwt"
	_ "github.com/hashicorp/vault-plugin-secrets-kv"
	_ "github.com/hashicorp/vault/http"
	_ "github.com/hashicorp/vault/sdk/physical/file"
	_ "github.com/hashicorp/vault/vault"
	_ "github.com/hashicorp/vault/version"
)

func main() {}
