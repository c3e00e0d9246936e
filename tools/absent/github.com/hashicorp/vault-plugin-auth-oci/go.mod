module github.com/hashicorp/vault-plugin-auth-oci

go 1.26.0
