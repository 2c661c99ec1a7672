package erasure_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/store"
	"lethe/erasure"
	"lethe/erasure/index/pebble"
	"lethe/erasure/rewrite/jsonl"
	"lethe/event"
	"lethe/lib/seal"
	"lethe/lib/state"
	"lethe/object"
	"lethe/object/disk"
	"lethe/workflow"
	"lethe/workflow/journal"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// lake is a lake of JSON lines with an index.
type lake struct {
	*erasure.Service
	t     *testing.T
	store *disk.Store
	cat   *store.Store
	index *pebble.Index
	key   *erasure.HashKey
	dir   string

	closers []func() error

	public ed25519.PublicKey
	sign   ed25519.PrivateKey
}

func newLake(t *testing.T) *lake {
	t.Helper()
	return openLake(t, t.TempDir(), disk.Options{NoSync: true}, nil)
}

// openLake opens the lake in a folder, or makes one. wrap, unless it is nil, may put
// something between the service and what it works with.
func openLake(t *testing.T, dir string, o disk.Options, wrap func(*erasure.Config)) *lake {
	t.Helper()
	l := &lake{t: t, dir: dir}
	t.Cleanup(l.close)
	var err error
	log := slog.New(slog.DiscardHandler)
	o.Events, o.Log = true, log
	if l.store, err = disk.Open(filepath.Join(dir, "objects"), o); err != nil {
		t.Fatal(err)
	}
	l.onClose(l.store.Close)
	if l.cat, err = store.Open(t.Context(), filepath.Join(dir, "catalog.db")); err != nil {
		t.Fatal(err)
	}
	l.onClose(l.cat.Close)
	if l.index, err = pebble.Open(filepath.Join(dir, "index"), log); err != nil {
		t.Fatal(err)
	}
	l.onClose(l.index.Close)
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	l.onClose(db.Close)
	if l.key, err = erasure.NewHashKey([]byte(strings.Repeat("k", 32))); err != nil {
		t.Fatal(err)
	}
	keys, err := seal.Open(t.Context(), db, seal.File(filepath.Join(dir, "master")))
	l.must(err)
	g := workflow.NewRegistry()
	engine, err := journal.Open(t.Context(), journal.Config{State: db, Registry: g, Log: log})
	l.must(err)
	l.sign = ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", ed25519.SeedSize)))
	l.public = l.sign.Public().(ed25519.PublicKey)
	c := erasure.Config{
		Seal: keys, Engine: engine, Reports: "erasure", Sign: l.sign, Approvals: 2, Dir: t.TempDir(),
		DB: db, Store: l.store, Catalog: l.cat, Statistics: l.cat, Index: l.index, Key: l.key, Log: log,
		Format: func(_ catalog.Table, s catalog.Storage, key string) (erasure.Format, error) {
			if s.SerDe.Library != "json" {
				return nil, lethe.Errorf(lethe.Unsupported, "%s is of no format that is read", key)
			}
			return jsonl.New(nil), nil
		},
		FormatOf: func(string, string) (erasure.Format, error) { return jsonl.New(nil), nil },
	}
	if wrap != nil {
		wrap(&c)
	}
	l.Service, err = erasure.Open(t.Context(), c)
	l.must(err)
	l.Register(g)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	l.onClose(func() error {
		cancel()
		return <-ended
	})
	if err := l.store.CreateBucket(t.Context(), "lake"); !lethe.Is(err, lethe.Exists) {
		l.must(err)
	}
	return l
}

func (l *lake) onClose(f func() error) { l.closers = append(l.closers, f) }

// close closes the lake, if it is open.
func (l *lake) close() {
	for _, f := range slices.Backward(l.closers) {
		if err := f(); err != nil {
			l.t.Error(err)
		}
	}
	l.closers = nil
}

func (l *lake) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// table makes a table of people below s3://lake/NAME/.
func (l *lake) table(name string, partitions ...string) {
	l.t.Helper()
	t := catalog.Table{Database: "default", Name: name, Type: catalog.ExternalTable, Storage: catalog.Storage{
		Columns: []catalog.Column{
			{Name: "user_id", Type: "string"}, {Name: "mail", Type: "string"}, {Name: "first", Type: "string"}, {Name: "last", Type: "string"},
			{Name: "buyers", Type: "array<struct<id:string,tags:map<string,string>>>"}, {Name: "body", Type: "string"},
		},
		Location: "s3://lake/" + name, BucketCount: -1, SerDe: catalog.SerDe{Library: "json"},
	}}
	for _, p := range partitions {
		t.Partitions = append(t.Partitions, catalog.Column{Name: p, Type: "string"})
	}
	l.must(l.cat.CreateTable(l.t.Context(), t))
}

func (l *lake) types() {
	l.t.Helper()
	for _, typ := range []erasure.IdentifierType{
		{Name: "user_id", Form: erasure.Exact},
		{Name: "mail", Form: erasure.Email},
		{Name: "name", Form: erasure.Folded, Parts: []string{"first", "last"}},
	} {
		l.must(l.PutType(l.t.Context(), typ))
	}
}

// people maps all that a table of people holds.
func people(table string) erasure.Mapping {
	return erasure.Mapping{Name: table, Database: "default", Table: table, Identifiers: []erasure.Identifier{
		{Type: "user_id", Columns: []string{"user_id"}},
		{Type: "user_id", Columns: []string{"buyers.id"}},
		{Type: "mail", Columns: []string{"mail"}},
		{Type: "name", Columns: []string{"first", "last"}},
	}}
}

func (l *lake) write(key string, lines ...string) object.Object {
	l.t.Helper()
	o, err := l.store.Put(l.t.Context(), "lake", key, strings.NewReader(strings.Join(lines, "\n")+"\n"), object.Header{}, object.Condition{})
	l.must(err)
	return o
}

func (l *lake) build() erasure.Progress {
	l.t.Helper()
	p, err := l.Build(l.t.Context(), nil)
	l.must(err)
	return p
}

// at says where the index has an identifier, by key and rows.
func (l *lake) at(kind, value string) []string {
	l.t.Helper()
	out := []string{}
	for p, err := range l.index.Find(l.t.Context(), l.key.Hash(kind, value)) {
		l.must(err)
		out = append(out, fmt.Sprint(p.Key, p.Rows))
	}
	return out
}

func (l *lake) want(kind, value string, want ...string) {
	l.t.Helper()
	if got := l.at(kind, value); !slices.Equal(got, want) && len(got)+len(want) > 0 {
		l.t.Errorf("%s %s is at %q, want %q", kind, value, got, want)
	}
}

func TestBuild(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews", "day")
	l.table("other")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	// The erasure framework's example: three persons in the first rows of a file.
	l.write("reviews/day=26/input.json",
		`{"user_id":"V34qejxNsCbcgD8C0HVk-Q","mail":"Ada@Example.org"}`,
		`{"user_id":"ofKDkJKXSKZXu5xJNGiiBQ","buyers":[{"id":"b1"},{"id":"b2"}]}`,
		`{"user_id":"UgMW8bLE0QMJDCkQ1Ax5Mg","first":"Ada","last":"LOVELACE"}`)
	l.write("reviews/day=27/a.json", `{"user_id":"V34qejxNsCbcgD8C0HVk-Q"}`, `{}`, `{"user_id":null,"mail":""}`, `{"user_id":"V34qejxNsCbcgD8C0HVk-Q"}`)
	l.write("other/a.json", `{"user_id":"V34qejxNsCbcgD8C0HVk-Q"}`)

	var told erasure.Progress
	p, err := l.Build(t.Context(), func(p erasure.Progress) { told = p })
	l.must(err)
	if p.Objects != 2 || p.ObjectsRead != 2 || p.Rows != 7 || p.Unread != 0 || !p.Listed || told != p {
		t.Errorf("it says %+v, and at last told %+v", p, told)
	}
	l.want("user_id", "V34qejxNsCbcgD8C0HVk-Q", "reviews/day=26/input.json[0]", "reviews/day=27/a.json[0 3]")
	l.want("user_id", "ofKDkJKXSKZXu5xJNGiiBQ", "reviews/day=26/input.json[1]")
	l.want("user_id", "UgMW8bLE0QMJDCkQ1Ax5Mg", "reviews/day=26/input.json[2]")
	l.want("user_id", "b2", "reviews/day=26/input.json[1]")
	l.want("mail", "ada@example.org", "reviews/day=26/input.json[0]")
	ada, ok := erasure.IdentifierType{Name: "name", Form: erasure.Folded, Parts: []string{"first", "last"}}.Normal([]string{" ada", "Lovelace"})
	if !ok {
		t.Fatal("no name")
	}
	l.want("name", ada, "reviews/day=26/input.json[2]")

	if p := l.build(); p.Objects != 0 || p.Known != 2 {
		t.Errorf("again it says %+v", p)
	}
	// What changed is read, what went is forgotten.
	l.write("reviews/day=26/input.json", `{"user_id":"new"}`)
	l.must(l.store.Delete(t.Context(), "lake", "reviews/day=27/a.json", object.Condition{}))
	if p := l.build(); p.Objects != 1 || p.Forgotten != 1 {
		t.Errorf("after changes it says %+v", p)
	}
	l.want("user_id", "V34qejxNsCbcgD8C0HVk-Q")
	l.want("user_id", "new", "reviews/day=26/input.json[0]")
}

func TestMappingsChange(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews")
	l.table("other")
	m := people("reviews")
	m.Identifiers = m.Identifiers[:1]
	l.must(l.PutMapping(t.Context(), m))
	l.write("reviews/a.json", `{"user_id":"u","mail":"m@x"}`)
	l.write("other/a.json", `{"user_id":"u"}`)
	l.build()
	l.want("mail", "m@x")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	if p := l.build(); p.Objects != 1 {
		t.Errorf("under another mapping: %+v", p)
	}
	l.want("mail", "m@x", "reviews/a.json[0]")
	l.must(l.PutMapping(t.Context(), people("other")))
	l.build()
	l.want("user_id", "u", "other/a.json[0]", "reviews/a.json[0]")
	l.must(l.DeleteMapping(t.Context(), "reviews"))
	l.build()
	l.want("user_id", "u", "other/a.json[0]")
	l.must(l.DeleteMapping(t.Context(), "other"))
	l.build()
	l.want("user_id", "u")
	// A mapping whose table is gone stops a build: its objects would be nobody's.
	l.must(l.PutMapping(t.Context(), people("other")))
	l.must(l.cat.DropTable(t.Context(), "default", "other"))
	if _, err := l.Build(t.Context(), nil); !lethe.Is(err, lethe.NotFound) || !strings.Contains(err.Error(), "mapping other") {
		t.Errorf("its table is gone: %v", err)
	}
	// Events of other tables go on.
	l.must(l.PutMapping(t.Context(), people("reviews")))
	l.write("reviews/b.json", `{"user_id":"v"}`)
	l.must(l.Handle(t.Context(), []event.Event{{Bucket: "lake", Key: "reviews/b.json"}}))
	l.want("user_id", "v", "reviews/b.json[0]")
}

func TestPartitionsElsewhere(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews", "day")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	l.must(l.cat.AddPartitions(t.Context(), "default", "reviews", []catalog.Partition{
		{Values: []string{"1"}, Storage: catalog.Storage{Location: "s3://lake/archive/1", BucketCount: -1, SerDe: catalog.SerDe{Library: "json"}}},
		{Values: []string{"2"}, Storage: catalog.Storage{Location: "s3://lake/reviews/day=2", BucketCount: -1, SerDe: catalog.SerDe{Library: "orc"}}},
	}, false))
	l.write("archive/1/a.json", `{"user_id":"u"}`)
	l.write("archive/10/a.json", `{"user_id":"u"}`)
	l.write("reviews/day=2/a.orc", `ORC`)
	l.write("reviews/stray.json", `{"user_id":"u"}`)
	if p := l.build(); p.Unread != 1 {
		t.Errorf("it says %+v", p)
	}
	l.want("user_id", "u", "archive/1/a.json[0]", "reviews/stray.json[0]")
	us, err := l.Unread(t.Context(), 10)
	l.must(err)
	if len(us) != 1 || us[0].Key != "reviews/day=2/a.orc" || us[0].Kind != lethe.Unsupported || !strings.Contains(us[0].Reason, "mapping reviews") {
		t.Errorf("unread: %+v", us)
	}
}

func TestVersionsAreInTheIndex(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
	l.write("reviews/a.json", `{"user_id":"old"}`)
	l.write("reviews/a.json", `{"user_id":"new"}`)
	l.must(l.store.Delete(t.Context(), "lake", "reviews/a.json", object.Condition{}))
	if p := l.build(); p.Objects != 2 {
		t.Errorf("it says %+v", p)
	}
	l.want("user_id", "old", "reviews/a.json[0]")
	l.want("user_id", "new", "reviews/a.json[0]")
	for v, err := range object.AllVersions(t.Context(), l.store, "lake", "reviews/") {
		l.must(err)
		l.must(l.store.DeleteVersion(t.Context(), "lake", v.Key, v.Version))
		break // the delete marker
	}
	if p := l.build(); p.Objects != 0 || p.Known != 2 || p.Forgotten != 0 {
		t.Errorf("without its delete marker: %+v", p)
	}
}

func TestUnreadable(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	l.write("reviews/bad.json", `{"user_id":"u"}`, `{"user_id":"v"`)
	l.write("reviews/good.json", `{"user_id":"u"}`)
	if p := l.build(); p.Unread != 1 || p.ObjectsRead != 2 {
		t.Errorf("it says %+v", p)
	}
	l.want("user_id", "u", "reviews/good.json[0]") // the other one is not known to be read
	if p := l.build(); p.Objects != 0 {
		t.Errorf("it is read again: %+v", p)
	}
	l.write("reviews/bad.json", `{"user_id":"u"}`, `{"user_id":"v"}`)
	if p := l.build(); p.Objects != 1 || p.Unread != 0 {
		t.Errorf("mended: %+v", p)
	}
	if us, err := l.Unread(t.Context(), 10); err != nil || len(us) != 0 {
		t.Errorf("unread: %+v, %v", us, err)
	}
	l.want("user_id", "v", "reviews/bad.json[1]")
}

func TestRefusedMappings(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews", "day")
	with := func(f func(*erasure.Mapping)) erasure.Mapping {
		m := people("reviews")
		f(&m)
		return m
	}
	column := func(typ string, columns ...string) erasure.Mapping {
		return with(func(m *erasure.Mapping) { m.Identifiers = []erasure.Identifier{{Type: typ, Columns: columns}} })
	}
	null := map[string]*string{"body": nil, "user_id": nil, "buyers.id": nil, "mail": nil, "last": nil}
	for _, c := range []struct {
		name string
		m    erasure.Mapping
		kind lethe.Kind
		says string
	}{
		{"no table", with(func(m *erasure.Mapping) { m.Table = "nope" }), lethe.NotFound, "nope"},
		{"a name", with(func(m *erasure.Mapping) { m.Name = "a b" }), lethe.Invalid, `"a b"`},
		{"no identifiers", with(func(m *erasure.Mapping) { m.Identifiers = nil }), lethe.Invalid, "no identifiers"},
		{"a type", column("phone", "user_id"), lethe.Invalid, `"phone"`},
		{"parts", column("name", "first"), lethe.Invalid, "1 columns"},
		{"a column", column("user_id", "userid"), lethe.Invalid, `"userid"`},
		{"a field", column("user_id", "buyers.name"), lethe.Invalid, `"name"`},
		{"a struct", column("user_id", "buyers"), lethe.Invalid, "buyers.id"},
		{"a map", column("user_id", "buyers.tags.x"), lethe.Unsupported, "map"},
		{"into a text", column("user_id", "mail.host"), lethe.Invalid, "no fields"},
		{"a mode", with(func(m *erasure.Mapping) { m.Mode = "burn" }), lethe.Invalid, `"burn"`},
		{"replace without columns", with(func(m *erasure.Mapping) { m.Mode = "replace" }), lethe.Invalid, "columns to replace"},
		{"columns without replace", with(func(m *erasure.Mapping) { m.Replace = null }), lethe.Invalid, "columns to replace"},
		{"replace all but the identifiers", with(func(m *erasure.Mapping) { m.Mode, m.Replace = "replace", map[string]*string{"body": nil} }), lethe.Invalid, "still the person's"},
		{"replace what is not there", with(func(m *erasure.Mapping) { m.Mode, m.Replace = "replace", map[string]*string{"x": nil} }), lethe.Invalid, `"x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := l.PutMapping(t.Context(), c.m); !lethe.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it answers %v, want %s with %s", err, c.kind, c.says)
			}
		})
	}
	l.must(l.PutMapping(t.Context(), with(func(m *erasure.Mapping) { m.Mode, m.Replace = "replace", null })))
	ms, err := l.Mappings(t.Context())
	if err != nil || len(ms) != 1 || ms[0].Mode != "replace" {
		t.Errorf("mappings: %+v, %v", ms, err)
	}
	// Types that mappings use.
	if err := l.DeleteType(t.Context(), "mail"); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("delete a type in use: %v", err)
	}
	if err := l.PutType(t.Context(), erasure.IdentifierType{Name: "mail", Form: erasure.Exact, Parts: []string{"a", "b"}}); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("other parts of a type in use: %v", err)
	}
	for _, bad := range []erasure.IdentifierType{{Name: "A", Form: erasure.Exact}, {Name: "a", Form: "fuzzy"}, {Name: "a", Form: erasure.Exact, Parts: []string{"x"}}, {Name: "a", Form: erasure.Exact, Parts: []string{"x", "x"}}} {
		if err := l.PutType(t.Context(), bad); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	l.must(l.DeleteMapping(t.Context(), "reviews"))
	l.must(l.DeleteType(t.Context(), "mail"))
	for _, err := range []error{l.DeleteMapping(t.Context(), "reviews"), l.DeleteType(t.Context(), "mail")} {
		if !lethe.Is(err, lethe.NotFound) {
			t.Errorf("delete what is not there: %v", err)
		}
	}
}

func TestForms(t *testing.T) {
	for _, c := range []struct {
		form     erasure.Form
		in, want string
	}{
		{erasure.Exact, " A ", " A "},
		{erasure.Folded, " Straße ", "strasse"},
		{erasure.Folded, "e\u0301", "\u00e9"},
		{erasure.Email, "Ada Lovelace <Ada.L@Example.ORG.>", "ada.l@example.org"},
		{erasure.Email, " MAILTO:ada@example.org. ", "ada@example.org"},
		{erasure.Email, "<ada@example.org>", "ada@example.org"},
	} {
		if got, ok := (erasure.IdentifierType{Form: c.form}).Normal([]string{c.in}); !ok || got != c.want {
			t.Errorf("%s %q is %q, %v, want %q", c.form, c.in, got, ok, c.want)
		}
	}
	composite := erasure.IdentifierType{Form: erasure.Exact, Parts: []string{"a", "b"}}
	one, _ := composite.Normal([]string{"ab", "c"})
	two, _ := composite.Normal([]string{"a", "bc"})
	if one == two {
		t.Error("ab, c is a, bc")
	}
	if _, ok := composite.Normal([]string{"a", ""}); ok {
		t.Error("an identifier with an empty part names somebody")
	}
}

// TestEvents: events are lost, doubled and shuffled, and the index is right all the
// same once a build has run; those that came were seen at once.
func TestEvents(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	holds := map[string]string{} // key -> user
	var waiting []event.Event
	for n := range 150 {
		key := fmt.Sprint("reviews/", rng.IntN(8), ".json")
		if _, ok := holds[key]; ok && rng.IntN(4) == 0 {
			l.must(l.store.Delete(t.Context(), "lake", key, object.Condition{}))
			delete(holds, key)
		} else {
			holds[key] = fmt.Sprint("u", rng.IntN(5))
			l.write(key, fmt.Sprintf(`{"user_id":%q,"body":"%d"}`, holds[key], n))
		}
		if rng.IntN(20) > 0 { // 5 % are lost
			waiting = append(waiting, event.Event{Bucket: "lake", Key: key})
		}
		if rng.IntN(3) == 0 {
			rng.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
			l.must(l.Handle(t.Context(), append(waiting, waiting[:len(waiting)/2]...)))
			waiting = waiting[:0]
		}
	}
	same := func(when string) {
		t.Helper()
		for u := range 5 {
			user := fmt.Sprint("u", u)
			var want []string
			for key, holder := range holds {
				if holder == user {
					want = append(want, key+"[0]")
				}
			}
			slices.Sort(want)
			if got := l.at("user_id", user); !slices.Equal(got, want) && len(got)+len(want) > 0 {
				t.Errorf("%s: %s is at %q, want %q", when, user, got, want)
			}
		}
	}
	l.build()
	same("after a build")
	l.write("reviews/9.json", `{"user_id":"u0"}`)
	holds["reviews/9.json"] = "u0"
	l.must(l.Handle(t.Context(), []event.Event{{Bucket: "lake", Key: "reviews/9.json"}, {Bucket: "lake", Key: "elsewhere"}, {Bucket: "gone", Key: "reviews/9.json"}}))
	same("after an event")
}

// TestBuildIsStopped: a build that is stopped loses nothing, and the next goes on.
func TestBuildIsStopped(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	for i := range 60 {
		l.write(fmt.Sprintf("reviews/%02d.json", i), fmt.Sprintf(`{"user_id":"u%d"}`, i))
	}
	rounds := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rounds+1)*2*time.Millisecond)
		_, err := l.Build(ctx, nil)
		cancel()
		if rounds++; err == nil {
			break
		}
		if !errors.Is(err, context.DeadlineExceeded) && !lethe.Is(err, lethe.Exhausted) && !lethe.Is(err, lethe.Canceled) {
			t.Fatal(err)
		}
	}
	t.Logf("%d rounds", rounds)
	for i := range 60 {
		l.want("user_id", fmt.Sprint("u", i), fmt.Sprintf("reviews/%02d.json[0]", i))
	}
	if us, err := l.Unread(t.Context(), 10); err != nil || len(us) != 0 {
		t.Errorf("a build that was stopped left unread: %+v, %v", us, err)
	}
}
