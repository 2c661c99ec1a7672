package erasure_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
	"lethe/event"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func (l *lake) versioned() {
	l.t.Helper()
	l.must(l.store.Gateway().PutBucketVersioning(l.t.Context(), "lake", types.BucketVersioningStatusEnabled))
}

func (l *lake) tag(key string, tags map[string]string) {
	l.t.Helper()
	l.must(l.store.Gateway().PutObjectTagging(l.t.Context(), "lake", key, "", tags))
}

func (l *lake) event(keys ...string) {
	l.t.Helper()
	for _, k := range keys {
		l.must(l.Handle(l.t.Context(), []event.Event{{Bucket: "lake", Key: k}}))
	}
}

// everything lists the versions and delete markers below a prefix, as key or
// key (marker).
func (l *lake) everything(prefix string) (all []string) {
	l.t.Helper()
	for v, err := range object.AllVersions(l.t.Context(), l.store, "lake", prefix) {
		l.must(err)
		name := v.Key
		if v.Marker {
			name += " (marker)"
		}
		all = append(all, name)
	}
	return all
}

func (l *lake) wantAll(prefix string, want ...string) {
	l.t.Helper()
	if got := l.everything(prefix); !slices.Equal(got, want) {
		l.t.Errorf("below %s are %q, want %q", prefix, got, want)
	}
}

// done has a person erased by a request, and returns its report and certificate.
func (l *lake) done(given ...erasure.Named) (erasure.Report, erasure.Certificate) {
	l.t.Helper()
	q := l.until(l.ask(given...).ID, erasure.Reported)
	var report erasure.Report
	raw, err := l.ReportOf(l.t.Context(), q.ID)
	l.must(err)
	l.must(json.Unmarshal(raw, &report))
	l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	l.decide(q.ID, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
	q = l.until(q.ID, erasure.Done)
	signed, err := l.CertificateOf(l.t.Context(), q.ID)
	l.must(err)
	c, err := erasure.Verify(signed, l.public)
	l.must(err)
	for _, text := range [][]byte{raw, signed.Certificate} {
		for _, g := range given {
			if v := g.Values[0]; strings.Trim(v, "0123456789abcdef") != "" && bytes.Contains(text, []byte(v)) {
				l.t.Errorf("%q stands in %s", v, text)
			}
		}
	}
	if check, err := l.VerifyCertificate(l.t.Context(), signed); err != nil || check.Found != 0 {
		l.t.Errorf("later: %+v, %v", check, err)
	}
	return report, c
}

func whole(typ string) erasure.Mapping {
	return erasure.Mapping{Name: "files", Location: "s3://lake/files/", Identifiers: []erasure.Identifier{{Type: typ}}}
}

func user(id string) erasure.Named { return erasure.Named{Type: "user_id", Values: []string{id}} }

// TestEraseByFileName: the erasure framework's second way, 1001-<guid>.csv, and its
// list of customers to delete.
func TestEraseByFileName(t *testing.T) {
	for _, versioned := range []bool{false, true} {
		t.Run(fmt.Sprint("versioned=", versioned), func(t *testing.T) {
			l := newLake(t)
			l.types()
			if versioned {
				l.versioned()
			}
			m := whole("user_id")
			m.Identifiers[0].Key = "{user_id}-*.csv"
			l.must(l.PutMapping(t.Context(), m))
			l.write("files/day=1/1001-5d1c9d6a-77.csv", "id,what", "1001,x")
			l.write("files/day=1/1001-5d1c9d6a-77.csv", "id,what", "1001,y")
			l.write("files/day=2/1001-0b.csv", "z")
			if versioned { // only its name is left of it, and an older version
				l.must(l.store.Delete(t.Context(), "lake", "files/day=2/1001-0b.csv", object.Condition{}))
			}
			l.write("files/day=1/10010-aa.csv", "another's")
			l.write("files/day=1/1002-1001-1.csv", "another's")
			l.write("files/1001.txt", "of no such name")
			l.build()
			if got := len(l.at("user_id", "1001")); got == 0 {
				t.Fatal("the index has nothing")
			}
			report, c := l.done(user("1001"))
			for _, o := range report.Objects {
				if !o.Whole || len(o.Rows) != 0 || !strings.HasPrefix(o.Key, "files/day=") {
					t.Errorf("reported: %+v", o)
				}
			}
			if len(c.Objects) != 2 || len(c.Objects[0].Changes) == 0 || !c.Objects[0].Changes[0].Whole || len(c.Exceptions) != 0 {
				t.Errorf("certified: %+v", c)
			}
			l.wantAll("files/", "files/1001.txt", "files/day=1/10010-aa.csv", "files/day=1/1002-1001-1.csv")
			// It stays so, and others' names are not shown either.
			l.write("files/day=9/1001-old.csv", "back")
			l.event("files/day=9/1001-old.csv")
			l.wantAll("files/day=9/")
			l.leaves("1001-5d1c")
		})
	}
}

func TestEraseByPartition(t *testing.T) {
	l := newLake(t)
	l.types()
	l.versioned()
	l.table("visits", "day", "user")
	m := erasure.Mapping{Name: "visits", Database: "default", Table: "visits", Identifiers: []erasure.Identifier{
		{Type: "user_id", Columns: []string{"user"}},
		{Type: "mail", Columns: []string{"mail"}},
	}}
	l.must(l.PutMapping(t.Context(), m))
	part := func(day, user, at string) catalog.Partition {
		return catalog.Partition{Values: []string{day, user}, Storage: catalog.Storage{Location: "s3://lake/" + at, BucketCount: -1, SerDe: catalog.SerDe{Library: "json"}}}
	}
	l.must(l.cat.AddPartitions(t.Context(), "default", "visits", []catalog.Partition{
		part("1", "zora", "visits/day=1/user=zora"), part("1", "bob", "visits/day=1/user=bob"),
		part("2", "zora", "elsewhere/2"), part("3", "zora", "visits/day=3/user=zora"), // the third is empty
	}, false))
	l.must(l.cat.SetPartitionStatistics(t.Context(), "default", "visits", map[string][]catalog.ColumnStatistics{}))
	l.write("visits/day=1/user=zora/a.json", `{"body":"x"}`)
	l.write("visits/day=1/user=zora/a.json", `{"body":"y"}`, `{"mail":"bob@example.org"}`)
	l.write("visits/day=1/user=bob/a.json", `{"mail":"ada@example.org"}`, `{"mail":"bob@example.org"}`)
	l.write("elsewhere/2/b.json", `{"body":"x"}`)
	l.write("visits/day=4/user=zora/c.json", `{"body":"in no partition of the catalog"}`)
	l.write("visits/stray.json", `{"body":"of nobody knows whom"}`)
	l.build()
	us, err := l.Unread(t.Context(), 10)
	l.must(err)
	if len(us) != 1 || us[0].Key != "visits/stray.json" || !strings.Contains(us[0].Reason, "no partition") {
		t.Errorf("unread: %+v", us)
	}
	report, c := l.done(user("zora"), erasure.Named{Type: "mail", Values: []string{"ada@example.org"}})
	partitions := 0
	for _, o := range report.Objects {
		if o.Partition == "default.visits" {
			partitions++
		}
	}
	if partitions != 3 {
		t.Errorf("%d partitions are reported: %+v", partitions, report.Objects)
	}
	l.wantAll("elsewhere/")
	if got := l.everything("visits/"); !slices.Equal(slices.Compact(got), []string{"visits/day=1/user=bob/a.json", "visits/stray.json"}) {
		t.Errorf("left are %q", got)
	}
	l.wantLines("visits/day=1/user=bob/a.json", `{"mail":"bob@example.org"}`)
	names, err := l.cat.PartitionNames(t.Context(), "default", "visits", catalog.PartitionPage{})
	l.must(err)
	if !slices.Equal(names, []string{"day=1/user=bob"}) {
		t.Errorf("the catalog has the partitions %q", names)
	}
	if len(c.Exceptions) != 0 || len(c.Unread) != 1 {
		t.Errorf("certified: %+v", c)
	}
}

// TestLockedPartitionStays: what cannot be deleted keeps its partition, by name.
func TestLockedPartitionStays(t *testing.T) {
	l := newLake(t)
	l.types()
	l.versioned()
	l.must(l.store.Gateway().PutObjectLockConfiguration(t.Context(), "lake", []byte(`{"Enabled":true}`)))
	l.table("visits", "user")
	l.must(l.PutMapping(t.Context(), erasure.Mapping{Name: "visits", Database: "default", Table: "visits", Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"user"}}}}))
	l.must(l.cat.AddPartitions(t.Context(), "default", "visits", []catalog.Partition{
		{Values: []string{"zora"}, Storage: catalog.Storage{Location: "s3://lake/visits/user=zora", BucketCount: -1, SerDe: catalog.SerDe{Library: "json"}}}}, false))
	o := l.write("visits/user=zora/a.json", `{}`)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	l.must(l.lock("visits/user=zora/a.json", o.Version, until))
	_, c := l.done(user("zora"))
	l.wantAll("visits/", "visits/user=zora/a.json (marker)", "visits/user=zora/a.json")
	var reasons []string
	for _, e := range c.Exceptions {
		reasons = append(reasons, e.Reason)
		if strings.Contains(e.Reason, "COMPLIANCE") != (e.Version == o.Version) {
			t.Errorf("%+v", e)
		}
	}
	if len(reasons) != 3 || !strings.Contains(strings.Join(reasons, "; "), "the partition of default.visits stays") {
		t.Errorf("exceptions: %q", reasons)
	}
}

func TestEraseByTags(t *testing.T) {
	l := newLake(t)
	l.types()
	l.versioned()
	m := whole("name")
	m.Identifiers = []erasure.Identifier{{Type: "name", Tags: []string{"first", "last"}}, {Type: "user_id", Tags: []string{"uid"}}}
	l.must(l.PutMapping(t.Context(), m))
	l.write("files/a.jpg", "picture")
	l.tag("files/a.jpg", map[string]string{"first": "ADA", "last": "Lovelace"})
	l.write("files/a.jpg", "another's")
	l.write("files/b.jpg", "picture")
	l.tag("files/b.jpg", map[string]string{"uid": "ada"})
	l.write("files/c.jpg", "picture")
	l.write("files/d.jpg", "picture")
	l.tag("files/d.jpg", map[string]string{"first": "Ada"}) // is not all of a name
	l.build()
	l.want("user_id", "ada", fmt.Sprint("files/b.jpg", []int64{erasure.Whole}))
	// A tag is changed, which changes neither version nor ETag.
	l.tag("files/c.jpg", map[string]string{"uid": "ada"})
	l.event("files/c.jpg")
	if got := l.at("user_id", "ada"); len(got) != 2 {
		t.Errorf("after an event the index has %q", got)
	}
	l.tag("files/c.jpg", map[string]string{"uid": "bob"})
	l.build() // whose event was lost
	l.want("user_id", "ada", fmt.Sprint("files/b.jpg", []int64{erasure.Whole}))
	l.done(user("ada"), erasure.Named{Type: "name", Values: []string{"Ada", "lovelace"}})
	l.wantAll("files/", "files/a.jpg", "files/b.jpg (marker)", "files/c.jpg", "files/d.jpg")
	l.tag("files/d.jpg", map[string]string{"first": "Ada", "last": "Lovelace"})
	l.event("files/d.jpg")
	if l.lines("files/d.jpg") != nil {
		t.Error("an object that was tagged with her name afterwards is there")
	}
}

func TestEraseBySidecar(t *testing.T) {
	for _, versioned := range []bool{false, true} {
		t.Run(fmt.Sprint("versioned=", versioned), func(t *testing.T) {
			l := newLake(t)
			l.types()
			if versioned {
				l.versioned()
			}
			m := whole("user_id")
			m.Identifiers = []erasure.Identifier{{Type: "user_id", Sidecar: ".meta.json"}, {Type: "mail", Sidecar: ".meta.json"}}
			l.must(l.PutMapping(t.Context(), m))
			l.write("files/a.jpg", "hers")
			l.write("files/a.jpg.meta.json", `{"identifiers":[{"type":"user_id","value":"ada"}],"title":"At sea"}`)
			l.write("files/b.jpg", "his")
			l.write("files/b.jpg.meta.json", `{"identifiers":[{"type":"user_id","value":7},{"type":"phone","value":"1"}]}`)
			l.write("files/c.jpg", "whose?")
			l.write("files/d.jpg", "whose?")
			l.write("files/d.jpg.meta.json", `{"identifiers":`)
			l.build()
			reasons := map[string]string{}
			us, err := l.Unread(t.Context(), 10)
			l.must(err)
			for _, u := range us {
				reasons[u.Key] = u.Reason
			}
			if len(us) != 3 || !strings.Contains(reasons["files/c.jpg"], "is missing") || !strings.Contains(reasons["files/d.jpg"], "no JSON") || !strings.Contains(reasons["files/d.jpg.meta.json"], "no JSON") {
				t.Errorf("unread: %q", reasons)
			}
			// What is said afterwards is heard.
			l.write("files/c.jpg.meta.json", `{"identifiers":[{"type":"mail","value":"Ada@example.org"}]}`)
			l.event("files/c.jpg.meta.json")
			l.want("mail", "ada@example.org", fmt.Sprint("files/c.jpg", []int64{erasure.Whole}), "files/c.jpg.meta.json[0]")
			l.want("user_id", "7", fmt.Sprint("files/b.jpg", []int64{erasure.Whole}), "files/b.jpg.meta.json[0]")
			_, c := l.done(ada...)
			if len(c.Objects) != 4 || len(c.Unread) != 2 {
				t.Errorf("certified: %+v", c)
			}
			if got := slices.DeleteFunc(l.everything("files/"), func(k string) bool { return strings.HasSuffix(k, "(marker)") }); !slices.Equal(got,
				[]string{"files/b.jpg", "files/b.jpg.meta.json", "files/d.jpg", "files/d.jpg.meta.json"}) {
				t.Errorf("left are %q", got)
			}
			// An object that is older than what is said of it, and one that is newer.
			l.write("files/b.jpg", "somebody else's")
			l.event("files/b.jpg")
			want := []string{"files/b.jpg.meta.json[0]"}
			if versioned {
				want = slices.Insert(want, 0, fmt.Sprint("files/b.jpg", []int64{erasure.Whole}))
			}
			l.want("user_id", "7", want...)
		})
	}
}

func TestEraseFromSharedSidecar(t *testing.T) {
	l := newLake(t)
	l.types()
	l.versioned()
	m := whole("user_id")
	m.Identifiers = []erasure.Identifier{{Type: "user_id", Sidecar: "metadata.json"}}
	l.must(l.PutMapping(t.Context(), m))
	l.write("files/1/a.jpg", "hers")
	l.write("files/1/b.jpg", "his")
	l.write("files/1/deep/c.jpg", "hers")
	l.write("files/1/metadata.json", `{"about":"1","objects":[
		{"object":"a.jpg","identifiers":[{"type":"user_id","value":"ada"}],"title":"hers"},
		{"object":"b.jpg","identifiers":[{"type":"user_id","values":["bob"]}],"title":"<his>"},
		{"object":"deep/c.jpg","identifiers":[{"type":"user_id","value":"ada"}]}]}`)
	l.build()
	l.want("user_id", "ada", fmt.Sprint("files/1/a.jpg", []int64{erasure.Whole}), fmt.Sprint("files/1/deep/c.jpg", []int64{erasure.Whole}), "files/1/metadata.json[0 2]")
	l.done(user("ada"))
	text := strings.Join(l.lines("files/1/metadata.json"), "")
	if names([]byte(text)) || strings.Contains(text, "hers") || !strings.Contains(text, `"<his>"`) || !strings.Contains(text, `"about"`) {
		t.Errorf("the metadata file is now %s", text)
	}
	l.want("user_id", "bob", fmt.Sprint("files/1/b.jpg", []int64{erasure.Whole}), "files/1/metadata.json[0]") // still known, by what was said then
	if got := slices.DeleteFunc(l.everything("files/"), func(k string) bool { return strings.HasSuffix(k, "(marker)") }); !slices.Equal(got, []string{"files/1/b.jpg", "files/1/metadata.json"}) {
		t.Errorf("left are %q", got)
	}
	// What was written between the metadata file and its being rewritten is not his.
	l.write("files/1/b.jpg", "whose?")
	l.event("files/1/b.jpg")
	us, err := l.Unread(t.Context(), 10)
	l.must(err)
	if len(us) != 1 || us[0].Key != "files/1/b.jpg" {
		t.Errorf("unread: %+v", us)
	}
}

// TestSidecarListsRecords: flow 3 of the framework, an index from a metadata file.
func TestSidecarListsRecords(t *testing.T) {
	l := newLake(t)
	l.types()
	m := erasure.Mapping{Name: "files", Location: "s3://lake/files", Format: "jsonl", Mode: "blank", Identifiers: []erasure.Identifier{
		{Type: "user_id", Columns: []string{"user_id"}}, {Type: "user_id", Sidecar: "{object}.idx"}}}
	l.must(l.PutMapping(t.Context(), m))
	o := l.write("files/a.json", somebody, hers, somebody)
	l.write("files/a.json.idx", fmt.Sprintf(`{"etag":%q,"identifiers":[{"type":"user_id","value":"ada","rows":[1]},{"type":"user_id","value":"bob","rows":[0,2]}]}`, o.ETag))
	if p := l.build(); p.Rows != 0 || p.Unread != 0 {
		t.Errorf("it was read: %+v", p)
	}
	l.want("user_id", "ada", "files/a.json[1]", "files/a.json.idx[0]")
	// What it says of other bytes does not count: they are read.
	l.write("files/a.json", hers, somebody, hers)
	l.build()
	l.want("user_id", "ada", "files/a.json.idx[0]")
	us, err := l.Unread(t.Context(), 1)
	l.must(err)
	if len(us) != 1 || us[0].Key != "files/a.json" {
		t.Errorf("unread: %+v", us)
	}
	l.write("files/a.json.idx", `{"identifiers":[{"type":"user_id","value":"ada","rows":[1]}]}`) // rows of which bytes?
	l.event("files/a.json.idx")
	l.want("user_id", "ada", "files/a.json[0 2]", "files/a.json.idx[0]")
	l.done(user("ada"))
	l.wantLines("files/a.json", "{}", somebody, "{}")
	if l.lines("files/a.json.idx") != nil {
		t.Errorf("the metadata file has %q", l.lines("files/a.json.idx"))
	}
}

func TestModeObject(t *testing.T) {
	l := newPeople(t, "object")
	l.write("reviews/a.json", hers, herMail)
	l.write("reviews/b.json", hers, somebody)
	l.write("reviews/c.json", somebody)
	l.build()
	if out := l.erase("reviews/a.json"); out.Records != 2 || l.lines("reviews/a.json") != nil {
		t.Errorf("her object: %+v", out)
	}
	if out := l.erase("reviews/b.json"); len(out.Exceptions) != 1 || !strings.Contains(out.Exceptions[0].Reason, "somebody else") {
		t.Errorf("an object of two: %+v", out)
	}
	l.wantLines("reviews/b.json", hers, somebody)
	l.erase("reviews/c.json")
	l.wantLines("reviews/c.json", somebody)
}

// TestNamesAreMasked: whoever's identifiers stand in a key, nobody reads them in a
// list or an error.
func TestNamesAreMasked(t *testing.T) {
	l := newLake(t)
	l.types()
	m := whole("mail")
	m.Format = "jsonl"
	m.Identifiers = []erasure.Identifier{{Type: "mail", Key: "by/{mail}/*.json"}, {Type: "user_id", Columns: []string{"user_id"}}}
	l.must(l.PutMapping(t.Context(), m))
	l.write("files/by/eve%40example.org/x.json", `{"user_id"`)
	l.build()
	l.write("files/by/eve%40example.org/x.json", `{"user_id":`) // nor can what took its place be read
	l.build()
	us, err := l.Unread(t.Context(), 10)
	l.must(err)
	if len(us) != 1 || strings.Contains(fmt.Sprint(us), "eve") || !strings.HasPrefix(us[0].Key, "files/by/[") {
		t.Errorf("unread: %+v", us)
	}
	l.want("mail", "eve@example.org", fmt.Sprint("files/by/eve%40example.org/x.json", []int64{erasure.Whole})) // whose it is, is known
	l.Service.Format = nil
	out, err := l.Erase(t.Context(), []erasure.Named{{Type: "mail", Values: []string{"eve@example.org"}}}, "lake", "files/by/eve%40example.org/x.json")
	if err != nil || len(out.Changes) != 1 || l.everything("files/") != nil {
		t.Errorf("%+v, %v", out, err)
	}
	l.build()
	if us, err := l.Unread(t.Context(), 10); err != nil || len(us) != 0 {
		t.Errorf("what is no more is unread: %+v, %v", us, err)
	}
}

func TestRefusedPlaces(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews", "day")
	with := func(id erasure.Identifier) erasure.Mapping {
		m := whole("user_id")
		m.Identifiers = []erasure.Identifier{id}
		return m
	}
	both := whole("user_id")
	both.Database, both.Table = "default", "reviews"
	both.Identifiers[0].Key = "{user_id}"
	neither := both
	neither.Location, neither.Table = "", ""
	csv := with(erasure.Identifier{Type: "user_id", Key: "{user_id}"})
	csv.Format = "xls"
	blank := with(erasure.Identifier{Type: "user_id", Key: "{user_id}"})
	blank.Mode = "blank"
	for _, c := range []struct {
		name string
		m    erasure.Mapping
		says string
	}{
		{"two places", both, "name one of them"},
		{"no place", neither, "neither"},
		{"a format", csv, "xls"},
		{"blank without records", blank, "go whole"},
		{"nothing", with(erasure.Identifier{Type: "user_id"}), "has 0"},
		{"two ways", with(erasure.Identifier{Type: "user_id", Key: "{user_id}", Sidecar: ".m"}), "has 2"},
		{"columns without a format", with(erasure.Identifier{Type: "user_id", Columns: []string{"a"}}), "format"},
		{"no placeholder", with(erasure.Identifier{Type: "user_id", Key: "*.csv"}), "no placeholder"},
		{"two placeholders", with(erasure.Identifier{Type: "user_id", Key: "{a}-{b}"}), "twice"},
		{"a part is missing", with(erasure.Identifier{Type: "name", Key: "{first}.csv"}), "{last}"},
		{"no such part", with(erasure.Identifier{Type: "name", Key: "{first}-{name}"}), "{name}"},
		{"a star before", with(erasure.Identifier{Type: "user_id", Key: "*{user_id}.csv"}), "begins"},
		{"a star after", with(erasure.Identifier{Type: "user_id", Key: "{user_id}*.csv"}), "ends"},
		{"not closed", with(erasure.Identifier{Type: "user_id", Key: "{user_id"}), "closed"},
		{"one tag of two", with(erasure.Identifier{Type: "name", Tags: []string{"a"}}), "1 tags"},
		{"the object itself", with(erasure.Identifier{Type: "user_id", Sidecar: "{object}"}), "itself"},
		{"above", with(erasure.Identifier{Type: "user_id", Sidecar: "../m.json"}), "folder"},
		{"a star in a sidecar", with(erasure.Identifier{Type: "user_id", Sidecar: "*.json"}), "placeholder"},
	} {
		if err := l.PutMapping(t.Context(), c.m); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: it answers %v, want one with %s", c.name, err, c.says)
		}
	}
}

// TestRandomPlaces: random persons in keys, partitions, tags and metadata files, with
// versions, deletions and tags that change, and half of the events lost. Whoever is
// erased is nowhere afterwards, and of the others nothing is lost.
func TestRandomPlaces(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	l := newLake(t)
	l.types()
	if rng.IntN(2) == 0 {
		l.versioned()
	}
	l.table("visits", "user")
	mapping := func(name string, id erasure.Identifier) {
		id.Type = "user_id"
		l.must(l.PutMapping(t.Context(), erasure.Mapping{Name: name, Location: "s3://lake/" + name, Identifiers: []erasure.Identifier{id}}))
	}
	mapping("keys", erasure.Identifier{Key: "/*/{user_id}-*"})
	mapping("tags", erasure.Identifier{Tags: []string{"uid"}})
	mapping("each", erasure.Identifier{Sidecar: "{object}.m"})
	mapping("shared", erasure.Identifier{Sidecar: "m.json"})
	l.must(l.PutMapping(t.Context(), erasure.Mapping{Name: "visits", Database: "default", Table: "visits", Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"user"}}, {Type: "user_id", Columns: []string{"user_id"}}}}))
	owner := map[string]string{} // of the current version of each key
	for n := range 120 {
		u, i := fmt.Sprint("u", rng.IntN(4)), rng.IntN(3)
		var key string
		text := fmt.Sprintf(`{"body":"%d"}`, n)
		switch rng.IntN(5) {
		case 0:
			key = fmt.Sprintf("keys/%d/%s-%d", i, u, i)
			l.write(key, text)
		case 1:
			key = fmt.Sprintf("tags/%d", i)
			l.write(key, text)
			l.tag(key, map[string]string{"uid": u})
		case 2:
			key = fmt.Sprintf("each/%d", i)
			l.write(key, text)
			l.write(key+".m", fmt.Sprintf(`{"identifiers":[{"type":"user_id","value":%q}]}`, u))
		case 3:
			key = fmt.Sprintf("shared/%d", i)
			l.write(key, text)
			var objects []string
			said := maps.Clone(owner)
			said[key] = u
			for k, who := range said {
				if name, ok := strings.CutPrefix(k, "shared/"); ok {
					objects = append(objects, fmt.Sprintf(`{"object":%q,"identifiers":[{"type":"user_id","value":%q}]}`, name, who))
				}
			}
			l.write("shared/m.json", `{"objects":[`+strings.Join(objects, ",")+`]}`)
		case 4:
			key = fmt.Sprintf("visits/user=%s/%d.json", u, i)
			l.write(key, text)
		}
		owner[key] = u
		if rng.IntN(6) == 0 {
			l.must(l.store.Delete(t.Context(), "lake", key, object.Condition{}))
			delete(owner, key)
		}
		if rng.IntN(2) == 0 {
			l.event(key)
		}
	}
	for _, who := range []string{"u1", "u3"} {
		l.done(user(who))
		for key, u := range owner {
			if u == who {
				if l.lines(key) != nil {
					t.Errorf("%s of %s is there", key, who)
				}
				delete(owner, key)
			} else if l.lines(key) == nil {
				t.Errorf("%s of %s is lost", key, u)
			}
		}
		l.want("user_id", who)
		for _, k := range l.everything("") {
			if strings.Contains(k, who) {
				t.Errorf("%s is named by %s", who, k)
			}
		}
	}
}

func TestPreview(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews", "day")
	preview := func(m erasure.Mapping) erasure.Preview {
		t.Helper()
		p, err := l.Preview(t.Context(), m)
		l.must(err)
		return p
	}
	bad := people("reviews")
	bad.Identifiers[0].Columns = []string{"userid"}
	if p := preview(bad); len(p.Problems) != 1 || !strings.Contains(p.Problems[0].Message, "userid") || p.Problems[0].Where != "mapping" {
		t.Errorf("a mapping that does not fit: %+v", p)
	}
	if p := preview(people("reviews")); len(p.Problems) != 1 || p.Objects != 0 {
		t.Errorf("of nothing: %+v", p)
	}
	lines := make([]string, 1500)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"user_id":"secret%d"}`, i%10)
	}
	for i := range 25 {
		l.write(fmt.Sprintf("reviews/day=%d/a.json", i), lines...)
	}
	p := preview(people("reviews"))
	if p.Objects != 25 || p.Read != 20 || len(p.Samples) != 20 || p.Bytes != 25*int64(len(strings.Join(lines, "\n"))+1) || strings.Contains(fmt.Sprint(p), "secret") {
		t.Errorf("previewed: %+v", p)
	}
	want := []erasure.Count{{Type: "user_id", Found: 1000, Distinct: 10}, {Type: "user_id"}, {Type: "mail"}, {Type: "name"}}
	if got := p.Samples[7]; got.Records != 1000 || !slices.Equal(got.Identifiers, want) {
		t.Errorf("a sample: %+v", got)
	}
	if len(p.Problems) != 3 || p.Problems[0].Where != "identifiers[1]" {
		t.Errorf("problems: %+v", p.Problems)
	}
	m := whole("user_id")
	m.Identifiers[0].Key = "{user_id}-*.csv"
	l.write("files/secret-1.csv", "x")
	l.write("files/none.csv", "x")
	p = preview(m)
	if p.Read != 2 || p.Samples[1].Identifiers[0] != (erasure.Count{Type: "user_id", Found: 1, Distinct: 1}) || strings.Contains(fmt.Sprint(p), "secret") || len(p.Problems) != 0 {
		t.Errorf("of keys: %+v", p)
	}
	if ms, err := l.Mappings(t.Context()); err != nil || len(ms) != 0 {
		t.Errorf("it was kept: %+v, %v", ms, err)
	}
}

// TestEraseWholeUnderFaults: a store that fails at every call, and is asked again as
// a process would after a kill. The object never outlives what says whose it is, and
// at the end nothing of the person is left, and all of somebody else's.
func TestEraseWholeUnderFaults(t *testing.T) {
	for _, versioned := range []bool{false, true} {
		t.Run(fmt.Sprint("versioned=", versioned), func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			l := newLake(t)
			l.types()
			if versioned {
				l.versioned()
			}
			m := whole("user_id")
			m.Identifiers = []erasure.Identifier{{Type: "user_id", Sidecar: "m.json"}}
			l.must(l.PutMapping(t.Context(), m))
			m = whole("user_id")
			m.Name, m.Location, m.Identifiers = "keys", "s3://lake/keys", []erasure.Identifier{{Type: "user_id", Key: "{user_id}-*"}}
			l.must(l.PutMapping(t.Context(), m))
			for n := range 3 {
				l.write("files/a.jpg", fmt.Sprint("hers", n))
				l.write("files/b.jpg", fmt.Sprint("his", n))
				l.write("files/c.jpg", fmt.Sprint("hers too", n))
				l.write("files/m.json", `{"objects":[{"object":"a.jpg","identifiers":[{"type":"user_id","value":"ada"}]},
					{"object":"b.jpg","identifiers":[{"type":"user_id","value":"bob"}]},{"object":"c.jpg","identifiers":[{"type":"user_id","value":"ada"}]}]}`)
				l.write("keys/ada-1", fmt.Sprint("hers", n))
			}
			l.build()
			f := &faulty{Store: l.store, rng: rand.New(rand.NewPCG(seed, 1)), one: 8}
			l.Store = f
			ends := map[string]bool{}
			for n := 0; len(ends) < 2; n++ {
				if n == 5000 {
					t.Fatal("it never ends")
				}
				for _, key := range []string{"files/m.json", "keys/ada-1"} {
					_, err := l.Erase(t.Context(), []erasure.Named{user("ada")}, "lake", key)
					switch {
					case err == nil:
						ends[key] = true
					case !injected(err) && !lethe.Is(err, lethe.Conflict):
						t.Fatalf("%s ended with %v", key, err)
					}
				}
				said := strings.Contains(strings.Join(l.lines("files/m.json"), ""), "ada")
				for _, key := range []string{"files/a.jpg", "files/c.jpg"} {
					if !said && l.lines(key) != nil {
						t.Fatalf("%s is there, and nothing says whose it is", key)
					}
				}
			}
			if l.lines("files/b.jpg") == nil || l.lines("files/a.jpg") != nil || l.lines("files/c.jpg") != nil {
				t.Errorf("left are %q", l.everything("files/"))
			}
			l.wantAll("keys/")
			f.mu.Lock()
			f.off = true
			f.mu.Unlock()
			l.build()
			l.want("user_id", "ada")
			for v, err := range object.AllVersions(t.Context(), l.store, "lake", "files/m.json") {
				l.must(err)
				if v.Marker {
					continue
				}
				r, _, err := l.store.OpenVersion(t.Context(), "lake", v.Key, v.Version, 0, -1)
				l.must(err)
				text, err := io.ReadAll(r)
				l.must(errors.Join(err, r.Close()))
				if strings.Contains(string(text), "ada") {
					t.Errorf("a version of the metadata file names her: %s", text)
				}
			}
		})
	}
}

// TestFrameworkObjects: the erasure framework's own examples, as objects without a
// table.
func TestFrameworkObjects(t *testing.T) {
	l := newLake(t)
	l.types()
	write := func(bucket, key string, lines []string) {
		t.Helper()
		l.must(l.store.CreateBucket(t.Context(), bucket))
		_, err := l.store.Put(t.Context(), bucket, key, strings.NewReader(strings.Join(lines, "\n")+"\n"), object.Header{}, object.Condition{})
		l.must(err)
		l.must(l.PutMapping(t.Context(), erasure.Mapping{Name: bucket, Location: "s3://" + bucket + "/", Format: "jsonl", Mode: "blank",
			Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"user_id"}}}}))
	}
	review := func(user string) string { return fmt.Sprintf(`{"user_id":%q,"body":"…"}`, user) }
	write("gdpr-demo", "year=2018/month=2/day=26/input.json", []string{review("V34qejxNsCbcgD8C0HVk-Q"), review("ofKDkJKXSKZXu5xJNGiiBQ"), review("UgMW8bLE0QMJDCkQ1Ax5Mg")})
	reviews := make([]string, 3000)
	for i := range reviews {
		reviews[i] = review(fmt.Sprint("u", i))
	}
	const subject = "V34qejxNsCbcgD8C0HVk-Q"
	reviews[529], reviews[2102] = review(subject), review(subject)
	write("gdpr-review", "year=2015/month=12/day=21/review-part-0.json", reviews)
	l.build()
	l.want("user_id", subject, "year=2018/month=2/day=26/input.json[0]", "year=2015/month=12/day=21/review-part-0.json[529 2102]")
	l.want("user_id", "ofKDkJKXSKZXu5xJNGiiBQ", "year=2018/month=2/day=26/input.json[1]")
	l.want("user_id", "UgMW8bLE0QMJDCkQ1Ax5Mg", "year=2018/month=2/day=26/input.json[2]")
	report, _ := l.done(user(subject))
	var rows []string
	for _, o := range report.Objects {
		rows = append(rows, fmt.Sprint("s3://", o.Bucket, "/", o.Key, " ", o.Rows))
	}
	if want := []string{"s3://gdpr-demo/year=2018/month=2/day=26/input.json [0]", "s3://gdpr-review/year=2015/month=12/day=21/review-part-0.json [529 2102]"}; !slices.Equal(rows, want) {
		t.Errorf("the report says %q", rows)
	}
	reviews[529], reviews[2102] = "{}", "{}"
	if got := string(l.text("s3://gdpr-review/year=2015/month=12/day=21/review-part-0.json")); got != strings.Join(reviews, "\n")+"\n" {
		t.Error("the file is not what it was with two lines blanked")
	}
	l.want("user_id", "u2999", "year=2015/month=12/day=21/review-part-0.json[2999]")
}
