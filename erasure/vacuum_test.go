package erasure_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
	"lethe/erasure/rewrite"
	"lethe/erasure/second"
	"lethe/object"
	"lethe/object/disk"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/parquet-go/parquet-go"
)

// vacuum runs a vacuum to its end.
func (l *lake) vacuum(of erasure.VacuumScope) erasure.Vacuum {
	l.t.Helper()
	v, err := l.StartVacuum(as("officer"), of)
	l.must(err)
	return l.vacuumed(v.ID)
}

// vacuumed waits until a vacuum has ended.
func (l *lake) vacuumed(id string) erasure.Vacuum {
	l.t.Helper()
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		v, err := l.Vacuum(l.t.Context(), id)
		l.must(err)
		if v.State != erasure.Vacuuming {
			return v
		}
		if time.Since(began) > 2*time.Minute {
			status, _ := l.Engine.Status(l.t.Context(), "vacuum/"+id)
			l.t.Fatalf("the vacuum is %+v, its process %+v", v, status)
		}
	}
}

// jsonTable has the table read as the lake does, and not by the test's format alone.
func (l *lake) jsonTable(name string) {
	l.t.Helper()
	table, err := l.cat.Table(l.t.Context(), "default", name)
	l.must(err)
	table.Storage.SerDe.Library = "org.openx.data.jsonserde.JsonSerDe"
	l.must(l.cat.AlterTable(l.t.Context(), "default", name, table))
}

// newVacuumLake is a lake with a table of reviews whose records are blanked.
func newVacuumLake(t *testing.T, dir string, o disk.Options, wrap func(*erasure.Config)) *lake {
	t.Helper()
	return openLake(t, dir, o, func(c *erasure.Config) {
		c.Format, c.FormatOf, c.SecondReader = rewrite.For, rewrite.ForFormat, second.Reader{}
		if wrap != nil {
			wrap(c)
		}
	})
}

func blankedLake(t *testing.T) *lake {
	t.Helper()
	l := newVacuumLake(t, t.TempDir(), disk.Options{NoSync: true}, nil)
	l.reviews("blank")
	l.jsonTable("reviews")
	return l
}

func TestVacuum(t *testing.T) {
	l := blankedLake(t)
	other := `{"user_id":"cy","body":"{}"}`
	l.write("reviews/a.json", hers, somebody, herMail, other, somebody)
	l.write("reviews/all.json", hers, hers)
	l.write("reviews/none.json", somebody)
	l.write("reviews/own.json", somebody, "{}") // as its writer left it
	l.build()
	l.erase("reviews/a.json")
	l.erase("reviews/all.json")
	b, err := l.Blanked(t.Context())
	if err != nil || b.Objects != 2 || b.Oldest.IsZero() {
		t.Errorf("blanked: %+v, %v", b, err)
	}

	v := l.vacuum(erasure.VacuumScope{DryRun: true})
	l.wantLines("reviews/a.json", "{}", somebody, "{}", other, somebody)
	if v.State != erasure.Vacuumed || v.Objects != 2 || v.Looked != 2 || v.Changed != 2 || v.Records != 4 || v.Bytes != 12 || v.By != "officer" {
		t.Errorf("a dry run: %+v", v)
	}
	v = l.vacuum(erasure.VacuumScope{Before: time.Now().Add(-time.Hour)})
	if v.Objects != 0 || v.Changed != 0 {
		t.Errorf("of what was blanked an hour ago: %+v", v)
	}
	v = l.vacuum(erasure.VacuumScope{Table: "Default.reviews", Prefix: "s3://lake/reviews/a"})
	if v.Objects != 2 || v.Records != 4 || v.Changed != 2 || v.Kept != 0 {
		t.Errorf("the vacuum: %+v", v)
	}
	l.wantLines("reviews/a.json", somebody, other, somebody)
	if left := l.lines("reviews/all.json"); left != nil {
		t.Errorf("an object of blank records alone holds %q", left)
	}
	l.want("user_id", "bob", "reviews/a.json[0 2]", "reviews/none.json[0]", "reviews/own.json[0]")
	l.want("user_id", "cy", "reviews/a.json[1]")
	if b, err := l.Blanked(t.Context()); err != nil || b.Objects != 0 {
		t.Errorf("blanked after it: %+v, %v", b, err)
	}
	if v = l.vacuum(erasure.VacuumScope{}); v.Objects != 0 {
		t.Errorf("again: %+v", v)
	}

	l.wantLines("reviews/own.json", somebody, "{}")
	if v = l.vacuum(erasure.VacuumScope{All: true}); v.Objects != 3 || v.Records != 1 || v.Changed != 1 {
		t.Errorf("all objects: %+v", v)
	}
	l.wantLines("reviews/own.json", somebody)
	if vs, err := l.Vacuums(t.Context()); err != nil || len(vs) != 5 || vs[4].ID != v.ID {
		t.Errorf("%d vacuums, %v", len(vs), err)
	}
	for of, kind := range map[erasure.VacuumScope]lethe.Kind{
		{Table: "reviews"}:       lethe.Invalid,
		{Table: "default.other"}: lethe.NotFound,
		{Prefix: "lake/reviews"}: lethe.Invalid,
	} {
		if _, err := l.StartVacuum(t.Context(), of); !lethe.Is(err, kind) {
			t.Errorf("%+v: %v", of, err)
		}
	}
	if _, err := l.Vacuum(t.Context(), "nope"); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("one that is not: %v", err)
	}
}

// TestVacuumKeeps: what a lock, a hold or a metadata file needs as it is stays so, with
// its reason; an old version stays, as it holds nobody.
func TestVacuumKeeps(t *testing.T) {
	l := blankedLake(t)
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
	l.must(l.store.Gateway().PutObjectLockConfiguration(t.Context(), "lake", []byte(`{"Enabled":true}`)))
	l.write("reviews/free.json", hers, somebody)
	l.write("reviews/locked.json", hers, somebody)
	l.build()
	l.erase("reviews/free.json")
	l.erase("reviews/locked.json")
	o, err := l.store.Head(t.Context(), "lake", "reviews/locked.json")
	l.must(err)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	l.must(l.lock("reviews/locked.json", o.Version, until))
	h, err := l.Hold(as("officer"), erasure.Hold{Kind: erasure.LegalHold, Mapping: "reviews", Reason: "a court"})
	l.must(err)
	v := l.vacuum(erasure.VacuumScope{})
	if v.Changed != 0 || v.Kept != 2 || len(v.Reasons) != 2 || !strings.Contains(v.Reasons[0].Reason, "a court") {
		t.Errorf("under a hold: %+v", v)
	}
	l.must(l.Release(as("officer"), h.ID))
	v = l.vacuum(erasure.VacuumScope{})
	if v.Changed != 1 || v.Kept != 1 || len(v.Reasons) != 1 || v.Reasons[0].Key != "reviews/locked.json" || !v.Reasons[0].Until.Equal(until) {
		t.Errorf("under a lock: %+v", v)
	}
	l.wantLines("reviews/free.json", somebody)
	l.wantLines("reviews/locked.json", "{}", somebody)
	versions := 0
	for v, err := range object.AllVersions(t.Context(), l.store, "lake", "reviews/free.json") {
		l.must(err)
		if versions++; !v.Latest {
			r, _, err := l.store.OpenVersion(t.Context(), "lake", v.Key, v.Version, 0, -1)
			l.must(err)
			var b bytes.Buffer
			_, err = b.ReadFrom(r)
			l.must(err)
			l.must(r.Close())
			if b.String() != "{}\n"+somebody+"\n" {
				t.Errorf("an old version holds %q", b.String())
			}
		}
	}
	if versions != 2 {
		t.Errorf("%d versions", versions)
	}
}

// TestVacuumFormats: blank rows go from CSV and from within gzip, too.
func TestVacuumFormats(t *testing.T) {
	l := newVacuumLake(t, t.TempDir(), disk.Options{NoSync: true}, nil)
	l.types()
	for _, m := range []erasure.Mapping{
		{Name: "csv", Location: "s3://lake/csv/", Format: "csv", Mode: "blank", Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"id"}}}},
		{Name: "json", Location: "s3://lake/json/", Format: "jsonl", Mode: "blank", Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"user_id"}}}},
	} {
		l.must(l.PutMapping(t.Context(), m))
	}
	l.write("csv/a.csv", "id,name", "ada,x", `bob,"a ""quoted"" one"`, "ada,y", "cy,")
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write([]byte(somebody + "\n" + hers + "\n" + somebody + "\n"))
	l.must(err)
	l.must(w.Close())
	_, err = l.store.Put(t.Context(), "lake", "json/a.json.gz", &zipped, object.Header{}, object.Condition{})
	l.must(err)
	l.build()
	l.erase("csv/a.csv")
	l.erase("json/a.json.gz")
	v := l.vacuum(erasure.VacuumScope{})
	if v.Changed != 2 || v.Records != 3 || v.State != erasure.Vacuumed {
		t.Errorf("the vacuum: %+v", v)
	}
	l.wantLines("csv/a.csv", "id,name", `bob,"a ""quoted"" one"`, "cy,")
	l.want("user_id", "bob", "csv/a.csv[0]", "json/a.json.gz[0 1]")
	l.want("user_id", "cy", "csv/a.csv[1]")
}

// guest is a row of a Parquet file in which nothing but the identifier can be null.
type guest struct {
	User *string `parquet:"user_id"`
	Room int64   `parquet:"room"`
	Note string  `parquet:"note"`
}

func guestOf(user string, room int64) guest { return guest{&user, room, "of " + user} }

// guests are the rows of an object as text.
func (l *lake) guests(key string) (all []string) {
	l.t.Helper()
	raw := l.bytes(key)
	rows, err := parquet.Read[guest](bytes.NewReader(raw), int64(len(raw)))
	l.must(err)
	for _, g := range rows {
		if g.User == nil {
			g.User = new(string)
		}
		all = append(all, fmt.Sprint(*g.User, g.Room, g.Note))
	}
	return all
}

// putGuests writes an object of them, and has a mapping of them with mode blank.
func (l *lake) putGuests(key string, rows ...guest) {
	l.t.Helper()
	l.must(l.PutMapping(l.t.Context(), erasure.Mapping{Name: "guests", Location: "s3://lake/guests/", Format: "parquet", Mode: "blank",
		Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"user_id"}}}}))
	var b bytes.Buffer
	w := parquet.NewGenericWriter[guest](&b, parquet.MaxRowsPerRowGroup(3))
	_, err := w.Write(rows)
	l.must(err)
	l.must(w.Close())
	l.put(key, b.Bytes())
}

// TestVacuumParquet: of a Parquet file the rows go that were blanked, and none that its
// writer left empty, of whom there are some before it, behind it and in another file.
func TestVacuumParquet(t *testing.T) {
	l := newVacuumLake(t, t.TempDir(), disk.Options{NoSync: true}, nil)
	l.types()
	l.putGuests("guests/a.parquet", guest{}, guestOf("ada", 1), guestOf("bob", 2), guest{}, guestOf("ada", 3), guestOf("ada", 4), guestOf("bob", 5), guestOf("cy", 6), guest{})
	l.putGuests("guests/all.parquet", guestOf("ada", 1), guestOf("ada", 2))
	l.putGuests("guests/own.parquet", guest{}, guestOf("bob", 1))
	l.build()
	l.erase("guests/a.parquet")
	l.erase("guests/all.parquet")
	if got, want := l.guests("guests/a.parquet"), []string{"0", "0", "bob2of bob", "0", "0", "0", "bob5of bob", "cy6of cy", "0"}; !slices.Equal(got, want) {
		t.Fatalf("blanked: %q, want %q", got, want)
	}
	if v := l.vacuum(erasure.VacuumScope{DryRun: true, All: true}); v.Changed != 2 || v.Records != 5 {
		t.Errorf("a dry run: %+v", v)
	}
	v := l.vacuum(erasure.VacuumScope{All: true})
	if v.State != erasure.Vacuumed || v.Objects != 3 || v.Changed != 2 || v.Records != 5 || v.Kept != 0 {
		t.Errorf("the vacuum: %+v", v)
	}
	if got, want := l.guests("guests/a.parquet"), []string{"0", "bob2of bob", "0", "bob5of bob", "cy6of cy", "0"}; !slices.Equal(got, want) {
		t.Errorf("vacuumed: %q, want %q", got, want)
	}
	if got := l.guests("guests/own.parquet"); len(got) != 2 {
		t.Errorf("a file that nobody blanked: %q", got)
	}
	if _, err := l.store.Head(t.Context(), "lake", "guests/all.parquet"); !lethe.Is(err, lethe.NotFound) {
		t.Errorf("a file of blank rows alone: %v", err)
	}
	l.want("user_id", "bob", "guests/a.parquet[1 3]", "guests/own.parquet[1]")
	l.want("user_id", "cy", "guests/a.parquet[4]")
	if b, err := l.Blanked(t.Context()); err != nil || b.Objects != 0 {
		t.Errorf("blanked after it: %+v, %v", b, err)
	}
}

// liar is a second reader that does not see what is there.
type liar struct {
	erasure.SecondReader
	at, asked int
	blank     int64
}

func (x *liar) Sequence(ctx context.Context, s erasure.Stored, src object.Content) (erasure.Sequence, error) {
	q, err := x.SecondReader.Sequence(ctx, s, src)
	if x.asked++; x.asked == x.at {
		q.Sum[0]++
		q.Blank += x.blank
	}
	return q, err
}

// TestVacuumReaders: where two readers disagree before anything was done, nothing is;
// where they do after it, the vacuum needs a person.
func TestVacuumReaders(t *testing.T) {
	for name, c := range map[string]struct {
		key    string
		reader liar
		state  erasure.VacuumState
		says   string
	}{
		"before":          {"reviews/a.json", liar{at: 1, blank: 1}, erasure.Vacuumed, "two readers disagree"},
		"after":           {"reviews/a.json", liar{at: 2}, erasure.VacuumFailed, "another reader does not find the records"},
		"before, Parquet": {"guests/a.parquet", liar{at: 1, blank: -1}, erasure.Vacuumed, "two readers disagree"},
		"after, Parquet":  {"guests/a.parquet", liar{at: 2}, erasure.VacuumFailed, "another reader does not find the records"},
	} {
		t.Run(name, func(t *testing.T) {
			l := blankedLake(t)
			l.putGuests("guests/a.parquet", guestOf("ada", 1), guestOf("bob", 2))
			l.write("reviews/a.json", hers, somebody)
			l.build()
			l.erase(c.key)
			c.reader.SecondReader = l.SecondReader
			l.SecondReader = &c.reader
			v := l.vacuum(erasure.VacuumScope{})
			text := v.Problem
			for _, k := range v.Reasons {
				text += k.Reason
			}
			if v.State != c.state || !strings.Contains(text, c.says) {
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestVacuumForgetsStatistics: what the catalog has stored of a table's values is of
// other records then, and there are fewer.
func TestVacuumForgetsStatistics(t *testing.T) {
	l := blankedLake(t)
	l.write("reviews/a.json", hers, somebody)
	l.build()
	l.erase("reviews/a.json")
	l.setStatistics("numRows", "2")
	l.vacuum(erasure.VacuumScope{})
	l.wantNoStatistics()
}

// setStatistics stores statistics of the table reviews.
func (l *lake) setStatistics(name, value string) {
	l.t.Helper()
	table, err := l.cat.Table(l.t.Context(), "default", "reviews")
	l.must(err)
	if table.Parameters == nil {
		table.Parameters = map[string]string{}
	}
	table.Parameters[name] = value
	table.Parameters["kept"] = "yes"
	l.must(l.cat.AlterTable(l.t.Context(), "default", "reviews", table))
	low := int64(7)
	l.must(l.cat.SetTableStatistics(l.t.Context(), "default", "reviews", []catalog.ColumnStatistics{{Column: "user_id", Type: "bigint", Low: &low, High: &low}}))
}

func (l *lake) wantNoStatistics() {
	l.t.Helper()
	table, err := l.cat.Table(l.t.Context(), "default", "reviews")
	l.must(err)
	if _, ok := table.Parameters["numRows"]; ok || table.Parameters["kept"] != "yes" {
		l.t.Errorf("the table's parameters are %v", table.Parameters)
	}
	stats, err := l.cat.TableStatistics(l.t.Context(), "default", "reviews", nil)
	l.must(err)
	if len(stats) != 0 {
		l.t.Errorf("the catalog has statistics: %+v", stats)
	}
}

// TestVacuumAmongWriters: while others append and overwrite, and persons are blanked,
// vacuums lose no record of anybody and leave no wrong number in the index.
func TestVacuumAmongWriters(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, versioned := range []bool{false, true} {
		t.Run(fmt.Sprint("versioned=", versioned), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 7))
			l := blankedLake(t)
			if versioned {
				l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
			}
			const keys = 4
			written := make([][]string, keys) // what was acknowledged, in order
			key := func(n int) string { return fmt.Sprintf("reviews/%d.json", n) }
			for n := range keys {
				l.write(key(n), hers, somebody)
				written[n] = []string{somebody}
			}
			l.build()
			ctx, stop := context.WithCancel(t.Context())
			var writer sync.WaitGroup
			writer.Go(func() {
				for i := 0; ctx.Err() == nil && i < 150; i++ {
					n := rng.IntN(keys)
					o, err := l.store.Head(t.Context(), "lake", key(n))
					if err != nil {
						t.Error(err)
						return
					}
					now := l.lines(key(n))
					line := fmt.Sprintf(`{"user_id":"bob","body":"%d"}`, i)
					next, added := append(now, line), []string{line}
					if rng.IntN(3) == 0 {
						next = append(next, hers)
					}
					if rng.IntN(8) == 0 { // all of it anew
						next, added = []string{hers, line}, nil
						written[n] = append([]string{}, written[n]...)
					}
					_, err = l.store.Put(t.Context(), "lake", key(n), strings.NewReader(strings.Join(next, "\n")+"\n"), object.Header{}, object.Condition{IfMatch: o.ETag})
					switch {
					case lethe.Is(err, lethe.Conflict): // somebody was faster
					case err != nil:
						t.Error(err)
						return
					case added == nil:
						written[n] = []string{line}
					default:
						written[n] = append(written[n], added...)
					}
				}
				stop()
			})
			for ctx.Err() == nil {
				for n := range keys {
					if _, err := l.Erase(t.Context(), ada, "lake", key(n)); err != nil && !lethe.Is(err, lethe.Conflict) {
						t.Error(err)
					}
				}
				if v := l.vacuum(erasure.VacuumScope{}); v.State != erasure.Vacuumed {
					t.Errorf("the vacuum: %+v", v)
				}
			}
			writer.Wait()
			for n := range keys {
				l.erase(key(n))
			}
			l.vacuum(erasure.VacuumScope{})
			l.build()
			for n := range keys {
				l.wantLines(key(n), written[n]...)
			}
			for p, err := range l.index.Find(t.Context(), l.key.Hash("user_id", "bob")) {
				l.must(err)
				o, err := l.store.Head(t.Context(), "lake", p.Key)
				l.must(err)
				if p.ETag != o.ETag {
					continue // of an old version
				}
				var want []int64
				for i, line := range l.lines(p.Key) {
					if strings.Contains(line, `"bob"`) {
						want = append(want, int64(i))
					}
				}
				if !slices.Equal(p.Rows, want) {
					t.Errorf("the index has bob at %v of %s, who is at %v", p.Rows, p.Key, want)
				}
			}
		})
	}
}
