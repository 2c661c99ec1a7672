// Package nats sends events to NATS JetStream and receives those of other object
// stores from it.
//
// Events are published to a subject that a stream keeps, and count as delivered
// when the stream has acknowledged them. NATS without JetStream keeps nothing
// for a consumer that is away, so it would be delivery at most once, and is not
// supported: where no stream listens, events wait. Each message carries the
// event's id in Nats-Msg-Id, so within its window for duplicates the stream
// drops what is sent again.
//
// The messages of a subject are in the order in which they were published, so
// the events of a key are.
package nats

import (
	"crypto/tls"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lethe"
)

// Config says how to reach NATS.
type Config struct {
	URL string // nats://host:4222, several with commas; may hold a user and password, or a token
	// Credentials is the path of a file of NATS's user credentials (.creds); "" if there is none.
	Credentials string
	TLS         *tls.Config // nil: as the URL's scheme says
}

// connect begins to connect and goes on for ever: a server that is away at the
// start is one that is away for a while.
func connect(c Config, name string) (*nats.Conn, jetstream.JetStream, error) {
	opts := []nats.Option{
		nats.Name(name), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond), nats.ReconnectJitter(200*time.Millisecond, time.Second),
		// Without a connection publishing fails at once. What a buffer held
		// would arrive later, maybe after what came after it.
		nats.ReconnectBufSize(-1),
		nats.Timeout(5 * time.Second),
	}
	if c.Credentials != "" {
		opts = append(opts, nats.UserCredentials(c.Credentials))
	}
	if c.TLS != nil {
		opts = append(opts, nats.Secure(c.TLS))
	}
	nc, err := nats.Connect(c.URL, opts...)
	if err != nil {
		return nil, nil, lethe.Errorf(lethe.Invalid, "the connection to NATS: %w", err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return nc, js, nil
}
