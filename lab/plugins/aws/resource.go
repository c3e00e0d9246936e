package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/hashicorp/awspolicyequivalence"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/retry"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/validation"
)

// propagation is how long IAM may take to hear of what was written.
const propagation = 2 * time.Minute

var (
	computed = schema.Schema{Type: schema.TypeString, Computed: true}
	fixed    = schema.Schema{Type: schema.TypeString, Required: true, ForceNew: true}
	name     = schema.Schema{Type: schema.TypeString, Optional: true, Computed: true, ForceNew: true}
	// document compares what two policies say, as the official provider does.
	document = schema.Schema{
		Type: schema.TypeString, Required: true, ValidateFunc: validation.StringIsJSON,
		DiffSuppressFunc: func(_, before, after string, _ *schema.ResourceData) bool {
			same, err := awspolicy.PoliciesAreEquivalent(before, after)
			return err == nil && same
		},
		DiffSuppressOnRefresh: true,
	}
	tags    = schema.Schema{Type: schema.TypeMap, Optional: true, Elem: &text}
	allTags = schema.Schema{Type: schema.TypeMap, Optional: true, Computed: true, Elem: &text}
)

// addDefaultTags plans the tags of a resource together with those of the provider.
func addDefaultTags(_ context.Context, diff *schema.ResourceDiff, meta any) error {
	if !diff.GetRawPlan().IsNull() && !diff.NewValueKnown("tags") {
		return diff.SetNewComputed("tags_all")
	}
	together := maps.Clone(meta.(*session).defaultTags)
	if together == nil {
		together = map[string]string{}
	}
	maps.Copy(together, textMap(diff.Get("tags").(map[string]any)))
	if maps.Equal(together, textMap(diff.Get("tags_all").(map[string]any))) {
		return nil
	}
	return diff.SetNew("tags_all", together)
}

func setTags(data *schema.ResourceData, found []types.Tag, defaults map[string]string) error {
	together, own := map[string]string{}, map[string]string{}
	given := data.Get("tags").(map[string]any)
	for _, tag := range found {
		together[*tag.Key] = *tag.Value
		_, declared := given[*tag.Key]
		if standing, ok := defaults[*tag.Key]; declared || !ok || standing != *tag.Value {
			own[*tag.Key] = *tag.Value
		}
	}
	if err := data.Set("tags", own); err != nil {
		return err
	}
	return data.Set("tags_all", together)
}

func plannedTags(data *schema.ResourceData) []types.Tag {
	return asTags(textMap(data.Get("tags_all").(map[string]any)))
}

// changedTags returns the tags to set and the keys to remove.
func changedTags(data *schema.ResourceData) (set []types.Tag, remove []string) {
	old, planned := data.GetChange("tags_all")
	before, after := textMap(old.(map[string]any)), textMap(planned.(map[string]any))
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, kept := after[key]; !kept {
			remove = append(remove, key)
		}
	}
	maps.DeleteFunc(after, func(key, value string) bool { return before[key] == value })
	return asTags(after), remove
}

func asTags(given map[string]string) []types.Tag {
	var found []types.Tag
	for _, key := range slices.Sorted(maps.Keys(given)) {
		value := given[key]
		found = append(found, types.Tag{Key: &key, Value: &value})
	}
	return found
}

// settled repeats a call while IAM may not have heard yet of what it refers to.
func settled(ctx context.Context, call func() error, unsettled func(error) bool) error {
	return retry.RetryContext(ctx, propagation, func() *retry.RetryError {
		err := call()
		switch {
		case err == nil:
			return nil
		case unsettled(err):
			return retry.RetryableError(err)
		default:
			return retry.NonRetryableError(err)
		}
	})
}

// look reads a resource: one that was just made is waited for, any other that is gone is dropped.
func look(ctx context.Context, data *schema.ResourceData, what string, read func() error) diag.Diagnostics {
	err := settled(ctx, read, func(err error) bool { return data.IsNewResource() && gone(err) })
	if gone(err) && !data.IsNewResource() {
		data.SetId("")
		return nil
	}
	return failed("reading "+what, err)
}

func failed(doing string, err error) diag.Diagnostics {
	if err == nil {
		return nil
	}
	return diag.Errorf("%s: %s", doing, err)
}
