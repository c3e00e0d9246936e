package main

import (
	"context"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go/service/ec2"
	discover "github.com/hashicorp/go-discover"
	wrapping "github.com/hashicorp/go-kms-wrapping/v2"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/okta/okta-sdk-golang/v5/okta"
)

// What is left out (tools/absent) says so by its name, where Vault's own code first meets it.
func TestWhatIsLeftOutSaysSo(t *testing.T) {
	seals := map[string]func(*configutil.KMS, ...wrapping.Option) (wrapping.Wrapper, map[string]string, error){
		"alicloudkms":   configutil.GetAliCloudKMSFunc,
		"awskms":        configutil.GetAWSKMSFunc,
		"azurekeyvault": configutil.GetAzureKeyVaultKMSFunc,
		"gcpckms":       configutil.GetGCPCKMSKMSFunc,
		"ocikms":        configutil.GetOCIKMSKMSFunc,
	}
	refusals := map[string]error{}
	for name, open := range seals {
		_, _, refusals[name] = open(&configutil.KMS{})
	}
	_, refusals["Okta"] = okta.NewConfiguration()
	_, refusals["auto_join"] = (&discover.Discover{}).Addrs("provider=aws", nil)
	_, refusals["EC2"] = awssdk.New(nil).DescribeInstancesWithContext(context.Background(), nil)
	for name, err := range refusals {
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "not built into") {
			t.Errorf("%s says %v", name, err)
		}
	}
}
