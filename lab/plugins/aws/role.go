package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

func role() *schema.Resource {
	return &schema.Resource{
		Schema: map[string]*schema.Schema{
			"arn":                   &computed,
			"assume_role_policy":    &document,
			"create_date":           &computed,
			"description":           {Type: schema.TypeString, Optional: true},
			"force_detach_policies": {Type: schema.TypeBool, Optional: true, Default: false},
			"max_session_duration":  {Type: schema.TypeInt, Optional: true, Default: 3600},
			"name":                  &name,
			"path":                  {Type: schema.TypeString, Optional: true, Default: "/", ForceNew: true},
			"permissions_boundary":  {Type: schema.TypeString, Optional: true},
			"tags":                  &tags,
			"tags_all":              &allTags,
			"unique_id":             &computed,
		},
		Importer:      &schema.ResourceImporter{StateContext: schema.ImportStatePassthroughContext},
		CustomizeDiff: addDefaultTags,
		CreateContext: createRole,
		ReadContext:   readRole,
		UpdateContext: updateRole,
		DeleteContext: deleteRole,
	}
}

func createRole(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	client, name := meta.(*session).iam, data.Get("name").(string)
	request := &iam.CreateRoleInput{
		AssumeRolePolicyDocument: aws.String(data.Get("assume_role_policy").(string)),
		MaxSessionDuration:       aws.Int32(int32(data.Get("max_session_duration").(int))),
		Path:                     aws.String(data.Get("path").(string)),
		RoleName:                 &name,
		Tags:                     plannedTags(data),
	}
	if given, ok := data.GetOk("description"); ok {
		request.Description = aws.String(given.(string))
	}
	if given, ok := data.GetOk("permissions_boundary"); ok {
		request.PermissionsBoundary = aws.String(given.(string))
	}
	err := settled(ctx, func() error {
		_, err := client.CreateRole(ctx, request)
		return err
	}, unknownPrincipal)
	if err != nil {
		return failed(fmt.Sprintf("creating IAM Role (%s)", name), err)
	}
	data.SetId(name)
	return readRole(ctx, data, meta)
}

func readRole(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	client, name := meta.(*session).iam, data.Id()
	return look(ctx, data, fmt.Sprintf("IAM Role (%s)", name), func() error {
		answer, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		if err != nil {
			return err
		}
		found := answer.Role
		trust, err := url.QueryUnescape(aws.ToString(found.AssumeRolePolicyDocument))
		if err != nil {
			return err
		}
		boundary := ""
		if found.PermissionsBoundary != nil {
			boundary = aws.ToString(found.PermissionsBoundary.PermissionsBoundaryArn)
		}
		for key, value := range map[string]any{
			"arn":                  aws.ToString(found.Arn),
			"assume_role_policy":   trust,
			"create_date":          found.CreateDate.Format(time.RFC3339),
			"description":          aws.ToString(found.Description),
			"max_session_duration": int(aws.ToInt32(found.MaxSessionDuration)),
			"name":                 aws.ToString(found.RoleName),
			"path":                 aws.ToString(found.Path),
			"permissions_boundary": boundary,
			"unique_id":            aws.ToString(found.RoleId),
		} {
			if err := data.Set(key, value); err != nil {
				return err
			}
		}
		// The official provider shows the policies on the role, and so asks for them.
		if err := lookAtPolicies(ctx, client, name); err != nil {
			return err
		}
		return setTags(data, found.Tags, meta.(*session).defaultTags)
	})
}

func updateRole(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	client, name := meta.(*session).iam, data.Id()
	doing := fmt.Sprintf("updating IAM Role (%s)", name)
	if data.HasChange("tags_all") {
		if err := retagRole(ctx, client, name, data); err != nil {
			return failed(doing, err)
		}
	}
	if data.HasChange("assume_role_policy") {
		request := &iam.UpdateAssumeRolePolicyInput{
			RoleName: &name, PolicyDocument: aws.String(data.Get("assume_role_policy").(string)),
		}
		err := settled(ctx, func() error {
			_, err := client.UpdateAssumeRolePolicy(ctx, request)
			return err
		}, unknownPrincipal)
		if err != nil {
			return failed(doing, err)
		}
	}
	if data.HasChange("description") {
		_, err := client.UpdateRoleDescription(ctx, &iam.UpdateRoleDescriptionInput{
			RoleName: &name, Description: aws.String(data.Get("description").(string)),
		})
		if err != nil {
			return failed(doing, err)
		}
	}
	if data.HasChange("max_session_duration") {
		_, err := client.UpdateRole(ctx, &iam.UpdateRoleInput{
			RoleName: &name, MaxSessionDuration: aws.Int32(int32(data.Get("max_session_duration").(int))),
		})
		if err != nil {
			return failed(doing, err)
		}
	}
	if data.HasChange("permissions_boundary") {
		if err := bound(ctx, client, name, data.Get("permissions_boundary").(string)); err != nil {
			return failed(doing, err)
		}
	}
	return readRole(ctx, data, meta)
}

func bound(ctx context.Context, client *iam.Client, role, boundary string) error {
	if boundary == "" {
		_, err := client.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &role})
		return err
	}
	_, err := client.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
		RoleName: &role, PermissionsBoundary: &boundary,
	})
	return err
}

func retagRole(ctx context.Context, client *iam.Client, name string, data *schema.ResourceData) error {
	set, remove := changedTags(data)
	if len(remove) > 0 {
		if _, err := client.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &name, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		if _, err := client.TagRole(ctx, &iam.TagRoleInput{RoleName: &name, Tags: set}); err != nil {
			return err
		}
	}
	return nil
}

func deleteRole(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
	client, name := meta.(*session).iam, data.Id()
	err := leaveProfiles(ctx, client, name)
	if err == nil && data.Get("force_detach_policies").(bool) {
		err = giveUpPolicies(ctx, client, name)
	}
	if err == nil {
		err = settled(ctx, func() error {
			_, err := client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
			return err
		}, func(error) bool { return false })
	}
	if err == nil || gone(err) {
		return nil
	}
	return failed(fmt.Sprintf("deleting IAM Role (%s)", name), err)
}

func leaveProfiles(ctx context.Context, client *iam.Client, name string) error {
	pages := iam.NewListInstanceProfilesForRolePaginator(client, &iam.ListInstanceProfilesForRoleInput{RoleName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, profile := range page.InstanceProfiles {
			_, err := client.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{
				InstanceProfileName: profile.InstanceProfileName, RoleName: &name,
			})
			if err != nil && !gone(err) {
				return err
			}
		}
	}
	return nil
}

// unknownPrincipal tells a principal that IAM may not have heard of yet from a wrong document.
func unknownPrincipal(err error) bool {
	return code(err) == "MalformedPolicyDocument" && strings.Contains(err.Error(), "Invalid principal in policy")
}
