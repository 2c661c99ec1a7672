// Package secretsmanager serves AWS Secrets Manager's API: it translates between the
// API's operations and package secret, where secrets are kept.
//
// Each operation needs the permission of its own name on the secret's ARN, as the
// Service Authorization Reference says. Of a secret that does not exist that ARN has no
// random end, so that only who may do it to all secrets of the name learns that there is
// none.
//
// What lethe does not have is refused by name: keys of KMS other than its own, replication
// to other regions, secrets of partners, rotation by Lambda functions.
package secretsmanager

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto"
	"lethe/secret"
)

//go:generate go run lethe/lib/awsproto/gen -service secretsmanager -o model.json BatchGetSecretValue CancelRotateSecret CreateSecret DeleteResourcePolicy DeleteSecret DescribeSecret GetRandomPassword GetResourcePolicy GetSecretValue ListSecretVersionIds ListSecrets PutResourcePolicy PutSecretValue RestoreSecret RotateSecret TagResource UntagResource UpdateSecret UpdateSecretVersionStage ValidateResourcePolicy

//go:embed model.json
var model []byte

type api struct {
	*secret.Service
	access access.Decider
}

// New returns the service.
func New(secrets *secret.Service, x access.Decider) (*awsproto.Service, error) {
	a := api{secrets, x}
	s, err := awsproto.New(model, awsproto.Options{Authorize: a.authorize, MapError: mapError, Invalid: invalid})
	if err != nil {
		return nil, err
	}
	awsproto.Handle(s, a.createSecret)
	awsproto.Handle(s, a.putSecretValue)
	awsproto.Handle(s, a.updateSecret)
	awsproto.Handle(s, a.getSecretValue)
	awsproto.Handle(s, a.batchGetSecretValue)
	awsproto.Handle(s, a.describeSecret)
	awsproto.Handle(s, a.listSecrets)
	awsproto.Handle(s, a.listSecretVersionIds)
	awsproto.Handle(s, a.deleteSecret)
	awsproto.Handle(s, a.restoreSecret)
	awsproto.Handle(s, a.updateSecretVersionStage)
	awsproto.Handle(s, a.tagResource)
	awsproto.Handle(s, a.untagResource)
	awsproto.Handle(s, a.getResourcePolicy)
	awsproto.Handle(s, a.putResourcePolicy)
	awsproto.Handle(s, a.deleteResourcePolicy)
	awsproto.Handle(s, a.validateResourcePolicy)
	awsproto.Handle(s, a.rotateSecret)
	awsproto.Handle(s, a.cancelRotateSecret)
	awsproto.Handle(s, getRandomPassword)
	return s, nil
}

// authorize decides whether the principal may run the operation.
func (a api) authorize(ctx context.Context, operation string, input any) error {
	action := "secretsmanager:" + operation
	conditions := map[string][]string{}
	id := aws.String("*")
	switch in := input.(type) {
	case *sdk.GetRandomPasswordInput, *sdk.ListSecretsInput, *sdk.BatchGetSecretValueInput:
	case *sdk.ValidateResourcePolicyInput:
		if in.SecretId != nil {
			id = in.SecretId
		}
	case *sdk.CreateSecretInput:
		conditions["secretsmanager:Name"] = []string{*in.Name}
		requestTags(conditions, in.Tags)
		return a.access.Decide(access.WithConditions(ctx, conditions), lethe.PrincipalOf(ctx), action, lethe.SecretARN(a.Region, *in.Name))
	case *sdk.GetSecretValueInput:
		id = in.SecretId
		stage := aws.ToString(in.VersionStage)
		if stage == "" && in.VersionId == nil {
			stage = secret.Current
		}
		known(conditions, "secretsmanager:VersionStage", stage)
		known(conditions, "secretsmanager:VersionId", aws.ToString(in.VersionId))
	case *sdk.PutSecretValueInput:
		id = in.SecretId
	case *sdk.UpdateSecretInput:
		id = in.SecretId
		known(conditions, "secretsmanager:Description", aws.ToString(in.Description))
	case *sdk.DescribeSecretInput:
		id = in.SecretId
	case *sdk.ListSecretVersionIdsInput:
		id = in.SecretId
	case *sdk.DeleteSecretInput:
		id = in.SecretId
		conditions["secretsmanager:ForceDeleteWithoutRecovery"] = []string{strconv.FormatBool(aws.ToBool(in.ForceDeleteWithoutRecovery))}
		if in.RecoveryWindowInDays != nil {
			known(conditions, "secretsmanager:RecoveryWindowInDays", strconv.FormatInt(*in.RecoveryWindowInDays, 10))
		}
	case *sdk.RestoreSecretInput:
		id = in.SecretId
	case *sdk.UpdateSecretVersionStageInput:
		id = in.SecretId
		known(conditions, "secretsmanager:VersionStage", aws.ToString(in.VersionStage))
	case *sdk.TagResourceInput:
		id = in.SecretId
		requestTags(conditions, in.Tags)
	case *sdk.UntagResourceInput:
		id = in.SecretId
		conditions["aws:TagKeys"] = in.TagKeys
	case *sdk.GetResourcePolicyInput:
		id = in.SecretId
	case *sdk.PutResourcePolicyInput:
		id = in.SecretId
		conditions["secretsmanager:BlockPublicPolicy"] = []string{strconv.FormatBool(aws.ToBool(in.BlockPublicPolicy))}
	case *sdk.DeleteResourcePolicyInput:
		id = in.SecretId
	case *sdk.RotateSecretInput:
		id = in.SecretId
		known(conditions, "secretsmanager:RotationLambdaARN", aws.ToString(in.RotationLambdaARN))
	case *sdk.CancelRotateSecretInput:
		id = in.SecretId
	default:
		return fmt.Errorf("secretsmanager: nobody said who may call %s", operation)
	}
	return a.decide(ctx, action, *id, conditions)
}

// decide decides about a secret, by what the request calls it.
func (a api) decide(ctx context.Context, action, id string, conditions map[string][]string) error {
	if id == "*" {
		return a.access.Decide(ctx, lethe.PrincipalOf(ctx), action, "*")
	}
	arn, keys, err := a.Conditions(ctx, id)
	if err != nil {
		return err
	}
	maps.Copy(conditions, keys)
	return a.access.Decide(access.WithConditions(ctx, conditions), lethe.PrincipalOf(ctx), action, arn)
}

func known(conditions map[string][]string, key, value string) {
	if value != "" {
		conditions[key] = []string{value}
	}
}

func requestTags(conditions map[string][]string, tags []types.Tag) {
	for _, t := range tags {
		key := aws.ToString(t.Key)
		conditions["aws:RequestTag/"+key] = []string{aws.ToString(t.Value)}
		conditions["aws:TagKeys"] = append(conditions["aws:TagKeys"], key)
	}
}

// invalid is how Secrets Manager words input that breaks the model.
func invalid(message string) error {
	return &awsproto.Error{Code: "ValidationException", Status: http.StatusBadRequest, Members: []awsproto.Member{{Name: "Message", Value: message}}}
}

// mapError puts package secret's errors into the API's words. Nothing else does.
func mapError(err error) error {
	code, status := "", http.StatusBadRequest
	var c secret.Code
	switch kind := lethe.KindOf(err); {
	case errors.As(err, &c):
		code = string(c)
	case kind == lethe.Denied:
		code = "AccessDeniedException"
	case kind == lethe.Unsupported, kind == lethe.Invalid:
		code = "InvalidParameterException"
	case kind == lethe.NotFound:
		code = "ResourceNotFoundException"
	case kind == lethe.Conflict, kind == lethe.Exists:
		code = "InvalidRequestException"
	case kind == lethe.Exhausted:
		code = "LimitExceededException"
	default:
		return err
	}
	message := err.Error()
	return &awsproto.Error{Code: code, Status: status, Members: []awsproto.Member{{Name: "Message", Value: strings.TrimSpace(message)}}}
}

// firstError returns the first of errs that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// unsupported refuses a member of the input that is set.
func unsupported(set bool, member string) error {
	if !set {
		return nil
	}
	return lethe.Errorf(lethe.Unsupported, "%s is not supported", member)
}

// ownKey accepts only the key that lethe seals with, by the name that AWS has for its own.
func ownKey(id *string) error {
	if k := aws.ToString(id); k != "" && k != "alias/aws/secretsmanager" && !strings.HasSuffix(k, ":alias/aws/secretsmanager") {
		return lethe.Errorf(lethe.Unsupported, "KmsKeyId %s is not supported: secrets are sealed with the lake's own key", k)
	}
	return nil
}
