package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"lethe/event"
)

// peer is a Kafka of one broker in this process, which keeps its data on disk
// and can be stopped and started.
type peer struct {
	t    *testing.T
	dir  string
	port int
	c    *kfake.Cluster
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, dir: t.TempDir(), port: l.Addr().(*net.TCPAddr).Port}
	l.Close()
	p.start()
	t.Cleanup(func() { p.c.Close() })
	return p
}

func (p *peer) start() {
	p.t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(p.port), kfake.DataDir(p.dir), kfake.SyncWrites(), kfake.SeedTopics(4, "lake"),
		kfake.GroupMinSessionTimeout(time.Second), kfake.BrokerConfigs(map[string]string{"message.max.bytes": strconv.Itoa(64 << 10)}))
	if err != nil {
		p.t.Fatal(err)
	}
	p.c = c
}

func (p *peer) config() Config { return Config{Brokers: []string{"127.0.0.1:" + strconv.Itoa(p.port)}} }

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
		if m = left; len(m) > 0 && time.Now().After(end) {
			t.Fatal("never taken:", last)
		}
	}
}

func TestTarget(t *testing.T) {
	p := newPeer(t)
	target, err := NewTarget(p.config(), "lake")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	send(t, target, []event.Message{message("k1", 1), message("k2", 2)})
	large := message("k3", 3)
	large.Body = []byte(`"` + strings.Repeat("x", 4<<20) + `"`)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if errs := target.Send(ctx, []event.Message{large, message("k4", 4)}); !errors.Is(errs[0], event.ErrRefused) || errs[1] != nil {
		t.Error(errs)
	}
	p.c.Close()
	short, stop := context.WithTimeout(t.Context(), time.Second)
	began := time.Now()
	if err := target.Send(short, []event.Message{message("k5", 5)})[0]; err == nil || errors.Is(err, event.ErrRefused) {
		t.Errorf("the broker is away: %v", err)
	}
	stop()
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("the target waited %v", d)
	}
	p.start()
	send(t, target, []event.Message{message("k5", 5)})

	// As a consumer that knows nothing of ours sees it.
	client, err := kgo.NewClient(kgo.SeedBrokers(p.config().Brokers...), kgo.ConsumeTopics("lake"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	keys := map[string]bool{}
	for len(keys) < 4 && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			keys[string(r.Key)] = true
			if len(r.Headers) != 2 || r.Headers[0].Key != "id" || r.Headers[0].Value == nil {
				t.Errorf("headers %v", r.Headers)
			}
		})
	}
	if !keys["b/k1"] || !keys["b/k2"] || !keys["b/k4"] || !keys["b/k5"] {
		t.Error(keys)
	}
}

// TestSource produces 1,000 events of 50 keys while handling fails at random,
// the source is stopped at random, and the broker goes away once.
func TestSource(t *testing.T) {
	p := newPeer(t)
	target, err := NewTarget(p.config(), "lake")
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
	source := &Source{Config: p.config(), Topics: []string{"lake"}, Group: "lethe", Backoff: event.Backoff{Min: time.Millisecond, Max: 10 * time.Millisecond}}
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
			client, err := kgo.NewClient(kgo.SeedBrokers(p.config().Brokers...))
			if err != nil {
				t.Fatal(err)
			}
			if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "lake", Value: []byte("no notification")}).FirstErr(); err != nil {
				t.Fatal(err)
			}
			client.Close()
		case 400, 700:
			stop()
			stop = begin()
		case 500:
			p.c.Close()
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
	for name, f := range map[string]func() error{
		"no broker":    func() error { _, err := NewTarget(Config{}, "t"); return err },
		"no topic":     func() error { _, err := NewTarget(Config{Brokers: []string{"h:1"}}, ""); return err },
		"no such SASL": func() error { _, err := NewTarget(Config{Brokers: []string{"h:1"}, SASL: "GSSAPI"}, "t"); return err },
		"no group": func() error {
			return (&Source{Config: Config{Brokers: []string{"h:1"}}, Topics: []string{"t"}}).Run(t.Context(), nil)
		},
		"no such topic": func() error {
			return (&Source{Config: Config{Brokers: []string{"h:1"}}, Group: "g"}).Run(t.Context(), nil)
		},
	} {
		if f() == nil {
			t.Errorf("%s is no mistake", name)
		}
	}
}
