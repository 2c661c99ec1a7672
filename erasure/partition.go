package erasure

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/object"
)

// partitionsOf are the partitions whose values name a person, each once.
func (c *scope) partitionsOf(sub subject) (ps []place) {
	seen := map[string]bool{}
	for _, p := range c.places {
		id := p.Database + "\x00" + p.Table + "\x00" + strings.Join(p.values, "\x00")
		if p.values == nil || seen[id] || !p.is(sub) {
			continue
		}
		seen[id] = true
		ps = append(ps, p)
	}
	return ps
}

// is reports whether the values of a partition, by themselves, name a person.
func (c cover) is(sub subject) bool {
	k := look{cover: c, partition: c.values}
	for i, id := range c.Identifiers {
		if len(id.Columns) > 0 && !c.inFiles(id) {
			k.claimPartition(i)
		}
	}
	_, ok := k.whole(sub)
	return ok
}

// leavePartitions takes the partitions that name a request's person out of the
// catalog, with their statistics, if nothing is left in them. One in which something
// must stay is an exception as long as that does.
func (s *Service) leavePartitions(ctx context.Context, id string) (left bool, err error) {
	sub, err := s.subjectOf(ctx, id)
	if err != nil {
		return false, err
	}
	c, err := s.scope(ctx, false)
	if err != nil {
		return false, err
	}
	for _, p := range c.partitionsOf(sub) {
		out := Outcome{Bucket: p.Bucket, Key: p.Key}
		stays, until, err := s.below(ctx, c, p)
		if err != nil {
			return left, err
		}
		if h, ok := sub.keeps(p.Name); ok {
			out.Exceptions = []Exception{{ObjectVersion: ObjectVersion{Bucket: p.Bucket, Key: p.Key}, Until: h.Until, Reason: h.says(), Hold: h.ID}}
		} else if stays > 0 {
			out.Exceptions = []Exception{{ObjectVersion: ObjectVersion{Bucket: p.Bucket, Key: p.Key}, Until: until,
				Reason: "the partition of " + p.Database + "." + p.Table + " stays in the catalog with the versions that stay in it"}}
		} else {
			err := s.Catalog.DropPartitions(ctx, p.Database, p.Table, [][]string{p.values}, true)
			if err != nil {
				return left, s.hideFrom([]cover{p.cover}, sub, p.Key, err)
			}
			s.scopes.forget()
			out.Changes = []Change{{Mapping: p.Name, Whole: true}}
			left = true
		}
		if err := s.DB.Tx(ctx, func(tx *sql.Tx) error { return s.keepOutcome(ctx, tx, id, out) }); err != nil {
			return left, err
		}
	}
	return left, nil
}

// below counts what is left in a partition, up to a thousand, and says until when.
func (s *Service) below(ctx context.Context, c *scope, p place) (n int, until time.Time, err error) {
	for v, err := range object.AllVersions(ctx, s.Store, p.Bucket, p.Key) {
		if lethe.Is(err, lethe.NotFound) {
			break // nor is its bucket
		} else if err != nil {
			return n, until, err
		}
		// What lies in a partition within this one is that one's.
		if !slices.ContainsFunc(c.covers(v.Bucket, v.Key), func(o cover) bool { return o.Name == p.Name && slices.Equal(o.values, p.values) }) {
			continue
		}
		if n++; v.Marker {
			continue
		}
		d, err := s.Store.Describe(ctx, v.Bucket, v.Key, v.Version)
		if err != nil && !gone(err) {
			return n, until, err
		}
		if d.Lock.Until.After(until) {
			until = d.Lock.Until
		}
		if n == 1000 {
			break
		}
	}
	return n, until, nil
}
