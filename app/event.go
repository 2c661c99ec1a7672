package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lethe"
	"lethe/config"
	"lethe/event"
	"lethe/event/kafka"
	"lethe/event/nats"
	"lethe/event/sqs"
	"lethe/event/webhook"
	"lethe/lib/state"
)

// openEvents makes what delivers events. Parts subscribe until startEvents.
func (a *App) openEvents(ctx context.Context, db *state.DB) (err error) {
	c := a.Config.Events
	targets := map[string]event.Target{}
	for name, t := range c.Targets {
		if targets[name], err = eventTarget(ctx, t); err != nil {
			for _, open := range targets {
				if open != nil {
					open.Close()
				}
			}
			return fmt.Errorf("events.targets.%s: %w", name, err)
		}
	}
	a.Events, err = event.Open(ctx, event.Config{
		DB: db, Outbox: a.Objects, Rules: a.Objects.Rules, Targets: targets, Region: a.Config.AWS.Region,
		Tries: c.Tries, MaxAge: c.MaxAge, Log: a.Log,
	})
	if err != nil {
		return err
	}
	a.onStop(a.Events.Close)
	a.metrics.registry.MustRegister(eventMetrics{a.Events})
	return nil
}

// startEvents begins to deliver events, and to receive those of other stores.
func (a *App) startEvents(ctx context.Context) error {
	if err := a.Events.Start(ctx); err != nil {
		return err
	}
	run, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	a.onStop(func() error {
		stop()
		running.Wait()
		return a.Events.Close() // before the parts that subscribed
	})
	for name, c := range a.Config.Events.Sources {
		source, err := a.eventSource(name, c)
		if err != nil {
			return fmt.Errorf("events.sources.%s: %w", name, err)
		}
		running.Go(func() {
			if err := source.Run(run, a.Events.Receive); err != nil && run.Err() == nil {
				a.fail(fmt.Errorf("events.sources.%s: %w", name, err))
			}
		})
	}
	return nil
}

func eventTarget(ctx context.Context, t config.EventTarget) (event.Target, error) {
	switch {
	case t.Webhook != nil:
		return webhookTarget(t.Webhook)
	case t.NATS != nil:
		c, err := natsConfig(t.NATS)
		if err != nil {
			return nil, err
		}
		return nats.NewTarget(c, t.NATS.Subject)
	case t.Kafka != nil:
		c, err := kafkaConfig(t.Kafka)
		if err != nil {
			return nil, err
		}
		return kafka.NewTarget(c, t.Kafka.Topic)
	case t.SQS != nil:
		return sqs.NewTarget(ctx, sqsConfig(t.SQS))
	}
	return nil, lethe.Errorf(lethe.Invalid, "the target is of no kind")
}

func webhookTarget(w *config.EventWebhook) (event.Target, error) {
	trust, err := trusting(w.CAFile)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for k, v := range w.Headers {
		header.Set(k, v)
	}
	return webhook.New(webhook.Config{URL: w.URL, Token: string(w.Token), Secret: string(w.Secret), Header: header, Timeout: w.Timeout, TLS: trust})
}

func (a *App) eventSource(name string, s config.EventSource) (event.Source, error) {
	log := a.Log.With("source", name)
	switch {
	case s.Webhook != nil:
		r, err := webhook.NewReceiver(string(s.Webhook.Token), string(s.Webhook.Secret))
		if err != nil {
			return nil, err
		}
		addr, err := a.serve(s.Webhook.Addr, r)
		if err != nil {
			return nil, err
		}
		log.Info("receive events of other stores", "addr", addr.String())
		return r, nil
	case s.NATS != nil:
		c, err := natsConfig(s.NATS)
		if err != nil {
			return nil, err
		}
		return &nats.Source{Config: c, Stream: s.NATS.Stream, Subject: s.NATS.Subject, Durable: orElse(s.NATS.Consumer, "lethe"), Log: log}, nil
	case s.Kafka != nil:
		c, err := kafkaConfig(s.Kafka)
		if err != nil {
			return nil, err
		}
		return &kafka.Source{Config: c, Topics: []string{s.Kafka.Topic}, Group: orElse(s.Kafka.Group, "lethe"), Log: log}, nil
	case s.SQS != nil:
		return &sqs.Source{Config: sqsConfig(s.SQS), Log: log}, nil
	}
	return nil, lethe.Errorf(lethe.Invalid, "the source is of no kind")
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func natsConfig(n *config.EventNATS) (nats.Config, error) {
	trust, err := trusting(n.CAFile)
	return nats.Config{URL: n.URL, Credentials: n.Credentials, TLS: trust}, err
}

func kafkaConfig(k *config.EventKafka) (kafka.Config, error) {
	trust, err := trusting(k.CAFile)
	if k.TLS && trust == nil {
		trust = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return kafka.Config{Brokers: k.Brokers, TLS: trust, SASL: k.SASL, User: k.User, Password: string(k.Password)}, err
}

func sqsConfig(q *config.EventSQS) sqs.Config {
	return sqs.Config{URL: q.URL, Region: q.Region, Endpoint: q.Endpoint, AccessKey: q.AccessKey, SecretKey: string(q.SecretKey)}
}

// trusting makes a TLS configuration that trusts the certificates in a file; nil
// without one.
func trusting(caFile string) (*tls.Config, error) {
	if caFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(caFile)
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "the certificates to trust: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, lethe.Errorf(lethe.Invalid, "%s holds no certificate in PEM", caFile)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// eventMetrics tells how far each receiver of events is.
type eventMetrics struct{ events *event.Dispatcher }

var (
	eventBehind    = prometheus.NewDesc("lethe_event_behind", "Events in the outbox that a receiver has not come to, whether it wants them or not.", []string{"receiver"}, nil)
	eventHeld      = prometheus.NewDesc("lethe_event_held", "Events that a receiver did not take, or that wait behind one of their key.", []string{"receiver"}, nil)
	eventDead      = prometheus.NewDesc("lethe_event_dead_letters", "Events that were given up until somebody redelivers or discards them.", []string{"receiver"}, nil)
	eventAge       = prometheus.NewDesc("lethe_event_oldest_seconds", "Age of the oldest event that a receiver has not had; 0 if it has had all.", []string{"receiver"}, nil)
	eventDown      = prometheus.NewDesc("lethe_event_receiver_down", "1 while a receiver takes no event.", []string{"receiver"}, nil)
	eventDelivered = prometheus.NewDesc("lethe_event_delivered_total", "Events that a receiver acknowledged.", []string{"receiver"}, nil)
	eventFailed    = prometheus.NewDesc("lethe_event_failed_total", "Tries to deliver an event that failed.", []string{"receiver"}, nil)
)

// Describe implements prometheus.Collector.
func (m eventMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{eventBehind, eventHeld, eventDead, eventAge, eventDown, eventDelivered, eventFailed} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m eventMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	all, err := m.events.Status(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(eventBehind, err)
		return
	}
	for _, s := range all {
		gauge := func(d *prometheus.Desc, v float64) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, s.Receiver)
		}
		gauge(eventBehind, float64(s.Behind))
		gauge(eventHeld, float64(s.Held))
		gauge(eventDead, float64(s.Dead))
		age, down := 0.0, 0.0
		if !s.Oldest.IsZero() {
			age = max(time.Since(s.Oldest).Seconds(), 0)
		}
		if s.Down {
			down = 1
		}
		gauge(eventAge, age)
		gauge(eventDown, down)
		to <- prometheus.MustNewConstMetric(eventDelivered, prometheus.CounterValue, float64(s.Delivered), s.Receiver)
		to <- prometheus.MustNewConstMetric(eventFailed, prometheus.CounterValue, float64(s.Failed), s.Receiver)
	}
}
