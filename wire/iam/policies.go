package iam

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lethe/access"
	"lethe/lib/awsproto"
)

func (a *api) policies(svc *awsproto.Service) {
	handle(a, svc, with(on(func(in *sdk.CreatePolicyInput) string { return named(access.PolicyType, in.Path, in.PolicyName) }), func(in *sdk.CreatePolicyInput) map[string][]string { return labelled(in.Tags, nil) }), a.createPolicy)
	handle(a, svc, on(func(in *sdk.GetPolicyInput) string { return *in.PolicyArn }), a.getPolicy)
	handle(a, svc, everywhere[sdk.ListPoliciesInput], a.listPolicies)
	handle(a, svc, on(func(in *sdk.DeletePolicyInput) string { return *in.PolicyArn }), func(ctx context.Context, in *sdk.DeletePolicyInput) (*sdk.DeletePolicyOutput, error) {
		return nil, a.DeletePolicy(ctx, *in.PolicyArn)
	})
	handle(a, svc, on(func(in *sdk.CreatePolicyVersionInput) string { return *in.PolicyArn }), a.createPolicyVersion)
	handle(a, svc, on(func(in *sdk.GetPolicyVersionInput) string { return *in.PolicyArn }), a.getPolicyVersion)
	handle(a, svc, on(func(in *sdk.ListPolicyVersionsInput) string { return *in.PolicyArn }), a.listPolicyVersions)
	handle(a, svc, on(func(in *sdk.DeletePolicyVersionInput) string { return *in.PolicyArn }), func(ctx context.Context, in *sdk.DeletePolicyVersionInput) (*sdk.DeletePolicyVersionOutput, error) {
		return nil, a.DeletePolicyVersion(ctx, *in.PolicyArn, *in.VersionId)
	})
	handle(a, svc, on(func(in *sdk.SetDefaultPolicyVersionInput) string { return *in.PolicyArn }), func(ctx context.Context, in *sdk.SetDefaultPolicyVersionInput) (*sdk.SetDefaultPolicyVersionOutput, error) {
		return nil, a.SetDefaultPolicyVersion(ctx, *in.PolicyArn, *in.VersionId)
	})
	handle(a, svc, with(on(func(in *sdk.TagPolicyInput) string { return *in.PolicyArn }), func(in *sdk.TagPolicyInput) map[string][]string { return labelled(in.Tags, nil) }),
		func(ctx context.Context, in *sdk.TagPolicyInput) (*sdk.TagPolicyOutput, error) {
			return nil, a.Tag(ctx, access.PolicyAt(*in.PolicyArn), tagsIn(in.Tags))
		})
	handle(a, svc, with(on(func(in *sdk.UntagPolicyInput) string { return *in.PolicyArn }), func(in *sdk.UntagPolicyInput) map[string][]string {
		return map[string][]string{"aws:TagKeys": in.TagKeys}
	}), func(ctx context.Context, in *sdk.UntagPolicyInput) (*sdk.UntagPolicyOutput, error) {
		return nil, a.Untag(ctx, access.PolicyAt(*in.PolicyArn), in.TagKeys)
	})
	handle(a, svc, on(func(in *sdk.ListPolicyTagsInput) string { return *in.PolicyArn }), func(ctx context.Context, in *sdk.ListPolicyTagsInput) (*sdk.ListPolicyTagsOutput, error) {
		part, next, truncated, err := a.tagPage(ctx, access.PolicyAt(*in.PolicyArn), in.Marker, in.MaxItems)
		return &sdk.ListPolicyTagsOutput{Tags: part, Marker: next, IsTruncated: truncated}, err
	})
	handle(a, svc, on(func(in *sdk.ListEntitiesForPolicyInput) string { return *in.PolicyArn }), a.listEntitiesForPolicy)
}

func policyOut(p access.ManagedPolicy) types.Policy {
	out := types.Policy{
		Arn: aws.String(p.ARN()), PolicyName: aws.String(p.Name), PolicyId: aws.String(p.ID), Path: aws.String(p.Path), DefaultVersionId: aws.String(p.Default),
		CreateDate: aws.Time(p.Created), UpdateDate: aws.Time(p.Updated), IsAttachable: true, Tags: tagsOut(p.Tags),
		AttachmentCount: aws.Int32(int32(p.Attachments)), PermissionsBoundaryUsageCount: aws.Int32(int32(p.Boundaries)),
	}
	if p.Description != "" {
		out.Description = aws.String(p.Description)
	}
	return out
}

func (a *api) createPolicy(ctx context.Context, in *sdk.CreatePolicyInput) (*sdk.CreatePolicyOutput, error) {
	p, err := a.CreatePolicy(ctx, access.NewPolicy{Name: *in.PolicyName, Path: text(in.Path), Description: text(in.Description), Document: *in.PolicyDocument, Tags: tagsIn(in.Tags)})
	if err != nil {
		return nil, err
	}
	out := policyOut(p)
	out.Description = nil // not in this answer, as on AWS
	return &sdk.CreatePolicyOutput{Policy: &out}, nil
}

func (a *api) getPolicy(ctx context.Context, in *sdk.GetPolicyInput) (*sdk.GetPolicyOutput, error) {
	p, err := a.Policy(ctx, *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := policyOut(p)
	if out.Tags == nil {
		out.Tags = []types.Tag{} // told of policies even if there are none, as on AWS
	}
	return &sdk.GetPolicyOutput{Policy: &out}, nil
}

func (a *api) listPolicies(ctx context.Context, in *sdk.ListPoliciesInput) (*sdk.ListPoliciesOutput, error) {
	all, err := a.Policies(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(below(all, func(p access.ManagedPolicy) string { return p.Path }, in.PathPrefix), func(p access.ManagedPolicy) bool {
		return in.Scope == types.PolicyScopeTypeAws && !p.AWS() || in.Scope == types.PolicyScopeTypeLocal && p.AWS() ||
			in.OnlyAttached && p.Attachments+p.Boundaries == 0 ||
			in.PolicyUsageFilter == types.PolicyUsageTypePermissionsPolicy && p.Attachments == 0 ||
			in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary && p.Boundaries == 0
	})
	part, next, truncated, err := page(all, func(p access.ManagedPolicy) string {
		if p.AWS() {
			return "2" + p.Name
		}
		return "1" + p.Name
	}, in.Marker, in.MaxItems)
	return &sdk.ListPoliciesOutput{Policies: convert(part, func(p access.ManagedPolicy) types.Policy {
		out := policyOut(p)
		out.Description, out.Tags = nil, nil // left out of lists, as on AWS
		return out
	}), Marker: next, IsTruncated: truncated}, err
}

func versionOut(v access.Version) types.PolicyVersion {
	return types.PolicyVersion{VersionId: aws.String(v.ID), IsDefaultVersion: v.Default, CreateDate: aws.Time(v.Created)}
}

func (a *api) createPolicyVersion(ctx context.Context, in *sdk.CreatePolicyVersionInput) (*sdk.CreatePolicyVersionOutput, error) {
	v, err := a.CreatePolicyVersion(ctx, *in.PolicyArn, *in.PolicyDocument, in.SetAsDefault)
	if err != nil {
		return nil, err
	}
	out := versionOut(v)
	return &sdk.CreatePolicyVersionOutput{PolicyVersion: &out}, nil
}

func (a *api) getPolicyVersion(ctx context.Context, in *sdk.GetPolicyVersionInput) (*sdk.GetPolicyVersionOutput, error) {
	v, err := a.PolicyVersion(ctx, *in.PolicyArn, *in.VersionId)
	if err != nil {
		return nil, err
	}
	out := versionOut(v)
	out.Document = encode(v.Document)
	return &sdk.GetPolicyVersionOutput{PolicyVersion: &out}, nil
}

func (a *api) listPolicyVersions(ctx context.Context, in *sdk.ListPolicyVersionsInput) (*sdk.ListPolicyVersionsOutput, error) {
	all, err := a.PolicyVersions(ctx, *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	// The newest first: their numbers, turned round, are the keys.
	part, next, truncated, err := page(all, func(v access.Version) string { return newestFirst(v.ID) }, in.Marker, in.MaxItems)
	return &sdk.ListPolicyVersionsOutput{Versions: convert(part, versionOut), Marker: next, IsTruncated: truncated}, err
}

// holder is a user, a group or a role that holds a policy.
type holder struct{ kind, name, id string }

func (a *api) listEntitiesForPolicy(ctx context.Context, in *sdk.ListEntitiesForPolicyInput) (*sdk.ListEntitiesForPolicyOutput, error) {
	h, err := a.Holders(ctx, *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	users, roles, groups := h.Users, h.Roles, h.Groups
	switch in.PolicyUsageFilter {
	case types.PolicyUsageTypePermissionsBoundary:
		users, roles, groups = h.Boundaries.Users, h.Boundaries.Roles, nil
	case "":
		users = append(users, h.Boundaries.Users...)
		roles = append(roles, h.Boundaries.Roles...)
	}
	var all []holder
	filter := in.EntityFilter
	if filter == "" || filter == types.EntityTypeGroup {
		for _, g := range below(groups, func(g access.Group) string { return g.Path }, in.PathPrefix) {
			all = append(all, holder{"group", g.Name, g.ID})
		}
	}
	if filter == "" || filter == types.EntityTypeRole {
		for _, r := range below(roles, func(r access.Role) string { return r.Path }, in.PathPrefix) {
			all = append(all, holder{"role", r.Name, r.ID})
		}
	}
	if filter == "" || filter == types.EntityTypeUser {
		for _, u := range below(users, func(u access.User) string { return u.Path }, in.PathPrefix) {
			all = append(all, holder{"user", u.Name, u.ID})
		}
	}
	part, next, truncated, err := page(all, func(h holder) string { return h.kind + "/" + h.name }, in.Marker, in.MaxItems)
	out := &sdk.ListEntitiesForPolicyOutput{Marker: next, IsTruncated: truncated, PolicyGroups: []types.PolicyGroup{}, PolicyRoles: []types.PolicyRole{}, PolicyUsers: []types.PolicyUser{}}
	for i, h := range part {
		if i > 0 && part[i-1] == h {
			continue // attached, and the boundary too
		}
		switch h.kind {
		case "group":
			out.PolicyGroups = append(out.PolicyGroups, types.PolicyGroup{GroupName: aws.String(h.name), GroupId: aws.String(h.id)})
		case "role":
			out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleName: aws.String(h.name), RoleId: aws.String(h.id)})
		case "user":
			out.PolicyUsers = append(out.PolicyUsers, types.PolicyUser{UserName: aws.String(h.name), UserId: aws.String(h.id)})
		}
	}
	return out, err
}
