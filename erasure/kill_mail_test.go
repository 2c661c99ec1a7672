package erasure_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/database"
	"lethe/erasure/hook"
	"lethe/lib/mail"
	"lethe/object"
	"lethe/object/disk"
	"lethe/test/need"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// This test kills the program at its nth call of what is not in its own files: the
// inbox, the server of mail, a database, and another program that is asked by HTTP.
// What those have seen stays seen, which is what makes it hard.

const (
	killDB   = "LETHE_ERASURE_KILL_DB"
	killHTTP = "LETHE_ERASURE_KILL_HTTP"
)

func TestMain(m *testing.M) {
	code := m.Run()
	need.StopServers()
	os.Exit(code)
}

// killedInbox has the calls of a store that are about the inbox, or write reports.
type killedInbox struct {
	object.Store
	k *killer
}

func (s killedInbox) around(bucket string, do func() error) error {
	if bucket == "lake" {
		return do()
	}
	return s.k.around(do)
}

func (s killedInbox) List(ctx context.Context, bucket string, o object.ListOptions) (l object.Listing, err error) {
	err = s.around(bucket, func() error { l, err = s.Store.List(ctx, bucket, o); return err })
	return l, err
}

func (s killedInbox) ListVersions(ctx context.Context, bucket string, o object.VersionOptions) (l object.VersionListing, err error) {
	err = s.around(bucket, func() error { l, err = s.Store.ListVersions(ctx, bucket, o); return err })
	return l, err
}

func (s killedInbox) Open(ctx context.Context, bucket, key string, off, n int64) (r io.ReadCloser, o object.Object, err error) {
	err = s.around(bucket, func() error { r, o, err = s.Store.Open(ctx, bucket, key, off, n); return err })
	return r, o, err
}

func (s killedInbox) Put(ctx context.Context, bucket, key string, r io.Reader, h object.Header, c object.Condition) (o object.Object, err error) {
	err = s.around(bucket, func() error { o, err = s.Store.Put(ctx, bucket, key, r, h, c); return err })
	return o, err
}

func (s killedInbox) Delete(ctx context.Context, bucket, key string, c object.Condition) error {
	return s.around(bucket, func() error { return s.Store.Delete(ctx, bucket, key, c) })
}

func (s killedInbox) DeleteVersion(ctx context.Context, bucket, key, version string) error {
	return s.around(bucket, func() error { return s.Store.DeleteVersion(ctx, bucket, key, version) })
}

// killedHolder has the calls of a holder.
type killedHolder struct {
	erasure.Holder
	k *killer
}

func (h killedHolder) Locate(ctx context.Context, p erasure.Person) (hs []erasure.Holding, err error) {
	err = h.k.around(func() error { hs, err = h.Holder.Locate(ctx, p); return err })
	return hs, err
}

func (h killedHolder) Erase(ctx context.Context, p erasure.Person) (hs []erasure.Holding, err error) {
	err = h.k.around(func() error { hs, err = h.Holder.Erase(ctx, p); return err })
	return hs, err
}

// journalFile is a file that others keep: what is in it has arrived with them.
type journalFile struct {
	path string
	k    *killer
}

// add appends a line of JSON.
func (f journalFile) add(v any) error {
	return f.k.around(func() error {
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		w, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = w.Write(append(raw, '\n'))
		return errors.Join(err, w.Close())
	})
}

// Send is that of a Mailer.
func (f journalFile) Send(_ context.Context, l mail.Message) error { return f.add(l) }

// journaled reads such a file.
func journaled[T any](t *testing.T, path string) (all []T) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range bytes.Lines(raw) {
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// cable stands between the program and a server of SQL. Each thing that the program says
// is a call: the program dies before the server hears it, or when the server has answered
// and the program has not heard that.
func cable(t *testing.T, server string, k *killer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", server)
			if err != nil {
				from.Close()
				continue
			}
			var last atomic.Bool // no answer is passed on any more
			go passOn(to, from, func() { last.Store(k.call() || last.Load()) })
			go passOn(from, to, func() {
				if last.Load() {
					k.die()
				}
			})
		}
	}()
	return l.Addr().String()
}

// passOn copies what one side says to the other, each time after a call of each.
func passOn(to io.WriteCloser, from io.Reader, each func()) {
	defer to.Close()
	for b := make([]byte, 1<<16); ; {
		n, err := from.Read(b)
		each()
		if err != nil {
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// outside is what the killed program works with besides its own files, and what does not
// die with it.
type outside struct {
	db   *sql.DB
	url  string // of the database
	http *httptest.Server
	mu   sync.Mutex
	subs []string // who is subscribed with the program that is asked by HTTP
}

const secret = "a secret of both sides"

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{url: need.Postgres(t), subs: []string{"ada", "bob", "ada", "eve"}}
	db, err := sql.Open("pgx", o.url)
	if err != nil {
		t.Fatal(err)
	}
	o.db = db
	t.Cleanup(func() { db.Close() })
	for _, s := range []string{
		`CREATE TABLE customers (n integer PRIMARY KEY, id text, note text)`,
		`CREATE TABLE orders (n integer, customer integer REFERENCES customers (n))`,
		`INSERT INTO customers VALUES (1, 'ada', 'x'), (2, 'bob', 'x'), (3, 'eve', 'ada'), (4, 'ada', 'x'), (5, 'ADA', 'x')`,
		`INSERT INTO orders VALUES (1, 1), (2, 1), (3, 2), (4, 3), (5, 5)`,
	} {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	o.http = httptest.NewServer(o)
	t.Cleanup(o.http.Close)
	return o
}

// ServeHTTP is the other side of docs/reference/erasure-hook.md.
func (o *outside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var q struct {
		Action      string
		Identifiers []struct{ Values []string }
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || len(q.Identifiers) != 1 {
		http.Error(w, "what is that", http.StatusBadRequest)
		return
	}
	hers := func(s string) bool { return s == q.Identifiers[0].Values[0] }
	rest := slices.DeleteFunc(slices.Clone(o.subs), hers)
	n := len(o.subs) - len(rest)
	if q.Action == "erase" {
		o.subs = rest
	}
	holdings := []map[string]any{}
	if n > 0 {
		holdings = append(holdings, map[string]any{"place": "subscriptions", "records": n})
	}
	json.NewEncoder(w).Encode(map[string]any{"holdings": holdings})
}

// left are the rows that are left of a query's.
func (o *outside) left(t *testing.T, query string) (n int) {
	t.Helper()
	if err := o.db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// openOutside opens the lake in a folder with an inbox, and with what is outside.
func openOutside(t *testing.T, dir, db, hookURL string, k *killer) *lake {
	t.Helper()
	l := openLake(t, filepath.Join(dir, "lake"), disk.Options{}, func(c *erasure.Config) {
		u, err := url.Parse(db)
		if err != nil {
			t.Fatal(err)
		}
		u.Host = cable(t, u.Host, k)
		crm, err := database.Open(database.Config{Name: "crm", URL: u.String(), Tables: []database.Table{
			{Table: "customers", Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"id"}}}}, {Table: "orders"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { crm.Close() })
		news, err := hook.New(hook.Config{Name: "news", URL: hookURL, Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		c.Store, c.AtOnce, c.Approvals = killedInbox{c.Store, k}, 1, 1
		c.Holders = []erasure.Holder{killedHolder{crm, k}, killedHolder{news, k}}
		c.Mail = journalFile{filepath.Join(dir, "letters"), k}
		posts := journalFile{filepath.Join(dir, "posts"), k}
		c.Hook = func(_ context.Context, _ string, body []byte) error { return posts.add(json.RawMessage(body)) }
		c.Approvers = []erasure.Approver{{Name: "boss", Mail: "boss@example.org"}}
		c.URL = func() string { return "https://lake.example.org" }
	})
	l.Inbox = erasure.Inbox{Location: lethe.Location{Bucket: "inbox", Key: "in/"}, Type: "user_id"}
	return l
}

// TestEraseMailKillChild is TestEraseMailKill's child, and no test without it.
func TestEraseMailKillChild(t *testing.T) {
	dir, k, child := killed(t)
	if !child {
		return
	}
	l := openOutside(t, dir, os.Getenv(killDB), os.Getenv(killHTTP), k)
	l.must(l.Resume(t.Context()))
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		now := time.Now().Add(time.Hour) // whatever is to be sent again is due
		l.must(errors.Join(l.Tend(t.Context(), now), l.Sweep(t.Context()), l.Deliver(t.Context(), now)))
		all, err := l.Requests(t.Context())
		l.must(err)
		open := len(all) != 2
		for _, q := range all {
			open = open || q.State != erasure.Done
			if q.State == erasure.Blocked || time.Since(began) > 2*time.Minute {
				status, err := l.Engine.Status(t.Context(), q.ID)
				t.Fatalf("%+v, its process %+v %v", q, status, err)
			}
		}
		if !open {
			l.deliver()
			break
		}
		l.approveByMail(dir)
	}
	k.told()
}

// approveByMail approves what the approver has a letter about, by the last one.
func (l *lake) approveByMail(dir string) {
	l.t.Helper()
	for _, letter := range slices.Backward(journaled[mail.Message](l.t, filepath.Join(dir, "letters"))) {
		if letter.To != "boss@example.org" {
			continue
		}
		token, code := linkIn(l.t, letter)
		_, err := l.DecideByLink(l.t.Context(), token, code, erasure.Decision{Approve: true})
		if err != nil && !lethe.Is(err, lethe.NotFound) { // who has decided before has
			l.must(err)
		}
		if _, err := l.DecideByLink(l.t.Context(), token, code, erasure.Decision{Approve: true}); !lethe.Is(err, lethe.NotFound) {
			l.t.Errorf("a link that was used answers %v", err)
		}
	}
}

// TestEraseMailKill: whenever the program dies while it takes a file from the inbox,
// writes letters, and erases from a database and another program, also twice, each line
// of the file becomes one request, everybody is told, what is erased is what was the
// person's, and the certificates say how much that was.
func TestEraseMailKill(t *testing.T) {
	prepared := t.TempDir()
	l := openLake(t, filepath.Join(prepared, "lake"), disk.Options{}, nil)
	l.reviews("")
	l.must(l.store.CreateBucket(t.Context(), "inbox"))
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "inbox", types.BucketVersioningStatusEnabled))
	l.write("reviews/a.json", hers, `{"user_id":"eve","body":"hers"}`, `{"user_id":"bob"}`)
	l.drop("ada@example.org.csv", "user_id,contact\nada,person@example.net\nbob,other@example.net\n")
	l.close()

	killing{child: "TestEraseMailKillChild", prepared: prepared, least: 60, points: mailKillPoints, begin: func(t *testing.T) ([]string, func(*testing.T, killedRun)) {
		o := newOutside(t)
		return []string{killDB + "=" + o.url, killHTTP + "=" + o.http.URL}, o.check
	}}.test(t)
}

// check checks what is left, inside and outside, when all is done.
func (o *outside) check(t *testing.T, run killedRun) {
	t.Helper()
	dir := run.dir
	fail := func(format string, args ...any) {
		t.Helper()
		run.fail(t, format, args...)
	}
	// Outside: others' rows are there, and nothing else.
	if n := o.left(t, `SELECT count(*) FROM customers WHERE n IN (3, 5)`); n != 2 || o.left(t, `SELECT count(*) FROM customers`) != 2 {
		fail("%d customers of others are left", n)
	}
	if n := o.left(t, `SELECT count(*) FROM orders WHERE n IN (4, 5)`); n != 2 || o.left(t, `SELECT count(*) FROM orders`) != 2 {
		fail("%d orders of others are left", n)
	}
	o.mu.Lock()
	if !slices.Equal(o.subs, []string{"eve"}) {
		fail("subscribed are %q", o.subs)
	}
	o.mu.Unlock()

	k := &killer{}
	l := openOutside(t, dir, o.url, o.http.URL, k)
	defer l.close()
	// Inside: two requests, each with a certificate that counts what was erased.
	all, err := l.Requests(t.Context())
	l.must(err)
	if len(all) != 2 || l.inInbox() != 0 {
		fail("%d requests, %d files in the inbox", len(all), l.inInbox())
	}
	reports := l.inboxReports()
	if len(reports) != 1 || len(reports[0].Requests) != 2 {
		fail("reports of the inbox: %+v", reports)
	}
	records := map[string]bool{}
	for _, q := range all {
		c, text := l.certificate(q.ID)
		counts := map[string]int64{}
		for _, h := range c.Holdings {
			counts[h.Holder+" "+h.Place] += h.Records
		}
		records[fmt.Sprint(counts)] = true
		signed, err := l.CertificateOf(t.Context(), q.ID)
		l.must(err)
		if check, err := l.VerifyCertificate(t.Context(), signed); err != nil || check.Found != 0 || check.Unread != 0 || q.Exceptions != 0 {
			fail("%+v %v", check, err)
		}
		if bytes.Contains(text, []byte("person@")) || l.column(q.ID, "contacts") != "" {
			fail("the contacts are kept: %s", text)
		}
	}
	hers := map[string]int64{"postgres:crm public.customers": 2, "postgres:crm public.orders": 2, "hook:news subscriptions": 2}
	his := map[string]int64{"postgres:crm public.customers": 1, "postgres:crm public.orders": 1, "hook:news subscriptions": 1}
	if want := map[string]bool{fmt.Sprint(hers): true, fmt.Sprint(his): true}; !maps.Equal(records, want) {
		fail("the certificates have %v", slices.Collect(maps.Keys(records)))
	}
	if got := l.lines("reviews/a.json"); !slices.Equal(got, []string{`{"user_id":"eve","body":"hers"}`}) {
		fail("a.json holds %q", got)
	}
	// Letters: each was sent, at most once for each time that the program ran, and no
	// link in them works any more.
	letters := map[string]int{}
	about := map[string]int{}
	for _, m := range journaled[mail.Message](t, filepath.Join(dir, "letters")) {
		if letters[m.ID]++; letters[m.ID] == 1 {
			about[m.To+" "+strings.Join(strings.Fields(m.Subject)[:3], " ")]++
		}
		if m.To == "boss@example.org" {
			token, _ := linkIn(t, m)
			if _, err := l.Approval(t.Context(), token); !lethe.Is(err, lethe.NotFound) {
				fail("a link works still: %v", err)
			}
		}
	}
	want := map[string]int{"boss@example.org Please decide: erasure": 2}
	for _, to := range []string{"person", "other"} {
		want[to+"@example.net Your request to"] = 2 // received and done
	}
	if !maps.Equal(about, want) {
		fail("letters: %v", about)
	}
	posts := map[string]int{}
	for _, p := range journaled[erasure.Posted](t, filepath.Join(dir, "posts")) {
		posts[p.ID]++
		if p.Type != "erasure.request.done" {
			fail("posted: %+v", p)
		}
	}
	if len(posts) != 2 {
		fail("posted: %v", posts)
	}
	for id, n := range mergedCounts(letters, posts) {
		if n > run.starts {
			fail("%s was told %d times in %d runs", id, n, run.starts)
		}
	}
}

// mergedCounts are both, whose keys differ.
func mergedCounts(a, b map[string]int) map[string]int {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
