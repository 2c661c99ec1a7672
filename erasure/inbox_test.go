package erasure_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/object"
	"lethe/object/disk"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// drop puts a file into the inbox.
func (l *lake) drop(name, text string) {
	l.t.Helper()
	_, err := l.store.Put(l.t.Context(), "inbox", "in/"+name, strings.NewReader(text), object.Header{}, object.Condition{})
	l.must(err)
}

// inInbox counts the versions in the inbox that have bytes.
func (l *lake) inInbox() (n int) {
	l.t.Helper()
	for v, err := range object.AllVersions(l.t.Context(), l.store, "inbox", "") {
		l.must(err)
		if !v.Marker {
			n++
		}
	}
	return n
}

// inboxReports are what was written about files.
func (l *lake) inboxReports() (rs []erasure.InboxReport) {
	l.t.Helper()
	for o, err := range object.All(l.t.Context(), l.store, "erasure", "inbox/") {
		l.must(err)
		raw := l.text(lethe.Location{Bucket: o.Bucket, Key: o.Key}.String())
		var r erasure.InboxReport
		l.must(json.Unmarshal(raw, &r))
		if strings.Contains(string(raw), "ada@") {
			l.t.Errorf("a report has a value: %s", raw)
		}
		rs = append(rs, r)
	}
	return rs
}

func newInbox(t *testing.T) *lake {
	t.Helper()
	return openInbox(t, nil)
}

func openInbox(t *testing.T, wrap func(*erasure.Config)) *lake {
	t.Helper()
	l := openLake(t, t.TempDir(), disk.Options{NoSync: true}, wrap)
	l.reviews("")
	l.must(l.store.CreateBucket(t.Context(), "inbox"))
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "inbox", types.BucketVersioningStatusEnabled))
	l.Inbox = erasure.Inbox{Location: lethe.Location{Bucket: "inbox", Key: "in/"}, Type: "user_id"}
	return l
}

func TestInbox(t *testing.T) {
	for _, x := range []struct {
		name, text string
		persons    int
		refused    []int // lines
	}{
		{"the framework's sample", "1001,1002", 2, nil},
		{"with an end of line", "1001,1002\r\n", 2, nil},
		{"a line each", "1001\n1002\n\n1003\n", 3, nil},
		{"the same twice", "1001,1001\n1001", 1, nil},
		{"a header", "user_id,mail\nada,ada@example.org\n,bob@example.org\n", 2, nil},
		{"a byte order mark and quotes", "\xef\xbb\xbf\"user_id\"\n\"a,b\"\n", 1, nil},
		{"a composite identifier", "name.first,name.last\nAda,Lovelace\n", 1, nil},
		{"half of one", "name.first,name.last\nada,\n", 0, []int{2}},
		{"another number of fields", "user_id,mail\nada\nbob,b@example.org\n", 0, []int{2}},
		{"nobody", "user_id\n\n", 0, []int{1}},
		{"empty", "", 0, []int{1}},
		{"an open quote", "user_id\nbob\n\"ada", 0, []int{3}},
		{"a contact without mail", "user_id,contact\nada,ada@example.org\n", 0, []int{2}},
	} {
		t.Run(x.name, func(t *testing.T) {
			l := newInbox(t)
			l.drop("ada@example.org.csv", x.text)
			for range 2 {
				l.must(l.Sweep(t.Context()))
			}
			rs, err := l.Requests(t.Context())
			l.must(err)
			if len(rs) != x.persons {
				t.Errorf("%d requests, want %d", len(rs), x.persons)
			}
			reports := l.inboxReports()
			if len(reports) != 1 {
				t.Fatalf("reports: %+v", reports)
			}
			var lines []int
			for _, r := range reports[0].Refused {
				lines = append(lines, r.Line)
			}
			if len(lines) != len(x.refused) || len(lines) > 0 && lines[0] != x.refused[0] || len(reports[0].Requests) != x.persons {
				t.Errorf("report: %+v", reports[0])
			}
			if n := l.inInbox(); (n == 0) != (x.refused == nil) {
				t.Errorf("%d files are in the inbox", n)
			}
			l.leaves("ada@example.org")
		})
	}
}

// The same file again, after the first has become requests, is asked for again.
func TestInboxAgain(t *testing.T) {
	l := newInbox(t)
	for range 2 {
		l.drop("a.csv", "1001")
		l.must(l.Sweep(t.Context()))
	}
	if rs, err := l.Requests(t.Context()); err != nil || len(rs) != 2 || rs[0].By != "inbox" {
		t.Errorf("%+v, %v", rs, err)
	}
	// A file that was refused is taken once it is mended.
	l.drop("b.csv", "user_id,mail\nada\n")
	l.must(l.Sweep(t.Context()))
	l.drop("b.csv", "user_id\nada\n")
	l.must(l.Sweep(t.Context()))
	if rs, err := l.Requests(t.Context()); err != nil || len(rs) != 3 {
		t.Errorf("%+v, %v", rs, err)
	}
}

// stumbling fails at a step of a sweep, as if the program were killed there.
type stumbling struct {
	object.Store
	left atomic.Int64 // changes until it fails
}

var errStumbled = errors.New("stumbled")

func (s *stumbling) step() error {
	if s.left.Add(-1) < 0 {
		return errStumbled
	}
	return nil
}

func TestInboxInterrupted(t *testing.T) {
	for after := range 6 {
		s := &stumbling{}
		s.left.Store(math.MaxInt64)
		l := openInbox(t, func(c *erasure.Config) { s.Store, c.Store = c.Store, s })
		l.drop("a.csv", "1001,1002")
		s.left.Store(int64(after))
		_ = l.Sweep(t.Context())
		s.left.Store(math.MaxInt64)
		l.must(l.Sweep(t.Context()))
		rs, err := l.Requests(t.Context())
		l.must(err)
		if reports := l.inboxReports(); len(rs) != 2 || l.inInbox() != 0 || len(reports) != 1 || len(reports[0].Requests) != 2 {
			t.Errorf("after %d changes: %d requests, %d files, reports %+v", after, len(rs), l.inInbox(), reports)
		}
	}
}

func (f *stumbling) Put(ctx context.Context, bucket, key string, r io.Reader, h object.Header, c object.Condition) (object.Object, error) {
	if err := f.step(); err != nil {
		return object.Object{}, err
	}
	return f.Store.Put(ctx, bucket, key, r, h, c)
}

func (f *stumbling) Delete(ctx context.Context, bucket, key string, c object.Condition) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.Store.Delete(ctx, bucket, key, c)
}

func (f *stumbling) DeleteVersion(ctx context.Context, bucket, key, version string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.Store.DeleteVersion(ctx, bucket, key, version)
}
