package secretsmanager

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"lethe"
	"lethe/lib/awsproto"
	"lethe/secret"
)

// valueIn returns the value of a request; both kinds at once are refused later.
func valueIn(text *string, binary []byte) secret.Value {
	return secret.Value{Text: aws.ToString(text), Binary: binary}
}

func valueOut(v secret.Value) (text *string, binary []byte) {
	if v.Binary != nil {
		return nil, v.Binary
	}
	return &v.Text, nil
}

func (a api) createSecret(ctx context.Context, in *sdk.CreateSecretInput) (*sdk.CreateSecretOutput, error) {
	if err := firstError(unsupported(len(in.AddReplicaRegions) > 0, "AddReplicaRegions"), unsupported(in.Type != nil, "Type"), ownKey(in.KmsKeyId)); err != nil {
		return nil, err
	}
	n := secret.New{Name: *in.Name, Description: aws.ToString(in.Description), Value: valueIn(in.SecretString, in.SecretBinary), Token: aws.ToString(in.ClientRequestToken), Tags: tagsIn(in.Tags)}
	x, version, err := a.Create(ctx, n)
	return &sdk.CreateSecretOutput{ARN: &x.ARN, Name: &x.Name, VersionId: optional(version)}, err
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (a api) putSecretValue(ctx context.Context, in *sdk.PutSecretValueInput) (*sdk.PutSecretValueOutput, error) {
	if err := unsupported(in.RotationToken != nil, "RotationToken"); err != nil {
		return nil, err
	}
	x, v, err := a.Put(ctx, *in.SecretId, secret.Put{Value: valueIn(in.SecretString, in.SecretBinary), Token: aws.ToString(in.ClientRequestToken), Stages: in.VersionStages})
	return &sdk.PutSecretValueOutput{ARN: &x.ARN, Name: &x.Name, VersionId: &v.ID, VersionStages: v.Stages}, err
}

func (a api) updateSecret(ctx context.Context, in *sdk.UpdateSecretInput) (*sdk.UpdateSecretOutput, error) {
	if err := firstError(unsupported(in.Type != nil, "Type"), ownKey(in.KmsKeyId)); err != nil {
		return nil, err
	}
	x, version, err := a.Update(ctx, *in.SecretId, in.Description, secret.Put{Value: valueIn(in.SecretString, in.SecretBinary), Token: aws.ToString(in.ClientRequestToken)})
	return &sdk.UpdateSecretOutput{ARN: &x.ARN, Name: &x.Name, VersionId: optional(version)}, err
}

func (a api) getSecretValue(ctx context.Context, in *sdk.GetSecretValueInput) (*sdk.GetSecretValueOutput, error) {
	x, v, value, err := a.Get(ctx, *in.SecretId, aws.ToString(in.VersionId), aws.ToString(in.VersionStage))
	if err != nil {
		return nil, err
	}
	out := &sdk.GetSecretValueOutput{ARN: &x.ARN, Name: &x.Name, VersionId: &v.ID, VersionStages: v.Stages, CreatedDate: &v.Created}
	out.SecretString, out.SecretBinary = valueOut(value)
	return out, nil
}

// batchGetSecretValue reads several values. Each needs the permission of GetSecretValue
// too; those that the caller may not read are among the errors, or left out of what
// filters find.
func (a api) batchGetSecretValue(ctx context.Context, in *sdk.BatchGetSecretValueInput) (*sdk.BatchGetSecretValueOutput, error) {
	out := &sdk.BatchGetSecretValueOutput{}
	switch {
	case len(in.SecretIdList) > 0 && len(in.Filters) > 0, len(in.SecretIdList) == 0 && len(in.Filters) == 0:
		return nil, lethe.Errorf(lethe.Invalid, "Either 'SecretIdList' or 'Filters' must be provided, but not both.")
	case len(in.SecretIdList) > 0 && in.MaxResults != nil:
		return nil, lethe.Errorf(lethe.Invalid, "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.")
	}
	ids := in.SecretIdList
	if len(ids) == 0 {
		l := secret.Listing{Filters: filtersIn(in.Filters), Page: int(aws.ToInt32(in.MaxResults)), Continue: aws.ToString(in.NextToken)}
		if l.Page == 0 {
			l.Page = 20
		}
		page, next, err := a.List(ctx, l)
		if err != nil {
			return nil, err
		}
		out.NextToken = optional(next)
		for _, x := range page {
			ids = append(ids, x.ARN)
		}
	}
	for _, id := range ids {
		entry, err := a.oneOf(ctx, id)
		if err == nil {
			out.SecretValues = append(out.SecretValues, *entry)
			continue
		}
		var e *awsproto.Error
		if !errors.As(mapError(err), &e) {
			return nil, err
		}
		out.Errors = append(out.Errors, types.APIErrorType{SecretId: aws.String(id), ErrorCode: aws.String(e.Code), Message: aws.String(err.Error())})
	}
	return out, nil
}

func (a api) oneOf(ctx context.Context, id string) (*types.SecretValueEntry, error) {
	if err := a.decide(ctx, "secretsmanager:GetSecretValue", id, map[string][]string{"secretsmanager:VersionStage": {secret.Current}}); err != nil {
		return nil, err
	}
	x, v, value, err := a.Get(ctx, id, "", "")
	entry := &types.SecretValueEntry{ARN: &x.ARN, Name: &x.Name, VersionId: &v.ID, VersionStages: v.Stages, CreatedDate: &v.Created}
	entry.SecretString, entry.SecretBinary = valueOut(value)
	return entry, err
}

func (a api) updateSecretVersionStage(ctx context.Context, in *sdk.UpdateSecretVersionStageInput) (*sdk.UpdateSecretVersionStageOutput, error) {
	x, err := a.MoveStage(ctx, *in.SecretId, *in.VersionStage, aws.ToString(in.RemoveFromVersionId), aws.ToString(in.MoveToVersionId))
	return &sdk.UpdateSecretVersionStageOutput{ARN: &x.ARN, Name: &x.Name}, err
}

func getRandomPassword(_ context.Context, in *sdk.GetRandomPasswordInput) (*sdk.GetRandomPasswordOutput, error) {
	password, err := secret.RandomPassword(secret.Password{
		Length: int(aws.ToInt64(in.PasswordLength)), Exclude: aws.ToString(in.ExcludeCharacters),
		NoLower: aws.ToBool(in.ExcludeLowercase), NoUpper: aws.ToBool(in.ExcludeUppercase), NoNumbers: aws.ToBool(in.ExcludeNumbers), NoPunctuation: aws.ToBool(in.ExcludePunctuation),
		Space: aws.ToBool(in.IncludeSpace), AnyTypes: in.RequireEachIncludedType != nil && !*in.RequireEachIncludedType,
	})
	return &sdk.GetRandomPasswordOutput{RandomPassword: &password}, err
}

func (a api) rotateSecret(ctx context.Context, in *sdk.RotateSecretInput) (*sdk.RotateSecretOutput, error) {
	if err := firstError(unsupported(in.ExternalSecretRotationMetadata != nil, "ExternalSecretRotationMetadata"), unsupported(in.ExternalSecretRotationRoleArn != nil, "ExternalSecretRotationRoleArn")); err != nil {
		return nil, err
	}
	r := secret.Rotate{Token: aws.ToString(in.ClientRequestToken), Function: aws.ToString(in.RotationLambdaARN), Later: in.RotateImmediately != nil && !*in.RotateImmediately}
	if rules := in.RotationRules; rules != nil {
		if err := unsupported(rules.Duration != nil, "RotationRules.Duration"); err != nil {
			return nil, err
		}
		r.Days, r.Expression = aws.ToInt64(rules.AutomaticallyAfterDays), aws.ToString(rules.ScheduleExpression)
	}
	x, version, err := a.Rotate(ctx, lethe.PrincipalOf(ctx), *in.SecretId, r)
	return &sdk.RotateSecretOutput{ARN: &x.ARN, Name: &x.Name, VersionId: optional(version)}, err
}

func (a api) cancelRotateSecret(ctx context.Context, in *sdk.CancelRotateSecretInput) (*sdk.CancelRotateSecretOutput, error) {
	x, err := a.CancelRotation(ctx, *in.SecretId)
	return &sdk.CancelRotateSecretOutput{ARN: &x.ARN, Name: &x.Name}, err
}
