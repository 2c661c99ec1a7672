package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"lethe"
	"lethe/event"
)

// Source receives events from topics, as a member of a consumer group.
type Source struct {
	Config
	Topics []string
	// Group is the consumer group, which goes on where it was. A new one begins
	// with the oldest record.
	Group   string
	Backoff event.Backoff // default: 500 milliseconds to 1 minute
	Log     *slog.Logger
}

const maxRecords = 500 // handled together

// Run implements event.Source. Offsets are committed after their events were
// handled. Events that cannot be handled are tried again, and those behind them
// wait: Kafka knows no other order. A record that cannot be read is logged and
// passed over.
func (s *Source) Run(ctx context.Context, handle event.Handler) error {
	opts, err := s.options()
	if err != nil {
		return err
	}
	if len(s.Topics) == 0 || s.Group == "" {
		return lethe.Errorf(lethe.Invalid, "events from Kafka need topics and a consumer group")
	}
	log, backoff := s.Log, s.Backoff
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if backoff.Min <= 0 {
		backoff = event.Backoff{Min: 500 * time.Millisecond, Max: time.Minute}
	}
	client, err := kgo.NewClient(append(opts,
		kgo.ConsumerGroup(s.Group), kgo.ConsumeTopics(s.Topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(), // no partition changes hands between handling and commit
	)...)
	if err != nil {
		return lethe.Errorf(lethe.Invalid, "the Kafka client: %w", err)
	}
	defer client.CloseAllowingRebalance()
	for failed := 0; ctx.Err() == nil; {
		err := s.poll(ctx, client, backoff, log, handle)
		client.AllowRebalance()
		if err == nil {
			failed = 0
			continue
		}
		if errors.Is(err, kgo.ErrClientClosed) {
			return err
		}
		if ctx.Err() == nil {
			failed++
			log.Warn("receive events from Kafka", "group", s.Group, "err", err)
			backoff.Wait(ctx, failed)
		}
	}
	return nil
}

func (s *Source) poll(ctx context.Context, client *kgo.Client, backoff event.Backoff, log *slog.Logger, handle event.Handler) error {
	fetches := client.PollRecords(ctx, maxRecords)
	var broken error
	fetches.EachError(func(topic string, partition int32, err error) {
		broken = errors.Join(broken, fmt.Errorf("topic %s, partition %d: %w", topic, partition, err))
	})
	records := fetches.Records()
	var events []event.Event
	for _, r := range records {
		parsed, err := event.Parse(r.Value)
		if err != nil {
			log.Error("a record of Kafka is no notification; it is passed over", "topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "err", err)
			continue
		}
		events = append(events, parsed...)
	}
	err := backoff.Persist(ctx, handle, events, func(err error) { log.Warn("handle events from Kafka", "group", s.Group, "err", err) })
	if err != nil {
		return err
	}
	if len(records) > 0 {
		if err := client.CommitRecords(ctx, records...); err != nil {
			return errors.Join(broken, fmt.Errorf("commit: %w", err))
		}
	}
	return broken
}
