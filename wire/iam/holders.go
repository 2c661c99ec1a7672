package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lethe/access"
	"lethe/lib/awsproto"
)

// attaching is the condition key of a policy in a request.
func attaching(arn *string) map[string][]string { return map[string][]string{"iam:PolicyARN": {*arn}} }

// holders serves what users, groups and roles have in common: attached and inline
// policies.
func (a *api) holders(svc *awsproto.Service) {
	handle(a, svc, with(onUser(a, func(in *sdk.AttachUserPolicyInput) *string { return in.UserName }), func(in *sdk.AttachUserPolicyInput) map[string][]string { return attaching(in.PolicyArn) }),
		func(ctx context.Context, in *sdk.AttachUserPolicyInput) (*sdk.AttachUserPolicyOutput, error) {
			return nil, a.Attach(ctx, access.UserNamed(*in.UserName), *in.PolicyArn)
		})
	handle(a, svc, with(onGroup(a, func(in *sdk.AttachGroupPolicyInput) *string { return in.GroupName }), func(in *sdk.AttachGroupPolicyInput) map[string][]string { return attaching(in.PolicyArn) }),
		func(ctx context.Context, in *sdk.AttachGroupPolicyInput) (*sdk.AttachGroupPolicyOutput, error) {
			return nil, a.Attach(ctx, access.GroupNamed(*in.GroupName), *in.PolicyArn)
		})
	handle(a, svc, with(onRole(a, func(in *sdk.AttachRolePolicyInput) *string { return in.RoleName }), func(in *sdk.AttachRolePolicyInput) map[string][]string { return attaching(in.PolicyArn) }),
		func(ctx context.Context, in *sdk.AttachRolePolicyInput) (*sdk.AttachRolePolicyOutput, error) {
			return nil, a.Attach(ctx, access.RoleNamed(*in.RoleName), *in.PolicyArn)
		})
	handle(a, svc, with(onUser(a, func(in *sdk.DetachUserPolicyInput) *string { return in.UserName }), func(in *sdk.DetachUserPolicyInput) map[string][]string { return attaching(in.PolicyArn) }),
		func(ctx context.Context, in *sdk.DetachUserPolicyInput) (*sdk.DetachUserPolicyOutput, error) {
			return nil, a.Detach(ctx, access.UserNamed(*in.UserName), *in.PolicyArn)
		})
	handle(a, svc, with(onGroup(a, func(in *sdk.DetachGroupPolicyInput) *string { return in.GroupName }), func(in *sdk.DetachGroupPolicyInput) map[string][]string { return attaching(in.PolicyArn) }),
		func(ctx context.Context, in *sdk.DetachGroupPolicyInput) (*sdk.DetachGroupPolicyOutput, error) {
			return nil, a.Detach(ctx, access.GroupNamed(*in.GroupName), *in.PolicyArn)
		})
	handle(a, svc, with(onRole(a, func(in *sdk.DetachRolePolicyInput) *string { return in.RoleName }), func(in *sdk.DetachRolePolicyInput) map[string][]string { return attaching(in.PolicyArn) }),
		func(ctx context.Context, in *sdk.DetachRolePolicyInput) (*sdk.DetachRolePolicyOutput, error) {
			return nil, a.Detach(ctx, access.RoleNamed(*in.RoleName), *in.PolicyArn)
		})
	handle(a, svc, onUser(a, func(in *sdk.ListAttachedUserPoliciesInput) *string { return in.UserName }), func(ctx context.Context, in *sdk.ListAttachedUserPoliciesInput) (*sdk.ListAttachedUserPoliciesOutput, error) {
		part, next, truncated, err := a.attachedPage(ctx, access.UserNamed(*in.UserName), in.PathPrefix, in.Marker, in.MaxItems)
		return &sdk.ListAttachedUserPoliciesOutput{AttachedPolicies: part, Marker: next, IsTruncated: truncated}, err
	})
	handle(a, svc, onGroup(a, func(in *sdk.ListAttachedGroupPoliciesInput) *string { return in.GroupName }), func(ctx context.Context, in *sdk.ListAttachedGroupPoliciesInput) (*sdk.ListAttachedGroupPoliciesOutput, error) {
		part, next, truncated, err := a.attachedPage(ctx, access.GroupNamed(*in.GroupName), in.PathPrefix, in.Marker, in.MaxItems)
		return &sdk.ListAttachedGroupPoliciesOutput{AttachedPolicies: part, Marker: next, IsTruncated: truncated}, err
	})
	handle(a, svc, onRole(a, func(in *sdk.ListAttachedRolePoliciesInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.ListAttachedRolePoliciesInput) (*sdk.ListAttachedRolePoliciesOutput, error) {
		part, next, truncated, err := a.attachedPage(ctx, access.RoleNamed(*in.RoleName), in.PathPrefix, in.Marker, in.MaxItems)
		return &sdk.ListAttachedRolePoliciesOutput{AttachedPolicies: part, Marker: next, IsTruncated: truncated}, err
	})

	handle(a, svc, onUser(a, func(in *sdk.PutUserPolicyInput) *string { return in.UserName }), func(ctx context.Context, in *sdk.PutUserPolicyInput) (*sdk.PutUserPolicyOutput, error) {
		return nil, a.PutInline(ctx, access.UserNamed(*in.UserName), *in.PolicyName, *in.PolicyDocument)
	})
	handle(a, svc, onGroup(a, func(in *sdk.PutGroupPolicyInput) *string { return in.GroupName }), func(ctx context.Context, in *sdk.PutGroupPolicyInput) (*sdk.PutGroupPolicyOutput, error) {
		return nil, a.PutInline(ctx, access.GroupNamed(*in.GroupName), *in.PolicyName, *in.PolicyDocument)
	})
	handle(a, svc, onRole(a, func(in *sdk.PutRolePolicyInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.PutRolePolicyInput) (*sdk.PutRolePolicyOutput, error) {
		return nil, a.PutInline(ctx, access.RoleNamed(*in.RoleName), *in.PolicyName, *in.PolicyDocument)
	})
	handle(a, svc, onUser(a, func(in *sdk.GetUserPolicyInput) *string { return in.UserName }), func(ctx context.Context, in *sdk.GetUserPolicyInput) (*sdk.GetUserPolicyOutput, error) {
		p, err := a.Inline(ctx, access.UserNamed(*in.UserName), *in.PolicyName)
		return &sdk.GetUserPolicyOutput{UserName: in.UserName, PolicyName: in.PolicyName, PolicyDocument: encode(p.Document)}, err
	})
	handle(a, svc, onGroup(a, func(in *sdk.GetGroupPolicyInput) *string { return in.GroupName }), func(ctx context.Context, in *sdk.GetGroupPolicyInput) (*sdk.GetGroupPolicyOutput, error) {
		p, err := a.Inline(ctx, access.GroupNamed(*in.GroupName), *in.PolicyName)
		return &sdk.GetGroupPolicyOutput{GroupName: in.GroupName, PolicyName: in.PolicyName, PolicyDocument: encode(p.Document)}, err
	})
	handle(a, svc, onRole(a, func(in *sdk.GetRolePolicyInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.GetRolePolicyInput) (*sdk.GetRolePolicyOutput, error) {
		p, err := a.Inline(ctx, access.RoleNamed(*in.RoleName), *in.PolicyName)
		return &sdk.GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: encode(p.Document)}, err
	})
	handle(a, svc, onUser(a, func(in *sdk.DeleteUserPolicyInput) *string { return in.UserName }), func(ctx context.Context, in *sdk.DeleteUserPolicyInput) (*sdk.DeleteUserPolicyOutput, error) {
		return nil, a.DeleteInline(ctx, access.UserNamed(*in.UserName), *in.PolicyName)
	})
	handle(a, svc, onGroup(a, func(in *sdk.DeleteGroupPolicyInput) *string { return in.GroupName }), func(ctx context.Context, in *sdk.DeleteGroupPolicyInput) (*sdk.DeleteGroupPolicyOutput, error) {
		return nil, a.DeleteInline(ctx, access.GroupNamed(*in.GroupName), *in.PolicyName)
	})
	handle(a, svc, onRole(a, func(in *sdk.DeleteRolePolicyInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.DeleteRolePolicyInput) (*sdk.DeleteRolePolicyOutput, error) {
		return nil, a.DeleteInline(ctx, access.RoleNamed(*in.RoleName), *in.PolicyName)
	})
	handle(a, svc, onUser(a, func(in *sdk.ListUserPoliciesInput) *string { return in.UserName }), func(ctx context.Context, in *sdk.ListUserPoliciesInput) (*sdk.ListUserPoliciesOutput, error) {
		part, next, truncated, err := a.inlinePage(ctx, access.UserNamed(*in.UserName), in.Marker, in.MaxItems)
		return &sdk.ListUserPoliciesOutput{PolicyNames: part, Marker: next, IsTruncated: truncated}, err
	})
	handle(a, svc, onGroup(a, func(in *sdk.ListGroupPoliciesInput) *string { return in.GroupName }), func(ctx context.Context, in *sdk.ListGroupPoliciesInput) (*sdk.ListGroupPoliciesOutput, error) {
		part, next, truncated, err := a.inlinePage(ctx, access.GroupNamed(*in.GroupName), in.Marker, in.MaxItems)
		return &sdk.ListGroupPoliciesOutput{PolicyNames: part, Marker: next, IsTruncated: truncated}, err
	})
	handle(a, svc, onRole(a, func(in *sdk.ListRolePoliciesInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.ListRolePoliciesInput) (*sdk.ListRolePoliciesOutput, error) {
		part, next, truncated, err := a.inlinePage(ctx, access.RoleNamed(*in.RoleName), in.Marker, in.MaxItems)
		return &sdk.ListRolePoliciesOutput{PolicyNames: part, Marker: next, IsTruncated: truncated}, err
	})
}

func attachedOut(p access.ManagedPolicy) types.AttachedPolicy {
	return types.AttachedPolicy{PolicyArn: aws.String(p.ARN()), PolicyName: aws.String(p.Name)}
}

func (a *api) attachedPage(ctx context.Context, e access.Entity, prefix, marker *string, most *int32) ([]types.AttachedPolicy, *string, bool, error) {
	all, err := a.Attached(ctx, e)
	if err != nil {
		return nil, nil, false, err
	}
	part, next, truncated, err := page(below(all, func(p access.ManagedPolicy) string { return p.Path }, prefix), access.ManagedPolicy.ARN, marker, most)
	return convert(part, attachedOut), next, truncated, err
}

func (a *api) inlinePage(ctx context.Context, e access.Entity, marker *string, most *int32) ([]string, *string, bool, error) {
	all, err := a.Inlines(ctx, e)
	if err != nil {
		return nil, nil, false, err
	}
	return page(convert(all, func(p access.Inline) string { return p.Name }), same, marker, most)
}
