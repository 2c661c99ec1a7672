package app

import (
	"context"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/object"
)

// folders are the places of the metastore's tables in the lake's stores.
type folders struct {
	store  object.Store
	access access.Decider
}

// Make implements hms.Folders. The empty object is what Hadoop's S3A takes for a
// folder.
func (f folders) Make(ctx context.Context, location string) error {
	l, err := lethe.ParseLocation(location)
	if err != nil {
		return err
	}
	if l = l.Dir(); l.Key == "" {
		return nil // a bucket is a folder
	}
	if err := f.access.Decide(ctx, lethe.PrincipalOf(ctx), "s3:PutObject", lethe.ObjectARN(l.Bucket, l.Key)); err != nil {
		return err
	}
	there, err := f.store.List(ctx, l.Bucket, object.ListOptions{Prefix: l.Key, Limit: 1})
	if err != nil || len(there.Objects) > 0 {
		return err
	}
	_, err = f.store.Put(ctx, l.Bucket, l.Key, strings.NewReader(""), object.Header{ContentType: "application/x-directory"}, object.Condition{})
	return err
}

// Delete implements hms.Folders. A whole bucket is more than a table's.
func (f folders) Delete(ctx context.Context, location string) error {
	l, err := lethe.ParseLocation(location)
	if err != nil {
		return err
	}
	if l = l.Dir(); l.Key == "" {
		return lethe.Errorf(lethe.Invalid, "location %s is a bucket, which is not deleted with a table", location)
	}
	who := lethe.PrincipalOf(ctx)
	if err := f.access.Decide(ctx, who, "s3:DeleteObject", lethe.ObjectARN(l.Bucket, l.Key+"*")); err != nil {
		return err
	}
	var keys []string
	for o, err := range object.All(ctx, f.store, l.Bucket, l.Key) {
		if err != nil {
			return err
		}
		if err := access.DecideEach(ctx, f.access, who, "s3:DeleteObject", lethe.ObjectARN(o.Bucket, o.Key)); err != nil {
			return err
		}
		keys = append(keys, o.Key)
	}
	for _, k := range keys {
		if err := f.store.Delete(ctx, l.Bucket, k, object.Condition{}); err != nil && !lethe.Is(err, lethe.NotFound) {
			return err
		}
	}
	return nil
}
