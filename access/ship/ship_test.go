package ship

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/access"
	"lethe/event"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
)

// receiver takes lines as it likes, and keeps them.
type receiver struct {
	mu    sync.Mutex
	down  func() bool
	lines []json.RawMessage
	names map[string]int
	tries int
}

func (r *receiver) Send(_ context.Context, m []event.Message) []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	down := r.down()
	if down && rand.IntN(2) == 0 {
		return []error{errors.New("away")}
	}
	var batch struct{ Lines []json.RawMessage }
	if err := json.Unmarshal(m[0].Body, &batch); err != nil {
		return []error{err}
	}
	if r.names[m[0].ID]++; r.names[m[0].ID] == 1 {
		r.lines = append(r.lines, batch.Lines...)
	}
	if down { // it has them, and could not say so
		return []error{fmt.Errorf("cut off: %w", event.ErrRefused)}
	}
	return nil
}

func (*receiver) Close() error { return nil }

func open(t *testing.T, dir string) (*access.Audit, *access.Service) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	audit, err := access.AuditOptions{Size: 3000, Keep: time.Nanosecond}.Open(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := access.Open(t.Context(), db, sealtest.Keyring(t, db), audit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), audit.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return audit, s
}

// TestNothingIsLost ships while the receiver comes and goes, files are closed and
// deleted, and the shipper is stopped and begun again: the receiver gets every line, in
// order, and can check the chain.
func TestNothingIsLost(t *testing.T) {
	audit, s := open(t, t.TempDir())
	r := &receiver{names: map[string]int{}, down: func() bool { return rand.IntN(3) > 0 }}
	const rounds, each = 12, 40
	for range rounds {
		shipper, err := New(t.Context(), Config{Lines: audit, Position: s, Target: r, Batch: 1 + rand.IntN(15),
			Backoff: event.Backoff{Min: time.Microsecond, Max: time.Millisecond}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { shipper.Run(ctx) })
		for n := range each {
			_ = s.Decide(t.Context(), lethe.Principal{}, "s3:GetObject", lethe.ObjectARN("b", fmt.Sprint(n)))
			if n%10 == 0 {
				if err := errors.Join(audit.Sync(), audit.Trim(time.Now())); err != nil {
					t.Fatal(err)
				}
			}
		}
		stop()
		running.Wait()
	}
	r.mu.Lock()
	r.down = func() bool { return false }
	r.mu.Unlock()
	shipper, err := New(t.Context(), Config{Lines: audit, Position: s, Target: r, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { shipper.Run(ctx) })
	if err := audit.Sync(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); shipper.Status().Behind > 0; {
		if time.Now().After(end) {
			t.Fatalf("%+v", shipper.Status())
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	running.Wait()
	if st := shipper.Status(); st.Err != nil || !st.Oldest.IsZero() || st.At < rounds*each {
		t.Errorf("%+v", st)
	}
	seq, prev, again := int64(0), "", 0
	for _, text := range r.lines {
		var e access.Entry
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		if e.Seq <= seq {
			again++ // of a batch that was cut otherwise after a restart
			continue
		}
		if e.Seq != seq+1 || prev != "" && e.Prev != prev {
			t.Fatalf("after line %d comes %d, whose prev is %s and not %s", seq, e.Seq, e.Prev, prev)
		}
		h := sha256.Sum256(text)
		seq, prev = e.Seq, hex.EncodeToString(h[:])
	}
	t.Logf("%d lines in %d tries, %d again", seq, r.tries, again)
	if seq < rounds*each {
		t.Errorf("%d lines of %d", seq, rounds*each)
	}
}

// A receiver that never answers holds nobody up, and its lag is told.
func TestAReceiverThatIsAway(t *testing.T) {
	audit, s := open(t, t.TempDir())
	r := &receiver{names: map[string]int{}, down: func() bool { return true }}
	shipper, err := New(t.Context(), Config{Lines: audit, Position: s, Target: refusing{r}, Backoff: event.Backoff{Min: time.Millisecond, Max: time.Millisecond}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { shipper.Run(ctx) })
	defer running.Wait()
	defer stop()
	for n := range 100 {
		if err := s.Decide(t.Context(), lethe.System, "s3:GetObject", lethe.ObjectARN("b", fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(audit.Sync(), audit.Trim(time.Now().Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); shipper.Status().Failed < 3; {
		if time.Now().After(end) {
			t.Fatalf("%+v", shipper.Status())
		}
		time.Sleep(time.Millisecond)
	}
	if st := shipper.Status(); st.Behind != 100 || st.Oldest.IsZero() || st.Err == nil || st.At != 0 {
		t.Errorf("%+v", st)
	}
}

type refusing struct{ *receiver }

func (refusing) Send(context.Context, []event.Message) []error {
	return []error{fmt.Errorf("no: %w", event.ErrRefused)}
}
