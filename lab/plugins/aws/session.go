package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

const (
	// defaultAttempts is how often the official provider makes a request that fails.
	defaultAttempts   = 25
	shortestPause     = 30 * time.Millisecond
	shortestThrottled = 500 * time.Millisecond
	longestPause      = 300 * time.Second
)

var text = schema.Schema{Type: schema.TypeString, Optional: true}

// settings are those of the official provider that the program gives, and its checks at start-up;
// of these there is nothing here to skip.
var settings = map[string]*schema.Schema{
	"region":              &text,
	"profile":             &text,
	"allowed_account_ids": {Type: schema.TypeSet, Optional: true, Elem: &text},
	"max_retries":         {Type: schema.TypeInt, Optional: true, Default: defaultAttempts},
	"default_tags": {Type: schema.TypeList, Optional: true, MaxItems: 1, Elem: &schema.Resource{
		Schema: map[string]*schema.Schema{"tags": {Type: schema.TypeMap, Optional: true, Elem: &text}},
	}},
	"assume_role": {Type: schema.TypeList, Optional: true, Elem: &schema.Resource{
		Schema: map[string]*schema.Schema{
			"role_arn": &text, "external_id": &text, "session_name": &text, "duration": &text,
		},
	}},
	"skip_credentials_validation": {Type: schema.TypeBool, Optional: true},
	"skip_metadata_api_check":     {Type: schema.TypeBool, Optional: true},
	"skip_region_validation":      {Type: schema.TypeBool, Optional: true},
	"skip_requesting_account_id":  {Type: schema.TypeBool, Optional: true},
}

// session is one identity in one account, with the tags of everything it makes.
type session struct {
	iam         *iam.Client
	defaultTags map[string]string
}

func configure(ctx context.Context, given *schema.ResourceData) (any, diag.Diagnostics) {
	found, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(given.Get("region").(string)),
		config.WithSharedConfigProfile(given.Get("profile").(string)),
		config.WithRetryer(func() aws.Retryer { return retryer(given.Get("max_retries").(int)) }),
	)
	if err != nil {
		return nil, diag.Errorf("configuring the AWS provider: %s", err)
	}
	for _, entry := range given.Get("assume_role").([]any) {
		if err := assume(ctx, &found, entry.(map[string]any)); err != nil {
			return nil, diag.FromErr(err)
		}
	}
	identity, err := sts.NewFromConfig(found).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, diag.Errorf("retrieving AWS account details: %s", err)
	}
	allowed := texts(given.Get("allowed_account_ids").(*schema.Set).List())
	if len(allowed) > 0 && !slices.Contains(allowed, aws.ToString(identity.Account)) {
		return nil, diag.Errorf("AWS account ID not allowed: %s; the provider's allowedAccountIds has "+
			"%s. Use credentials of an allowed account (AWS_PROFILE, `profile`, `assumeRoles`), or "+
			"correct the setting", aws.ToString(identity.Account), strings.Join(allowed, ", "))
	}
	tags := map[string]string{}
	for _, entry := range given.Get("default_tags").([]any) {
		if block, ok := entry.(map[string]any); ok {
			tags = textMap(block["tags"].(map[string]any))
		}
	}
	return &session{iam: iam.NewFromConfig(found), defaultTags: tags}, nil
}

// assume makes found the session of a role, asked for at once, so that a role that cannot be
// assumed is named before anything is done.
func assume(ctx context.Context, found *aws.Config, role map[string]any) error {
	arn := role["role_arn"].(string)
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(*found), arn,
		func(options *stscreds.AssumeRoleOptions) {
			if id := role["external_id"].(string); id != "" {
				options.ExternalID = &id
			}
			if name := role["session_name"].(string); name != "" {
				options.RoleSessionName = name
			}
			if lasting, err := time.ParseDuration(role["duration"].(string)); err == nil {
				options.Duration = lasting
			}
		})
	found.Credentials = aws.NewCredentialsCache(provider)
	if _, err := found.Credentials.Retrieve(ctx); err != nil {
		return fmt.Errorf("assuming the role %s: %w", arn, err)
	}
	return nil
}

// retryer tries as often and as slowly as the official provider; what that calls `max_retries` is
// the number of attempts.
func retryer(attempts int) aws.Retryer {
	return retry.NewStandard(func(options *retry.StandardOptions) {
		options.MaxAttempts = attempts
		options.Backoff = retry.BackoffDelayerFunc(pause)
		options.RateLimiter = ratelimit.None
	})
}

// pause returns, by chance, a time between one that doubles with each attempt and its double.
func pause(attempt int, err error) (time.Duration, error) {
	shortest := shortestPause
	if retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool() {
		shortest = shortestThrottled
	}
	for range attempt {
		shortest = min(2*shortest, longestPause/2)
	}
	return shortest + rand.N(shortest), nil
}

// code returns AWS's word for what went wrong, or nothing.
func code(err error) string {
	var refusal smithy.APIError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode()
	}
	return ""
}

func gone(err error) bool {
	var missing *types.NoSuchEntityException
	return errors.As(err, &missing)
}

func texts(list []any) []string {
	found := make([]string, 0, len(list))
	for _, item := range list {
		word, _ := item.(string)
		found = append(found, word)
	}
	return found
}

func textMap(given map[string]any) map[string]string {
	found := map[string]string{}
	for key, value := range given {
		found[key], _ = value.(string)
	}
	return found
}
