package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

func openIDConnectProvider() *schema.Resource {
	return &schema.Resource{
		Schema: map[string]*schema.Schema{
			"arn":             &computed,
			"client_id_list":  {Type: schema.TypeSet, Required: true, Elem: &text},
			"thumbprint_list": {Type: schema.TypeList, Optional: true, Computed: true, Elem: &text},
			"tags":            &tags,
			"tags_all":        &allTags,
			"url": {
				Type: schema.TypeString, Required: true, ForceNew: true,
				// AWS tells the URL without its scheme.
				DiffSuppressFunc: func(_, before, after string, _ *schema.ResourceData) bool {
					return host(before) == host(after)
				},
			},
		},
		Importer:      &schema.ResourceImporter{StateContext: schema.ImportStatePassthroughContext},
		CustomizeDiff: addDefaultTags,
		CreateContext: createIdentityProvider,
		ReadContext:   readIdentityProvider,
		UpdateContext: updateIdentityProvider,
		DeleteContext: deleteIdentityProvider,
	}
}

func createIdentityProvider(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	request := &iam.CreateOpenIDConnectProviderInput{
		ClientIDList: texts(data.Get("client_id_list").(*schema.Set).List()),
		Tags:         plannedTags(data),
		Url:          aws.String(data.Get("url").(string)),
	}
	if given, ok := data.GetOk("thumbprint_list"); ok {
		request.ThumbprintList = texts(given.([]any))
	}
	answer, err := meta.(*session).iam.CreateOpenIDConnectProvider(ctx, request)
	if err != nil {
		return failed("creating IAM OIDC Provider", err)
	}
	data.SetId(aws.ToString(answer.OpenIDConnectProviderArn))
	return readIdentityProvider(ctx, data, meta)
}

func readIdentityProvider(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	arn := data.Id()
	return look(ctx, data, fmt.Sprintf("IAM OIDC Provider (%s)", arn), func() error {
		found, err := meta.(*session).iam.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{
			OpenIDConnectProviderArn: &arn,
		})
		if err != nil {
			return err
		}
		return errors.Join(
			data.Set("arn", arn),
			data.Set("client_id_list", found.ClientIDList),
			data.Set("thumbprint_list", found.ThumbprintList),
			data.Set("url", aws.ToString(found.Url)),
			setTags(data, found.Tags, meta.(*session).defaultTags),
		)
	})
}

func updateIdentityProvider(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	client, arn := meta.(*session).iam, data.Id()
	doing := fmt.Sprintf("updating IAM OIDC Provider (%s)", arn)
	if data.HasChange("tags_all") {
		if err := retagIdentityProvider(ctx, client, arn, data); err != nil {
			return failed(doing+" tags", err)
		}
	}
	if data.HasChange("thumbprint_list") {
		_, err := client.UpdateOpenIDConnectProviderThumbprint(ctx, &iam.UpdateOpenIDConnectProviderThumbprintInput{
			OpenIDConnectProviderArn: &arn, ThumbprintList: texts(data.Get("thumbprint_list").([]any)),
		})
		if err != nil {
			return failed(doing+" thumbprints", err)
		}
	}
	if err := changeAudiences(ctx, client, arn, data); err != nil {
		return failed(doing+" client ids", err)
	}
	return readIdentityProvider(ctx, data, meta)
}

func changeAudiences(ctx context.Context, client *iam.Client, arn string, data *schema.ResourceData) error {
	before, after := data.GetChange("client_id_list")
	for _, audience := range texts(after.(*schema.Set).Difference(before.(*schema.Set)).List()) {
		_, err := client.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{
			ClientID: &audience, OpenIDConnectProviderArn: &arn,
		})
		if err != nil {
			return err
		}
	}
	for _, audience := range texts(before.(*schema.Set).Difference(after.(*schema.Set)).List()) {
		_, err := client.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{
			ClientID: &audience, OpenIDConnectProviderArn: &arn,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func retagIdentityProvider(ctx context.Context, client *iam.Client, arn string, data *schema.ResourceData) error {
	set, remove := changedTags(data)
	if len(remove) > 0 {
		_, err := client.UntagOpenIDConnectProvider(ctx, &iam.UntagOpenIDConnectProviderInput{
			OpenIDConnectProviderArn: &arn, TagKeys: remove,
		})
		if err != nil {
			return err
		}
	}
	if len(set) > 0 {
		_, err := client.TagOpenIDConnectProvider(ctx, &iam.TagOpenIDConnectProviderInput{
			OpenIDConnectProviderArn: &arn, Tags: set,
		})
		return err
	}
	return nil
}

func deleteIdentityProvider(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	arn := data.Id()
	_, err := meta.(*session).iam.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{
		OpenIDConnectProviderArn: &arn,
	})
	if gone(err) {
		return nil
	}
	return failed(fmt.Sprintf("deleting IAM OIDC Provider (%s)", arn), err)
}

func host(url string) string { return strings.TrimPrefix(url, "https://") }
