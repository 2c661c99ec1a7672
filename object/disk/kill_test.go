package disk

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3response"
)

// The kill tests run this test binary as a child that writes to a store and
// tells, line by line, what it is about to do and what was answered. The parent
// kills it at some moment and holds the store against what it was told.

const killDir, killSeed = "LETHE_DISK_KILL_DIR", "LETHE_DISK_KILL_SEED"

const killBucket, killWorkers, killKeys = "kill", 4, 6

// line is what a child's worker tells: what its keys hold once the answer is
// there ("" for nothing), or that it is.
type line struct {
	Worker int
	Begin  map[string]string `json:",omitempty"` // key -> SHA-256
	Done   bool              `json:",omitempty"`
	Upload string            `json:",omitempty"` // an upload left unfinished
}

func TestKillChild(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		return // this is TestKill's child, not a test
	}
	seed, err := strconv.ParseUint(os.Getenv(killSeed), 10, 64)
	must(t, err)
	s, err := Open(dir, Options{})
	must(t, err)
	if err := s.CreateBucket(ctx, killBucket); err != nil && !lethe.Is(err, lethe.Exists) {
		t.Fatal(err)
	}
	var mu sync.Mutex
	tell := func(l line) {
		b := append(encode(l), '\n')
		mu.Lock()
		defer mu.Unlock()
		if _, err := os.Stdout.Write(b); err != nil {
			os.Exit(1) // the parent is gone
		}
	}
	var wg sync.WaitGroup
	for w := range killWorkers {
		wg.Go(func() {
			k := &killWorker{t: t, s: s, g: s.Gateway().(*gateway), w: w, r: rand.New(rand.NewPCG(seed, uint64(w))), tell: tell}
			for {
				k.step()
			}
		})
	}
	wg.Wait()
}

type killWorker struct {
	t    *testing.T
	s    *Store
	g    *gateway
	w    int
	r    *rand.Rand
	tell func(line)
}

func (k *killWorker) key() string { return fmt.Sprint(k.w, "/", k.r.IntN(killKeys)) }

// body is some bytes and their sum.
func (k *killWorker) body(max int) (b []byte, sum string) {
	b = make([]byte, k.r.IntN(max))
	for i := range b {
		b[i] = byte(k.r.Uint32())
	}
	h := sha256.Sum256(b)
	return b, hex.EncodeToString(h[:])
}

func (k *killWorker) do(what map[string]string, f func() error) {
	k.tell(line{Worker: k.w, Begin: what})
	if err := f(); err != nil {
		k.t.Error(err)
		os.Exit(1)
	}
	k.tell(line{Worker: k.w, Done: true})
}

func (k *killWorker) step() {
	switch n := k.r.IntN(40); {
	case n < 20:
		key := k.key()
		b, sum := k.body(40_000)
		k.do(map[string]string{key: sum}, func() error {
			_, err := k.s.Put(ctx, killBucket, key, bytes.NewReader(b), object.Header{}, object.Condition{})
			return err
		})
	case n < 25:
		key := k.key()
		k.do(map[string]string{key: ""}, func() error { return k.s.Delete(ctx, killBucket, key, object.Condition{}) })
	case n < 38:
		k.commit()
	case n < 39:
		k.multipart()
	default: // bytes without a key, for the next start to remove
		b, _ := k.body(40_000)
		_, err := k.s.Stage(ctx, killBucket, bytes.NewReader(b))
		must(k.t, err)
	}
}

func (k *killWorker) commit() {
	what := map[string]string{}
	var puts []object.Named
	var deletes []string
	for range 1 + k.r.IntN(killKeys) {
		key := k.key()
		if _, twice := what[key]; twice {
			continue
		}
		if k.r.IntN(3) == 0 {
			what[key], deletes = "", append(deletes, key)
			continue
		}
		b, sum := k.body(20_000)
		g, err := k.s.Stage(ctx, killBucket, bytes.NewReader(b))
		must(k.t, err)
		what[key], puts = sum, append(puts, object.Named{Key: key, Staged: g})
	}
	k.do(what, func() error { return k.s.Commit(ctx, killBucket, puts, deletes) })
}

// multipart uploads two parts, and sometimes leaves it at that.
func (k *killWorker) multipart() {
	key, bucket := k.key(), killBucket
	tail, _ := k.body(30_000)
	parts := [][]byte{bytes.Repeat([]byte{byte(len(tail))}, 5<<20), tail}
	up, err := k.g.CreateMultipartUpload(ctx, s3response.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	must(k.t, err)
	var done []types.CompletedPart
	for i, p := range parts {
		out, err := k.g.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: &up.UploadId, PartNumber: ptr(int32(i + 1)), Body: bytes.NewReader(p)})
		must(k.t, err)
		done = append(done, types.CompletedPart{ETag: out.ETag, PartNumber: ptr(int32(i + 1))})
	}
	if k.r.IntN(3) == 0 {
		k.tell(line{Worker: k.w, Upload: up.UploadId})
		return
	}
	h := sha256.Sum256(slices.Concat(parts...))
	k.do(map[string]string{key: hex.EncodeToString(h[:])}, func() error {
		_, _, err := k.g.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: &up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: done}})
		return err
	})
}

// killed is what the parent knows.
type killed struct {
	state   map[string]string              // answered
	pending [killWorkers]map[string]string // begun and not answered
	uploads []string
}

// TestKill: whatever is killed when, every answered change is there whole, one
// that was not answered is there whole or not at all, and no blob is left over.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	k := &killed{state: map[string]string{}}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	rounds, end := 16, time.Now().Add(6*time.Second)
	if testing.Short() {
		rounds = 4
	}
	// A slow machine does fewer rounds.
	for i := 0; i < rounds && (i < 4 || time.Now().Before(end)) && !t.Failed(); i++ {
		answers := r.IntN(150)
		if i%4 == 3 {
			answers = 0 // while it starts
		}
		k.run(t, dir, r, seed+uint64(i), answers)
		s, err := Open(dir, Options{})
		must(t, err)
		k.check(t, s)
		check(t, s)
		if i%2 == 0 {
			must(t, s.Close())
		} else { // crash too: no clean end
			must(t, s.index.close(nil))
		}
	}
	t.Logf("%d keys, %d uploads left unfinished", len(k.state), len(k.uploads))
}

// run starts a child, kills it after so many answers and reads what it told.
func (k *killed) run(t *testing.T, dir string, r *rand.Rand, seed uint64, answers int) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillChild$")
	cmd.Env = append(os.Environ(), killDir+"="+dir, fmt.Sprintf("%s=%d", killSeed, seed))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	kill := sync.OnceFunc(func() {
		time.Sleep(time.Duration(r.IntN(5000)) * time.Microsecond) // somewhere in the next operations
		cmd.Process.Signal(syscall.SIGKILL)
	})
	if answers == 0 {
		time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond)
		kill()
	}
	lines := bufio.NewReader(out)
	for n := 0; ; {
		b, err := lines.ReadBytes('\n')
		if err != nil {
			break // also a line cut short: it was not told
		}
		var l line
		if json.Unmarshal(b, &l) != nil {
			t.Errorf("the child says: %s", b)
			continue
		}
		switch {
		case l.Upload != "":
			k.uploads = append(k.uploads, l.Upload)
		case l.Done:
			maps.Copy(k.state, k.pending[l.Worker])
			k.pending[l.Worker] = nil
			n++
		default:
			k.pending[l.Worker] = l.Begin
		}
		if n >= answers {
			kill()
		}
	}
	err = cmd.Wait()
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended by itself: %v", err)
	}
}

// check compares the store with what the child told, and learns which of the
// changes that were not answered took place.
func (k *killed) check(t *testing.T, s *Store) {
	have := map[string]string{}
	for o, err := range object.All(ctx, s, killBucket, "") {
		if lethe.Is(err, lethe.NotFound) {
			break // killed before it made the bucket
		}
		must(t, err)
		r, _, err := s.Open(ctx, killBucket, o.Key, 0, -1)
		must(t, err)
		h := sha256.New()
		_, err = io.Copy(h, r)
		must(t, err)
		must(t, r.Close())
		have[o.Key] = hex.EncodeToString(h.Sum(nil))
	}
	for w, p := range k.pending {
		after, before := true, true
		for key, sum := range p {
			after = after && have[key] == sum
			before = before && have[key] == k.state[key]
		}
		if !after && !before {
			t.Errorf("worker %d: %v was begun over %v, and there is neither", w, p, k.state)
		}
		for key := range p {
			k.state[key] = have[key]
		}
		k.pending[w] = nil
	}
	for key, sum := range k.state {
		if have[key] != sum {
			t.Errorf("%s: %.8q is there, %.8q was answered", key, have[key], sum)
		}
		delete(have, key)
	}
	for key := range have {
		t.Errorf("%s is there and was never written", key)
	}
	bucket := killBucket
	if len(k.uploads) == 0 {
		return
	}
	ups, err := s.Gateway().ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket, MaxUploads: ptr(int32(1000))})
	must(t, err)
	there := map[string]bool{}
	for _, u := range ups.Uploads {
		there[u.UploadID] = true
	}
	for _, u := range k.uploads {
		if !there[u] {
			t.Errorf("unfinished upload %s is gone", u)
		}
	}
}
