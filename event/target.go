package event

import (
	"context"
	"errors"
	"strings"

	"lethe"
)

// Target is somebody outside of lethe who is told of events.
type Target interface {
	// Send hands messages over and returns when the other side has them: after
	// its acknowledgement, where there is one. The messages are of different
	// objects, so their order is free and they may go at once.
	//
	// The result is nil if all were taken; else it has one entry for each
	// message, nil where it was. An error that wraps ErrRefused says that the
	// other side answered, and does not want this message; one that wraps
	// ErrNotSent that it was not asked; any other that it could not be. ctx
	// bounds the call.
	Send(ctx context.Context, messages []Message) []error
	Close() error
}

// Message is an event as it is sent.
type Message struct {
	Event Event
	ID    string // the same at each try
	Body  []byte // JSON, see Encode
}

// ErrRefused is in the chain of errors of messages that their target does not take.
var ErrRefused = errors.New("the target refused the event")

// ErrNotSent is in the chain of errors of messages that were not tried, because
// the target was seen to be away with an earlier one.
var ErrNotSent = errors.New("not sent, as the target is away")

// TargetARN names a target as clients do in a bucket's notification
// configuration: as a queue.
func TargetARN(region, name string) string {
	return "arn:aws:sqs:" + region + ":" + lethe.Account + ":" + name
}

// TargetName returns the name of the target that an ARN of the form of
// TargetARN names. The same target may be named as a topic of SNS or a function
// of Lambda, so that all parts of a notification configuration can be used; what
// it receives is the same. The region is free, the account is the lake's.
func TargetName(arn string) (name string, ok bool) {
	p := strings.Split(arn, ":")
	if len(p) < 6 || p[0] != "arn" || p[1] != "aws" || p[4] != lethe.Account {
		return "", false
	}
	switch {
	case (p[2] == "sqs" || p[2] == "sns") && len(p) == 6:
		name = p[5]
	case p[2] == "lambda" && len(p) == 7 && p[5] == "function":
		name = p[6]
	}
	return name, name != ""
}

// CheckTarget returns an error of kind Invalid if a bucket's events cannot be
// sent to what an ARN names.
func (d *Dispatcher) CheckTarget(arn string) error {
	name, ok := TargetName(arn)
	if _, known := d.Targets[name]; ok && known {
		return nil
	}
	return lethe.Errorf(lethe.Invalid, "there is no target of events %s", arn).
		WithHint("targets are configured as events.targets.NAME and called %s", TargetARN(d.Region, "NAME"))
}
