package kafka

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"lethe/event"
	"lethe/event/eventtest"
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

func TestTarget(t *testing.T) {
	p := newPeer(t)
	target, err := NewTarget(p.config(), "lake")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	eventtest.Send(t, target, []event.Message{eventtest.Message("k1", 1), eventtest.Message("k2", 2)})
	large := eventtest.Message("k3", 3)
	large.Body = []byte(`"` + strings.Repeat("x", 4<<20) + `"`)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if errs := target.Send(ctx, []event.Message{large, eventtest.Message("k4", 4)}); !errors.Is(errs[0], event.ErrRefused) || errs[1] != nil {
		t.Error(errs)
	}
	p.c.Close()
	short, stop := context.WithTimeout(t.Context(), time.Second)
	began := time.Now()
	if err := target.Send(short, []event.Message{eventtest.Message("k5", 5)})[0]; err == nil || errors.Is(err, event.ErrRefused) {
		t.Errorf("the broker is away: %v", err)
	}
	stop()
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("the target waited %v", d)
	}
	p.start()
	eventtest.Send(t, target, []event.Message{eventtest.Message("k5", 5)})

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

	source := &Source{Config: p.config(), Topics: []string{"lake"}, Group: "lethe", Backoff: event.Backoff{Min: time.Millisecond, Max: 10 * time.Millisecond}}
	noise := func() {
		client, err := kgo.NewClient(kgo.SeedBrokers(p.config().Brokers...))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "lake", Value: []byte("no notification")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	eventtest.Soak(t, target, source, noise, func() {
		p.c.Close()
		p.start()
	})
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
