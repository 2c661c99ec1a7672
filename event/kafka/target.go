package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"lethe"
	"lethe/event"
)

// Target produces events to a topic.
type Target struct{ client *kgo.Client }

// NewTarget makes a target. It returns at once, whether Kafka can be reached or not.
func NewTarget(c Config, topic string) (*Target, error) {
	opts, err := c.options()
	if err != nil {
		return nil, err
	}
	if topic == "" {
		return nil, lethe.Errorf(lethe.Invalid, "events for Kafka need a topic")
	}
	client, err := kgo.NewClient(append(opts,
		kgo.DefaultProduceTopic(topic),
		kgo.RequiredAcks(kgo.AllISRAcks()), // and idempotent, the client's default
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
		kgo.ProducerLinger(0),
		// A record is given up when the dispatcher's patience ends, also when it
		// cannot be known whether the broker has it: it is produced again, and
		// nothing that follows it has been.
		kgo.AllowIdempotentProduceCancellation(),
		kgo.UnknownTopicRetries(2),
	)...)
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "the Kafka client: %w", err)
	}
	return &Target{client}, nil
}

// Send implements event.Target.
func (t *Target) Send(ctx context.Context, messages []event.Message) []error {
	records := make([]*kgo.Record, len(messages))
	place := make(map[*kgo.Record]int, len(messages))
	for i, m := range messages {
		records[i] = &kgo.Record{
			Key: []byte(m.Event.Bucket + "/" + m.Event.Key), Value: m.Body, Timestamp: m.Event.Time,
			Headers: []kgo.RecordHeader{{Key: "id", Value: []byte(m.ID)}, {Key: "content-type", Value: []byte("application/json")}},
		}
		place[records[i]] = i
	}
	errs := make([]error, len(messages))
	for _, r := range t.client.ProduceSync(ctx, records...) {
		errs[place[r.Record]] = classify(r.Err)
	}
	return errs
}

func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge), errors.Is(err, kerr.InvalidRecord), errors.Is(err, kerr.InvalidTimestamp):
		return fmt.Errorf("%w: Kafka: %w", event.ErrRefused, err)
	}
	return fmt.Errorf("Kafka: %w", err)
}

// Close implements event.Target.
func (t *Target) Close() error {
	t.client.Close()
	return nil
}
