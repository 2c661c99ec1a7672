package instance

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"lethe"
)

// ARN names a resource of RDS by its kind, as db or snapshot.
func ARN(region, kind, name string) string { return arn(region, kind, name) }

// ParseARN takes an ARN of RDS apart. Names are in small letters.
func ParseARN(s string) (region, kind, name string, ok bool) {
	parts := strings.SplitN(strings.ToLower(s), ":", 7)
	if len(parts) != 7 || parts[0] != "arn" || parts[1] != "aws" || parts[2] != "rds" || parts[4] != lethe.Account || parts[6] == "" {
		return "", "", "", false
	}
	return parts[3], parts[5], parts[6], true
}

// exists returns the fault of its kind if what an ARN names is not there.
func (l *Local) exists(ctx context.Context, tx *sql.Tx, resource string) (string, error) {
	region, kind, name, ok := ParseARN(resource)
	if !ok {
		return "", invalidValue("Invalid resource name: %s", resource)
	}
	var err error
	switch kind {
	case kindInstance:
		_, err = l.lookup(ctx, tx, region, name)
	case kindSnapshot:
		_, err = l.lookupSnapshot(ctx, tx, region, name)
	case kindGroup:
		_, err = l.group(ctx, tx, region, name)
	case kindOptions:
		_, err = l.options(ctx, tx, region, name)
	case kindSubnets:
		_, err = l.subnets(ctx, tx, region, name)
	case kindEvents:
		_, err = l.subscription(ctx, tx, region, name)
	default:
		err = invalidValue("Invalid resource name: %s", resource)
	}
	return arn(region, kind, name), err
}

// AddTagsToResource gives a resource tags.
func (l *Local) AddTagsToResource(ctx context.Context, in *rds.AddTagsToResourceInput, _ ...func(*rds.Options)) (*rds.AddTagsToResourceOutput, error) {
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		resource, err := l.exists(ctx, tx, aws.ToString(in.ResourceName))
		if err != nil {
			return err
		}
		return l.addTags(ctx, tx, resource, in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &rds.AddTagsToResourceOutput{}, nil
}

// ListTagsForResource lists a resource's tags, in the order in which it got them.
func (l *Local) ListTagsForResource(ctx context.Context, in *rds.ListTagsForResourceInput, _ ...func(*rds.Options)) (*rds.ListTagsForResourceOutput, error) {
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	out := &rds.ListTagsForResourceOutput{}
	err := l.DB.View(ctx, func(tx *sql.Tx) error {
		resource, err := l.exists(ctx, tx, aws.ToString(in.ResourceName))
		if err != nil {
			return err
		}
		out.TagList, err = l.tags(ctx, tx, resource)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// RemoveTagsFromResource takes tags from a resource. It is no error that it lacks one.
func (l *Local) RemoveTagsFromResource(ctx context.Context, in *rds.RemoveTagsFromResourceInput, _ ...func(*rds.Options)) (*rds.RemoveTagsFromResourceOutput, error) {
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		resource, err := l.exists(ctx, tx, aws.ToString(in.ResourceName))
		if err != nil {
			return err
		}
		for _, key := range in.TagKeys {
			if _, err := tx.ExecContext(ctx, `DELETE FROM instance_tags WHERE arn = $1 AND key = $2`, resource, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &rds.RemoveTagsFromResourceOutput{}, nil
}

// ResourceTags returns the tags of what an ARN names, for decisions of access; none if
// there is nothing of the name.
func (l *Local) ResourceTags(ctx context.Context, resource string) (map[string]string, error) {
	m := map[string]string{}
	err := l.DB.View(ctx, func(tx *sql.Tx) error {
		tags, err := l.tags(ctx, tx, resource)
		for _, t := range tags {
			m[*t.Key] = *t.Value
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("tags of %s: %w", resource, err)
	}
	return m, nil
}

// containsFold reports whether a list has a text, whatever its letters' case.
func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(e string) bool { return strings.EqualFold(e, s) })
}
