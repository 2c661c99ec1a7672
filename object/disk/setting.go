package disk

import (
	"context"

	"lethe/event"
	"lethe/object"
)

// Settings of buckets that the front end does not know.

// LifecycleRules returns the bucket's rules; none if it has none.
func (s *Store) LifecycleRules(_ context.Context, name string) ([]object.LifecycleRule, error) {
	b, err := s.bucketNamed(name)
	return b.Lifecycle, s.plain(err, name, "")
}

// SetLifecycleRules replaces the bucket's rules, by none if there are none. It
// answers Invalid for rules that S3 does not have.
func (s *Store) SetLifecycleRules(_ context.Context, name string, rules []object.LifecycleRule) error {
	if len(rules) > 0 {
		if err := object.CheckLifecycle(rules); err != nil {
			return err
		}
	}
	return s.plain(s.changeBucket(name, func(b *bucket) error { b.Lifecycle = rules; return nil }), name, "")
}

// Notifications returns the bucket's notification configuration.
func (s *Store) Notifications(_ context.Context, name string) (event.Notifications, error) {
	b, err := s.bucketNamed(name)
	return b.Notifications, s.plain(err, name, "")
}

// SetNotifications replaces the bucket's notification configuration.
func (s *Store) SetNotifications(_ context.Context, name string, n event.Notifications) error {
	if err := n.Check(); err != nil {
		return err
	}
	return s.plain(s.changeBucket(name, func(b *bucket) error { b.Notifications = n; return nil }), name, "")
}

// Rules returns the bucket's notification rules, for whoever delivers its
// events; none if there is no such bucket.
func (s *Store) Rules(name string) []event.Rule {
	b, err := s.bucketNamed(name)
	if err != nil {
		return nil
	}
	return b.Notifications.Rules()
}
