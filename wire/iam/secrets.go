package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto"
)

// secrets serves access keys and passwords.
func (a *api) secrets(svc *awsproto.Service) {
	handle(a, svc, onUser(a, func(in *sdk.CreateAccessKeyInput) *string { return in.UserName }), a.createAccessKey)
	handle(a, svc, onUser(a, func(in *sdk.ListAccessKeysInput) *string { return in.UserName }), a.listAccessKeys)
	handle(a, svc, onUser(a, func(in *sdk.UpdateAccessKeyInput) *string { return in.UserName }), a.updateAccessKey)
	handle(a, svc, onUser(a, func(in *sdk.DeleteAccessKeyInput) *string { return in.UserName }), a.deleteAccessKey)
	handle(a, svc, func(ctx context.Context, in *sdk.GetAccessKeyLastUsedInput) (need, error) {
		k, err := a.AccessKey(ctx, *in.AccessKeyId)
		if lethe.Is(err, lethe.NotFound) {
			return need{resource: "*"}, nil
		}
		if err != nil {
			return need{}, err
		}
		u, err := a.User(ctx, k.User)
		return need{resource: u.ARN()}, err
	}, a.getAccessKeyLastUsed)

	handle(a, svc, onUser(a, func(in *sdk.CreateLoginProfileInput) *string { return in.UserName }), a.createLoginProfile)
	handle(a, svc, onUser(a, func(in *sdk.GetLoginProfileInput) *string { return in.UserName }), a.getLoginProfile)
	handle(a, svc, onUser(a, func(in *sdk.UpdateLoginProfileInput) *string { return in.UserName }), a.updateLoginProfile)
	handle(a, svc, onUser(a, func(in *sdk.DeleteLoginProfileInput) *string { return in.UserName }), func(ctx context.Context, in *sdk.DeleteLoginProfileInput) (*sdk.DeleteLoginProfileOutput, error) {
		name, err := a.userName(ctx, in.UserName)
		if err != nil {
			return nil, err
		}
		return nil, a.DeleteLoginProfile(ctx, name)
	})
	handle(a, svc, onUser(a, func(*sdk.ChangePasswordInput) *string { return nil }), func(ctx context.Context, in *sdk.ChangePasswordInput) (*sdk.ChangePasswordOutput, error) {
		return nil, a.ChangePassword(ctx, lethe.PrincipalOf(ctx), *in.OldPassword, *in.NewPassword)
	})
}

func status(active bool) types.StatusType {
	if active {
		return types.StatusTypeActive
	}
	return types.StatusTypeInactive
}

func (a *api) createAccessKey(ctx context.Context, in *sdk.CreateAccessKeyInput) (*sdk.CreateAccessKeyOutput, error) {
	name, err := a.userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	k, secret, err := a.CreateAccessKey(ctx, name)
	if err != nil {
		return nil, err
	}
	return &sdk.CreateAccessKeyOutput{AccessKey: &types.AccessKey{
		UserName: aws.String(k.User), AccessKeyId: aws.String(k.ID), SecretAccessKey: aws.String(secret), Status: status(k.Active), CreateDate: aws.Time(k.Created),
	}}, nil
}

func (a *api) listAccessKeys(ctx context.Context, in *sdk.ListAccessKeysInput) (*sdk.ListAccessKeysOutput, error) {
	name, err := a.userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	all, err := a.AccessKeys(ctx, name)
	if err != nil {
		return nil, err
	}
	part, next, truncated, err := page(all, func(k access.AccessKey) string { return k.Created.Format("20060102150405.000000") + k.ID }, in.Marker, in.MaxItems)
	return &sdk.ListAccessKeysOutput{AccessKeyMetadata: convert(part, func(k access.AccessKey) types.AccessKeyMetadata {
		return types.AccessKeyMetadata{UserName: aws.String(k.User), AccessKeyId: aws.String(k.ID), Status: status(k.Active), CreateDate: aws.Time(k.Created)}
	}), Marker: next, IsTruncated: truncated}, err
}

func (a *api) updateAccessKey(ctx context.Context, in *sdk.UpdateAccessKeyInput) (*sdk.UpdateAccessKeyOutput, error) {
	name, err := a.userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	if in.Status != types.StatusTypeActive && in.Status != types.StatusTypeInactive {
		return nil, lethe.Errorf(lethe.Unsupported, "the status %s of access keys is not supported", in.Status)
	}
	return nil, a.SetAccessKeyActive(ctx, name, *in.AccessKeyId, in.Status == types.StatusTypeActive)
}

func (a *api) deleteAccessKey(ctx context.Context, in *sdk.DeleteAccessKeyInput) (*sdk.DeleteAccessKeyOutput, error) {
	name, err := a.userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	return nil, a.DeleteAccessKey(ctx, name, *in.AccessKeyId)
}

func (a *api) getAccessKeyLastUsed(ctx context.Context, in *sdk.GetAccessKeyLastUsedInput) (*sdk.GetAccessKeyLastUsedOutput, error) {
	k, err := a.AccessKey(ctx, *in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	last := &types.AccessKeyLastUsed{ServiceName: aws.String("N/A"), Region: aws.String("N/A")} // AWS's words for never
	if !k.Used.IsZero() {
		last = &types.AccessKeyLastUsed{ServiceName: aws.String(k.Service), Region: aws.String(k.Region), LastUsedDate: aws.Time(k.Used)}
	}
	return &sdk.GetAccessKeyLastUsedOutput{UserName: aws.String(k.User), AccessKeyLastUsed: last}, nil
}

func profileOut(p access.LoginProfile) *types.LoginProfile {
	return &types.LoginProfile{UserName: aws.String(p.User), CreateDate: aws.Time(p.Created), PasswordResetRequired: p.ResetRequired}
}

func (a *api) createLoginProfile(ctx context.Context, in *sdk.CreateLoginProfileInput) (*sdk.CreateLoginProfileOutput, error) {
	name, err := a.userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	if in.Password == nil {
		return nil, lethe.Errorf(lethe.Invalid, "Password is required")
	}
	p, err := a.CreateLoginProfile(ctx, name, *in.Password, in.PasswordResetRequired)
	return &sdk.CreateLoginProfileOutput{LoginProfile: profileOut(p)}, err
}

func (a *api) getLoginProfile(ctx context.Context, in *sdk.GetLoginProfileInput) (*sdk.GetLoginProfileOutput, error) {
	name, err := a.userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	p, err := a.LoginProfile(ctx, name)
	return &sdk.GetLoginProfileOutput{LoginProfile: profileOut(p)}, err
}

func (a *api) updateLoginProfile(ctx context.Context, in *sdk.UpdateLoginProfileInput) (*sdk.UpdateLoginProfileOutput, error) {
	if in.Password != nil && *in.Password == "" { // which means something else to UpdateLoginProfile
		return nil, lethe.Errorf(lethe.Invalid, "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	return nil, a.UpdateLoginProfile(ctx, *in.UserName, aws.ToString(in.Password), in.PasswordResetRequired)
}
