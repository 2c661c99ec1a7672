//go:build bench

package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lethe"
	"lethe/object"
	"lethe/object/disk"
	"lethe/object/remote"
	"lethe/test/s3server"
)

const (
	spliced  = 200 << 20 // size of the object
	rowGroup = 8 << 20
	footer   = 20_000
	rounds   = 3
)

var lakeBucket = "lake"

// rowGroupAndFooter are the edits that erase a person from a Parquet file: one
// row group is written anew, shorter by whole blocks, and the footer.
func rowGroupAndFooter(t *testing.T) []object.Edit {
	t.Helper()
	group, foot := make([]byte, rowGroup-64<<10), make([]byte, footer)
	rand.Read(group)
	rand.Read(foot)
	return []object.Edit{{Off: spliced / 2, Len: rowGroup, Data: bytes.NewReader(group)}, {Off: spliced - footer, Len: footer, Data: bytes.NewReader(foot)}}
}

// TestSplice: erasing one row group of a 200 MB object, against fetching it,
// changing it and putting it back.
func TestSplice(t *testing.T) {
	t.Run("ext4", func(t *testing.T) { spliceOn(t, t.TempDir(), 0.30) })
	t.Run("XFS", func(t *testing.T) { spliceOn(t, xfs(t), 0.01) })
	t.Run("any S3", spliceRemote)
}

// xfs returns a folder on a new XFS file system in a file.
func xfs(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to mount a file system")
	}
	if _, err := exec.LookPath("mkfs.xfs"); err != nil {
		t.Skip("needs mkfs.xfs: apt-get install xfsprogs")
	}
	image, dir := filepath.Join(t.TempDir(), "xfs"), t.TempDir()
	for _, cmd := range [][]string{{"truncate", "-s", "3G", image}, {"mkfs.xfs", "-q", image}, {"mount", "-o", "loop", image, dir}} {
		if out, err := exec.Command(cmd[0], cmd[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%s: %v: %s", cmd[0], err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

func object200(t *testing.T, s object.Store) object.Object {
	t.Helper()
	o, err := s.Put(context.Background(), lakeBucket, "big.parquet", io.LimitReader(rand.Reader, spliced), object.Header{}, object.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// rewrite fetches, changes and puts back through S3, as a script does, and
// returns how long it took.
func rewrite(t *testing.T, c *s3.Client, edits []object.Edit) time.Duration {
	t.Helper()
	ctx, key := context.Background(), "big.parquet"
	began := time.Now()
	out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &lakeBucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	old, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	var changed bytes.Buffer
	changed.Grow(len(old))
	for _, p := range object.Pieces(int64(len(old)), edits) {
		if p.Data == nil {
			changed.Write(old[p.Off : p.Off+p.Len])
		} else {
			io.Copy(&changed, io.NewSectionReader(p.Data, p.Off, p.Len))
		}
	}
	if _, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &lakeBucket, Key: &key, Body: bytes.NewReader(changed.Bytes()), IfMatch: out.ETag}); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

func spliceOn(t *testing.T, dir string, aim float64) {
	ctx := context.Background()
	srv := s3server.Start(t, dir, disk.Options{})
	if err := srv.Store.CreateBucket(ctx, lakeBucket); err != nil {
		t.Fatal(err)
	}
	client, edits := s3server.Client(srv.URL), rowGroupAndFooter(t)
	var splices, inside, rewrites []time.Duration
	for range rounds {
		o := object200(t, srv.Store)
		began := time.Now()
		if _, err := srv.Store.Splice(ctx, lakeBucket, "big.parquet", o.ETag, edits); err != nil {
			t.Fatal(err)
		}
		splices = append(splices, time.Since(began))

		o = object200(t, srv.Store)
		began = time.Now()
		r, _, err := srv.Store.Open(ctx, lakeBucket, "big.parquet", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := srv.Store.Put(ctx, lakeBucket, "big.parquet", r, object.Header{}, object.Condition{IfMatch: o.ETag}); err != nil {
			t.Fatal(err)
		}
		r.Close()
		inside = append(inside, time.Since(began))

		object200(t, srv.Store)
		rewrites = append(rewrites, rewrite(t, client, edits))
	}
	s, p, w := median(splices), median(inside), median(rewrites)
	t.Logf("splice %.1f ms; read and written in the process %.0f ms (%.2f %%); download, rewrite, upload %.0f ms (%.2f %%); aim under %.0f %%",
		ms(s), ms(p), 100*ms(s)/ms(p), ms(w), 100*ms(s)/ms(w), 100*aim)
}

// counting counts the bytes of connections.
type counting struct {
	net.Conn
	down, up *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.down.Add(int64(n))
	return n, err
}

func (c counting) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.up.Add(int64(n))
	return n, err
}

func spliceRemote(t *testing.T) {
	ctx := context.Background()
	srv := s3server.Start(t, t.TempDir(), disk.Options{})
	if err := srv.Store.CreateBucket(ctx, lakeBucket); err != nil {
		t.Fatal(err)
	}
	var down, up atomic.Int64
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		return counting{c, &down, &up}, err
	}
	s, err := remote.New(ctx, remote.Config{Name: "bench", Endpoint: srv.URL, Region: lethe.DefaultRegion, PathStyle: true, AccessKeyID: s3server.AccessKeyID,
		SecretAccessKey: s3server.SecretAccessKey, Dir: t.TempDir(), Client: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	whole := rowGroupAndFooter(t)
	record := func(off int64) object.Edit {
		return object.Edit{Off: off, Len: 200, Data: bytes.NewReader(make([]byte, 200))}
	}
	for _, c := range []struct {
		what  string
		edits []object.Edit
	}{
		{"a row group of 8 MiB and the footer", whole},
		{"a record in the middle", []object.Edit{record(spliced / 2)}},
		{"a record near the end", []object.Edit{record(spliced - 1000)}},
	} {
		var splices, rewrites []time.Duration
		var moved, all int64
		for range 1 { // the bytes are what counts here
			o := object200(t, srv.Store)
			down.Store(0)
			up.Store(0)
			began := time.Now()
			if _, err := s.Splice(ctx, lakeBucket, "big.parquet", o.ETag, c.edits); err != nil {
				t.Fatal(err)
			}
			splices, moved = append(splices, time.Since(began)), down.Load()+up.Load()
			object200(t, srv.Store)
			rewrites = append(rewrites, rewrite(t, s3server.Client(srv.URL), c.edits))
			all = 2*spliced + edited(c.edits)
		}
		t.Logf("%s: %.1f MB moved, %.2f %% of %.0f MB (aim under 5 %%); %.0f ms, download, rewrite, upload %.0f ms",
			c.what, float64(moved)/1e6, 100*float64(moved)/float64(all), float64(all)/1e6, ms(median(splices)), ms(median(rewrites)))
	}
}

// edited is by how much edits change the size of an object.
func edited(edits []object.Edit) (n int64) {
	for _, e := range edits {
		n += e.NewLen() - e.Len
	}
	return n
}
