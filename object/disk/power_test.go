package disk

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/versity/versitygw/s3response"
)

// A power is a store on a disk whose power can fail at any moment: it knows what
// was fsynced. The index lies in memory, on Pebble's file system for such tests;
// of blobs it is noted which were synced. (TestPowerCut does the same with real
// file systems, as root.)
type power struct {
	dir   string
	index *vfs.MemFS
	cut   sync.RWMutex // shared: blobs are removed; alone: the power fails

	mu     sync.Mutex
	synced map[string]bool // paths of blobs
}

func newPower(t *testing.T) *power {
	p := &power{dir: t.TempDir(), index: vfs.NewCrashableMem(), synced: map[string]bool{}}
	durableDir(t, p.index, filepath.Join(p.dir, "index"))
	return p
}

func durableDir(t *testing.T, on vfs.FS, dir string) {
	t.Helper()
	must(t, on.MkdirAll(dir, 0o700))
	for ; dir != "/"; dir = filepath.Dir(dir) {
		d, err := on.OpenDir(filepath.Dir(dir))
		must(t, err)
		must(t, d.Sync())
		must(t, d.Close())
	}
}

func (p *power) open(t *testing.T) *Store {
	s, err := Open(p.dir, Options{indexFS: p.index, files: &fileOps{
		sync: func(f *os.File) error { // as fast as a disk in memory
			p.mu.Lock()
			defer p.mu.Unlock()
			p.synced[f.Name()] = true
			return nil
		},
		remove: func(path string) error {
			p.cut.RLock()
			defer p.cut.RUnlock()
			return os.Remove(path)
		},
	}})
	must(t, err)
	return s
}

// fail returns what a disk would hold if the power failed now. What was not
// synced is there, or not, or in part. before is called at that moment, or a
// little earlier.
func (p *power) fail(t *testing.T, r *rand.Rand, before func()) *power {
	t.Helper()
	p.cut.Lock()
	defer p.cut.Unlock()
	before()
	after := &power{dir: t.TempDir(), synced: map[string]bool{}}
	after.index = p.index.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: r.IntN(3) * 50, RNG: r})
	durableDir(t, after.index, after.dir)
	must(t, after.index.Rename(filepath.Join(p.dir, "index"), filepath.Join(after.dir, "index")))
	// Blobs that are synced after the index was copied do no harm here.
	must(t, filepath.WalkDir(p.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(p.dir, path)
		to := filepath.Join(after.dir, rel)
		if err != nil || d.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		p.mu.Lock()
		synced := p.synced[path]
		p.mu.Unlock()
		if synced {
			after.synced[to] = true
			return os.Link(path, to)
		}
		if r.IntN(2) == 0 {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b[:r.IntN(len(b)+1)], 0o400)
	}))
	return after
}

// deeds are what was answered.
type deeds struct {
	mu       sync.Mutex
	objects  map[string][32]byte // key -> hash
	versions map[string][32]byte // key and version id -> hash
}

func (d *deeds) copy() *deeds {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &deeds{objects: maps.Clone(d.objects), versions: maps.Clone(d.versions)}
}

func (d *deeds) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.objects) + len(d.versions)
}

func (d *deeds) check(t *testing.T, s *Store) {
	t.Helper()
	check(t, s)
	g := s.Gateway()
	get := func(key, id string, want [32]byte) {
		t.Helper()
		in := &s3.GetObjectInput{Bucket: ptr(testBucket), Key: &key}
		if id != "" {
			in.VersionId = &id
		}
		out, err := g.GetObject(ctx, in)
		if err != nil {
			t.Errorf("%s %s: %v", key, id, err)
			return
		}
		b, err := io.ReadAll(out.Body)
		if err != nil || sha256.Sum256(b) != want {
			t.Errorf("%s %s holds something else (%v)", key, id, err)
		}
		out.Body.Close()
	}
	for key, want := range d.objects {
		get(key, "", want)
	}
	for k, want := range d.versions {
		get(k[:len(k)-27], k[len(k)-26:], want)
	}
}

// TestPowerLoss: of 200 objects put, 100 versions put above each other and 40
// multipart uploads completed, all that was answered is there, whenever the
// power fails, and all else is there whole or not at all.
func TestPowerLoss(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	p := newPower(t)
	s := p.open(t)
	must(t, s.CreateBucket(ctx, testBucket))
	g := s.Gateway().(*gateway)
	must(t, g.PutBucketVersioning(ctx, testBucket, types.BucketVersioningStatusEnabled))
	d := &deeds{objects: map[string][32]byte{}, versions: map[string][32]byte{}}
	const workers = 8
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(w)))
			bytesOf := func(max int) []byte {
				b := make([]byte, r.IntN(max))
				for i := range b {
					b[i] = byte(r.Uint32())
				}
				return b
			}
			for i := range 200 / workers {
				key, b := fmt.Sprintf("put/%d/%d", w, i), bytesOf(20_000)
				_, err := s.Put(ctx, testBucket, key, bytes.NewReader(b), object.Header{}, object.Condition{})
				must(t, err)
				d.mu.Lock()
				d.objects[key] = sha256.Sum256(b)
				d.mu.Unlock()
				if i%2 == 0 {
					key, b := fmt.Sprintf("version/%d", w), bytesOf(20_000)
					o, err := s.Put(ctx, testBucket, key, bytes.NewReader(b), object.Header{}, object.Condition{})
					must(t, err)
					d.mu.Lock()
					d.versions[key+" "+o.Version] = sha256.Sum256(b)
					d.mu.Unlock()
				}
				if i%5 == 0 {
					key := fmt.Sprintf("upload/%d/%d", w, i)
					parts := [][]byte{bytesOf(20_000)}
					if i == 0 {
						parts = [][]byte{bytes.Repeat([]byte{byte(w)}, 5<<20), parts[0]}
					}
					sum := powerUpload(t, g, key, parts)
					d.mu.Lock()
					d.objects[key] = sum
					d.mu.Unlock()
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	type moment struct {
		disk     *power
		answered *deeds
	}
	var moments []moment
	r := rand.New(rand.NewPCG(seed, workers))
	for going := true; going; {
		select {
		case <-done:
			going = false
		default:
		}
		var m moment
		m.disk = p.fail(t, r, func() { m.answered = d.copy() })
		moments = append(moments, m)
		for next := d.count() + 1 + r.IntN(20); going && d.count() < next; {
			select {
			case <-done:
				going = false
			case <-time.After(100 * time.Microsecond):
			}
		}
	}
	for i, m := range moments {
		s := m.disk.open(t)
		m.answered.check(t, s)
		if i%8 == 0 { // and once more, when all is repaired
			again := m.disk.fail(t, r, func() {}).open(t)
			m.answered.check(t, again)
			crash(t, again)
		}
		crash(t, s)
	}
	t.Logf("%d moments", len(moments))
	if n, m := len(d.objects), len(d.versions); n != 240 || m != 104 {
		t.Errorf("%d objects, %d versions", n, m)
	}
	crash(t, s)
}

func powerUpload(t *testing.T, g *gateway, key string, parts [][]byte) [32]byte {
	bucket := testBucket
	up, err := g.CreateMultipartUpload(ctx, s3response.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	must(t, err)
	var list []types.CompletedPart
	for i, p := range parts {
		out, err := g.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: &up.UploadId, PartNumber: ptr(int32(i + 1)), Body: bytes.NewReader(p)})
		must(t, err)
		list = append(list, types.CompletedPart{ETag: out.ETag, PartNumber: ptr(int32(i + 1))})
	}
	_, _, err = g.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: &up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: list}})
	must(t, err)
	return sha256.Sum256(bytes.Join(parts, nil))
}

// The index syncs once for many writers: group commit.
func TestGroupCommit(t *testing.T) {
	syncs := &countingFS{FS: vfs.Default}
	s, err := Open(t.TempDir(), Options{indexFS: syncs})
	must(t, err)
	defer s.Close()
	must(t, s.CreateBucket(ctx, testBucket))
	const writers, puts = 32, 20
	before := syncs.n.Load()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range puts {
				put(t, s, fmt.Sprint(w, "/", i), "x")
			}
		})
	}
	wg.Wait()
	n := syncs.n.Load() - before
	t.Logf("%d puts by %d writers at once: the log was synced %d times", writers*puts, writers, n)
	if n > writers*puts*3/4 {
		t.Errorf("%d syncs for %d puts", n, writers*puts)
	}
}

// countingFS counts how often logs are synced.
type countingFS struct {
	vfs.FS
	n atomic.Int64
}

func (c *countingFS) Create(name string, k vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := c.FS.Create(name, k)
	if err == nil && filepath.Ext(name) == ".log" {
		f = &countingFile{f, &c.n}
	}
	return f, err
}

type countingFile struct {
	vfs.File
	n *atomic.Int64
}

func (f *countingFile) Sync() error     { f.n.Add(1); return f.File.Sync() }
func (f *countingFile) SyncData() error { f.n.Add(1); return f.File.SyncData() }
