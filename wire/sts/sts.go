// Package sts serves AWS STS: who a caller is, and temporary credentials.
package sts

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto"
)

//go:generate go run lethe/lib/awsproto/gen -service sts -o model.json GetCallerIdentity AssumeRole GetSessionToken GetAccessKeyInfo

//go:embed model.json
var model []byte

// Access makes temporary credentials and decides who gets them. *access.Service is one.
type Access interface {
	access.Decider
	AssumeRole(ctx context.Context, caller lethe.Principal, a access.Assume) (access.Temporary, error)
	SessionToken(ctx context.Context, caller lethe.Principal, d time.Duration) (access.Temporary, error)
}

type api struct{ Access }

// New returns the service.
func New(x Access) (*awsproto.Service, error) {
	a := api{x}
	s, err := awsproto.New(model, awsproto.Options{Authorize: a.authorize, MapError: mapError})
	if err != nil {
		return nil, err
	}
	awsproto.Handle(s, getCallerIdentity)
	awsproto.Handle(s, a.assumeRole)
	awsproto.Handle(s, a.getSessionToken)
	awsproto.Handle(s, a.getAccessKeyInfo)
	return s, nil
}

// authorize decides what policies can say. GetCallerIdentity and GetSessionToken are
// open to everyone who signed, as in AWS (STS API reference): they tell and give a
// caller only what the caller's own key means. AssumeRole is decided where the role's
// trust policy is known.
func (a api) authorize(ctx context.Context, operation string, _ any) error {
	switch operation {
	case "GetCallerIdentity", "GetSessionToken", "AssumeRole":
		return nil
	case "GetAccessKeyInfo":
		return a.Decide(ctx, lethe.PrincipalOf(ctx), "sts:GetAccessKeyInfo", "*")
	}
	return fmt.Errorf("sts: nobody said who may call %s", operation)
}

func getCallerIdentity(ctx context.Context, _ *sdk.GetCallerIdentityInput) (*sdk.GetCallerIdentityOutput, error) {
	p := lethe.PrincipalOf(ctx)
	return &sdk.GetCallerIdentityOutput{Account: aws.String(lethe.Account), Arn: &p.ARN, UserId: &p.ID}, nil
}

func (a api) assumeRole(ctx context.Context, in *sdk.AssumeRoleInput) (*sdk.AssumeRoleOutput, error) {
	switch {
	case in.SerialNumber != nil || in.TokenCode != nil:
		return nil, lethe.Errorf(lethe.Unsupported, "MFA devices are not supported")
	case len(in.TransitiveTagKeys) > 0:
		return nil, lethe.Errorf(lethe.Unsupported, "TransitiveTagKeys is not supported")
	case in.SourceIdentity != nil:
		return nil, lethe.Errorf(lethe.Unsupported, "SourceIdentity is not supported")
	}
	q := access.Assume{RoleARN: *in.RoleArn, Session: *in.RoleSessionName, Duration: duration(in.DurationSeconds), Policy: aws.ToString(in.Policy), ExternalID: aws.ToString(in.ExternalId)}
	for _, p := range in.PolicyArns {
		q.PolicyARNs = append(q.PolicyARNs, aws.ToString(p.Arn))
	}
	for _, t := range in.Tags {
		q.Tags = append(q.Tags, access.Tag{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value)})
	}
	t, err := a.AssumeRole(ctx, lethe.PrincipalOf(ctx), q)
	if err != nil {
		return nil, err
	}
	out := &sdk.AssumeRoleOutput{Credentials: credentials(t), AssumedRoleUser: &types.AssumedRoleUser{Arn: aws.String(t.Principal.ARN), AssumedRoleId: aws.String(t.Principal.ID)}}
	return out, nil
}

func duration(seconds *int32) time.Duration { return time.Duration(aws.ToInt32(seconds)) * time.Second }

func credentials(t access.Temporary) *types.Credentials {
	return &types.Credentials{AccessKeyId: &t.AccessKeyID, SecretAccessKey: &t.SecretKey, SessionToken: &t.SessionToken, Expiration: &t.Expires}
}

func (a api) getSessionToken(ctx context.Context, in *sdk.GetSessionTokenInput) (*sdk.GetSessionTokenOutput, error) {
	if in.SerialNumber != nil || in.TokenCode != nil {
		return nil, lethe.Errorf(lethe.Unsupported, "MFA devices are not supported")
	}
	t, err := a.SessionToken(ctx, lethe.PrincipalOf(ctx), duration(in.DurationSeconds))
	if err != nil {
		return nil, err
	}
	return &sdk.GetSessionTokenOutput{Credentials: credentials(t)}, nil
}

// keyForm is the form of access key ids. There is one account: every key is its.
var keyForm = regexp.MustCompile(`^(AKIA|ASIA)[A-Z0-9]{12,}$`)

func (api) getAccessKeyInfo(_ context.Context, in *sdk.GetAccessKeyInfoInput) (*sdk.GetAccessKeyInfoOutput, error) {
	if !keyForm.MatchString(*in.AccessKeyId) {
		return nil, lethe.Errorf(lethe.Invalid, "Invalid Access key format")
	}
	return &sdk.GetAccessKeyInfoOutput{Account: aws.String(lethe.Account)}, nil
}

// mapError puts package access's errors into STS's words.
func mapError(err error) error {
	e := &awsproto.Error{Message: err.Error()}
	var c access.Code
	switch kind := lethe.KindOf(err); {
	case errors.As(err, &c):
		e.Code = string(c)
	case kind == lethe.Denied:
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	case kind == lethe.Unsupported:
		e.Code, e.Status = "NotImplemented", http.StatusNotImplemented
	case kind == lethe.Invalid, kind == lethe.NotFound, kind == lethe.Conflict:
		e.Code = "ValidationError"
	default:
		return err
	}
	return e
}
