package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lethe/access"
	"lethe/lib/awsproto"
)

func (a *api) groups(svc *awsproto.Service) {
	handle(a, svc, on(func(in *sdk.CreateGroupInput) string { return named(access.GroupType, in.Path, in.GroupName) }), a.createGroup)
	handle(a, svc, onGroup(a, func(in *sdk.GetGroupInput) *string { return in.GroupName }), a.getGroup)
	handle(a, svc, everywhere[sdk.ListGroupsInput], a.listGroups)
	handle(a, svc, onGroup(a, func(in *sdk.UpdateGroupInput) *string { return in.GroupName }), func(ctx context.Context, in *sdk.UpdateGroupInput) (*sdk.UpdateGroupOutput, error) {
		return nil, a.UpdateGroup(ctx, *in.GroupName, text(in.NewGroupName), text(in.NewPath))
	})
	handle(a, svc, onGroup(a, func(in *sdk.DeleteGroupInput) *string { return in.GroupName }), func(ctx context.Context, in *sdk.DeleteGroupInput) (*sdk.DeleteGroupOutput, error) {
		return nil, a.DeleteGroup(ctx, *in.GroupName)
	})
	handle(a, svc, onGroup(a, func(in *sdk.AddUserToGroupInput) *string { return in.GroupName }), func(ctx context.Context, in *sdk.AddUserToGroupInput) (*sdk.AddUserToGroupOutput, error) {
		return nil, a.AddUserToGroup(ctx, *in.GroupName, *in.UserName)
	})
	handle(a, svc, onGroup(a, func(in *sdk.RemoveUserFromGroupInput) *string { return in.GroupName }), func(ctx context.Context, in *sdk.RemoveUserFromGroupInput) (*sdk.RemoveUserFromGroupOutput, error) {
		return nil, a.RemoveUserFromGroup(ctx, *in.GroupName, *in.UserName)
	})
	handle(a, svc, onUser(a, func(in *sdk.ListGroupsForUserInput) *string { return in.UserName }), a.listGroupsForUser)
}

func groupOut(g access.Group) types.Group {
	return types.Group{Arn: aws.String(g.ARN()), GroupName: aws.String(g.Name), GroupId: aws.String(g.ID), Path: aws.String(g.Path), CreateDate: aws.Time(g.Created)}
}

func groupName(g access.Group) string { return g.Name }

func (a *api) createGroup(ctx context.Context, in *sdk.CreateGroupInput) (*sdk.CreateGroupOutput, error) {
	g, err := a.CreateGroup(ctx, *in.GroupName, text(in.Path))
	if err != nil {
		return nil, err
	}
	out := groupOut(g)
	return &sdk.CreateGroupOutput{Group: &out}, nil
}

func (a *api) getGroup(ctx context.Context, in *sdk.GetGroupInput) (*sdk.GetGroupOutput, error) {
	g, members, err := a.Group(ctx, *in.GroupName)
	if err != nil {
		return nil, err
	}
	out := groupOut(g)
	part, next, truncated, err := page(members, func(u access.User) string { return u.Name }, in.Marker, in.MaxItems)
	return &sdk.GetGroupOutput{Group: &out, Users: convert(part, listed), Marker: next, IsTruncated: truncated}, err
}

func (a *api) listGroups(ctx context.Context, in *sdk.ListGroupsInput) (*sdk.ListGroupsOutput, error) {
	all, err := a.Groups(ctx)
	if err != nil {
		return nil, err
	}
	part, next, truncated, err := page(below(all, func(g access.Group) string { return g.Path }, in.PathPrefix), groupName, in.Marker, in.MaxItems)
	return &sdk.ListGroupsOutput{Groups: convert(part, groupOut), Marker: next, IsTruncated: truncated}, err
}

func (a *api) listGroupsForUser(ctx context.Context, in *sdk.ListGroupsForUserInput) (*sdk.ListGroupsForUserOutput, error) {
	all, err := a.GroupsOf(ctx, *in.UserName)
	if err != nil {
		return nil, err
	}
	part, next, truncated, err := page(all, groupName, in.Marker, in.MaxItems)
	return &sdk.ListGroupsForUserOutput{Groups: convert(part, groupOut), Marker: next, IsTruncated: truncated}, err
}
