module github.com/hashicorp/vault-plugin-auth-jwt

go 1.26.0
