package access

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe"
)

// record writes n entries to an audit whose files hold about 20.
func record(t *testing.T, path string, n int) {
	t.Helper()
	a, err := AuditOptions{Size: 4000}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := a.record(Entry{Event: "decision", Principal: "arn:aws:iam::000000000000:user/ada", Action: "s3:GetObject", Resource: lethe.ObjectARN("b", fmt.Sprintf("people/ada-%d.csv", i)), Outcome: "allowed"}, i%7 == 0); err != nil {
			t.Fatal(err)
		}
		if i%20 == 19 { // as would happen by itself, later
			if err := errors.Join(a.Sync(), a.turn(time.Now())); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTheChainGoesOnOverFilesAndStarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for range 3 {
		record(t, path, 30)
	}
	c, err := VerifyAudit(path)
	if err != nil || c.Lines != 90 || c.Files < 3 {
		t.Fatal(c, err)
	}
	// A crash cuts a line off; the next start goes on after the last whole one.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"seq":91,"ti`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	record(t, path, 1) // and a line that tells of it
	if c, err = VerifyAudit(path); err != nil || c.Lines != 92 {
		t.Fatal(c, err)
	}
	// A start right after a file was begun.
	if err := os.Rename(path, rotatedName(path, 92)); err != nil {
		t.Fatal(err)
	}
	record(t, path, 1)
	if c, err = VerifyAudit(path); err != nil || c.Lines != 93 {
		t.Fatal(c, err)
	}
}

func TestTamperingBreaksTheChain(t *testing.T) {
	for name, tamper := range map[string]func([][]byte) [][]byte{
		"change": func(l [][]byte) [][]byte {
			l[7] = bytes.Replace(l[7], []byte("allowed"), []byte("denied"), 1)
			return l
		},
		"take":    func(l [][]byte) [][]byte { return append(l[:7:7], l[8:]...) },
		"repeat":  func(l [][]byte) [][]byte { return append(l[:8:8], l[7:]...) },
		"swap":    func(l [][]byte) [][]byte { l[7], l[8] = l[8], l[7]; return l },
		"foreign": func(l [][]byte) [][]byte { l[7] = []byte("not an entry"); return l },
		"first":   func(l [][]byte) [][]byte { return l[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.jsonl")
			record(t, path, 12)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
			if err := os.WriteFile(path, append(bytes.Join(tamper(lines), []byte("\n")), '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
			if c, err := VerifyAudit(path); !lethe.Is(err, lethe.BadData) {
				t.Errorf("%+v %v", c, err)
			}
		})
	}
}

func TestKeysOfObjectsAreHidden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	record(t, path, 1)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "people") || strings.Contains(string(text), ".csv") || !strings.Contains(string(text), "arn:aws:s3:::b/~") {
		t.Errorf("%s", text)
	}
	hidden := (&Audit{key: []byte("k")}).hide
	for arn, shown := range map[string]bool{
		lethe.TableARN("eu-central-1", "default", "orders_2-x"): true, lethe.DatabaseARN("eu-central-1", "sales"): true, lethe.CatalogARN("eu-central-1"): true,
		lethe.BucketARN("b"): true, lethe.UserARN("ada@example.com"): true, lethe.ObjectARN("b", "k"): false, lethe.TableARN("eu-central-1", "default", "ada@example.com"): false,
		lethe.TableARN("eu-central-1", "a b", "t"): false,
	} {
		if got := hidden(arn); (got == arn) != shown {
			t.Errorf("%s is written as %s", arn, got)
		}
	}
	a, b := HideObjectKey([]byte("k"), "x/y/*"), HideObjectKey([]byte("k"), "x/z")
	if !strings.HasSuffix(a, "/*") || a[:21] != b[:21] || a == b || HideObjectKey([]byte("other"), "x/y/*") == a {
		t.Errorf("%s %s", a, b)
	}
}

// Lines from before there was a chain stay, and the chain begins with the last.
func TestAnOlderAudit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	old := `{"time":"2026-11-01T00:00:00Z","principal":"arn:x","action":"a:B","resource":"*","allowed":true}` + "\n"
	if err := os.WriteFile(path, []byte(old+old), 0o600); err != nil {
		t.Fatal(err)
	}
	record(t, path, 2)
	if c, err := VerifyAudit(path); err != nil || c.Lines != 4 {
		t.Fatal(c, err)
	}
}

func BenchmarkRecord(b *testing.B) {
	a, err := OpenAudit(filepath.Join(b.TempDir(), "audit.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	e := entry(context.Background(), "decision", lethe.System)
	e.Action, e.Resource = "s3:GetObject", lethe.ObjectARN("bucket", "tables/orders/day=1/part-0.parquet")
	for b.Loop() {
		a.record(e, false)
	}
}
