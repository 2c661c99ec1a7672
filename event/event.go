// Package event says what happened to the objects of a lake, to whoever wants to
// know: lethe's own parts, and webhooks, NATS, Kafka and SQS-compatible queues.
//
// A store writes an [Event] in the same step as the change it tells of and keeps
// it until its receivers have it, so none is lost and none tells of what did not
// happen. Events are hints all the same: they come at least once, and whoever
// must be right looks at the store.
//
// A [Dispatcher] brings a store's events to their receivers: to the targets that
// the rules of a bucket name, and to subscribers in this process. Each receiver
// goes through the store's outbox at its own pace.
//
// Lakes on other stores have no outbox. Their events come through a [Source]: a
// queue, a stream or a webhook, in whatever form [Parse] knows.
package event

import (
	"crypto/sha256"
	"encoding/hex"
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

// Removed reports whether the object, or one version of it, is no more.
func (e Event) Removed() bool {
	return strings.HasPrefix(e.Name, "ObjectRemoved:") || strings.HasPrefix(e.Name, "LifecycleExpiration:")
}

// After reports whether e came later than f, which is of the same key and
// store. Without sequencers it says no. Their rule is S3's: the shorter one is
// padded with zeros on the right, then they are compared as text (Amazon S3 User
// Guide, "Event message structure").
func (e Event) After(f Event) bool {
	a, b := e.Sequencer, f.Sequencer
	if a == "" || b == "" {
		return false
	}
	n := max(len(a), len(b))
	return a+strings.Repeat("0", n-len(a)) > b+strings.Repeat("0", n-len(b))
}

// ID names the event: it is the same whenever the event is delivered again.
func (e Event) ID() string {
	h := sha256.New()
	for _, s := range []string{e.Bucket, e.Key, e.Version, e.Name, e.Sequencer} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
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
