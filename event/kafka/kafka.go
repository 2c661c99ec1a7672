// Package kafka sends events to Kafka and receives those of other object stores
// from it.
//
// The producer is idempotent and waits for all replicas in sync. A record's key
// is bucket/key, so the events of a key are in one partition and in order; its
// header "id" is the event's.
package kafka

import (
	"crypto/tls"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"lethe"
)

// Config says how to reach Kafka.
type Config struct {
	Brokers []string // host:port
	TLS     *tls.Config
	// SASL is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; "" for none.
	SASL           string
	User, Password string
}

func (c Config) options() ([]kgo.Opt, error) {
	if len(c.Brokers) == 0 {
		return nil, lethe.Errorf(lethe.Invalid, "events and Kafka need brokers, as host:port")
	}
	opts := []kgo.Opt{kgo.SeedBrokers(c.Brokers...), kgo.ClientID("lethe")}
	if c.TLS != nil {
		opts = append(opts, kgo.DialTLSConfig(c.TLS))
	}
	switch c.SASL {
	case "":
	case "PLAIN":
		opts = append(opts, kgo.SASL(plain.Auth{User: c.User, Pass: c.Password}.AsMechanism()))
	case "SCRAM-SHA-256":
		opts = append(opts, kgo.SASL(scram.Auth{User: c.User, Pass: c.Password}.AsSha256Mechanism()))
	case "SCRAM-SHA-512":
		opts = append(opts, kgo.SASL(scram.Auth{User: c.User, Pass: c.Password}.AsSha512Mechanism()))
	default:
		return nil, lethe.Errorf(lethe.Invalid, "SASL mechanism %q: there are PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512", c.SASL)
	}
	return opts, nil
}
