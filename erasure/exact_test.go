package erasure_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/rewrite"
	"lethe/erasure/second"
	"lethe/object"
	"lethe/object/disk"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/parquet-go/parquet-go"
)

// counter counts what is asked of a store about the objects of the lake, and the bytes
// that go there and back. What a splice leaves as it is, the store copies by itself.
type counter struct {
	object.Store
	read, written, opens, lists, others atomic.Int64
}

func (c *counter) reset() {
	for _, n := range []*atomic.Int64{&c.read, &c.written, &c.opens, &c.lists, &c.others} {
		n.Store(0)
	}
}

type countedReader struct {
	io.ReadCloser
	n *atomic.Int64
}

func (r countedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.n.Add(int64(n))
	return n, err
}

func (c *counter) counted(bucket string, r io.ReadCloser, err error) io.ReadCloser {
	if err != nil || bucket != "lake" {
		return r
	}
	c.opens.Add(1)
	return countedReader{r, &c.read}
}

func (c *counter) Open(ctx context.Context, bucket, key string, off, n int64) (io.ReadCloser, object.Object, error) {
	r, o, err := c.Store.Open(ctx, bucket, key, off, n)
	return c.counted(bucket, r, err), o, err
}

func (c *counter) OpenVersion(ctx context.Context, bucket, key, version string, off, n int64) (io.ReadCloser, object.Object, error) {
	r, o, err := c.Store.OpenVersion(ctx, bucket, key, version, off, n)
	return c.counted(bucket, r, err), o, err
}

func (c *counter) Splice(ctx context.Context, bucket, key, etag string, edits []object.Edit) (object.Object, error) {
	for _, e := range edits {
		c.written.Add(e.NewLen())
	}
	return c.Store.Splice(ctx, bucket, key, etag, edits)
}

func (c *counter) Head(ctx context.Context, bucket, key string) (object.Object, error) {
	c.others.Add(1)
	return c.Store.Head(ctx, bucket, key)
}

func (c *counter) Describe(ctx context.Context, bucket, key, version string) (object.Details, error) {
	c.others.Add(1)
	return c.Store.Describe(ctx, bucket, key, version)
}

func (c *counter) ListVersions(ctx context.Context, bucket string, o object.VersionOptions) (object.VersionListing, error) {
	c.lists.Add(1)
	return c.Store.ListVersions(ctx, bucket, o)
}

// counted opens a lake of which the store is counted, with the readers that the program
// has.
func counted(t *testing.T) (*lake, *counter) {
	t.Helper()
	c := &counter{}
	l := openLake(t, t.TempDir(), disk.Options{NoSync: true}, func(cfg *erasure.Config) {
		c.Store = cfg.Store
		cfg.Store, cfg.Approvals = c, 1
		cfg.Format, cfg.FormatOf, cfg.SecondReader = rewrite.For, rewrite.ForFormat, second.Reader{}
	})
	l.types()
	return l, c
}

// located maps a folder of objects in a format.
func (l *lake) located(format string) {
	l.t.Helper()
	l.must(l.PutMapping(l.t.Context(), erasure.Mapping{Name: "people", Location: "s3://lake/people/", Format: format, Identifiers: []erasure.Identifier{
		{Type: "user_id", Columns: []string{"user_id"}},
		{Type: "mail", Columns: []string{"mail"}},
	}}))
}

// purge erases a person, and returns what was read and written after they were
// approved, and before.
func (l *lake) purge(c *counter, named ...erasure.Named) (purge, locate int64) {
	l.t.Helper()
	c.reset()
	q := l.until(l.ask(named...).ID, erasure.Reported)
	locate = c.read.Load() + c.written.Load()
	c.reset()
	l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	l.until(q.ID, erasure.Done)
	return c.read.Load() + c.written.Load(), locate
}

// customer is a record of the tests of what is read and written.
type customer struct {
	User  string  `parquet:"user_id" json:"user_id"`
	Mail  string  `parquet:"mail,dict" json:"mail"`
	City  string  `parquet:"city,dict" json:"city"`
	Text  string  `parquet:"text" json:"text"`
	Notes string  `parquet:"notes" json:"notes"`
	Score float64 `parquet:"score" json:"score"`
	Time  int64   `parquet:"time,delta" json:"time"`
	Seen  int64   `parquet:"seen" json:"seen"`
}

func customerOf(rng *rand.Rand, i int) customer {
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = 'a' + byte(rng.IntN(26))
		}
		return string(b)
	}
	user := fmt.Sprintf("u%07d", i/3)
	return customer{user, user + "@example.org", fmt.Sprint("city ", rng.IntN(50)), text(200), text(100), rng.Float64(), int64(i) * 1000, rng.Int64()}
}

const hunted = "Zerlina"

// customers are records of which some are hers.
func customers(seed uint64, n int, hers ...int) (all []customer) {
	rng := rand.New(rand.NewPCG(seed, 3))
	for i := range n {
		c := customerOf(rng, i)
		if slices.Contains(hers, i) {
			c.User, c.Mail = hunted, strings.ToLower(hunted)+"@example.org"
		}
		all = append(all, c)
	}
	return all
}

// parquetOf writes records in row groups of some rows.
func parquetOf(t *testing.T, all []customer, group int, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[customer](&b, options...)
	for part := range slices.Chunk(all, group) {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jsonOf(t *testing.T, all []customer) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, c := range all {
		if err := e.Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func (l *lake) put(key string, raw []byte) {
	l.t.Helper()
	_, err := l.store.Put(l.t.Context(), "lake", key, bytes.NewReader(raw), object.Header{}, object.Condition{})
	l.must(err)
}

func (l *lake) bytes(key string) []byte {
	l.t.Helper()
	r, _, err := l.store.Open(l.t.Context(), "lake", key, 0, -1)
	l.must(err)
	defer r.Close()
	raw, err := io.ReadAll(r)
	l.must(err)
	return raw
}

// TestBytesOfAPurge: of an object in which the index has a person in a few places,
// only these are read and written. The bounds are parts of what it takes to read and
// write all of it.
func TestBytesOfAPurge(t *testing.T) {
	const rows, groups = 30_000, 20
	hers := []int{3*rows/groups + 17, 3*rows/groups + 1400, 17*rows/groups + 5}
	inGroups, inLines := customers(1, rows, hers...), customers(1, 9000, hers[:2]...)
	for name, c := range map[string]struct {
		format string
		all    []customer
		raw    []byte
		bound  float64
		read   func(raw []byte) ([]customer, error)
	}{
		"Parquet of 20 row groups": {"parquet", inGroups, parquetOf(t, inGroups, rows/groups, parquet.Compression(&parquet.Zstd)), 0.12, parquetCustomers},
		"JSON lines":               {"jsonl", inLines, jsonOf(t, inLines), 0.12, jsonCustomers},
	} {
		left := slices.DeleteFunc(slices.Clone(c.all), func(c customer) bool { return c.User == hunted })
		for _, versioned := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, versioned=%t", name, versioned), func(t *testing.T) {
				l, store := counted(t)
				l.located(c.format)
				if versioned {
					l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
				}
				l.put("people/a."+c.format, c.raw)
				l.build()
				purge, locate := l.purge(store, erasure.Named{Type: "user_id", Values: []string{hunted}})
				rewrite := float64(2 * len(c.raw))
				t.Logf("%d bytes: %d read and written, %.1f %% of a rewrite's", len(c.raw), purge, 100*float64(purge)/rewrite)
				if locate != 0 {
					t.Errorf("%d bytes were read and written to find her, though the index knows", locate)
				}
				if float64(purge) > c.bound*rewrite {
					t.Errorf("%d bytes were read and written to erase her, of %d of a rewrite", purge, 2*len(c.raw))
				}
				raw := l.bytes("people/a." + c.format)
				if bytes.Contains(raw, []byte(hunted)) {
					t.Error("she is in its bytes")
				}
				got, err := c.read(raw)
				l.must(err)
				if !slices.Equal(got, left) {
					t.Errorf("%d records are left, and not the %d of others", len(got), len(left))
				}
				n := 0
				for v, err := range object.AllVersions(t.Context(), l.store, "lake", "people/") {
					l.must(err)
					n++
					if v.ETag == "" || !v.Latest {
						t.Errorf("version %s is left", v.Version)
					}
				}
				if n != 1 {
					t.Errorf("%d versions", n)
				}
				// The index knows where the others are now, without having read it.
				for _, i := range []int{0, hers[0] + 5, hers[1] + 5, len(left) - 1} {
					var want []int64
					for row, o := range left {
						if o.User == c.all[i].User {
							want = append(want, int64(row))
						}
					}
					l.want("user_id", c.all[i].User, fmt.Sprint("people/a.", c.format, want))
				}
				store.reset()
				if p := l.build(); p.Known != 1 || p.Objects != 0 || store.opens.Load() != 0 {
					t.Errorf("a build reads it again: %+v", p)
				}
			})
		}
	}
}

func parquetCustomers(raw []byte) ([]customer, error) {
	return parquet.Read[customer](bytes.NewReader(raw), int64(len(raw)))
}

func jsonCustomers(raw []byte) (all []customer, err error) {
	for line := range bytes.Lines(raw) {
		var c customer
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// TestCallsOfAReport: a report of a lake that is in the index takes a listing, and
// nothing of any object.
func TestCallsOfAReport(t *testing.T) {
	const objects = 1200
	l, store := counted(t)
	l.located("jsonl")
	for i := range objects {
		l.put(fmt.Sprintf("people/%d/%05d.jsonl", i%7, i), jsonOf(t, customers(uint64(i), 1, i%400)))
	}
	l.build()
	store.reset()
	q := l.until(l.ask(erasure.Named{Type: "user_id", Values: []string{hunted}}).ID, erasure.Reported)
	if q.Found.Objects != objects/400 {
		t.Errorf("found: %+v", q.Found)
	}
	if n := store.opens.Load() + store.others.Load(); n != 0 {
		t.Errorf("%d objects were asked for", n)
	}
	if n := store.lists.Load(); n > objects/1000+2 {
		t.Errorf("%d listings of %d objects", n, objects)
	}
}

// TestIndexFollowsCuts: after any erasures, by what the index knows, it is as one that
// has read everything anew.
func TestIndexFollowsCuts(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, format := range []string{"jsonl", "csv"} {
		for _, mode := range []string{"delete", "blank"} {
			t.Run(format+" "+mode, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 9))
				l, store := counted(t)
				l.Exactly(1, 1+rng.Int64N(400))
				l.located(format)
				ms, err := l.Mappings(t.Context())
				l.must(err)
				ms[0].Mode = mode
				l.must(l.PutMapping(t.Context(), ms[0]))
				var text strings.Builder
				if format == "csv" {
					text.WriteString("user_id,mail,body\r\n")
				}
				var users []string // of each record
				for i := range 60 + rng.IntN(200) {
					u := fmt.Sprint("user", rng.IntN(12))
					users = append(users, u)
					if format == "csv" {
						fmt.Fprintf(&text, "%s,%s@x.org,\"%s\r\n\"\"%d\"\r\n", u, u, strings.Repeat("x", rng.IntN(90)), i)
					} else {
						fmt.Fprintf(&text, `{"user_id":%q,"mail":"%s@x.org","body":"%s %d"}`+"\n", u, u, strings.Repeat("x", rng.IntN(90)), i)
					}
				}
				key := "people/a." + format
				l.put(key, []byte(text.String()))
				l.build()
				for _, n := range rng.Perm(12)[:5] {
					gone := fmt.Sprint("user", n)
					store.reset()
					_, err := l.Erase(t.Context(), []erasure.Named{{Type: "user_id", Values: []string{gone}}, {Type: "mail", Values: []string{gone + "@x.org"}}}, "lake", key)
					l.must(err)
					if mode == "delete" {
						users = slices.DeleteFunc(users, func(u string) bool { return u == gone })
					} else {
						for i, u := range users {
							if u == gone {
								users[i] = ""
							}
						}
					}
					if strings.Contains(string(l.bytes(key)), gone+"@") || len(l.lines(key)) == 0 {
						t.Fatalf("%s is left: %s", gone, l.bytes(key))
					}
					for m := range 12 {
						u := fmt.Sprint("user", m)
						var rows []int64
						for i, have := range users {
							if have == u {
								rows = append(rows, int64(i))
							}
						}
						var want []string
						if rows != nil {
							want = []string{fmt.Sprint(key, rows)}
						}
						l.want("user_id", u, want...)
						l.want("mail", u+"@x.org", want...)
					}
					if p := l.build(); p.Known != 1 || p.Objects != 0 {
						t.Fatalf("it was not followed: %+v", p)
					}
				}
			})
		}
	}
}

// astray is an index that has the person's records one row too far.
type astray struct{ erasure.Index }

func (x astray) Find(ctx context.Context, h erasure.Hash) iter.Seq2[erasure.Place, error] {
	return func(yield func(erasure.Place, error) bool) {
		for p, err := range x.Index.Find(ctx, h) {
			p.Rows = slices.Clone(p.Rows)
			for i := range p.Rows {
				p.Rows[i]++
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// openly is an index into which others may write.
type openly struct{ erasure.Index }

func (openly) Plain() bool { return true }

// TestInexactIndex: where the index may not know all, everything is read.
func TestInexactIndex(t *testing.T) {
	all := customers(2, 2000, 5, 1999)
	raw := jsonOf(t, all)
	for name, c := range map[string]func(l *lake){
		"another row is hers": func(l *lake) { l.Index = astray{l.Index} },
		"plain mode":          func(l *lake) { l.Index = openly{l.Index} },
		"another mapping": func(l *lake) {
			ms, err := l.Mappings(t.Context())
			l.must(err)
			ms[0].Identifiers = append(ms[0].Identifiers, erasure.Identifier{Type: "user_id", Columns: []string{"city"}})
			l.must(l.PutMapping(t.Context(), ms[0]))
		},
		"another mapping of the same objects": func(l *lake) {
			ms, err := l.Mappings(t.Context())
			l.must(err)
			ms[0].Name = "again"
			l.must(l.PutMapping(t.Context(), ms[0]))
			l.build()
		},
		"the version is not in it": func(l *lake) { l.put("people/a.jsonl", append([]byte("{}\n"), raw...)) },
		"made to forget her": func(l *lake) {
			l.put("people/other.jsonl", jsonOf(l.t, customers(3, 1, 0)))
			q := l.until(l.ask(erasure.Named{Type: "user_id", Values: []string{hunted}}).ID, erasure.Reported)
			l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
			l.until(q.ID, erasure.Done)
			l.put("people/a.jsonl", raw)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, store := counted(t)
			l.Exactly(1, 4<<10)
			l.located("jsonl")
			l.put("people/a.jsonl", raw)
			l.build()
			c(l)
			store.reset()
			_, err := l.Erase(t.Context(), []erasure.Named{{Type: "user_id", Values: []string{hunted}}}, "lake", "people/a.jsonl")
			l.must(err)
			if n := store.read.Load(); n < 2*int64(len(raw)) {
				t.Errorf("%d bytes were read of %d", n, len(raw))
			}
			if got := l.bytes("people/a.jsonl"); bytes.Contains(got, []byte(hunted)) {
				t.Error("she is left")
			} else if n := bytes.Count(got, []byte(`"user_id"`)); n != len(all)-2 {
				t.Errorf("%d records are left", n)
			}
		})
	}
}

// miscutting is a store that takes another byte out than it is told.
type miscutting struct {
	object.Store
	by func(edits []object.Edit) []object.Edit
}

func (s miscutting) Splice(ctx context.Context, bucket, key, etag string, edits []object.Edit) (object.Object, error) {
	return s.Store.Splice(ctx, bucket, key, etag, s.by(slices.Clone(edits)))
}

// TestWrongCut: what was cut otherwise than planned is seen by reading only what is
// new.
func TestWrongCut(t *testing.T) {
	all := customers(4, 12_000, 700, 9000)
	shift := func(by int64) func([]object.Edit) []object.Edit {
		return func(es []object.Edit) []object.Edit {
			es[0].Off += by
			return es
		}
	}
	for name, c := range map[string]struct {
		format string
		raw    []byte
		by     func([]object.Edit) []object.Edit
	}{
		"JSON lines, bytes later":   {"jsonl", jsonOf(t, all), shift(14)},
		"JSON lines, bytes earlier": {"jsonl", jsonOf(t, all), shift(-20)},
		"JSON lines, one too few":   {"jsonl", jsonOf(t, all), func(es []object.Edit) []object.Edit { return es[1:] }},
		"Parquet, a byte earlier":   {"parquet", parquetOf(t, all, 600), shift(-1)},
		"Parquet, bytes left":       {"parquet", parquetOf(t, all, 600), func(es []object.Edit) []object.Edit { es[0].Len--; return es }},
		"Parquet, an old footer":    {"parquet", parquetOf(t, all, 600), func(es []object.Edit) []object.Edit { return es[:len(es)-1] }},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := counted(t)
			l.Exactly(1, 4<<10)
			l.located(c.format)
			l.put("people/a."+c.format, c.raw)
			l.build()
			l.Store = miscutting{l.Store, c.by}
			_, err := l.Erase(t.Context(), []erasure.Named{{Type: "user_id", Values: []string{hunted}}}, "lake", "people/a."+c.format)
			if !lethe.Is(err, lethe.BadData) {
				t.Errorf("it says %v", err)
			}
		})
	}
}
