package nats

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lethe/event"
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

func message(key string, n int) event.Message {
	e := event.Event{Name: "ObjectCreated:Put", Bucket: "b", Key: key, Time: time.Now(), Sequencer: fmt.Sprintf("%016X", n)}
	return event.Message{Event: e, ID: e.ID(), Body: event.Encode("eu-central-1", "rule", e)}
}

// send tries until all have been taken.
func send(t *testing.T, target event.Target, m []event.Message) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); len(m) > 0; {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		var left []event.Message
		var last error
		for i, err := range target.Send(ctx, m) {
			if err != nil {
				left, last = append(left, m[i]), err
			}
		}
		cancel()
		if m = left; len(m) > 0 {
			if time.Now().After(end) {
				t.Fatal("never taken:", last)
			}
			time.Sleep(20 * time.Millisecond)
		}
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
	if err := target.Send(ctx, []event.Message{message("k", 1)})[0]; err == nil || errors.Is(err, event.ErrRefused) || !strings.Contains(err.Error(), "no stream") {
		t.Errorf("no stream listens: %v", err)
	}
	p.stream()
	send(t, target, []event.Message{message("k", 1)})
	send(t, target, []event.Message{message("k", 1), message("k2", 2)}) // the first again
	large := message("k3", 3)
	large.Body = []byte(`"` + strings.Repeat("x", 128<<10) + `"`)
	errs := target.Send(ctx, []event.Message{large, message("k4", 4)})
	if !errors.Is(errs[0], event.ErrRefused) || errs[1] != nil {
		t.Error(errs)
	}
	p.stop()
	short, stop := context.WithTimeout(t.Context(), 2*time.Second)
	if err := target.Send(short, []event.Message{message("k5", 5)})[0]; err == nil || errors.Is(err, event.ErrRefused) {
		t.Errorf("the server is away: %v", err)
	}
	stop()
	p.start()
	send(t, target, []event.Message{message("k5", 5)})
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

	var mu sync.Mutex
	seen, last := map[string]bool{}, map[string]string{}
	handled := make(chan int, 10000)
	handle := func(_ context.Context, events []event.Event) error {
		mu.Lock()
		defer mu.Unlock()
		if rand.IntN(4) == 0 {
			return errors.New("not now")
		}
		for _, e := range events {
			if !seen[e.Sequencer] {
				if e.Sequencer < last[e.Key] {
					t.Errorf("key %s: %s after %s", e.Key, e.Sequencer, last[e.Key])
				}
				seen[e.Sequencer], last[e.Key] = true, e.Sequencer
			}
		}
		handled <- len(seen)
		return nil
	}
	source := &Source{Config: p.config(), Stream: "LAKE", Durable: "lethe", ackWait: 2 * time.Second, Backoff: event.Backoff{Min: time.Millisecond, Max: 10 * time.Millisecond}}
	begin := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- source.Run(ctx, handle) }()
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	stop := begin()
	for i := 0; i < 1000; i += 50 {
		var m []event.Message
		for k := range 50 {
			m = append(m, message(fmt.Sprint("key", k), i+k+1))
		}
		send(t, target, m)
		switch i {
		case 300:
			if _, err := p.client().Publish(t.Context(), "lake.events", []byte("no notification")); err != nil {
				t.Fatal(err)
			}
		case 400, 700:
			stop()
			stop = begin()
		case 500:
			p.stop()
			p.start()
		}
	}
	defer func() { stop() }()
	for limit := time.After(90 * time.Second); ; {
		select {
		case n := <-handled:
			if n == 1000 {
				return
			}
		case <-limit:
			mu.Lock()
			t.Fatalf("%d of 1000 events", len(seen))
		}
	}
}

func TestMistakes(t *testing.T) {
	if _, err := NewTarget(Config{URL: "nats://127.0.0.1:1"}, ""); err == nil {
		t.Error("a target without a subject")
	}
	if err := (&Source{}).Run(t.Context(), nil); err == nil {
		t.Error("a source without a stream")
	}
}
