package nats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lethe/event"
	"lethe/event/eventtest"
)

// peer is a NATS server in this process, which can be stopped and started.
type peer struct {
	t    *testing.T
	opts *server.Options
	s    *server.Server
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{t: t, opts: &server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true, MaxPayload: 64 << 10}}
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *peer) start() {
	p.t.Helper()
	s, err := server.NewServer(p.opts)
	if err != nil {
		p.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		p.t.Fatal("the NATS server does not start")
	}
	p.s, p.opts.Port = s, s.Addr().(*net.TCPAddr).Port
}

func (p *peer) stop() { p.s.Shutdown(); p.s.WaitForShutdown() }

func (p *peer) config() Config { return Config{URL: fmt.Sprintf("nats://127.0.0.1:%d", p.opts.Port)} }

// client is a connection that knows nothing of ours.
func (p *peer) client() jetstream.JetStream {
	p.t.Helper()
	nc, err := nats.Connect(p.config().URL)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		p.t.Fatal(err)
	}
	return js
}

func (p *peer) stream() {
	p.t.Helper()
	if _, err := p.client().CreateStream(p.t.Context(), jetstream.StreamConfig{Name: "LAKE", Subjects: []string{"lake.>"}}); err != nil {
		p.t.Fatal(err)
	}
}

func TestTarget(t *testing.T) {
	p := newPeer(t)
	target, err := NewTarget(p.config(), "lake.events")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := target.Send(ctx, []event.Message{eventtest.Message("k", 1)})[0]; err == nil || errors.Is(err, event.ErrRefused) || !strings.Contains(err.Error(), "no stream") {
		t.Errorf("no stream listens: %v", err)
	}
	p.stream()
	eventtest.Send(t, target, []event.Message{eventtest.Message("k", 1)})
	eventtest.Send(t, target, []event.Message{eventtest.Message("k", 1), eventtest.Message("k2", 2)}) // the first again
	large := eventtest.Message("k3", 3)
	large.Body = []byte(`"` + strings.Repeat("x", 128<<10) + `"`)
	errs := target.Send(ctx, []event.Message{large, eventtest.Message("k4", 4)})
	if !errors.Is(errs[0], event.ErrRefused) || errs[1] != nil {
		t.Error(errs)
	}
	p.stop()
	short, stop := context.WithTimeout(t.Context(), 2*time.Second)
	if err := target.Send(short, []event.Message{eventtest.Message("k5", 5)})[0]; err == nil || errors.Is(err, event.ErrRefused) {
		t.Errorf("the server is away: %v", err)
	}
	stop()
	p.start()
	eventtest.Send(t, target, []event.Message{eventtest.Message("k5", 5)})
	s, err := p.client().Stream(ctx, "LAKE")
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(ctx)
	if err != nil || info.State.Msgs != 4 {
		t.Errorf("%d messages, want 4: what was sent twice is dropped; %v", info.State.Msgs, err)
	}
}

// TestSource publishes 1,000 events of 50 keys while handling fails at random,
// the source is stopped at random, and the server goes away once.
func TestSource(t *testing.T) {
	p := newPeer(t)
	p.stream()
	target, err := NewTarget(p.config(), "lake.events")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()

	source := &Source{Config: p.config(), Stream: "LAKE", Durable: "lethe", ackWait: 2 * time.Second, Backoff: event.Backoff{Min: time.Millisecond, Max: 10 * time.Millisecond}}
	noise := func() {
		if _, err := p.client().Publish(t.Context(), "lake.events", []byte("no notification")); err != nil {
			t.Fatal(err)
		}
	}
	eventtest.Soak(t, target, source, noise, func() {
		p.stop()
		p.start()
	})
}

func TestMistakes(t *testing.T) {
	if _, err := NewTarget(Config{URL: "nats://127.0.0.1:1"}, ""); err == nil {
		t.Error("a target without a subject")
	}
	if err := (&Source{}).Run(t.Context(), nil); err == nil {
		t.Error("a source without a stream")
	}
}
