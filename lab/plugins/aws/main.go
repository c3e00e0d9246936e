// Command pulumi-resource-aws stands in for the aws plugin: the four types that the program uses,
// behind the same bridge as the official one, and held to recordings of the real provider.
package main

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"

	"vault-aws-federation/lab/plugins/serving"
)

// version is that of the Python package, which the engine asks for by number; set at link time.
var version = "0.0.0"

const longestName = 64

func main() {
	named := map[string]*tfbridge.SchemaInfo{"name": tfbridge.AutoName("name", longestName, "-")}
	serving.Bridged(tfbridge.ProviderInfo{
		P: shimv2.NewProvider(&schema.Provider{
			Schema:               settings,
			ConfigureContextFunc: configure,
			ResourcesMap: map[string]*schema.Resource{
				"aws_iam_openid_connect_provider": openIDConnectProvider(),
				"aws_iam_role":                    role(),
				"aws_iam_role_policy":             rolePolicy(),
				"aws_iam_role_policy_attachment":  rolePolicyAttachment(),
			},
		}),
		Name:    "aws",
		Version: version,
		Resources: map[string]*tfbridge.ResourceInfo{
			"aws_iam_openid_connect_provider": {Tok: serving.Token("aws", "iam", "OpenIdConnectProvider")},
			"aws_iam_role":                    {Tok: serving.Token("aws", "iam", "Role"), Fields: named},
			"aws_iam_role_policy":             {Tok: serving.Token("aws", "iam", "RolePolicy"), Fields: named},
			"aws_iam_role_policy_attachment":  {Tok: serving.Token("aws", "iam", "RolePolicyAttachment")},
		},
	})
}
