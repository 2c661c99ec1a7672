package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lethe/access"
	"lethe/lib/awsproto"
)

func (a *api) users(svc *awsproto.Service) {
	handle(a, svc, with(on(func(in *sdk.CreateUserInput) string { return named(access.UserType, in.Path, in.UserName) }), func(in *sdk.CreateUserInput) map[string][]string {
		return labelled(in.Tags, bounded(in.PermissionsBoundary))
	}), a.createUser)
	handle(a, svc, onUser(a, func(in *sdk.GetUserInput) *string { return in.UserName }), a.getUser)
	handle(a, svc, everywhere[sdk.ListUsersInput], a.listUsers)
	handle(a, svc, onUser(a, func(in *sdk.UpdateUserInput) *string { return in.UserName }), a.updateUser)
	handle(a, svc, onUser(a, func(in *sdk.DeleteUserInput) *string { return in.UserName }), a.deleteUser)

	handle(a, svc, with(onUser(a, func(in *sdk.TagUserInput) *string { return in.UserName }), func(in *sdk.TagUserInput) map[string][]string { return labelled(in.Tags, nil) }),
		func(ctx context.Context, in *sdk.TagUserInput) (*sdk.TagUserOutput, error) {
			return nil, a.Tag(ctx, access.UserNamed(*in.UserName), tagsIn(in.Tags))
		})
	handle(a, svc, with(onUser(a, func(in *sdk.UntagUserInput) *string { return in.UserName }), func(in *sdk.UntagUserInput) map[string][]string {
		return map[string][]string{"aws:TagKeys": in.TagKeys}
	}), func(ctx context.Context, in *sdk.UntagUserInput) (*sdk.UntagUserOutput, error) {
		return nil, a.Untag(ctx, access.UserNamed(*in.UserName), in.TagKeys)
	})
	handle(a, svc, onUser(a, func(in *sdk.ListUserTagsInput) *string { return in.UserName }), func(ctx context.Context, in *sdk.ListUserTagsInput) (*sdk.ListUserTagsOutput, error) {
		part, next, truncated, err := a.tagPage(ctx, access.UserNamed(*in.UserName), in.Marker, in.MaxItems)
		return &sdk.ListUserTagsOutput{Tags: part, Marker: next, IsTruncated: truncated}, err
	})
	handle(a, svc, with(onUser(a, func(in *sdk.PutUserPermissionsBoundaryInput) *string { return in.UserName }), func(in *sdk.PutUserPermissionsBoundaryInput) map[string][]string {
		return bounded(in.PermissionsBoundary)
	}), func(ctx context.Context, in *sdk.PutUserPermissionsBoundaryInput) (*sdk.PutUserPermissionsBoundaryOutput, error) {
		return nil, a.SetBoundary(ctx, access.UserNamed(*in.UserName), *in.PermissionsBoundary)
	})
	handle(a, svc, onUser(a, func(in *sdk.DeleteUserPermissionsBoundaryInput) *string { return in.UserName }), func(ctx context.Context, in *sdk.DeleteUserPermissionsBoundaryInput) (*sdk.DeleteUserPermissionsBoundaryOutput, error) {
		return nil, a.SetBoundary(ctx, access.UserNamed(*in.UserName), "")
	})
}

// labelled are the condition keys of tags in a request, beside others.
func labelled(tags []types.Tag, others map[string][]string) map[string][]string {
	for _, t := range tags {
		if others == nil {
			others = map[string][]string{}
		}
		others["aws:RequestTag/"+text(t.Key)] = []string{text(t.Value)}
		others["aws:TagKeys"] = append(others["aws:TagKeys"], text(t.Key))
	}
	return others
}

// bounded is the condition key of a permissions boundary in a request.
func bounded(arn *string) map[string][]string {
	if arn == nil {
		return nil
	}
	return map[string][]string{"iam:PermissionsBoundary": {*arn}}
}

func tagsIn(tags []types.Tag) []access.Tag {
	return convert(tags, func(t types.Tag) access.Tag { return access.Tag{Key: text(t.Key), Value: text(t.Value)} })
}

func tagsOut(tags []access.Tag) []types.Tag {
	if len(tags) == 0 {
		return nil
	}
	return convert(tags, func(t access.Tag) types.Tag { return types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)} })
}

func (a *api) tagPage(ctx context.Context, e access.Entity, marker *string, most *int32) ([]types.Tag, *string, bool, error) {
	tags, err := a.Tags(ctx, e)
	if err != nil {
		return nil, nil, false, err
	}
	part, next, truncated, err := page(tags, func(t access.Tag) string { return t.Key }, marker, most)
	return convert(part, func(t access.Tag) types.Tag { return types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)} }), next, truncated, err
}

func boundary(arn string) *types.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String(arn), PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy}
}

func userOut(u access.User) types.User {
	out := types.User{
		Arn: aws.String(u.ARN()), UserName: aws.String(u.Name), UserId: aws.String(u.ID), Path: aws.String(u.Path), CreateDate: aws.Time(u.Created),
		PermissionsBoundary: boundary(u.Boundary), Tags: tagsOut(u.Tags),
	}
	if !u.PasswordUsed.IsZero() {
		out.PasswordLastUsed = aws.Time(u.PasswordUsed)
	}
	return out
}

// listed is a user as lists have it, without what AWS leaves out there.
func listed(u access.User) types.User {
	u.Boundary, u.Tags = "", nil
	return userOut(u)
}

func (a *api) createUser(ctx context.Context, in *sdk.CreateUserInput) (*sdk.CreateUserOutput, error) {
	u, err := a.CreateUser(ctx, access.NewUser{Name: *in.UserName, Path: text(in.Path), Boundary: text(in.PermissionsBoundary), Tags: tagsIn(in.Tags)})
	if err != nil {
		return nil, err
	}
	out := userOut(u)
	return &sdk.CreateUserOutput{User: &out}, nil
}

func (a *api) getUser(ctx context.Context, in *sdk.GetUserInput) (*sdk.GetUserOutput, error) {
	name, err := a.userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	u, err := a.User(ctx, name)
	if err != nil {
		return nil, err
	}
	out := userOut(u)
	return &sdk.GetUserOutput{User: &out}, nil
}

func (a *api) listUsers(ctx context.Context, in *sdk.ListUsersInput) (*sdk.ListUsersOutput, error) {
	all, err := a.Users(ctx)
	if err != nil {
		return nil, err
	}
	part, next, truncated, err := page(below(all, func(u access.User) string { return u.Path }, in.PathPrefix), func(u access.User) string { return u.Name }, in.Marker, in.MaxItems)
	return &sdk.ListUsersOutput{Users: convert(part, listed), Marker: next, IsTruncated: truncated}, err
}

func (a *api) updateUser(ctx context.Context, in *sdk.UpdateUserInput) (*sdk.UpdateUserOutput, error) {
	return nil, a.UpdateUser(ctx, *in.UserName, text(in.NewUserName), text(in.NewPath))
}

func (a *api) deleteUser(ctx context.Context, in *sdk.DeleteUserInput) (*sdk.DeleteUserOutput, error) {
	return nil, a.DeleteUser(ctx, *in.UserName)
}
