package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
)

// TestReadingPages reads an audit of several files in pages of all sizes, with and
// without filters, and compares with a list.
func TestReadingPages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	a, err := AuditOptions{Size: 20_000}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	seed := rand.Uint64()
	t.Log("seed", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	const lines = 600
	for range lines {
		_ = a.record(Entry{Event: "decision", Principal: lethe.UserARN([]string{"ada", "bob", "madada"}[random.IntN(3)]), Action: []string{"s3:GetObject", "s3:PutObject", "iam:GetUser"}[random.IntN(3)],
			Resource: lethe.ObjectARN("b", strings.Repeat("long/", random.IntN(40))), Outcome: outcome(random.IntN(2) == 0), Request: fmt.Sprint(random.IntN(50))}, false)
		if random.IntN(100) == 0 {
			if err := errors.Join(a.Sync(), a.turn(time.Now())); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := a.Read(t.Context(), AuditQuery{Limit: lines + 1})
	if err != nil || len(all.Entries) != lines || all.Next != 0 {
		t.Fatal(len(all.Entries), all.Next, err)
	}
	for i, e := range all.Entries {
		if e.Seq != int64(lines-i) {
			t.Fatalf("entry %d has number %d", i, e.Seq)
		}
	}
	for name, c := range map[string]struct {
		q    AuditQuery
		want func(Entry) bool
	}{
		"all":       {AuditQuery{}, func(Entry) bool { return true }},
		"principal": {AuditQuery{Principal: "ada"}, func(e Entry) bool { return e.Principal == lethe.UserARN("ada") }},
		"user":      {AuditQuery{Principal: "user/bob"}, func(e Entry) bool { return e.Principal == lethe.UserARN("bob") }},
		"action":    {AuditQuery{Action: "S3:*", Outcome: "denied"}, func(e Entry) bool { return strings.HasPrefix(e.Action, "s3:") && e.Outcome == "denied" }},
		"request":   {AuditQuery{Request: "7"}, func(e Entry) bool { return e.Request == "7" }},
		"nobody":    {AuditQuery{Principal: "da"}, func(e Entry) bool { return false }},
		"time": {AuditQuery{From: all.Entries[400].Time, To: all.Entries[200].Time}, func(e Entry) bool {
			return !e.Time.Before(all.Entries[400].Time) && !e.Time.After(all.Entries[200].Time)
		}},
	} {
		var want, got []int64
		for _, e := range all.Entries {
			if c.want(e) {
				want = append(want, e.Seq)
			}
		}
		c.q.Limit = 1 + random.IntN(60)
		for {
			page, err := a.Read(t.Context(), c.q)
			if err != nil || len(page.Entries) > c.q.Limit {
				t.Fatal(name, len(page.Entries), err)
			}
			for _, e := range page.Entries {
				got = append(got, e.Seq)
			}
			if page.Next == 0 {
				break
			}
			if c.q.Before != 0 && page.Next >= c.q.Before {
				t.Fatalf("%s goes on at %d after %d", name, page.Next, c.q.Before)
			}
			c.q.Before = page.Next
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s in pages of %d: %d entries, want %d", name, c.q.Limit, len(got), len(want))
		}
	}
}

func TestWhereALineBegins(t *testing.T) {
	var text strings.Builder
	var starts []int64
	for seq := range int64(50) {
		starts = append(starts, int64(text.Len()))
		line, err := json.Marshal(Entry{Seq: 10 + seq, Action: strings.Repeat("x", int(seq*seq*3))})
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	r := strings.NewReader(text.String())
	for i, want := range starts {
		if got, err := lineBefore(r, r.Size(), int64(10+i)); err != nil || got != want {
			t.Errorf("line %d begins at %d, not %d (%v)", 10+i, got, want, err)
		}
	}
	if got, err := lineBefore(r, r.Size(), 1000); err != nil || got != r.Size() {
		t.Error(got, err)
	}
}
