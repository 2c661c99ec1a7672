package iam

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lethe/access"
	"lethe/lib/awsproto"
)

func (a *api) account(svc *awsproto.Service) {
	handle(a, svc, everywhere[sdk.GetAccountSummaryInput], func(ctx context.Context, _ *sdk.GetAccountSummaryInput) (*sdk.GetAccountSummaryOutput, error) {
		m, err := a.Summary(ctx)
		return &sdk.GetAccountSummaryOutput{SummaryMap: m}, err
	})
	handle(a, svc, everywhere[sdk.ListAccountAliasesInput], func(ctx context.Context, _ *sdk.ListAccountAliasesInput) (*sdk.ListAccountAliasesOutput, error) {
		alias, err := a.Alias(ctx)
		out := &sdk.ListAccountAliasesOutput{AccountAliases: []string{}}
		if alias != "" {
			out.AccountAliases = []string{alias}
		}
		return out, err
	})
	handle(a, svc, everywhere[sdk.CreateAccountAliasInput], func(ctx context.Context, in *sdk.CreateAccountAliasInput) (*sdk.CreateAccountAliasOutput, error) {
		return nil, a.SetAlias(ctx, *in.AccountAlias)
	})
	handle(a, svc, everywhere[sdk.DeleteAccountAliasInput], func(ctx context.Context, in *sdk.DeleteAccountAliasInput) (*sdk.DeleteAccountAliasOutput, error) {
		return nil, a.DeleteAlias(ctx, *in.AccountAlias)
	})
	handle(a, svc, everywhere[sdk.GetAccountAuthorizationDetailsInput], a.getAccountAuthorizationDetails)
}

// newestFirst is a key by which versions sort from the newest.
func newestFirst(version string) string {
	n, err := strconv.Atoi(strings.TrimPrefix(version, "v"))
	if err != nil {
		return version
	}
	return strconv.Itoa(1_000_000_000 - n)
}

func (a *api) getAccountAuthorizationDetails(ctx context.Context, in *sdk.GetAccountAuthorizationDetailsInput) (*sdk.GetAccountAuthorizationDetailsOutput, error) {
	wanted := func(kind types.EntityType) bool { return len(in.Filter) == 0 || slices.Contains(in.Filter, kind) }
	// An entity is a key to sort by, and what adds it to the answer.
	type entity struct {
		key string
		add func(*sdk.GetAccountAuthorizationDetailsOutput) error
	}
	var all []entity
	if wanted(types.EntityTypeUser) {
		users, err := a.Users(ctx)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			all = append(all, entity{"1" + u.Name, func(out *sdk.GetAccountAuthorizationDetailsOutput) error {
				d, err := a.userDetail(ctx, u.Name)
				out.UserDetailList = append(out.UserDetailList, d)
				return err
			}})
		}
	}
	if wanted(types.EntityTypeGroup) {
		groups, err := a.Groups(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			all = append(all, entity{"2" + g.Name, func(out *sdk.GetAccountAuthorizationDetailsOutput) error {
				attached, inline, err := a.held(ctx, access.GroupNamed(g.Name))
				out.GroupDetailList = append(out.GroupDetailList, types.GroupDetail{Arn: aws.String(g.ARN()), GroupId: aws.String(g.ID), GroupName: aws.String(g.Name), Path: aws.String(g.Path), CreateDate: aws.Time(g.Created), AttachedManagedPolicies: attached, GroupPolicyList: inline})
				return err
			}})
		}
	}
	if wanted(types.EntityTypeRole) {
		roles, err := a.Roles(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range roles {
			all = append(all, entity{"3" + r.Name, func(out *sdk.GetAccountAuthorizationDetailsOutput) error {
				d, err := a.roleDetail(ctx, r.Name)
				out.RoleDetailList = append(out.RoleDetailList, d)
				return err
			}})
		}
	}
	policies, err := a.Policies(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range policies {
		kind := types.EntityTypeLocalManagedPolicy
		if p.AWS() {
			kind = types.EntityTypeAWSManagedPolicy
		}
		if !wanted(kind) {
			continue
		}
		all = append(all, entity{"4" + p.ARN(), func(out *sdk.GetAccountAuthorizationDetailsOutput) error {
			d, err := a.policyDetail(ctx, p)
			out.Policies = append(out.Policies, d)
			return err
		}})
	}
	part, next, truncated, err := page(all, func(e entity) string { return e.key }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &sdk.GetAccountAuthorizationDetailsOutput{
		Marker: next, IsTruncated: truncated,
		UserDetailList: []types.UserDetail{}, GroupDetailList: []types.GroupDetail{}, RoleDetailList: []types.RoleDetail{}, Policies: []types.ManagedPolicyDetail{},
	}
	for _, e := range part {
		if err := e.add(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// held returns the attached and inline policies of an entity.
func (a *api) held(ctx context.Context, e access.Entity) ([]types.AttachedPolicy, []types.PolicyDetail, error) {
	attached, err := a.Attached(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	inline, err := a.Inlines(ctx, e)
	return convert(attached, attachedOut), convert(inline, func(p access.Inline) types.PolicyDetail {
		return types.PolicyDetail{PolicyName: aws.String(p.Name), PolicyDocument: encode(p.Document)}
	}), err
}

func (a *api) userDetail(ctx context.Context, name string) (d types.UserDetail, err error) {
	u, err := a.User(ctx, name)
	if err != nil {
		return d, err
	}
	groups, err := a.GroupsOf(ctx, name)
	if err != nil {
		return d, err
	}
	attached, inline, err := a.held(ctx, access.UserNamed(name))
	return types.UserDetail{Arn: aws.String(u.ARN()), UserId: aws.String(u.ID), UserName: aws.String(u.Name), Path: aws.String(u.Path), CreateDate: aws.Time(u.Created),
		PermissionsBoundary: boundary(u.Boundary), Tags: tagsOut(u.Tags), GroupList: convert(groups, groupName), AttachedManagedPolicies: attached, UserPolicyList: inline}, err
}

func (a *api) roleDetail(ctx context.Context, name string) (d types.RoleDetail, err error) {
	r, err := a.Role(ctx, name)
	if err != nil {
		return d, err
	}
	attached, inline, err := a.held(ctx, access.RoleNamed(name))
	out := roleOut(r)
	return types.RoleDetail{Arn: out.Arn, RoleId: out.RoleId, RoleName: out.RoleName, Path: out.Path, CreateDate: out.CreateDate, AssumeRolePolicyDocument: out.AssumeRolePolicyDocument,
		PermissionsBoundary: out.PermissionsBoundary, Tags: out.Tags, InstanceProfileList: []types.InstanceProfile{}, AttachedManagedPolicies: attached, RolePolicyList: inline}, err
}

func (a *api) policyDetail(ctx context.Context, p access.ManagedPolicy) (d types.ManagedPolicyDetail, err error) {
	versions, err := a.PolicyVersions(ctx, p.ARN())
	out := policyOut(p)
	return types.ManagedPolicyDetail{Arn: out.Arn, PolicyId: out.PolicyId, PolicyName: out.PolicyName, Path: out.Path, CreateDate: out.CreateDate, UpdateDate: out.UpdateDate, Description: out.Description,
		DefaultVersionId: out.DefaultVersionId, AttachmentCount: out.AttachmentCount, PermissionsBoundaryUsageCount: out.PermissionsBoundaryUsageCount, IsAttachable: true,
		PolicyVersionList: convert(versions, func(v access.Version) types.PolicyVersion {
			o := versionOut(v)
			o.Document = encode(v.Document)
			return o
		})}, err
}
