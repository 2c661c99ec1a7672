package secretsmanager

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"lethe"
	"lethe/secret"
)

func tagsIn(tags []types.Tag) (all []secret.Tag) {
	for _, t := range tags {
		all = append(all, secret.Tag{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value)})
	}
	return all
}

func tagsOut(tags []secret.Tag) (all []types.Tag) {
	for _, t := range tags {
		all = append(all, types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return all
}

func filtersIn(filters []types.Filter) (all []secret.Filter) {
	for _, f := range filters {
		all = append(all, secret.Filter{Key: string(f.Key), Values: f.Values})
	}
	return all
}

// when leaves out what never was.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// stagesOut turns labels to the form that the API has: by version.
func stagesOut(x secret.Secret) map[string][]string {
	if len(x.Stages) == 0 {
		return nil
	}
	m := map[string][]string{}
	for _, version := range x.Stages {
		m[version] = x.StagesOf(version)
	}
	return m
}

// rotationOut returns what the API tells of rotation.
func rotationOut(a api, r secret.Rotation) (arn *string, enabled *bool, rules *types.RotationRulesType) {
	if r.Function == "" {
		return nil, nil, nil
	}
	if r.Days > 0 {
		rules = &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(r.Days)}
		if r.Expression != "" {
			rules = &types.RotationRulesType{ScheduleExpression: aws.String(r.Expression)}
		}
	}
	return aws.String(lethe.FunctionARN(a.Region, r.Function)), aws.Bool(r.Enabled), rules
}

func (a api) describeSecret(ctx context.Context, in *sdk.DescribeSecretInput) (*sdk.DescribeSecretOutput, error) {
	x, err := a.Describe(ctx, *in.SecretId)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeSecretOutput{ARN: &x.ARN, Name: &x.Name, Description: optional(x.Description), CreatedDate: &x.Created, LastChangedDate: &x.Changed,
		LastAccessedDate: when(x.Accessed), DeletedDate: when(x.Deleted), LastRotatedDate: when(x.Rotation.Last), NextRotationDate: when(x.Rotation.Next),
		Tags: tagsOut(x.Tags), VersionIdsToStages: stagesOut(x)}
	out.RotationLambdaARN, out.RotationEnabled, out.RotationRules = rotationOut(a, x.Rotation)
	return out, nil
}

func (a api) listSecrets(ctx context.Context, in *sdk.ListSecretsInput) (*sdk.ListSecretsOutput, error) {
	l := secret.Listing{Filters: filtersIn(in.Filters), Deleted: aws.ToBool(in.IncludePlannedDeletion), SortBy: string(in.SortBy), Oldest: in.SortOrder == types.SortOrderTypeAsc,
		Page: int(aws.ToInt32(in.MaxResults)), Continue: aws.ToString(in.NextToken)}
	page, next, err := a.List(ctx, l)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListSecretsOutput{NextToken: optional(next), SecretList: []types.SecretListEntry{}}
	for _, x := range page {
		e := types.SecretListEntry{ARN: &x.ARN, Name: &x.Name, Description: optional(x.Description), CreatedDate: &x.Created, LastChangedDate: &x.Changed,
			LastAccessedDate: when(x.Accessed), DeletedDate: when(x.Deleted), LastRotatedDate: when(x.Rotation.Last), NextRotationDate: when(x.Rotation.Next),
			Tags: tagsOut(x.Tags), SecretVersionsToStages: stagesOut(x)}
		e.RotationLambdaARN, e.RotationEnabled, e.RotationRules = rotationOut(a, x.Rotation)
		out.SecretList = append(out.SecretList, e)
	}
	return out, nil
}

// listSecretVersionIds pages by number: there are at most a hundred.
func (a api) listSecretVersionIds(ctx context.Context, in *sdk.ListSecretVersionIdsInput) (*sdk.ListSecretVersionIdsOutput, error) {
	x, all, err := a.Versions(ctx, *in.SecretId, aws.ToBool(in.IncludeDeprecated))
	if err != nil {
		return nil, err
	}
	from := 0
	if in.NextToken != nil {
		if from, err = strconv.Atoi(*in.NextToken); err != nil || from < 0 || from > len(all) {
			return nil, secret.BadToken()
		}
	}
	to := len(all)
	if in.MaxResults != nil {
		to = min(to, from+int(*in.MaxResults))
	}
	out := &sdk.ListSecretVersionIdsOutput{ARN: &x.ARN, Name: &x.Name, Versions: []types.SecretVersionsListEntry{}}
	if to < len(all) {
		out.NextToken = aws.String(strconv.Itoa(to))
	}
	for _, v := range all[from:to] {
		out.Versions = append(out.Versions, types.SecretVersionsListEntry{VersionId: &v.ID, VersionStages: v.Stages, CreatedDate: &v.Created, LastAccessedDate: when(v.Accessed)})
	}
	return out, nil
}

func (a api) deleteSecret(ctx context.Context, in *sdk.DeleteSecretInput) (*sdk.DeleteSecretOutput, error) {
	if in.RecoveryWindowInDays != nil && *in.RecoveryWindowInDays == 0 {
		*in.RecoveryWindowInDays = -1 // 0 was said, and is refused
	}
	x, err := a.Delete(ctx, *in.SecretId, aws.ToInt64(in.RecoveryWindowInDays), aws.ToBool(in.ForceDeleteWithoutRecovery))
	return &sdk.DeleteSecretOutput{ARN: &x.ARN, Name: &x.Name, DeletionDate: when(x.Purge)}, err
}

func (a api) restoreSecret(ctx context.Context, in *sdk.RestoreSecretInput) (*sdk.RestoreSecretOutput, error) {
	x, err := a.Restore(ctx, *in.SecretId)
	return &sdk.RestoreSecretOutput{ARN: &x.ARN, Name: &x.Name}, err
}

func (a api) tagResource(ctx context.Context, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
	return nil, a.Tag(ctx, *in.SecretId, tagsIn(in.Tags))
}

func (a api) untagResource(ctx context.Context, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
	return nil, a.Untag(ctx, *in.SecretId, in.TagKeys)
}

func (a api) getResourcePolicy(ctx context.Context, in *sdk.GetResourcePolicyInput) (*sdk.GetResourcePolicyOutput, error) {
	x, text, err := a.Policy(ctx, *in.SecretId)
	return &sdk.GetResourcePolicyOutput{ARN: &x.ARN, Name: &x.Name, ResourcePolicy: optional(text)}, err
}

func (a api) putResourcePolicy(ctx context.Context, in *sdk.PutResourcePolicyInput) (*sdk.PutResourcePolicyOutput, error) {
	if aws.ToBool(in.BlockPublicPolicy) {
		if err := secret.CheckNotPublic(*in.ResourcePolicy); err != nil {
			return nil, err
		}
	}
	x, err := a.SetPolicy(ctx, *in.SecretId, *in.ResourcePolicy)
	return &sdk.PutResourcePolicyOutput{ARN: &x.ARN, Name: &x.Name}, err
}

func (a api) deleteResourcePolicy(ctx context.Context, in *sdk.DeleteResourcePolicyInput) (*sdk.DeleteResourcePolicyOutput, error) {
	x, err := a.SetPolicy(ctx, *in.SecretId, "")
	return &sdk.DeleteResourcePolicyOutput{ARN: &x.ARN, Name: &x.Name}, err
}

func (a api) validateResourcePolicy(_ context.Context, in *sdk.ValidateResourcePolicyInput) (*sdk.ValidateResourcePolicyOutput, error) {
	if err := secret.CheckPolicy(*in.ResourcePolicy); err != nil {
		return nil, err
	}
	out := &sdk.ValidateResourcePolicyOutput{PolicyValidationPassed: true}
	if err := secret.CheckNotPublic(*in.ResourcePolicy); err != nil {
		out.PolicyValidationPassed = false
		out.ValidationErrors = []types.ValidationErrorsEntry{{CheckName: aws.String("PUBLIC_ACCESS"), ErrorMessage: aws.String(err.Error())}}
	}
	return out, nil
}
