package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/id"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

func rolePolicy() *schema.Resource {
	return &schema.Resource{
		Schema:        map[string]*schema.Schema{"name": &name, "policy": &document, "role": &fixed},
		Importer:      &schema.ResourceImporter{StateContext: schema.ImportStatePassthroughContext},
		CreateContext: putRolePolicy,
		ReadContext:   readRolePolicy,
		UpdateContext: putRolePolicy,
		DeleteContext: deleteRolePolicy,
	}
}

func putRolePolicy(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	role, policy := data.Get("role").(string), data.Get("name").(string)
	_, err := meta.(*session).iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &role, PolicyName: &policy, PolicyDocument: aws.String(data.Get("policy").(string)),
	})
	if err != nil {
		return failed(fmt.Sprintf("putting IAM Role (%s) Policy (%s)", role, policy), err)
	}
	data.SetId(role + ":" + policy)
	return readRolePolicy(ctx, data, meta)
}

func readRolePolicy(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	role, policy, _ := strings.Cut(data.Id(), ":")
	return look(ctx, data, "IAM Role Policy "+data.Id(), func() error {
		answer, err := meta.(*session).iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{
			RoleName: &role, PolicyName: &policy,
		})
		if err != nil {
			return err
		}
		written, err := url.QueryUnescape(aws.ToString(answer.PolicyDocument))
		return errors.Join(err,
			data.Set("role", role), data.Set("name", policy), data.Set("policy", written))
	})
}

func deleteRolePolicy(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	role, policy, _ := strings.Cut(data.Id(), ":")
	_, err := meta.(*session).iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{
		RoleName: &role, PolicyName: &policy,
	})
	if gone(err) {
		return nil
	}
	return failed("deleting IAM Role Policy "+data.Id(), err)
}

func rolePolicyAttachment() *schema.Resource {
	return &schema.Resource{
		Schema:        map[string]*schema.Schema{"role": &fixed, "policy_arn": &fixed},
		CreateContext: attachRolePolicy,
		ReadContext:   readRolePolicyAttachment,
		DeleteContext: detachRolePolicy,
	}
}

func attachRolePolicy(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	role, policy := data.Get("role").(string), data.Get("policy_arn").(string)
	_, err := meta.(*session).iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: &policy})
	if err != nil {
		return failed(fmt.Sprintf("attaching IAM Policy (%s) to IAM Role (%s)", policy, role), err)
	}
	data.SetId(id.PrefixedUniqueId(role + "-"))
	return readRolePolicyAttachment(ctx, data, meta)
}

func readRolePolicyAttachment(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	role, policy := data.Get("role").(string), data.Get("policy_arn").(string)
	return look(ctx, data, fmt.Sprintf("IAM Policy (%s) of IAM Role (%s)", policy, role), func() error {
		attached, err := attachedPolicies(ctx, meta.(*session).iam, role)
		if err != nil {
			return err
		}
		for _, found := range attached {
			if found == policy {
				return nil
			}
		}
		return &types.NoSuchEntityException{Message: aws.String("the policy is not attached")}
	})
}

func detachRolePolicy(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	role, policy := data.Get("role").(string), data.Get("policy_arn").(string)
	_, err := meta.(*session).iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &policy})
	if gone(err) {
		return nil
	}
	return failed(fmt.Sprintf("detaching IAM Policy (%s) from IAM Role (%s)", policy, role), err)
}

func attachedPolicies(ctx context.Context, client *iam.Client, role string) ([]string, error) {
	var found []string
	pages := iam.NewListAttachedRolePoliciesPaginator(client, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, policy := range page.AttachedPolicies {
			found = append(found, aws.ToString(policy.PolicyArn))
		}
	}
	return found, nil
}

func inlinePolicies(ctx context.Context, client *iam.Client, role string) ([]string, error) {
	var found []string
	pages := iam.NewListRolePoliciesPaginator(client, &iam.ListRolePoliciesInput{RoleName: &role})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		found = append(found, page.PolicyNames...)
	}
	return found, nil
}

func lookAtPolicies(ctx context.Context, client *iam.Client, role string) error {
	names, err := inlinePolicies(ctx, client, role)
	if err != nil {
		return err
	}
	for _, policy := range names {
		_, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &policy})
		if err != nil && !gone(err) {
			return err
		}
	}
	_, err = attachedPolicies(ctx, client, role)
	return err
}

// giveUpPolicies takes every policy off a role that is to be deleted.
func giveUpPolicies(ctx context.Context, client *iam.Client, role string) error {
	attached, err := attachedPolicies(ctx, client, role)
	if err != nil {
		return err
	}
	for _, arn := range attached {
		_, err := client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &arn})
		if err != nil && !gone(err) {
			return err
		}
	}
	names, err := inlinePolicies(ctx, client, role)
	if err != nil {
		return err
	}
	for _, policy := range names {
		_, err := client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &policy})
		if err != nil && !gone(err) {
			return err
		}
	}
	return nil
}
