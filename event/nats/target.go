package nats

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lethe"
	"lethe/event"
)

// Target publishes events.
type Target struct {
	subject string
	nc      *nats.Conn
	js      jetstream.JetStream
}

// NewTarget makes a target for a subject. It returns at once, whether NATS can be
// reached or not.
func NewTarget(c Config, subject string) (*Target, error) {
	if subject == "" {
		return nil, lethe.Errorf(lethe.Invalid, "events for NATS need a subject")
	}
	nc, js, err := connect(c, "lethe events")
	if err != nil {
		return nil, err
	}
	return &Target{subject, nc, js}, nil
}

// Send implements event.Target.
func (t *Target) Send(ctx context.Context, messages []event.Message) []error {
	errs := make([]error, len(messages))
	acks := make([]jetstream.PubAckFuture, len(messages))
	for i, m := range messages {
		msg := nats.NewMsg(t.subject)
		msg.Data = m.Body
		msg.Header.Set("Content-Type", "application/json")
		if acks[i], errs[i] = t.js.PublishMsgAsync(msg, jetstream.WithMsgID(m.ID)); errs[i] != nil {
			errs[i] = t.classify(errs[i])
		}
	}
	for i, ack := range acks {
		if errs[i] != nil {
			continue
		}
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			errs[i] = t.classify(err)
		case <-ctx.Done():
			errs[i] = fmt.Errorf("NATS did not acknowledge: %w", ctx.Err())
		}
	}
	return errs
}

func (t *Target) classify(err error) error {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, nats.ErrMaxPayload), errors.As(err, &api) && api.Code == 400:
		return fmt.Errorf("%w: NATS: %w", event.ErrRefused, err)
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return fmt.Errorf("no stream of NATS JetStream keeps the subject %s: %w", t.subject, err)
	}
	return fmt.Errorf("NATS: %w", err)
}

// Close implements event.Target.
func (t *Target) Close() error {
	t.nc.Close()
	return nil
}
