package own

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"lethe"
	"lethe/erasure"
	"lethe/event"
	"lethe/lib/state"
	"lethe/object"
	"lethe/object/disk"
	"lethe/query"
)

// lake is what the holders look after, over a real store: the services are the
// test's own.
type lake struct {
	t       *testing.T
	store   *disk.Store
	holders map[string]erasure.Holder
	config  Config

	quarantined, originals []lethe.Location
	results                []query.ResultFile
	texts                  []string
	events                 []event.Event
	settled                int
}

func newLake(t *testing.T) *lake {
	t.Helper()
	dir := t.TempDir()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	store, err := disk.Open(filepath.Join(dir, "objects"), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	l := &lake{t: t, store: store, holders: map[string]erasure.Holder{}}
	for _, b := range []string{"plain", "versions", "staging"} {
		l.must(store.CreateBucket(t.Context(), b))
	}
	l.must(store.Gateway().PutBucketVersioning(t.Context(), "versions", s3types.BucketVersioningStatusEnabled))
	l.config = Config{DB: db, Store: store, Key: testKey(t), Queries: l, Ingests: ingests{l}, Events: l.asEvents(), Journal: l, Scrub: l, Index: l, Staging: "staging"}
	for _, h := range Holders(l.config) {
		if l.holders[h.Name()] != nil {
			t.Errorf("two holders are named %s", h.Name())
		}
		l.holders[h.Name()] = h
	}
	return l
}

func (l *lake) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// RedactTexts implements Texts.
func (l *lake) RedactTexts(_ context.Context, dry bool, f func(string) string) (n int64, err error) {
	for i, t := range l.texts {
		if v := f(t); v != t {
			n++
			if !dry {
				l.texts[i] = v
			}
		}
	}
	return n, nil
}

func (l *lake) Settle(context.Context) error { l.settled++; return nil }

func (l *lake) ResultFiles(context.Context) iter.Seq2[query.ResultFile, error] {
	return func(yield func(query.ResultFile, error) bool) {
		for _, f := range l.results {
			if _, err := l.store.Head(l.t.Context(), f.Bucket, f.Key); err != nil {
				continue
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

func (l *lake) EraseResult(ctx context.Context, f query.ResultFile) error {
	return l.store.DeleteVersion(ctx, f.Bucket, f.Key, f.Version.Object.Version)
}

func (l *lake) Outbox(_ uint64, f func(uint64, event.Event) error) error {
	for i, e := range l.events {
		if err := f(uint64(i), e); err != nil {
			return err
		}
	}
	return nil
}

func (l *lake) Purge(ctx context.Context) error { return l.store.Purge(ctx) }

type ingests struct{ *lake }

func (i ingests) Quarantined(context.Context) ([]lethe.Location, error) { return i.quarantined, nil }
func (i ingests) Originals(context.Context) ([]lethe.Location, error)   { return i.originals, nil }

type letterbox struct{ *lake }

func (l *lake) asEvents() Events { return letterbox{l} }

func (b letterbox) RedactTexts(ctx context.Context, dry bool, f func(string) string) (dead, waiting int64, err error) {
	dead, err = b.lake.RedactTexts(ctx, dry, f)
	return dead, 1, err
}

func (l *lake) put(bucket, key, content string) object.Object {
	l.t.Helper()
	o, err := l.store.Put(l.t.Context(), bucket, key, strings.NewReader(content), object.Header{ContentType: "text/x"}, object.Condition{})
	l.must(err)
	return o
}

// all is what a bucket holds: each version of each key, the newest first.
func (l *lake) all(bucket string) (all []string) {
	l.t.Helper()
	for v, err := range object.AllVersions(l.t.Context(), l.store, bucket, "") {
		l.must(err)
		body, _, err := l.store.OpenVersion(l.t.Context(), bucket, v.Key, v.Object.Version, 0, -1)
		l.must(err)
		text, err := io.ReadAll(body)
		l.must(err)
		l.must(body.Close())
		if z, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
			text, err = io.ReadAll(z)
			l.must(err)
		}
		all = append(all, v.Key+": "+string(text))
	}
	return all
}

// short writes holdings as a test can compare them.
func short(hs []erasure.Holding) (s []string) {
	for _, h := range hs {
		s = append(s, fmt.Sprintf("%d %s %v", h.Records, h.Place, h.Reason != ""))
	}
	return s
}

func (l *lake) check(holder string, p erasure.Person, located, erased, left []string) {
	l.t.Helper()
	h := l.holders[holder]
	for i, step := range []struct {
		do   func(context.Context, erasure.Person) ([]erasure.Holding, error)
		want []string
	}{{h.Locate, located}, {h.Erase, erased}, {h.Locate, left}, {h.Erase, left}} {
		hs, err := step.do(l.t.Context(), p)
		if err != nil || fmt.Sprint(short(hs)) != fmt.Sprint(step.want) {
			l.t.Errorf("%s, step %d: %v, %v; want %v", holder, i, short(hs), err, step.want)
		}
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

const csv = "id,mail,note\nu1,bob@example.org,a\nu2,x,b\nu3,\" ADA@example.org. \",\"c\nd\"\nu4,,\"about \"\"u2\"\"\"\n"
const csvLeft = "id,mail,note\nu1,bob@example.org,a\n"

// TestFiles: records of the person are cut out of what ingests wrote aside or read,
// in all versions, and what cannot be looked into is told.
func TestFiles(t *testing.T) {
	l := newLake(t)
	p := testPerson(t, ada...)
	at := func(bucket, key string) lethe.Location { return lethe.Location{Bucket: bucket, Key: key} }

	l.put("plain", "bad/1.jsonl", "{\"raw\":\"u2,1\"}\n{\"raw\":\"u22,2\"}\n{\"raw\":\"u2\"}")
	l.quarantined = []lethe.Location{at("plain", "bad/1.jsonl"), at("plain", "bad/gone.jsonl"), at("nowhere", "bad/1.jsonl")}
	l.check("ingest quarantine", p, []string{"2 records of CSV and JSON lines false"}, []string{"2 records of CSV and JSON lines false"}, nil)

	l.put("plain", "a.csv", csv)
	l.put("plain", "a.csv.other", csv) // no original, though its key begins alike
	l.put("plain", "b.tsv.gz", zipped(strings.ReplaceAll(csv, ",", "\t")))
	l.put("plain", "c.parquet", "PAR1\x00 u2 PAR1")
	l.put("plain", "u2-1.csv", "id\nu1\n")
	l.put("versions", "d.csv", csvLeft)
	l.put("versions", "d.csv", csv)
	l.put("staging", "1/e.csv", csv)
	l.put("staging", "2/f.csv", csvLeft)
	l.put("staging", "3/g.csv", csv) // nobody has read it yet
	l.put("staging", "4/h.parquet", "PAR1\x00")
	for _, l1 := range []lethe.Location{at("plain", "a.csv"), at("plain", "b.tsv.gz"), at("plain", "c.parquet"), at("plain", "u2-1.csv"), at("versions", "d.csv"),
		at("staging", "1/e.csv"), at("staging", "2/f.csv"), at("staging", "4/h.parquet")} {
		l.originals = append(l.originals, l1)
	}
	other := []string{"1 files of other formats true", "1 keys that name the person true"}
	found := append([]string{"16 records of CSV and JSON lines false"}, other...)
	l.check("ingest originals", p, found, found, other)
	if l.settled == 0 {
		t.Error("runs that work were not waited for")
	}
	for bucket, want := range map[string][]string{
		"plain": {"a.csv: " + csvLeft, "a.csv.other: " + csv, "b.tsv.gz: " + strings.ReplaceAll(csvLeft, ",", "\t"),
			"bad/1.jsonl: {\"raw\":\"u22,2\"}\n", "c.parquet: PAR1\x00 u2 PAR1", "u2-1.csv: id\nu1\n"},
		"versions": {"d.csv: " + csvLeft, "d.csv: " + csvLeft},
		"staging":  {"2/f.csv: " + csvLeft, "3/g.csv: " + csvLeft},
	} {
		if got := l.all(bucket); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("bucket %s has\n%q, not\n%q", bucket, got, want)
		}
	}
}

// lock keeps a version, until a moment or by a legal hold.
func (l *lake) lock(o object.Object, until time.Time) {
	l.t.Helper()
	g := l.store.Gateway()
	if until.IsZero() {
		l.must(g.PutObjectLegalHold(l.t.Context(), o.Bucket, o.Key, o.Version, true))
		return
	}
	l.must(g.PutObjectRetention(l.t.Context(), o.Bucket, o.Key, o.Version, fmt.Appendf(nil, `{"Mode":"COMPLIANCE","RetainUntilDate":%q}`, until.Format(time.RFC3339))))
}

// TestLocked: what a lock or a legal hold keeps is an exception, with the date of its end,
// and is one as well when it is looked for afterwards: the request can end.
func TestLocked(t *testing.T) {
	l := newLake(t)
	l.must(l.store.Gateway().PutObjectLockConfiguration(t.Context(), "versions", []byte(`{"Enabled":true}`)))
	p := testPerson(t, ada...)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	dated := func(holder string, want time.Time) {
		t.Helper()
		hs, err := l.holders[holder].Locate(t.Context(), p)
		if err != nil || len(hs) != 1 || !hs[0].Until.Equal(want) {
			t.Errorf("%s: %+v, %v", holder, hs, err)
		}
	}
	locked := []string{"3 versions that are locked true"}
	both := append([]string{"3 records of CSV and JSON lines false"}, locked...)
	for i, list := range map[string]*[]lethe.Location{"ingest originals": &l.originals, "ingest quarantine": &l.quarantined} {
		for _, end := range []time.Time{until, {}} {
			key := fmt.Sprintf("%s %d.csv", i, end.Unix())
			l.lock(l.put("versions", key, csv), end)
			*list = []lethe.Location{{Bucket: "versions", Key: key}}
			l.check(i, p, both, both, locked)
			dated(i, end)
		}
	}
	for _, got := range l.all("versions") {
		if !strings.HasSuffix(got, csv) && !strings.HasSuffix(got, csvLeft) {
			t.Errorf("a version is %q", got)
		}
	}

	for _, end := range []time.Time{until, {}} {
		l.results = nil
		for i, content := range []string{csv, csvLeft, csv} {
			o := l.put("versions", fmt.Sprintf("results %d/%d.csv", end.Unix(), i), content)
			v := object.Version{Object: o, Latest: true}
			if l.results = append(l.results, query.ResultFile{Version: v, CSV: true}); i > 0 {
				l.lock(o, end)
			}
		}
		l.check("query results", p, []string{"1 result files false", "1 result files true"}, []string{"1 result files false", "1 result files true"}, []string{"1 result files true"})
		dated("query results", end)
	}
}

// refusing is a store that lets nothing be written or deleted, and has no locks.
type refusing struct{ object.Store }

func (refusing) DeleteVersion(context.Context, string, string, string) error {
	return lethe.Errorf(lethe.Denied, "a policy forbids it")
}

func (refusing) Splice(context.Context, string, string, string, []object.Edit) (object.Object, error) {
	return object.Object{}, lethe.Errorf(lethe.Denied, "a policy forbids it")
}

// TestRefused: what a store lets nobody change is an exception from when that was tried.
func TestRefused(t *testing.T) {
	l := newLake(t)
	l.config.Store = refusing{l.store}
	l.put("plain", "a.csv", csv)
	l.originals = []lethe.Location{{Bucket: "plain", Key: "a.csv"}}
	for _, h := range Holders(l.config) {
		l.holders[h.Name()] = h
	}
	locked := []string{"3 versions that are locked true"}
	l.check("ingest originals", testPerson(t, ada...), []string{"3 records of CSV and JSON lines false"}, locked, locked)
}

// TestResults: a result that names the person goes whole, and others stay.
func TestResults(t *testing.T) {
	l := newLake(t)
	add := func(key, content string, csv bool) {
		l.put("plain", key, content)
		l.results = append(l.results, query.ResultFile{Version: object.Version{Object: object.Object{Bucket: "plain", Key: key, Version: object.NullVersion}}, CSV: csv})
	}
	add("1.csv", "\"a\"\n\"u1\"\n", true)
	add("2.csv", "\"a\",\"b\"\n\"u1\",\n\"said \"\"u2\"\"\",\"x\"\n", true)
	add("3.csv", "\"u2\"\n\"1\"\n", true) // a column's name
	add("4.txt", "day=1/user=u2\nday=1/user=u3", false)
	add("5.txt", "day=1/user=u3", false)
	add("6.csv", "\"first\",\"last\"\n\"Ada\",\"Lovelace\"\n", true)
	add("7.csv", "\"first\",\"last\"\n\"Ada\",\"Byron\"\n\"Annabella\",\"Lovelace\"\n", true)
	add("u2/8.csv", "\"a\"\n\"u1\"\n", true)
	l.check("query results", testPerson(t, ada...), []string{"5 result files false"}, []string{"5 result files false"}, nil)
	if got, want := fmt.Sprintf("%.5q", l.all("plain")), `["1.csv" "5.txt" "7.csv"]`; got != want {
		t.Errorf("left are %s, not %s", got, want)
	}
}

// TestTexts: each keeper's texts lose what names the person; events on their way stay,
// and are told.
func TestTexts(t *testing.T) {
	l := newLake(t)
	p := testPerson(t, ada...)
	for _, holder := range []struct{ name, place string }{
		{"query history", "executions"}, {"ingest history", "runs"}, {"process journal", "steps"}, {"scrub report", "faults"},
	} {
		l.texts = []string{"of u2", "of u3"}
		l.check(holder.name, p, []string{"1 " + holder.place + " false"}, []string{"1 " + holder.place + " false"}, nil)
	}
	l.texts = []string{"people/u2.csv"}
	way := "1 events on their way true"
	l.check("event dead letters", p, []string{"1 dead letters false", way}, []string{"1 dead letters false", way}, []string{way})
	l.check("object index", p, nil, nil, nil)
	l.events = []event.Event{{Key: "people/u2.csv"}, {Key: "people/u3.csv"}}
	if hs, err := l.holders["object index"].Locate(t.Context(), p); err != nil || fmt.Sprint(short(hs)) != "["+way+"]" {
		t.Errorf("the outbox holds %v, %v", short(hs), err)
	}
}
