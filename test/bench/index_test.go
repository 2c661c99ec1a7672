//go:build bench

package bench

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lethe/erasure"
	"lethe/erasure/index/dynamodb"
	"lethe/erasure/index/pebble"
	"lethe/erasure/index/postgres"
	"lethe/test/need"

	"github.com/jackc/pgx/v5"
)

var (
	indexObjects = flag.Int("index.objects", 2000, "objects of the index's benchmark, of 10,000 rows each")
	indexPeople  = flag.Uint64("index.people", 1_000_000, "people in it")
	indexIn      = flag.String("index.in", "framework,postgres,pebble", "what is measured; dynamodb too, with its own short lake")
)

const indexRows = 10_000

// indexHash is a hash as HMAC-SHA256 would make it, which is not what is measured.
func indexHash(n uint64) (h erasure.Hash) {
	mix := func(x uint64) uint64 {
		x += 0x9E3779B97F4A7C15
		x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9
		x = (x ^ (x >> 27)) * 0x94D049BB133111EB
		return x ^ (x >> 31)
	}
	binary.BigEndian.PutUint64(h[:], mix(n))
	binary.BigEndian.PutUint64(h[8:], mix(n+1<<40))
	return h
}

// indexUser is an identifier of the shape that the framework's examples have.
func indexUser(n uint64) string {
	h := indexHash(n)
	return base64.RawURLEncoding.EncodeToString(h[:16])
}

func indexKey(object int) string {
	return fmt.Sprintf("year=%d/month=%d/day=%d/review-part-%d.json", 2015+object/336, 1+object/28%12, 1+object%28, object)
}

// indexPersons are the persons on an object's rows.
func indexPersons(object int) iter.Seq2[int64, uint64] {
	return func(yield func(int64, uint64) bool) {
		rng := rand.New(rand.NewPCG(uint64(object), 1))
		for r := range int64(indexRows) {
			if !yield(r, rng.Uint64N(*indexPeople)) {
				return
			}
		}
	}
}

func indexLake(objects int) iter.Seq2[*erasure.Indexed, error] {
	return func(yield func(*erasure.Indexed, error) bool) {
		for o := range objects {
			in := &erasure.Indexed{Postings: func(yield func(erasure.Posting, error) bool) {
				for r, person := range indexPersons(o) {
					if !yield(erasure.Posting{Hash: indexHash(person), Row: r}, nil) {
						return
					}
				}
			}}
			in.ObjectVersion = erasure.ObjectVersion{Bucket: "gdpr-review", Key: indexKey(o), ETag: "e"}
			in.Size, in.Rows, in.Indexed, in.Mapping = 1<<20, indexRows, time.Unix(1e9, 0).UTC(), "m"
			if !yield(in, nil) {
				return
			}
		}
	}
}

// lookups measures finding 2,000 persons.
func lookups(t *testing.T, find func(person uint64) error) (p50, p99 time.Duration) {
	t.Helper()
	var took []time.Duration
	for i := range uint64(2000) {
		began := time.Now()
		if err := find(i * 77 % *indexPeople); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[1000], took[1980]
}

func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(text))[:min(3, len(strings.Fields(string(text))))], " ")
}

// stopwatch measures the time that passes, and the processor time of this process: not
// that of a server.
type stopwatch struct {
	began time.Time
	cpu   time.Duration
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) // never fails for this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func watch() stopwatch { return stopwatch{time.Now(), cpuTime()} }

func (w stopwatch) stop() stopwatch { return stopwatch{w.began, cpuTime() - w.cpu} }

func told(t *testing.T, what string, objects int, took time.Duration, cpu stopwatch, bytes int64, p50, p99 time.Duration) {
	n := float64(objects * indexRows)
	t.Logf("%s: %.0f postings, %.3f M/s, %.0f ns of this process's processor time each, %.1f bytes a posting, look-up p50 %v, p99 %v; load %s",
		what, n, n/took.Seconds()/1e6, float64(cpu.cpu)/n, float64(bytes)/n, p50.Round(time.Microsecond), p99.Round(time.Microsecond), load())
}

// TestIndex builds the same index in Pebble, in PostgreSQL, and in PostgreSQL as in
// the AWS erasure framework: a row for each posting and a b-tree on userid.
func TestIndex(t *testing.T) {
	for _, in := range strings.Split(*indexIn, ",") {
		switch in {
		case "pebble":
			x, err := pebble.Open(t.TempDir(), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			measureIndex(t, in, x, *indexObjects)
		case "postgres":
			x, err := postgres.Open(t.Context(), postgres.Config{URL: need.Postgres(t)})
			if err != nil {
				t.Fatal(err)
			}
			measureIndex(t, in, x, *indexObjects)
		case "dynamodb":
			x, err := dynamodb.Open(t.Context(), dynamodb.Config{Region: "eu-central-1", Table: "bench", Endpoint: need.DynamoDB(t), AccessKeyID: "a", SecretAccessKey: "b"})
			if err != nil {
				t.Fatal(err)
			}
			measureIndex(t, in, x, min(*indexObjects, 4))
		case "framework":
			measureFramework(t)
		default:
			t.Fatalf("-index.in %s", in)
		}
	}
	need.StopServers()
}

func measureIndex(t *testing.T, name string, x erasure.Index, objects int) {
	t.Helper()
	defer x.Close()
	w := watch()
	if err := x.Put(t.Context(), indexLake(objects)); err != nil {
		t.Fatal(err)
	}
	took, w := time.Since(w.began), w.stop()
	s, err := x.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p50, p99 := lookups(t, func(person uint64) error {
		for _, err := range x.Find(t.Context(), indexHash(person)) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	told(t, name, objects, took, w, s.Bytes, p50, p99)
}

func measureFramework(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	c, err := pgx.Connect(ctx, need.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, `CREATE TABLE user_objects (userid TEXT, s3path TEXT, recordline INTEGER)`); err != nil {
		t.Fatal(err)
	}
	w := watch()
	for o := range *indexObjects {
		next, stop := iter.Pull2(indexPersons(o))
		path := "s3://gdpr-review/" + indexKey(o)
		_, err := c.CopyFrom(ctx, pgx.Identifier{"user_objects"}, []string{"userid", "s3path", "recordline"}, pgx.CopyFromFunc(func() ([]any, error) {
			r, person, ok := next()
			if !ok {
				return nil, nil
			}
			return []any{indexUser(person), path, int32(r)}, nil
		}))
		stop()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Exec(ctx, `CREATE INDEX ON user_objects (userid)`); err != nil {
		t.Fatal(err)
	}
	took, w := time.Since(w.began), w.stop()
	var bytes int64
	if err := c.QueryRow(ctx, `SELECT pg_total_relation_size('user_objects')`).Scan(&bytes); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(ctx, `ANALYZE user_objects`); err != nil {
		t.Fatal(err)
	}
	p50, p99 := lookups(t, func(person uint64) error {
		rows, err := c.Query(ctx, `SELECT s3path, array_agg(recordline) FROM user_objects WHERE userid = $1 GROUP BY s3path`, indexUser(person))
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		return rows.Err()
	})
	told(t, "PostgreSQL as in the framework (COPY an object, then the index)", *indexObjects, took, w, bytes, p50, p99)
}
