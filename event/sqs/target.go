package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"lethe/event"
)

// Target sends events to a queue.
type Target struct {
	Config
	client *sqs.Client
}

// NewTarget makes a target. Nothing is sent yet.
func NewTarget(ctx context.Context, c Config) (*Target, error) {
	client, err := c.client(ctx)
	if err != nil {
		return nil, err
	}
	return &Target{c, client}, nil
}

const parallel = 4 // requests under way at once

// Send implements event.Target.
func (t *Target) Send(ctx context.Context, messages []event.Message) []error {
	errs := make([]error, len(messages))
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	at := 0
	for batch := range slices.Chunk(messages, maxBatch) {
		into := errs[at : at+len(batch)]
		at += len(batch)
		slots <- struct{}{}
		wg.Go(func() {
			t.batch(ctx, batch, into)
			<-slots
		})
	}
	wg.Wait()
	return errs
}

func (t *Target) batch(ctx context.Context, messages []event.Message, errs []error) {
	in := &sqs.SendMessageBatchInput{QueueUrl: &t.URL}
	for i, m := range messages {
		e := types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(m.Body))}
		if t.fifo() {
			e.MessageGroupId, e.MessageDeduplicationId = aws.String(group(m.Event)), &m.ID
		}
		in.Entries = append(in.Entries, e)
		errs[i] = errors.New("SQS did not say what became of the message")
	}
	out, err := t.client.SendMessageBatch(ctx, in)
	if err != nil {
		err = fmt.Errorf("SQS: %w", err)
		var large *types.BatchRequestTooLong
		if errors.As(err, &large) && len(messages) == 1 {
			err = fmt.Errorf("%w: %w", event.ErrRefused, err)
		}
		for i := range errs {
			errs[i] = err
		}
		if large != nil && len(messages) > 1 { // together they are too large
			half := len(messages) / 2
			t.batch(ctx, messages[:half], errs[:half])
			t.batch(ctx, messages[half:], errs[half:])
		}
		return
	}
	index := func(id *string) int {
		if i, err := strconv.Atoi(aws.ToString(id)); err == nil && i >= 0 && i < len(errs) {
			return i
		}
		return -1
	}
	for _, ok := range out.Successful {
		if i := index(ok.Id); i >= 0 {
			errs[i] = nil
		}
	}
	for _, f := range out.Failed {
		if i := index(f.Id); i >= 0 {
			errs[i] = fmt.Errorf("SQS: %s: %s", aws.ToString(f.Code), aws.ToString(f.Message))
			if f.SenderFault {
				errs[i] = fmt.Errorf("%w: %w", event.ErrRefused, errs[i])
			}
		}
	}
}

// group is the message group of an object; a key itself may be too long and
// hold characters that are not allowed.
func group(e event.Event) string {
	sum := sha256.Sum256([]byte(e.Bucket + "/" + e.Key))
	return hex.EncodeToString(sum[:16])
}

// Close implements event.Target.
func (t *Target) Close() error { return nil }
