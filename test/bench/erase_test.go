//go:build bench

package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"lethe"
	catalogstore "lethe/catalog/store"
	"lethe/erasure"
	"lethe/erasure/index/pebble"
	formats "lethe/erasure/rewrite"
	"lethe/erasure/second"
	"lethe/lib/seal"
	"lethe/lib/state"
	"lethe/object"
	"lethe/object/disk"
	"lethe/object/remote"
	"lethe/test/need"
	"lethe/test/s3server"
	"lethe/workflow"
	"lethe/workflow/journal"
)

// Erasing persons from one object, beside what others do for the same end. The object is
// in an S3 server, and each contender is a process of its own: its bytes are counted at
// the server's door, and its processor time and memory by the kernel.

var (
	eraseGroupRows = flag.Int("erase.rows", 24_576, "rows of each of the 20 row groups; 245,760 make a file of 430 MB")
	eraseJSON      = flag.Int64("erase.json", 20<<20, "bytes of JSON lines; 209,715,200 for the whole size")
	eraseSubjects  = flag.String("erase.subjects", "1,10,1000", "how many persons are erased")
	eraseProfiles  = flag.String("erase.profiles", "", "a folder for processor profiles of what this program does as a contender")
)

const (
	eraseGroups  = 20
	rowsOfPerson = 50
	eraseBucket  = "people"
	eraseJobFile = "LETHE_BENCH_ERASE"
)

// eraseJob is what a contender is to do.
type eraseJob struct {
	Endpoint, Key, Format string
	Dir                   string // of the contender
	Users                 []string
	Lines                 []int64 // of the users, where the framework's index has them
	Do                    string  // index, erase or copy
}

// eraseMeasure is what it took.
type eraseMeasure struct {
	down, up int64 // bytes
	wall     time.Duration
	cpu      time.Duration
	rss      int64 // bytes
}

func (m eraseMeasure) says(size int64) string {
	of := func(n int64) string {
		return fmt.Sprintf("%.1f MB (%.1f %%)", float64(n)/1e6, 100*float64(n)/float64(size))
	}
	return fmt.Sprintf("read %s, written %s, %.2f s CPU, %.2f s, %.0f MB of memory", of(m.down), of(m.up), m.cpu.Seconds(), m.wall.Seconds(), float64(m.rss)/1e6)
}

// door is the way to a server, at which bytes are counted.
type door struct {
	url      string
	down, up atomic.Int64
}

func openDoor(t *testing.T, target string) *door {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	d := &door{url: "http://" + l.Addr().String()}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", strings.TrimPrefix(target, "http://"))
			if err != nil {
				in.Close()
				continue
			}
			pass := func(to, from net.Conn, n *atomic.Int64) {
				defer to.Close()
				_, _ = io.Copy(to, counting{from, n, new(atomic.Int64)}) // whoever hangs up ends it
			}
			go pass(out, in, &d.up)
			go pass(in, out, &d.down)
		}
	}()
	return d
}

// eraseLake is a server with one object.
type eraseLake struct {
	t    *testing.T
	srv  *s3server.Server
	door *door
	file string // the object, as it is before
	key  string
	size int64
}

func newEraseLake(t *testing.T, key string) *eraseLake {
	t.Helper()
	l := &eraseLake{t: t, srv: s3server.Start(t, t.TempDir(), disk.Options{NoSync: true}), key: key, file: filepath.Join(t.TempDir(), filepath.Base(key))}
	for _, b := range []string{eraseBucket, "reports"} {
		if err := l.srv.Store.CreateBucket(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.srv.Store.Gateway().PutBucketVersioning(t.Context(), eraseBucket, types.BucketVersioningStatusEnabled); err != nil {
		t.Fatal(err) // Find and Forget wants it
	}
	l.door = openDoor(t, l.srv.URL)
	return l
}

// fill puts the object as it was before, and nothing else.
func (l *eraseLake) fill() {
	l.t.Helper()
	ctx := l.t.Context()
	for v, err := range object.AllVersions(ctx, l.srv.Store, eraseBucket, "") {
		if err == nil {
			err = l.srv.Store.DeleteVersion(ctx, eraseBucket, v.Key, v.Version)
		}
		if err != nil {
			l.t.Fatal(err)
		}
	}
	f, err := os.Open(l.file)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	o, err := l.srv.Store.Put(ctx, eraseBucket, l.key, f, object.Header{}, object.Condition{})
	if err != nil {
		l.t.Fatal(err)
	}
	l.size = o.Size
}

// fetched is a file of the object as it is now.
func (l *eraseLake) fetched() string {
	l.t.Helper()
	r, _, err := l.srv.Store.Open(l.t.Context(), eraseBucket, l.key, 0, -1)
	if err != nil {
		l.t.Fatal(err)
	}
	defer r.Close()
	path := filepath.Join(l.t.TempDir(), filepath.Base(l.key))
	w, err := os.Create(path)
	if err == nil {
		_, err = io.Copy(w, r)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return path
}

// measure runs a contender.
func (l *eraseLake) measure(cmd *exec.Cmd) (m eraseMeasure) {
	l.t.Helper()
	cmd.Env = append(os.Environ(), append(cmd.Env, "AWS_ACCESS_KEY_ID="+s3server.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s3server.SecretAccessKey,
		"AWS_DEFAULT_REGION="+lethe.DefaultRegion, "AWS_REGION="+lethe.DefaultRegion, "AWS_EC2_METADATA_DISABLED=true")...)
	l.door.down.Store(0)
	l.door.up.Store(0)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	ended, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- peakMemory(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	close(ended)
	m.rss = <-peak
	if err != nil {
		l.t.Fatalf("%v: %v: %s", cmd.Args, err, out.Bytes()[max(0, out.Len()-3000):])
	}
	m.down, m.up, m.wall, m.cpu = l.door.down.Load(), l.door.up.Load(), time.Since(began), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	return m
}

// peakMemory is the most memory that a process had, as the kernel keeps it. What wait4
// says of a process begins with the memory of who started it.
func peakMemory(pid int, ended <-chan struct{}) (n int64) {
	for {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, after, ok := strings.Cut(string(text), "VmHWM:"); ok {
			var kb int64
			if _, err := fmt.Sscan(after, &kb); err == nil {
				n = kb << 10 // of the program that was executed, once it was
			}
		}
		select {
		case <-ended:
			return n
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// child is this program as a contender.
func (l *eraseLake) child(j eraseJob) *exec.Cmd {
	l.t.Helper()
	j.Endpoint, j.Key = l.door.url, l.key
	path := filepath.Join(l.t.TempDir(), "job")
	raw, err := json.Marshal(j)
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestEraseChild$", "-test.count=1")
	if *eraseProfiles != "" {
		name := strings.ReplaceAll(l.t.Name(), "/", "-") + fmt.Sprintf("-%d-%s.cpu", len(j.Users), j.Do)
		cmd.Args = append(cmd.Args, "-test.cpuprofile="+filepath.Join(*eraseProfiles, name))
	}
	cmd.Env = []string{eraseJobFile + "=" + path}
	return cmd
}

func (l *eraseLake) jsonFile(v any) string {
	l.t.Helper()
	path := filepath.Join(l.t.TempDir(), "ids.json")
	raw, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return path
}

// findAndForget returns the command of awslabs/amazon-s3-find-and-forget, release 0.76;
// nil where that is not there.
func (l *eraseLake) findAndForget(j eraseJob) *exec.Cmd {
	l.t.Helper()
	home := filepath.Join(os.Getenv("LETHE_PEERS"), "s3f2")
	source, python := filepath.Join(home, "amazon-s3-find-and-forget-0.76"), filepath.Join(home, "venv", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		l.t.Log("no Find and Forget: unpack release 0.76 of github.com/awslabs/amazon-s3-find-and-forget in LETHE_PEERS/s3f2, and there: " +
			"python3.12 -m venv venv && venv/bin/pip install -r amazon-s3-find-and-forget-0.76/backend/ecs_tasks/delete_files/requirements.txt")
		return nil
	}
	return exec.Command(python, filepath.Join("testdata", "findandforget.py"), source, l.door.url, eraseBucket, l.key, j.Format, "user_id", l.jsonFile(j.Users))
}

// against measures all contenders for one job, and wants that check finds the object as
// it should be afterwards.
func (l *eraseLake) against(what string, j eraseJob, check func(file string, blanked bool)) {
	l.t.Helper()
	tell := func(who string, m eraseMeasure) { l.t.Logf("%s | %s: %s", what, who, m.says(l.size)) }
	l.fill()
	l.t.Logf("%s: %.1f MB; load %s", what, float64(l.size)/1e6, load())
	j.Dir = l.t.TempDir()
	j.Do = "index"
	tell("lethe, building the index", l.measure(l.child(j)))
	j.Do = "erase"
	ours := l.measure(l.child(j))
	check(l.fetched(), false)
	tell("lethe, from request to certificate", ours)
	than := func(who string, m eraseMeasure) {
		tell(who, m)
		l.t.Logf("%s | %s took %.1f times lethe's bytes, %.1f its processor time, %.1f its time, %.1f its memory", what, who,
			float64(m.down+m.up)/float64(ours.down+ours.up), m.cpu.Seconds()/ours.cpu.Seconds(), m.wall.Seconds()/ours.wall.Seconds(), float64(m.rss)/float64(ours.rss))
	}
	if j.Format == "parquet" {
		l.fill()
		j.Do, j.Dir = "copy", l.t.TempDir()
		m := l.measure(l.child(j))
		check(l.fetched(), false)
		than("DuckDB's COPY", m)
	}
	if cmd := l.findAndForget(j); cmd != nil {
		l.fill()
		m := l.measure(cmd)
		check(l.fetched(), false)
		than("S3 Find and Forget", m)
	}
	if j.Lines != nil {
		l.fill()
		m := l.measure(exec.Command(need.Venv(l.t, "python"), filepath.Join("testdata", "framework.py"), l.door.url, eraseBucket, l.key, l.jsonFile(j.Lines)))
		check(l.fetched(), true)
		than("the framework's Python", m)
	}
}

func eraseDuckDB(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, q := range []string{"SET threads=2", "SET preserve_insertion_order=true"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// TestEraseParquet: persons' rows in a file of 20 row groups.
func TestEraseParquet(t *testing.T) {
	db := eraseDuckDB(t)
	rows := *eraseGroupRows * eraseGroups
	people := rows / rowsOfPerson
	for _, c := range []struct{ name, user string }{
		{"clustered", fmt.Sprintf("i//%d", rowsOfPerson)},
		{"scattered", fmt.Sprintf("(i*2654435761)%%%d", people)},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newEraseLake(t, "events/events.parquet")
			id := "substr(md5((" + c.user + ")::VARCHAR),1,22)"
			_, err := db.Exec(fmt.Sprintf(`COPY (SELECT %s AS user_id, uuid()::VARCHAR AS event_id,
				TIMESTAMP '2024-01-01' + INTERVAL 1 SECOND * (i*11) AS ts, ['DE','FR','GB','US','JP','BR'][1+(hash(i)%%6)::INT] AS country,
				(hash(i,1)%%1000000)::DECIMAL(18,2)/100 AS amount, sqrt(hash(i,2)%%100000007) AS score, 'user'||(%s)||'@example.org' AS email,
				CASE WHEN hash(i,3)%%10=0 THEN NULL ELSE list_transform(range((hash(i,4)%%5)::INT), x -> 'tag'||((hash(i,x)%%500))) END AS tags,
				{'street': 'Street '||(hash(i,5)%%100000), 'city': 'City'||(hash(i,6)%%400), 'zip': (hash(i,7)%%99999)::INT} AS addr,
				MAP {'ua': 'agent/'||(hash(i,8)%%50), 'ref': '/page/'||(hash(i,9)%%2000)} AS props, hash(i,10)%%2=0 AS active, (hash(i,11)%%200)::SMALLINT AS age,
				CASE WHEN hash(i,12)%%3=0 THEN NULL ELSE md5(i::VARCHAR)||sha1(i::VARCHAR) END AS note, i AS seq
				FROM range(%d) t(i)) TO '%s' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d)`, id, c.user, rows, l.file, *eraseGroupRows))
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range strings.Split(*eraseSubjects, ",") {
				var n int
				if _, err := fmt.Sscan(text, &n); err != nil {
					t.Fatalf("-erase.subjects %s: %v", *eraseSubjects, err)
				}
				j := eraseJob{Format: "parquet"}
				from := people/2 - n/2 // clustered, their rows are next to each other
				found, err := db.Query(fmt.Sprintf(`SELECT substr(md5(u::VARCHAR),1,22) FROM range(%d, %d) t(u)`, from, from+n))
				if err != nil {
					t.Fatal(err)
				}
				for found.Next() {
					var u string
					if err := found.Scan(&u); err != nil {
						t.Fatal(err)
					}
					j.Users = append(j.Users, u)
				}
				if err := found.Err(); err != nil {
					t.Fatal(err)
				}
				list := "'" + strings.Join(j.Users, "','") + "'"
				count := func(file, where string) (n int64, sum string) {
					q := fmt.Sprintf(`SELECT count(*), coalesce(sum(hash(t)::HUGEINT)::VARCHAR, '') FROM '%s' t WHERE %s`, file, where)
					if err := db.QueryRow(q).Scan(&n, &sum); err != nil {
						t.Fatal(err)
					}
					return n, sum
				}
				others, sum := count(l.file, "user_id NOT IN ("+list+")")
				l.against(fmt.Sprintf("Parquet, %d persons, %s (%d of %d rows)", n, c.name, int64(rows)-others, rows), j, func(file string, _ bool) {
					if left, now := count(file, "true"); left != others || now != sum {
						t.Errorf("%d rows are left and their sum is %s, and should be %d and %s", left, now, others, sum)
					}
				})
			}
		})
	}
}

// TestEraseJSON: one line among many.
func TestEraseJSON(t *testing.T) {
	l := newEraseLake(t, "reviews/reviews.json")
	f, err := os.Create(l.file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	user := indexUser(1 << 40)
	var n, size int64
	hers := int64(-1)
	for size < *eraseJSON {
		u := indexUser(uint64(n))
		if hers < 0 && size >= *eraseJSON/2 {
			u, hers = user, n
		}
		k, err := fmt.Fprintf(w, "{\"user_id\":%q,\"review\":%d,\"stars\":%d,\"body\":%q}\n", u, n, n%5+1, strings.Repeat("a word or two ", 1+int(n%13)))
		if err != nil {
			t.Fatal(err)
		}
		size += int64(k)
		n++
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	j := eraseJob{Format: "jsonl", Users: []string{user}, Lines: []int64{hers}}
	l.against(fmt.Sprintf("JSON lines, 1 of %d", n), j, func(file string, blanked bool) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := n - 1
		if blanked {
			want = n
		}
		if got := int64(strings.Count(string(raw), "\n")); got != want || strings.Contains(string(raw), user) {
			t.Errorf("%d lines are left, and should be %d", got, want)
		}
	})
}

// TestEraseChild is a contender, and no test without its job.
func TestEraseChild(t *testing.T) {
	path := os.Getenv(eraseJobFile)
	if path == "" {
		t.Skip("it is run by the others")
	}
	raw, err := os.ReadFile(path)
	var j eraseJob
	if err == nil {
		err = json.Unmarshal(raw, &j)
	}
	if err != nil {
		t.Fatal(err)
	}
	if j.Do == "copy" {
		copyWhere(t, j)
		return
	}
	s := openEraser(t, j)
	if j.Do == "index" {
		if err := s.PutType(t.Context(), erasure.IdentifierType{Name: "user_id", Form: erasure.Exact}); err != nil {
			t.Fatal(err)
		}
		m := erasure.Mapping{Name: "all", Location: "s3://" + eraseBucket + "/", Format: j.Format, Identifiers: []erasure.Identifier{{Type: "user_id", Columns: []string{"user_id"}}}}
		if err := s.PutMapping(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Build(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		return
	}
	var given []erasure.Named
	for _, u := range j.Users {
		given = append(given, erasure.Named{Type: "user_id", Values: []string{u}})
	}
	ctx := lethe.WithPrincipal(t.Context(), lethe.Principal{Name: "officer", ARN: lethe.UserARN("officer")})
	q, err := s.Ask(ctx, given)
	if err != nil {
		t.Fatal(err)
	}
	await := func(state erasure.State) {
		for wait := 5 * time.Millisecond; q.State != state; wait = min(wait*3/2, 200*time.Millisecond) {
			if q.State == erasure.Blocked {
				t.Fatal(q.Problem)
			}
			time.Sleep(wait) // between polls, which cost processor time
			if q, err = s.Request(ctx, q.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	await(erasure.Reported)
	if err := s.Decide(ctx, q.ID, erasure.Decision{Approve: true, Digest: q.Digest}); err != nil {
		t.Fatal(err)
	}
	await(erasure.Done)
	if q.Exceptions != 0 {
		t.Fatalf("%+v", q)
	}
}

// openEraser is lethe's erasure, as the program has it, over a store that is reached by S3.
func openEraser(t *testing.T, j eraseJob) *erasure.Service {
	t.Helper()
	ctx, log := t.Context(), slog.New(slog.DiscardHandler)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s3, err := remote.New(ctx, remote.Config{Name: "bench", Endpoint: j.Endpoint, Region: lethe.DefaultRegion, PathStyle: true,
		AccessKeyID: s3server.AccessKeyID, SecretAccessKey: s3server.SecretAccessKey, Dir: filepath.Join(j.Dir, "remote")})
	must(err)
	cat, err := catalogstore.Open(ctx, filepath.Join(j.Dir, "catalog.db"))
	must(err)
	t.Cleanup(func() { cat.Close() })
	db, err := state.Open(ctx, filepath.Join(j.Dir, "state.db"))
	must(err)
	t.Cleanup(func() { db.Close() })
	keys, err := seal.Open(ctx, db, seal.File(filepath.Join(j.Dir, "master")))
	must(err)
	index, err := pebble.Open(filepath.Join(j.Dir, "index"), log)
	must(err)
	t.Cleanup(func() { index.Close() })
	key, err := erasure.NewHashKey([]byte(strings.Repeat("k", 32)))
	must(err)
	work := filepath.Join(j.Dir, "work")
	must(os.MkdirAll(work, 0o700))
	g := workflow.NewRegistry()
	engine, err := journal.Open(ctx, journal.Config{State: db, Registry: g, Log: log})
	must(err)
	s, err := erasure.Open(ctx, erasure.Config{
		DB: db, Store: s3, Catalog: cat, Index: index, Key: key, Format: formats.For, FormatOf: formats.ForFormat, SecondReader: second.Reader{}, Log: log,
		Seal: keys, Engine: engine, Reports: "reports", Sign: ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", ed25519.SeedSize))), Dir: work,
	})
	must(err)
	s.Register(g)
	run, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(run) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// copyWhere fetches the object, writes it anew without the persons with DuckDB, and puts
// it back.
func copyWhere(t *testing.T, j eraseJob) {
	ctx, bucket := t.Context(), eraseBucket
	c := s3server.Client(j.Endpoint)
	got, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &j.Key})
	if err != nil {
		t.Fatal(err)
	}
	from, to := filepath.Join(j.Dir, "from.parquet"), filepath.Join(j.Dir, "to.parquet")
	f, err := os.Create(from)
	if err == nil {
		_, err = io.Copy(f, got.Body)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	db := eraseDuckDB(t)
	var groups, rows int
	if err := db.QueryRow(fmt.Sprintf("SELECT num_row_groups, num_rows FROM parquet_file_metadata('%s')", from)).Scan(&groups, &rows); err != nil {
		t.Fatal(err)
	}
	list := "'" + strings.Join(j.Users, "','") + "'"
	if _, err := db.Exec(fmt.Sprintf("COPY (SELECT * FROM '%s' WHERE user_id NOT IN (%s)) TO '%s' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d)", from, list, to, rows/groups)); err != nil {
		t.Fatal(err)
	}
	if f, err = os.Open(to); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &j.Key, Body: f, IfMatch: got.ETag}); err != nil {
		t.Fatal(err)
	}
}
