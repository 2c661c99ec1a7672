package erasure

import (
	"context"

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
		o := object{e.Bucket, e.Key}
		if seen[o] || len(c.covers(e.Bucket, e.Key)) == 0 {
			continue
		}
		seen[o] = true
		if err := s.Refresh(ctx, e.Bucket, e.Key); err != nil {
			return err
		}
	}
	return nil
}
