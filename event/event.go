// Package event says what happened to the objects of a lake, to whoever wants to
// know: lethe's own parts, and webhooks, NATS, Kafka and SQS-compatible queues.
//
// A store writes an [Event] in the same step as the change it tells of and keeps
// it until its receivers have it, so none is lost and none tells of what did not
// happen. Events are hints all the same: they come at least once, and whoever
// must be right looks at the store.
package event

import (
	"strings"
	"time"
)

// Event tells of one change of one object.
type Event struct {
	// Name is as in S3's notifications, without "s3:", as ObjectCreated:Put.
	Name    string
	Bucket  string
	Key     string
	Version string `json:",omitempty"` // "" where the bucket keeps no versions
	Size    int64  `json:",omitempty"` // bytes
	ETag    string `json:",omitempty"` // without quotes
	Time    time.Time
	// Sequencer orders the events of one key: compared as text, a later one is greater.
	Sequencer string `json:",omitempty"`

	// Who asked for the change, as far as it is known.
	Principal string `json:",omitempty"`
	SourceIP  string `json:",omitempty"`
	RequestID string `json:",omitempty"`
}

// Rule says which events of a bucket go to a target. It is one entry of a
// bucket's notification configuration (Amazon S3 API Reference,
// PutBucketNotificationConfiguration).
type Rule struct {
	ID     string
	Target string   // ARN of the target
	Events []string // with or without "s3:"; a last part of * means all, as s3:ObjectCreated:*
	Prefix string   // of the key
	Suffix string
}

// Match reports whether the rule wants e.
func (r Rule) Match(e Event) bool {
	if !strings.HasPrefix(e.Key, r.Prefix) || !strings.HasSuffix(e.Key, r.Suffix) {
		return false
	}
	for _, want := range r.Events {
		want = strings.TrimPrefix(want, "s3:")
		if want == e.Name || strings.HasSuffix(want, ":*") && strings.HasPrefix(e.Name, want[:len(want)-1]) {
			return true
		}
	}
	return false
}
