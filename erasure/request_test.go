package erasure_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/event"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func as(name string) context.Context {
	return lethe.WithPrincipal(context.Background(), lethe.Principal{Name: name, ARN: lethe.UserARN(name)})
}

func (l *lake) ask(given ...erasure.Named) erasure.Request {
	l.t.Helper()
	r, err := l.Ask(as("officer"), given)
	l.must(err)
	return r
}

// until waits until a request is in a state.
func (l *lake) until(id string, s erasure.State) (r erasure.Request) {
	l.t.Helper()
	l.waitFor(id, func(now erasure.Request) bool {
		r = now
		return now.State == s
	})
	return r
}

// waitFor waits until what is known of a request is as it should be.
func (l *lake) waitFor(id string, is func(erasure.Request) bool) {
	l.t.Helper()
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		r, err := l.Request(l.t.Context(), id)
		l.must(err)
		if is(r) {
			return
		}
		if r.State == erasure.Blocked || time.Since(began) > 2*time.Minute {
			status, _ := l.Engine.Status(l.t.Context(), id)
			l.t.Fatalf("the request is %+v, its process %+v", r, status)
		}
	}
}

func (l *lake) decide(id, who string, d erasure.Decision) {
	l.t.Helper()
	l.must(l.Decide(as(who), id, d))
}

func (l *lake) text(location string) []byte {
	l.t.Helper()
	at, err := lethe.ParseLocation(location)
	l.must(err)
	r, _, err := l.store.Open(l.t.Context(), at.Bucket, at.Key, 0, -1)
	l.must(err)
	defer r.Close()
	raw, err := io.ReadAll(r)
	l.must(err)
	return raw
}

var hexText = regexp.MustCompile(`[0-9a-f-]{16,}`)

// names says whether a document names ada. By chance, digests do.
func names(raw []byte) bool { return bytes.Contains(hexText.ReplaceAll(raw, nil), []byte("ada")) }

func TestRequest(t *testing.T) {
	l := newPeople(t, "blank")
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
	l.write("reviews/ada/1.json", hers, somebody)
	l.write("reviews/2.json", somebody, herMail, hers)
	l.write("reviews/2.json", somebody, herMail, hers, somebody)
	l.write("reviews/3.json", somebody)
	l.write("reviews/bad.json", somebody, `{"user_id"`)

	q := l.ask(ada...)
	if q.State != erasure.Asked || q.By != "officer" || len(q.Identifiers) != 2 || q.Due.Sub(q.Made) < 28*24*time.Hour {
		t.Errorf("asked: %+v", q)
	}
	q = l.until(q.ID, erasure.Reported)
	if q.Found != (erasure.Found{Objects: 2, Records: 5, Unread: 1}) {
		t.Errorf("found: %+v", q.Found)
	}
	raw, err := l.ReportOf(t.Context(), q.ID)
	l.must(err)
	if !bytes.Equal(raw, l.text(q.Report)) {
		t.Error("the report is another one")
	}
	var report erasure.Report
	l.must(json.Unmarshal(raw, &report))
	if len(report.Objects) != 3 || len(report.Unread) != 1 || report.Unread[0].Key != "reviews/bad.json" {
		t.Errorf("report: %s", raw)
	}
	if names(raw) || !bytes.Contains(raw, []byte("reviews/[")) {
		t.Errorf("the report names her: %s", raw)
	}

	// A decision is on this report, by somebody, once; two are needed.
	if err := l.Decide(as("boss"), q.ID, erasure.Decision{Approve: true, Digest: "another"}); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("on another report: %v", err)
	}
	if err := l.Decide(as("boss"), q.ID, erasure.Decision{Digest: q.Digest}); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("a rejection without a reason: %v", err)
	}
	l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	if err := l.Decide(as("boss"), q.ID, erasure.Decision{Approve: true, Digest: q.Digest}); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("twice: %v", err)
	}
	l.wantLines("reviews/ada/1.json", hers, somebody)
	l.write("reviews/4.json", hers) // written after the report, and in scope
	l.decide(q.ID, "chief", erasure.Decision{Approve: true, Digest: q.Digest})

	q = l.until(q.ID, erasure.Done)
	l.wantLines("reviews/ada/1.json", "{}", somebody)
	l.wantLines("reviews/2.json", somebody, "{}", "{}", somebody)
	l.wantLines("reviews/3.json", somebody)
	l.wantLines("reviews/4.json", "{}")
	l.want("user_id", "ada")
	signed, err := l.CertificateOf(t.Context(), q.ID)
	l.must(err)
	c, err := erasure.Verify(signed, l.public)
	l.must(err)
	if c.Report != q.Digest || len(c.Decisions) != 2 || len(c.Unread) != 1 || len(c.Exceptions) != 0 || c.Versions != 4 || names(signed.Certificate) {
		t.Errorf("certificate: %s", signed.Certificate)
	}
	signed.Certificate = bytes.Replace(signed.Certificate, []byte(`"versions":4`), []byte(`"versions":5`), 1)
	if _, err := erasure.Verify(signed, l.public); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("a changed certificate: %v", err)
	}
	for v, err := range object.AllVersions(t.Context(), l.store, "lake", "reviews/") {
		l.must(err)
		if v.Marker || v.Key == "reviews/bad.json" {
			continue
		}
		r, _, err := l.store.OpenVersion(t.Context(), "lake", v.Key, v.Version, 0, -1)
		l.must(err)
		text, err := io.ReadAll(r)
		l.must(err)
		r.Close()
		if bytes.Contains(text, []byte(hers)) || bytes.Contains(text, []byte(herMail)) {
			t.Errorf("version %s of %s holds her", v.Version, v.Key)
		}
	}

	// She stays erased: what comes back is cut again, by an event or by a listing.
	l.write("reviews/old.json", hers, somebody)
	l.must(l.Handle(t.Context(), []event.Event{{Bucket: "lake", Key: "reviews/old.json"}}))
	l.wantLines("reviews/old.json", "{}", somebody)
	l.write("reviews/older.json", hers, somebody)
	l.build()
	l.wantLines("reviews/older.json", "{}", somebody)
	if err := l.Decide(as("late"), q.ID, erasure.Decision{Approve: true, Digest: q.Digest}); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("a decision on what is done: %v", err)
	}
	signed, err = l.CertificateOf(t.Context(), q.ID)
	l.must(err)
	l.write("reviews/oldest.json", hers, somebody) // no event, no build: the check itself looks
	check, err := l.VerifyCertificate(t.Context(), signed)
	if err != nil || check.Found != 0 || check.Unread != 1 || check.Versions != 7 {
		t.Errorf("later: %+v, %v", check, err)
	}
	l.wantLines("reviews/oldest.json", "{}", somebody)
	l.leaves("ada@example.org")
}

// leaves fails if a text stands in a file of the lake's state or index.
func (l *lake) leaves(text string) {
	l.t.Helper()
	for _, pattern := range []string{"state.db*", "index/*"} {
		files, err := filepath.Glob(filepath.Join(l.dir, pattern))
		l.must(err)
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err == nil && bytes.Contains(bytes.ToLower(raw), []byte(text)) {
				l.t.Errorf("%s holds %q", f, text)
			}
		}
	}
}

func TestRejectedRequest(t *testing.T) {
	l := newPeople(t, "")
	l.write("reviews/1.json", hers, somebody)
	q := l.until(l.ask(ada...).ID, erasure.Reported)
	l.decide(q.ID, "boss", erasure.Decision{Digest: q.Digest, Reason: "a court has ordered to keep it"})
	q = l.until(q.ID, erasure.Rejected)
	l.wantLines("reviews/1.json", hers, somebody)
	l.want("user_id", "ada", "reviews/1.json[0]")
	if q.Closed.IsZero() {
		t.Errorf("rejected: %+v", q)
	}
	if _, err := l.CertificateOf(t.Context(), q.ID); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("its certificate: %v", err)
	}
	l.build()
	l.wantLines("reviews/1.json", hers, somebody) // and she is not suppressed
}

func TestRequestForLockedVersions(t *testing.T) {
	l := newPeople(t, "")
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
	l.must(l.store.Gateway().PutObjectLockConfiguration(t.Context(), "lake", []byte(`{"Enabled":true}`)))
	o := l.write("reviews/1.json", hers, somebody)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	l.must(l.lock("reviews/1.json", o.Version, until))
	q := l.until(l.ask(ada...).ID, erasure.Reported)
	l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	l.decide(q.ID, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
	q = l.until(q.ID, erasure.Done)
	l.wantLines("reviews/1.json", somebody)
	signed, err := l.CertificateOf(t.Context(), q.ID)
	l.must(err)
	c, err := erasure.Verify(signed, l.public)
	l.must(err)
	if q.Exceptions != 1 || len(c.Exceptions) != 1 || !c.Exceptions[0].Until.Equal(until) || c.Exceptions[0].Version != o.Version {
		t.Errorf("exceptions: %+v", c.Exceptions)
	}
	// What stays is not forgotten: not by a look at the certificate, nor by the next
	// request.
	if check, err := l.VerifyCertificate(t.Context(), signed); err != nil || check.Exceptions != 1 || check.Found != 0 {
		t.Errorf("later: %+v, %v", check, err)
	}
	again := l.until(l.ask(ada...).ID, erasure.Reported)
	if again.Found.Objects != 1 {
		t.Errorf("another request finds %+v", again.Found)
	}
	l.decide(again.ID, "boss", erasure.Decision{Approve: true, Digest: again.Digest})
	l.decide(again.ID, "chief", erasure.Decision{Approve: true, Digest: again.Digest})
	if again = l.until(again.ID, erasure.Done); again.Exceptions != 1 {
		t.Errorf("and ends with %+v", again)
	}
}

func TestEraseByReplacing(t *testing.T) {
	l := newPeople(t, "")
	gone := "gone"
	m := people("reviews")
	m.Mode, m.Replace = "replace", map[string]*string{"user_id": &gone, "mail": nil, "buyers.id": nil, "last": nil}
	l.must(l.PutMapping(t.Context(), m))
	l.write("reviews/1.json", `{"user_id":"ada","mail":"ada@example.org","body":"kept"}`, somebody)
	l.erase("reviews/1.json")
	l.wantLines("reviews/1.json", `{"user_id":"gone","mail":null,"body":"kept"}`, somebody)
}

func TestRequestsAreRefused(t *testing.T) {
	l := newPeople(t, "")
	if _, err := l.Ask(as("officer"), []erasure.Named{{Type: "phone", Values: []string{"secret"}}}); !lethe.Is(err, lethe.Invalid) || strings.Contains(err.Error(), "secret") {
		t.Errorf("an unknown type: %v", err)
	}
	if _, err := l.Request(t.Context(), "nope"); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("an unknown request: %v", err)
	}
	if err := l.Decide(as("boss"), "nope", erasure.Decision{Approve: true}); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("a decision on an unknown request: %v", err)
	}
}

// TestManyRequests: the framework's sample wrote every report under one key, so
// that one request's approval purged another's person.
func TestManyRequests(t *testing.T) {
	l := newPeople(t, "")
	var lines []string
	for i := range 10 {
		lines = append(lines, fmt.Sprintf(`{"user_id":"u%d"}`, i))
	}
	l.write("reviews/1.json", lines...)
	var ids []string
	for i := range 4 {
		ids = append(ids, l.ask(erasure.Named{Type: "user_id", Values: []string{fmt.Sprint("u", i)}}).ID)
	}
	for i, id := range ids {
		q := l.until(id, erasure.Reported)
		if i%2 == 0 {
			l.decide(id, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
			l.decide(id, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
		}
	}
	l.until(ids[0], erasure.Done)
	l.until(ids[2], erasure.Done)
	l.wantLines("reviews/1.json", append([]string{lines[1]}, lines[3:]...)...)
}

// TestBlockedRequest: what cannot go on waits for a person, says why, and goes on
// when it is told to.
func TestBlockedRequest(t *testing.T) {
	l := newPeople(t, "")
	l.write("reviews/1.json", hers, somebody)
	q := l.until(l.ask(ada...).ID, erasure.Reported)
	if err := l.Retry(t.Context(), q.ID); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("retry of what is not blocked: %v", err)
	}
	// The table is dropped: whose its files are cannot be told any more.
	table, err := l.cat.Table(t.Context(), "default", "reviews")
	l.must(err)
	l.must(l.cat.DropTable(t.Context(), "default", "reviews"))
	l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	l.decide(q.ID, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
	q = l.until(q.ID, erasure.Blocked)
	if !strings.Contains(q.Problem, "mapping reviews") {
		t.Errorf("it is blocked because %q", q.Problem)
	}
	l.wantLines("reviews/1.json", hers, somebody)
	l.must(l.cat.CreateTable(t.Context(), table))
	l.must(l.Retry(t.Context(), q.ID))
	q = l.until(q.ID, erasure.Reported)
	if len(q.Decisions) != 0 || q.Problem != "" {
		t.Errorf("begun anew it is %+v", q)
	}
	l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	l.decide(q.ID, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
	l.until(q.ID, erasure.Done)
	l.wantLines("reviews/1.json", somebody)
}
