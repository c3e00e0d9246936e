// Command pulumi-resource-vault is the real Vault provider, hashicorp/vault of Terraform, behind
// Pulumi's bridge: what pulumi-vault is made of, for the types that the program uses.
package main

import (
	"github.com/hashicorp/terraform-provider-vault/schema"
	"github.com/hashicorp/terraform-provider-vault/vault"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"

	"vault-aws-federation/lab/plugins/serving"
)

// version is that of the Python package, which the engine asks for by number; set at link time.
var version = "0.0.0"

// own are the names that the bridge's rule would make plural, or give a random suffix.
type own = map[string]*tfbridge.SchemaInfo

func main() {
	serving.Bridged(tfbridge.ProviderInfo{
		P:       shimv2.NewProvider(schema.NewProvider(vault.Provider()).SchemaProvider()),
		Name:    "vault",
		Version: version,
		Resources: map[string]*tfbridge.ResourceInfo{
			"vault_auth_backend":                     {Tok: serving.Token("vault", "index", "AuthBackend")},
			"vault_namespace":                        {Tok: serving.Token("vault", "index", "Namespace")},
			"vault_policy":                           {Tok: serving.Token("vault", "index", "Policy")},
			"vault_generic_endpoint":                 {Tok: serving.Token("vault", "generic", "Endpoint")},
			"vault_identity_group":                   {Tok: serving.Token("vault", "identity", "Group")},
			"vault_identity_group_alias":             {Tok: serving.Token("vault", "identity", "GroupAlias"), Fields: own{"name": {Name: "name"}}},
			"vault_identity_oidc":                    {Tok: serving.Token("vault", "identity", "Oidc")},
			"vault_identity_oidc_key":                {Tok: serving.Token("vault", "identity", "OidcKey")},
			"vault_jwt_auth_backend_role":            {Tok: serving.Token("vault", "jwt", "AuthBackendRole")},
			"vault_aws_secret_backend":               {Tok: serving.Token("vault", "aws", "SecretBackend")},
			"vault_aws_secret_backend_role":          {Tok: serving.Token("vault", "aws", "SecretBackendRole")},
			"vault_aws_auth_backend_client":          {Tok: serving.Token("vault", "aws", "AuthBackendClient")},
			"vault_aws_auth_backend_config_identity": {Tok: serving.Token("vault", "aws", "AuthBackendConfigIdentity")},
			"vault_aws_auth_backend_role":            {Tok: serving.Token("vault", "aws", "AuthBackendRole")},
			"vault_aws_auth_backend_sts_role":        {Tok: serving.Token("vault", "aws", "AuthBackendStsRole")},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"vault_namespace": {Tok: "vault:index/getNamespace:getNamespace"},
		},
		// As pulumi-vault sets them.
		Config: own{
			"skip_tls_verify":       {Default: &tfbridge.DefaultInfo{EnvVars: []string{"VAULT_SKIP_VERIFY"}}},
			"max_lease_ttl_seconds": {Default: &tfbridge.DefaultInfo{EnvVars: []string{"TERRAFORM_VAULT_MAX_TTL"}, Value: 1200}},
			"max_retries":           {Default: &tfbridge.DefaultInfo{EnvVars: []string{"VAULT_MAX_RETRIES"}, Value: 2}},
		},
	})
}
