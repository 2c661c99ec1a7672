package event

import "context"

// Handler works on events. It returns nil when their effect is durable; on an
// error they come again, all of them. The events of one key are in order as far
// as their sender keeps one.
type Handler func(ctx context.Context, events []Event) error

// Source brings the events of a store that is not ours: of buckets on AWS,
// MinIO, Ceph or another S3.
type Source interface {
	// Run hands events to handle until ctx ends, and acknowledges them to their
	// sender only after handle returned nil: they come at least once. A sender
	// that cannot be reached is tried again; Run returns early only with an
	// error that trying again does not cure.
	//
	// Messages that cannot be read are reported to the source's log and left to
	// the sender's own dead letters where it has some, else passed over.
	Run(ctx context.Context, handle Handler) error
}
