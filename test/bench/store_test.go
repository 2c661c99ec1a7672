//go:build bench

package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3response"

	"lethe"
	"lethe/object"
	"lethe/object/disk"
	"lethe/test/s3server"
)

// The object store beside plain fsynced files, and beside the same S3 front end
// over versitygw's own storage, a folder of files. That one does not fsync: what
// it acknowledged is lost with the power.

const posixVariable = "LETHE_BENCH_POSIX"

// TestMain: versitygw's storage changes the working directory, so it runs in a
// process of its own, which is this program again.
func TestMain(m *testing.M) {
	if dir := os.Getenv(posixVariable); dir != "" {
		fmt.Fprintln(os.Stderr, servePosix(dir, os.Args[len(os.Args)-1]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func servePosix(dir, addr string) error {
	store, err := posix.New(dir, meta.XattrMeta{}, posix.PosixOpts{CopyObjectThreshold: 5 << 30})
	if err != nil {
		return err
	}
	srv, err := s3api.New(store, middlewares.RootUserConfig{Access: s3server.AccessKeyID, Secret: s3server.SecretAccessKey}, lethe.DefaultRegion,
		auth.NewIAMServiceSingle(auth.Account{Access: s3server.AccessKeyID, Secret: s3server.SecretAccessKey, Role: auth.RoleAdmin}),
		nil, nil, nil, nil, s3api.WithQuiet(), s3api.WithKeepAlive(), s3api.WithConcurrencyLimiter(1024, 1024))
	if err != nil {
		return err
	}
	go func() { // the test's end closes the pipe
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return srv.ServeMultiPort([]string{addr})
}

// startPosix serves a folder until the test ends and returns the URL.
func startPosix(t *testing.T, dir string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.Command(os.Args[0], addr)
	cmd.Env = append(os.Environ(), posixVariable+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return "http://" + addr
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// TestStore: puts and gets through S3 against plain files, in interleaved rounds.
func TestStore(t *testing.T) {
	ctx, bucket := context.Background(), "bench"
	base := t.TempDir()
	dir := func(name string) string {
		d := filepath.Join(base, name)
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
		return d
	}
	plain := dir("plain")
	servers := map[string]*s3.Client{
		"lethe": s3server.Client(s3server.Start(t, dir("lethe"), disk.Options{}).URL),
		"posix": s3server.Client(startPosix(t, dir("posix"))),
	}
	for _, c := range servers {
		if _, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name             string
		size, n, workers int
	}{{"64 MB", 64 << 20, 4, 1}, {"64 MB, 4 at once", 64 << 20, 8, 4}, {"4 kB", 4 << 10, 300, 1}, {"4 kB, 16 at once", 4 << 10, 1600, 16}} {
		body := make([]byte, c.size)
		rand.Read(body)
		put, get := map[string][]float64{}, map[string][]float64{}
		for round := range 3 {
			for name, client := range servers {
				put[name] = append(put[name], rate(t, c.n, c.workers, func(i int) error {
					key := fmt.Sprintf("%s/%d/%d", c.name, round, i)
					_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
					return err
				}))
				get[name] = append(get[name], rate(t, c.n, c.workers, func(i int) error {
					key := fmt.Sprintf("%s/%d/%d", c.name, round, i)
					got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
					if err != nil {
						return err
					}
					defer got.Body.Close()
					_, err = io.Copy(io.Discard, got.Body)
					return err
				}))
			}
			put["plain"] = append(put["plain"], rate(t, c.n, c.workers, func(i int) error { return writeFile(plain, strconv.Itoa(i), body) }))
			get["plain"] = append(get["plain"], rate(t, c.n, c.workers, func(i int) error {
				f, err := os.Open(filepath.Join(plain, strconv.Itoa(i)))
				if err != nil {
					return err
				}
				defer f.Close()
				_, err = io.Copy(struct{ io.Writer }{io.Discard}, f)
				return err
			}))
		}
		for what, r := range map[string]map[string][]float64{"PUT": put, "GET": get} {
			ours, theirs, files := median(r["lethe"]), median(r["posix"]), median(r["plain"])
			t.Logf("| %s %s | %.1f /s | plain fsynced files %.1f /s, %.2f | versitygw's files %.1f /s, %.2f |", what, c.name, ours, files, ours/files, theirs, ours/theirs)
		}
	}
}

// TestListings: pages of 1000 of a flat bucket, at Store's face and through S3,
// beside versitygw's files, of which a page costs more the more there are.
func TestListings(t *testing.T) {
	ctx, bucket := context.Background(), "bench"
	for _, n := range []int{100_000, 1_000_000} {
		store := filledStore(t, bucket, n)
		pages := func(client *s3.Client, most int) (keys int, took time.Duration) {
			began := time.Now()
			var token *string
			for range most {
				l, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, ContinuationToken: token})
				if err != nil {
					t.Fatal(err)
				}
				keys += len(l.Contents)
				if token = l.NextContinuationToken; token == nil {
					break
				}
			}
			return keys, time.Since(began)
		}
		began, keys, after := time.Now(), 0, ""
		var times []time.Duration
		for {
			began := time.Now()
			l, err := store.List(ctx, bucket, object.ListOptions{Limit: 1000, After: after})
			if err != nil {
				t.Fatal(err)
			}
			times = append(times, time.Since(began))
			keys += len(l.Objects)
			if after = l.Next; after == "" {
				break
			}
		}
		took := time.Since(began)
		sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
		t.Logf("| list %d keys, Store | %.0f keys/s | page: median %.2f ms, 99 %% %.2f ms |", n, float64(keys)/took.Seconds(), ms(times[len(times)/2]), ms(times[len(times)*99/100]))
		keys, took = pages(s3server.Client(s3server.Serve(t, store)), 200)
		t.Logf("| list %d keys, S3 | %.0f keys/s |", n, float64(keys)/took.Seconds())
		if n > 100_000 {
			continue // versitygw reads the whole folder for each page
		}
		dir := t.TempDir()
		client := s3server.Client(startPosix(t, dir))
		if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if err := os.WriteFile(filepath.Join(dir, bucket, keyOf(i)), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		keys, took = pages(client, 10)
		t.Logf("| list %d keys, versitygw's files | %.0f keys/s |", n, float64(keys)/took.Seconds())
	}
}

func keyOf(i int) string { return fmt.Sprintf("part-%08d.parquet", i) }

// filledStore is a store with n objects, which share one blob.
func filledStore(t *testing.T, bucket string, n int) *disk.Store {
	t.Helper()
	ctx, owner := context.Background(), "bench"
	store, err := disk.Open(t.TempDir(), disk.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if err := store.CreateBucket(ctx, bucket); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(ctx, bucket, keyOf(0), bytes.NewReader([]byte("x")), object.Header{}, object.Condition{}); err != nil {
		t.Fatal(err)
	}
	g, from := store.Gateway(), bucket+"/"+keyOf(0)
	var wg sync.WaitGroup
	const workers = 8
	for w := range workers {
		wg.Go(func() {
			for i := 1 + w; i < n; i += workers {
				key := keyOf(i)
				if _, err := g.CopyObject(ctx, s3response.CopyObjectInput{Bucket: &bucket, Key: &key, CopySource: &from, ExpectedBucketOwner: &owner}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return store
}
