package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"lethe"
	"lethe/event"
)

// Source receives events from a stream.
type Source struct {
	Config
	Stream  string
	Subject string // of the stream's; "" for all
	// Durable names the consumer, which the server makes and keeps: the source
	// goes on where the consumer of this name was.
	Durable string
	Backoff event.Backoff // default: 500 milliseconds to 1 minute
	Log     *slog.Logger

	ackWait time.Duration // 30 seconds; shorter in tests
}

const maxMessages = 100 // handled together

// Run implements event.Source. Events that cannot be handled are tried again,
// and those behind them wait, so that order stays. Messages that cannot be read
// are terminated, which the server publishes as an advisory.
func (s *Source) Run(ctx context.Context, handle event.Handler) error {
	if s.Stream == "" || s.Durable == "" {
		return lethe.Errorf(lethe.Invalid, "events from NATS need a stream and a name for their consumer")
	}
	log, backoff := s.Log, s.Backoff
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if backoff.Min <= 0 {
		backoff = event.Backoff{Min: 500 * time.Millisecond, Max: time.Minute}
	}
	wait := s.ackWait
	if wait <= 0 {
		wait = 30 * time.Second
	}
	nc, js, err := connect(s.Config, "lethe event source")
	if err != nil {
		return err
	}
	defer nc.Close()
	var consumer jetstream.Consumer
	for failed := 0; ctx.Err() == nil; {
		if consumer == nil {
			consumer, err = s.consumer(ctx, js, wait)
		}
		if err == nil {
			err = s.batch(ctx, consumer, wait, backoff, log, handle)
		}
		if err == nil {
			failed = 0
			continue
		}
		if ctx.Err() != nil {
			break
		}
		consumer = nil // made again, should somebody have deleted it
		failed++
		log.Warn("receive events from NATS", "stream", s.Stream, "err", err)
		backoff.Wait(ctx, failed)
	}
	return nil
}

func (s *Source) consumer(ctx context.Context, js jetstream.JetStream, wait time.Duration) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return js.CreateOrUpdateConsumer(ctx, s.Stream, jetstream.ConsumerConfig{
		Durable: s.Durable, FilterSubject: s.Subject, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: wait, MaxDeliver: -1, MaxAckPending: maxMessages, DeliverPolicy: jetstream.DeliverAllPolicy,
	})
}

// batch handles what there is, together, and acknowledges it.
func (s *Source) batch(ctx context.Context, c jetstream.Consumer, wait time.Duration, backoff event.Backoff, log *slog.Logger, handle event.Handler) error {
	fetched, err := c.FetchNoWait(maxMessages)
	if err != nil {
		return err
	}
	messages, err := drain(fetched)
	if err == nil && len(messages) == 0 {
		// Nothing is there: wait for the first.
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if fetched, err = c.Fetch(1, jetstream.FetchContext(limited)); err != nil {
			return err
		}
		if messages, err = drain(fetched); limited.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	if len(messages) == 0 {
		return nil
	}
	defer keep(ctx, messages, wait)()
	var events []event.Event
	good := messages[:0:0]
	for _, m := range messages {
		parsed, err := event.Parse(m.Data())
		if err != nil {
			log.Error("a message of NATS is no notification; it is passed over", "stream", s.Stream, "subject", m.Subject(), "err", err)
			if err := m.TermWithReason(short(err)); err != nil {
				return err
			}
			continue
		}
		events, good = append(events, parsed...), append(good, m)
	}
	err = backoff.Persist(ctx, handle, events, func(err error) { log.Warn("handle events from NATS", "stream", s.Stream, "err", err) })
	if err != nil {
		return err
	}
	for i, m := range good {
		ack := m.Ack
		if i == len(good)-1 { // the server has the earlier ones when it answers the last
			ack = func() error { return m.DoubleAck(ctx) }
		}
		if err := ack(); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
	}
	return nil
}

func drain(b jetstream.MessageBatch) (messages []jetstream.Msg, err error) {
	for m := range b.Messages() {
		messages = append(messages, m)
	}
	return messages, b.Error()
}

// keep tells the server that the messages are worked on, until stop is called.
func keep(ctx context.Context, messages []jetstream.Msg, wait time.Duration) (stop func()) {
	return event.Meanwhile(ctx, wait/3, func(context.Context) {
		for _, m := range messages {
			_ = m.InProgress() // if it fails they come again, as they may
		}
	})
}

// short bounds a reason that goes to the server.
func short(err error) string {
	s := err.Error()
	return s[:min(len(s), 200)]
}
