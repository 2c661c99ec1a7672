package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe/event"
	"lethe/test/lake"
	"lethe/test/need"
)

// hook is a webhook that can be away.
type hook struct {
	mu     sync.Mutex
	away   bool
	token  string
	events []event.Event
	bodies []string
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	events, err := event.Parse(body)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away || err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	h.token = r.Header.Get("Authorization")
	h.events, h.bodies = append(h.events, events...), append(h.bodies, string(body))
}

func (h *hook) set(away bool) { h.mu.Lock(); defer h.mu.Unlock(); h.away = away }

func (h *hook) keys() (keys []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		keys = append(keys, e.Key)
	}
	return keys
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestTheEventGuide does what the guide says, with its own words, and then kills
// the server while the webhook is away.
func TestTheEventGuide(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(need.Root(), "docs", "guide", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	aws := need.Venv(t, "aws")
	yaml := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(string(text))
	shell := commands.FindStringSubmatch(string(text))
	shown := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(string(text))
	if yaml == nil || shell == nil || shown == nil {
		t.Fatal("the guide has no example")
	}
	h := &hook{}
	server := httptest.NewServer(h)
	defer server.Close()
	t.Setenv("AUDIT_TOKEN", "t0k3n")
	dir := t.TempDir()
	file := filepath.Join(dir, "lethe.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(yaml[1], "https://audit.example.com/events", server.URL, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "lake")
	l := lake.Start(t, data, "serve", "--config", file)
	cmd := exec.Command("bash", "-ec", shell[1])
	cmd.Dir = dir
	cmd.Env = append(l.Env(), "PATH="+filepath.Dir(aws)+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	eventually(t, "the event of the guide", func() bool { return slices.Contains(h.keys(), "my data.csv") })
	h.mu.Lock()
	want, err := event.Parse([]byte(shown[1]))
	if got := h.events[0]; err != nil || got.Name != want[0].Name || got.Bucket != want[0].Bucket || got.Size != want[0].Size || got.Principal != want[0].Principal || got.SourceIP != want[0].SourceIP || got.ETag == "" || got.RequestID == "" {
		t.Errorf("%v: the guide shows %+v, and this came: %s", err, want, h.bodies[0])
	}
	if h.token != "Bearer t0k3n" {
		t.Errorf("the token came as %q", h.token)
	}
	h.mu.Unlock()

	h.set(true)
	for i := range 20 {
		l.Put(t, "inbox", fmt.Sprintf("%d.csv", i), "a")
		l.Put(t, "inbox", fmt.Sprintf("%d.txt", i), "a") // not asked for
	}
	l.Kill()
	h.set(false)
	l = lake.Start(t, data, "serve", "--config", file)
	eventually(t, "the events of before the kill", func() bool {
		keys := h.keys()
		for i := range 20 {
			if !slices.Contains(keys, fmt.Sprintf("%d.csv", i)) {
				return false
			}
		}
		return true
	})
	for _, k := range h.keys() {
		if !strings.HasSuffix(k, ".csv") {
			t.Errorf("%s was not asked for", k)
		}
	}
	if out := l.Run(t, lake.Binary(t), "events", "status", "--data", l.Data); !strings.Contains(out, "target/audit") || !strings.Contains(out, " ok ") {
		t.Errorf("events status: %s", out)
	}
	if out := l.Run(t, lake.Binary(t), "events", "dead", "--data", l.Data); out != "no dead letters\n" {
		t.Errorf("events dead: %q", out)
	}
	if out := l.Run(t, lake.Binary(t), "events", "redeliver", "target/audit", "--data", l.Data); out != "0 to be delivered again\n" {
		t.Errorf("events redeliver: %q", out)
	}
	if out, err := l.Try(lake.Binary(t), "events", "discard", "target/audit", "one", "--data", l.Data); err == nil || !strings.Contains(out, "no dead letter") && !strings.Contains(out, "not a dead letter") {
		t.Errorf("events discard: %q %v", out, err)
	}
	resp, err := http.Get(l.Console + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, _ := io.ReadAll(resp.Body)
	if !strings.Contains(string(metrics), `lethe_event_dead_letters{receiver="target/audit"} 0`) {
		t.Errorf("no such metric in\n%s", metrics)
	}
}
