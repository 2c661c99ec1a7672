package event_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/event"
	"lethe/event/webhook"
	"lethe/lib/state"
	"lethe/object"
	"lethe/object/disk"
)

const (
	killDir   = "LETHE_TEST_EVENT_DIR"
	killURL   = "LETHE_TEST_EVENT_URL"
	killWrite = "LETHE_TEST_EVENT_WRITE" // "" to only deliver what is there
)

// TestKilled kills a process that writes objects and delivers their events to a
// webhook of this one, again and again, while the webhook fails at times. Every
// event of an acknowledged write arrives, those of a key in order, and nothing
// but what arrived before arrives again.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := writer(t.Context(), dir, os.Getenv(killURL), os.Getenv(killWrite) != ""); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		return
	}
	r := &recorder{seen: map[string]event.Event{}, last: map[string]event.Event{}}
	server := httptest.NewServer(r)
	defer server.Close()
	dir := t.TempDir()
	acknowledged := map[string]bool{} // key and size
	child := func(write string) (*exec.Cmd, *bufio.Scanner) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), killDir+"="+dir, killURL+"="+server.URL, killWrite+"="+write)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, bufio.NewScanner(out)
	}
	note := func(line string) {
		if strings.HasPrefix(line, "failed:") {
			t.Fatal(line)
		}
		if what, ok := strings.CutPrefix(line, "wrote "); ok {
			acknowledged[what] = true
		}
	}
	for round := range 4 {
		cmd, lines := child("yes")
		for i := 0; i < 150+40*round && lines.Scan(); i++ {
			note(lines.Text())
		}
		cmd.Process.Kill()
		for lines.Scan() {
			note(lines.Text())
		}
		cmd.Wait()
	}
	before := r.count()
	cmd, lines := child("")
	for lines.Scan() {
		note(lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(acknowledged) < 400 || before == 0 {
		t.Fatalf("%d writes, %d events before the last start: the test shows nothing", len(acknowledged), before)
	}
	arrived := map[string]bool{}
	for _, e := range r.seen {
		arrived[fmt.Sprintf("%s %d", e.Key, e.Size)] = true
	}
	for w := range acknowledged {
		if !arrived[w] {
			t.Errorf("the event of %s never came", w)
		}
	}
	for _, p := range r.problems {
		t.Error(p)
	}
	t.Logf("%d writes acknowledged, %d events, %d of them again", len(acknowledged), len(r.seen), r.again)
}

// recorder is a webhook that refuses some requests and remembers the others.
type recorder struct {
	mu       sync.Mutex
	n, again int
	seen     map[string]event.Event // by sequencer
	last     map[string]event.Event // by key
	problems []string
}

func (r *recorder) count() int { r.mu.Lock(); defer r.mu.Unlock(); return len(r.seen) }

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender was killed
	}
	events, err := event.Parse(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n++; r.n%7 == 0 {
		w.WriteHeader(503)
		return
	}
	if err != nil || len(events) != 1 {
		r.problems = append(r.problems, fmt.Sprintf("%s: %v", body, err))
		return
	}
	e := events[0]
	if _, ok := r.seen[e.Sequencer]; ok {
		r.again++
		return
	}
	if before, ok := r.last[e.Key]; ok && !e.After(before) {
		r.problems = append(r.problems, fmt.Sprintf("%s: %s came after %s", e.Key, e.Sequencer, before.Sequencer))
	}
	r.seen[e.Sequencer], r.last[e.Key] = e, e
}

// writer is the process that is killed. It says what it wrote, and without
// write ends when everything is delivered.
func writer(ctx context.Context, dir, url string, write bool) error {
	store, err := disk.Open(filepath.Join(dir, "objects"), disk.Options{Events: true})
	if err != nil {
		return err
	}
	if err := store.CreateBucket(ctx, "lake"); err != nil && !lethe.Is(err, lethe.Exists) {
		return err
	}
	if err := store.SetNotifications(ctx, "lake", event.Notifications{Queues: []event.Rule{{ID: "all", Target: event.TargetARN("eu-central-1", "hook"), Events: []string{"s3:ObjectCreated:*"}}}}); err != nil {
		return err
	}
	db, err := state.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		return err
	}
	hook, err := webhook.New(webhook.Config{URL: url})
	if err != nil {
		return err
	}
	d, err := event.Open(ctx, event.Config{DB: db, Outbox: store, Rules: store.Rules, Targets: map[string]event.Target{"hook": hook}, Region: "eu-central-1",
		Tries: 1000, Backoff: event.Backoff{Min: time.Millisecond, Max: 20 * time.Millisecond}})
	if err != nil {
		return err
	}
	if err := d.Start(ctx); err != nil {
		return err
	}
	if write {
		base := int(store.Settled()) + 1 // sizes that no earlier round had
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := w; ; i += 4 {
					key, size := fmt.Sprintf("key %d", i%50), base+i
					if _, err := store.Put(ctx, "lake", key, strings.NewReader(strings.Repeat("x", size)), object.Header{}, object.Condition{}); err != nil {
						fmt.Println("failed:", err)
						os.Exit(1)
					}
					fmt.Printf("wrote %s %d\n", key, size)
				}
			})
		}
		wg.Wait()
	}
	for {
		all, err := d.Status(ctx)
		if err != nil {
			return err
		}
		if s := all[0]; s.Dead > 0 {
			text, _ := json.Marshal(s)
			return fmt.Errorf("dead letters: %s", text)
		} else if s.Behind == 0 && s.Held == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	return d.Close()
}

// TestNothingStaysRunning counts goroutines before and after.
func TestNothingStaysRunning(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	dir := t.TempDir()
	store, err := disk.Open(filepath.Join(dir, "objects"), disk.Options{Events: true, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	round := func() {
		hook, err := webhook.New(webhook.Config{URL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		d, err := event.Open(t.Context(), event.Config{DB: db, Outbox: store, Rules: store.Rules, Targets: map[string]event.Target{"hook": hook}})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Subscribe(t.Context(), "x", func(context.Context, []event.Event) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	round()
	before := runtime.NumGoroutine()
	for range 5 {
		round()
	}
	for end := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
	server.Close()
	store.Close()
	db.Close()
}
