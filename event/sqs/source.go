package sqs

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"lethe/event"
)

// Source receives events from a queue.
type Source struct {
	Config
	// Visibility is how long a message is hidden from other consumers; it is
	// extended while it is worked on. Default: 1 minute.
	Visibility time.Duration
	Backoff    event.Backoff // default: 500 milliseconds to 1 minute
	Log        *slog.Logger

	poll time.Duration // 20 seconds; shorter in tests
}

// Run implements event.Source. A message is deleted when its events were
// handled. One whose events cannot be, or that cannot be read, becomes visible
// again after a pause, so the queue's own policy moves it to its dead letters.
func (s *Source) Run(ctx context.Context, handle event.Handler) error {
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	c := &consumer{s, client, s.Log, s.Visibility, s.Backoff, handle}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.visible <= 0 {
		c.visible = time.Minute
	}
	c.visible = max(c.visible.Truncate(time.Second), time.Second)
	if c.backoff.Min <= 0 {
		c.backoff = event.Backoff{Min: 500 * time.Millisecond, Max: time.Minute}
	}
	wait := s.poll
	if wait <= 0 {
		wait = 20 * time.Second
	}
	for failed := 0; ctx.Err() == nil; {
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &s.URL, MaxNumberOfMessages: maxBatch, WaitTimeSeconds: int32(wait / time.Second), VisibilityTimeout: int32(c.visible / time.Second),
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameMessageGroupId},
		})
		if err == nil {
			err = c.work(ctx, out.Messages)
		}
		if err == nil {
			failed = 0
			continue
		}
		if ctx.Err() == nil {
			failed++
			c.log.Warn("receive events from SQS", "queue", s.URL, "err", err)
			c.backoff.Wait(ctx, failed)
		}
	}
	return nil
}

type consumer struct {
	*Source
	client  *sqs.Client
	log     *slog.Logger
	visible time.Duration
	backoff event.Backoff
	handle  event.Handler
}

// work handles messages together or, if that fails, one by one.
func (c *consumer) work(ctx context.Context, messages []types.Message) error {
	if len(messages) == 0 {
		return nil
	}
	defer c.keep(ctx, messages)()
	var good []types.Message
	var events []event.Event
	parsed := map[string][]event.Event{}
	blocked := map[string]bool{} // groups of a FIFO queue of which a message failed
	for _, m := range messages {
		if blocked[groupOf(m)] {
			continue
		}
		e, err := event.Parse([]byte(aws.ToString(m.Body)))
		if err != nil {
			c.log.Error("a message of SQS is no notification", "queue", c.URL, "message", aws.ToString(m.MessageId), "err", err)
			c.giveBack(ctx, m)
			if g := groupOf(m); g != "" {
				blocked[g] = true
			}
			continue
		}
		parsed[aws.ToString(m.ReceiptHandle)] = e
		events, good = append(events, e...), append(good, m)
	}
	if len(events) == 0 || c.handle(ctx, events) == nil {
		return c.delete(ctx, good)
	}
	var done []types.Message
	for _, m := range good {
		if blocked[groupOf(m)] || ctx.Err() != nil {
			continue
		}
		if e := parsed[aws.ToString(m.ReceiptHandle)]; len(e) > 0 {
			if err := c.handle(ctx, e); err != nil {
				c.log.Warn("handle events from SQS", "queue", c.URL, "message", aws.ToString(m.MessageId), "err", err)
				c.giveBack(ctx, m)
				if g := groupOf(m); g != "" {
					blocked[g] = true
				}
				continue
			}
		}
		done = append(done, m)
	}
	return c.delete(ctx, done)
}

func groupOf(m types.Message) string {
	return m.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]
}

func (c *consumer) delete(ctx context.Context, messages []types.Message) error {
	if len(messages) == 0 {
		return nil
	}
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &c.URL}
	for i, m := range messages {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
	}
	out, err := c.client.DeleteMessageBatch(ctx, in)
	if err == nil && len(out.Failed) > 0 {
		err = fmt.Errorf("%s: %s", aws.ToString(out.Failed[0].Code), aws.ToString(out.Failed[0].Message))
	}
	if err != nil {
		return fmt.Errorf("delete handled messages, which come again: %w", err)
	}
	return nil
}

// giveBack makes a message visible again after a pause that grows with the
// times it was received. If it fails, the visibility's end does the same.
func (c *consumer) giveBack(ctx context.Context, m types.Message) {
	n, _ := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	_, _ = c.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &c.URL, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: int32(c.backoff.After(n) / time.Second),
	})
}

// keep extends the messages' visibility until stop is called.
func (c *consumer) keep(ctx context.Context, messages []types.Message) (stop func()) {
	return event.Meanwhile(ctx, c.visible/2, func(ctx context.Context) {
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &c.URL}
		for i, m := range messages {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: int32(c.visible / time.Second)})
		}
		_, _ = c.client.ChangeMessageVisibilityBatch(ctx, in) // if it fails they come again, as they may
	})
}
