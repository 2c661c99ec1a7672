package iam

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lethe/access"
	"lethe/lib/awsproto"
)

func (a *api) roles(svc *awsproto.Service) {
	handle(a, svc, with(on(func(in *sdk.CreateRoleInput) string { return named(access.RoleType, in.Path, in.RoleName) }), func(in *sdk.CreateRoleInput) map[string][]string {
		return labelled(in.Tags, bounded(in.PermissionsBoundary))
	}), a.createRole)
	handle(a, svc, onRole(a, func(in *sdk.GetRoleInput) *string { return in.RoleName }), a.getRole)
	handle(a, svc, everywhere[sdk.ListRolesInput], a.listRoles)
	handle(a, svc, onRole(a, func(in *sdk.UpdateRoleInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.UpdateRoleInput) (*sdk.UpdateRoleOutput, error) {
		return nil, a.UpdateRole(ctx, *in.RoleName, in.Description, seconds(in.MaxSessionDuration))
	})
	handle(a, svc, onRole(a, func(in *sdk.UpdateRoleDescriptionInput) *string { return in.RoleName }), a.updateRoleDescription)
	handle(a, svc, onRole(a, func(in *sdk.UpdateAssumeRolePolicyInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.UpdateAssumeRolePolicyInput) (*sdk.UpdateAssumeRolePolicyOutput, error) {
		return nil, a.UpdateTrust(ctx, *in.RoleName, *in.PolicyDocument)
	})
	handle(a, svc, onRole(a, func(in *sdk.DeleteRoleInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.DeleteRoleInput) (*sdk.DeleteRoleOutput, error) {
		return nil, a.DeleteRole(ctx, *in.RoleName)
	})

	handle(a, svc, with(onRole(a, func(in *sdk.TagRoleInput) *string { return in.RoleName }), func(in *sdk.TagRoleInput) map[string][]string { return labelled(in.Tags, nil) }),
		func(ctx context.Context, in *sdk.TagRoleInput) (*sdk.TagRoleOutput, error) {
			return nil, a.Tag(ctx, access.RoleNamed(*in.RoleName), tagsIn(in.Tags))
		})
	handle(a, svc, with(onRole(a, func(in *sdk.UntagRoleInput) *string { return in.RoleName }), func(in *sdk.UntagRoleInput) map[string][]string {
		return map[string][]string{"aws:TagKeys": in.TagKeys}
	}), func(ctx context.Context, in *sdk.UntagRoleInput) (*sdk.UntagRoleOutput, error) {
		return nil, a.Untag(ctx, access.RoleNamed(*in.RoleName), in.TagKeys)
	})
	handle(a, svc, onRole(a, func(in *sdk.ListRoleTagsInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.ListRoleTagsInput) (*sdk.ListRoleTagsOutput, error) {
		part, next, truncated, err := a.tagPage(ctx, access.RoleNamed(*in.RoleName), in.Marker, in.MaxItems)
		return &sdk.ListRoleTagsOutput{Tags: part, Marker: next, IsTruncated: truncated}, err
	})
	handle(a, svc, with(onRole(a, func(in *sdk.PutRolePermissionsBoundaryInput) *string { return in.RoleName }), func(in *sdk.PutRolePermissionsBoundaryInput) map[string][]string {
		return bounded(in.PermissionsBoundary)
	}), func(ctx context.Context, in *sdk.PutRolePermissionsBoundaryInput) (*sdk.PutRolePermissionsBoundaryOutput, error) {
		return nil, a.SetBoundary(ctx, access.RoleNamed(*in.RoleName), *in.PermissionsBoundary)
	})
	handle(a, svc, onRole(a, func(in *sdk.DeleteRolePermissionsBoundaryInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.DeleteRolePermissionsBoundaryInput) (*sdk.DeleteRolePermissionsBoundaryOutput, error) {
		return nil, a.SetBoundary(ctx, access.RoleNamed(*in.RoleName), "")
	})
	// A role is in no instance profile: there are none. Clients ask before they
	// delete a role.
	handle(a, svc, onRole(a, func(in *sdk.ListInstanceProfilesForRoleInput) *string { return in.RoleName }), func(ctx context.Context, in *sdk.ListInstanceProfilesForRoleInput) (*sdk.ListInstanceProfilesForRoleOutput, error) {
		_, err := a.Role(ctx, *in.RoleName)
		return &sdk.ListInstanceProfilesForRoleOutput{InstanceProfiles: []types.InstanceProfile{}}, err
	})
}

// encode is how IAM returns policy documents: as RFC 3986 encodes them.
func encode(document string) *string {
	return aws.String(strings.ReplaceAll(url.QueryEscape(document), "+", "%20"))
}

func seconds(n *int32) *time.Duration {
	if n == nil {
		return nil
	}
	return aws.Duration(time.Duration(*n) * time.Second)
}

func roleOut(r access.Role) types.Role {
	out := types.Role{
		Arn: aws.String(r.ARN()), RoleName: aws.String(r.Name), RoleId: aws.String(r.ID), Path: aws.String(r.Path), CreateDate: aws.Time(r.Created),
		AssumeRolePolicyDocument: encode(r.Trust), MaxSessionDuration: aws.Int32(int32(r.MaxSession / time.Second)),
		PermissionsBoundary: boundary(r.Boundary), Tags: tagsOut(r.Tags),
	}
	if r.Description != "" {
		out.Description = aws.String(r.Description)
	}
	return out
}

func (a *api) createRole(ctx context.Context, in *sdk.CreateRoleInput) (*sdk.CreateRoleOutput, error) {
	n := access.NewRole{Name: *in.RoleName, Path: text(in.Path), Description: text(in.Description), Trust: *in.AssumeRolePolicyDocument, Boundary: text(in.PermissionsBoundary), Tags: tagsIn(in.Tags)}
	if in.MaxSessionDuration != nil {
		n.MaxSession = *seconds(in.MaxSessionDuration)
	}
	r, err := a.CreateRole(ctx, n)
	if err != nil {
		return nil, err
	}
	out := roleOut(r)
	return &sdk.CreateRoleOutput{Role: &out}, nil
}

func (a *api) getRole(ctx context.Context, in *sdk.GetRoleInput) (*sdk.GetRoleOutput, error) {
	r, err := a.Role(ctx, *in.RoleName)
	if err != nil {
		return nil, err
	}
	out := roleOut(r)
	out.RoleLastUsed = &types.RoleLastUsed{}
	if !r.Used.IsZero() {
		out.RoleLastUsed = &types.RoleLastUsed{LastUsedDate: aws.Time(r.Used), Region: aws.String(r.UsedRegion)}
	}
	return &sdk.GetRoleOutput{Role: &out}, nil
}

func (a *api) listRoles(ctx context.Context, in *sdk.ListRolesInput) (*sdk.ListRolesOutput, error) {
	all, err := a.Roles(ctx)
	if err != nil {
		return nil, err
	}
	part, next, truncated, err := page(below(all, func(r access.Role) string { return r.Path }, in.PathPrefix), func(r access.Role) string { return r.Name }, in.Marker, in.MaxItems)
	return &sdk.ListRolesOutput{Roles: convert(part, func(r access.Role) types.Role {
		r.Boundary, r.Tags = "", nil // left out of lists, as on AWS
		return roleOut(r)
	}), Marker: next, IsTruncated: truncated}, err
}

func (a *api) updateRoleDescription(ctx context.Context, in *sdk.UpdateRoleDescriptionInput) (*sdk.UpdateRoleDescriptionOutput, error) {
	if err := a.UpdateRole(ctx, *in.RoleName, in.Description, nil); err != nil {
		return nil, err
	}
	r, err := a.Role(ctx, *in.RoleName)
	if err != nil {
		return nil, err
	}
	out := roleOut(r)
	return &sdk.UpdateRoleDescriptionOutput{Role: &out}, nil
}
