package erasure

import (
	"context"
	"strings"

	"lethe/event"
)

// Handle takes events of objects, for event.Dispatcher's Subscribe. An event is a
// hint that something happened to a key: what the store has of it is what counts,
// so that events may come twice, late, in any order, or not at all, which a Build
// repairs.
func (s *Service) Handle(ctx context.Context, events []event.Event) error {
	c, err := s.recent(ctx)
	if err != nil {
		return err
	}
	type object struct{ bucket, key string }
	seen := map[object]bool{}
	for _, e := range events {
		if s.Inbox.Bucket != "" && e.Bucket == s.Inbox.Bucket && strings.HasPrefix(e.Key, s.Inbox.Key) {
			s.wake()
		}
		o := object{e.Bucket, e.Key}
		if seen[o] || len(c.covers(e.Bucket, e.Key)) == 0 {
			continue
		}
		seen[o] = true
		l := s.looker(c)
		if !s.working.tell(e.Bucket, e.Key) {
			if err := s.refresh(ctx, l, e.Bucket, e.Key); err != nil {
				return err
			}
		}
		if err := s.refreshDescribed(ctx, l, e.Bucket, e.Key); err != nil {
			return err
		}
	}
	return nil
}

// refreshDescribed brings the index to what a metadata file says of its objects, if
// a key is of one. What it has said once and says no more, a Build finds.
func (s *Service) refreshDescribed(ctx context.Context, l *looker, bucket, key string) error {
	all := func(sidecarEntry) bool { return true }
	seen := map[string]bool{}
	for _, c := range l.c.covers(bucket, key) {
		k := look{cover: c}
		folder, ok := c.sidecarFolder(key)
		if !ok {
			continue
		}
		k.doc = &sidecar{Identifiers: []sidecarEntry{{}}} // of one object, whatever it says of it, or is gone
		o, err := s.Store.Head(ctx, bucket, key)
		if err == nil {
			err = l.lookAtSidecar(ctx, &k, o, folder)
			if len(k.doc.Identifiers) == 0 {
				k.doc.Identifiers = []sidecarEntry{{}}
			}
		}
		if err != nil && !gone(err) {
			return s.hide(l.c.covers(bucket, key), key, err)
		}
		for _, object := range k.of(key, all) {
			if seen[object] {
				continue
			}
			seen[object] = true
			if err := s.refresh(ctx, l, bucket, object); err != nil {
				return err
			}
		}
	}
	return nil
}
