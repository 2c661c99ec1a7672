package rewritetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/object"
)

// testNoObject: what has no bytes has no records, or is refused.
func testNoObject(t *testing.T, u *under) {
	f := u.New()
	p, err := f.Plan(context.Background(), bytes.NewReader(nil), erasure.Cut{Columns: []string{"user_id"},
		Match: func([][]string) bool { return true }, Dir: t.TempDir()})
	if err != nil {
		if !lethe.Is(err, lethe.Invalid) {
			t.Errorf("an empty object is refused as %s: %v", lethe.KindOf(err), err)
		}
		return
	}
	defer p.Close()
	if p.Rows != 0 || p.Cut != 0 || len(p.Edits) != 0 || p.Empty {
		t.Errorf("the plan of no bytes: %+v", p)
	}
}

// attempt does what is done with an object, which may be damaged.
func attempt(f erasure.Format, obj []byte, c erasure.Cut) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	ctx := context.Background()
	for _, err := range f.Records(ctx, bytes.NewReader(obj), c.Columns, nil) {
		if err != nil && !lethe.Is(err, lethe.Invalid) && !lethe.Is(err, lethe.Unsupported) {
			return fmt.Errorf("reading answers %s: %w", lethe.KindOf(err), err)
		}
	}
	p, err := f.Plan(ctx, bytes.NewReader(obj), c)
	if err != nil {
		if !lethe.Is(err, lethe.Invalid) && !lethe.Is(err, lethe.Unsupported) {
			return fmt.Errorf("planning answers %s: %w", lethe.KindOf(err), err)
		}
		return nil
	}
	if _, err := Apply(obj, p.Edits); err != nil {
		return err
	}
	return p.Close()
}

// testHostile: damaged objects are refused, or cut, and nothing panics.
func testHostile(t *testing.T, u *under) {
	f := u.New()
	bounded := time.Now().Add(10 * time.Second)
	for range u.Rounds {
		x := u.trial(t, erasure.Mode(u.r.IntN(3)))
		if u.r.IntN(4) == 0 {
			x.cut.Match = func([][]string) bool { return true }
		}
		if len(x.obj) == 0 {
			continue
		}
		for range 20 {
			bad := slices.Clone(x.obj)
			switch u.r.IntN(4) {
			case 0:
				bad = bad[:u.r.IntN(len(bad))]
			case 1: // a run of bytes is missing
				at := u.r.IntN(len(bad))
				bad = slices.Delete(bad, at, min(len(bad), at+1+u.r.IntN(20)))
			case 2:
				for range 1 + u.r.IntN(4) {
					bad[u.r.IntN(len(bad))] ^= 1 << u.r.IntN(8)
				}
			case 3: // near the end, where some formats have their table of contents
				for range 1 + u.r.IntN(8) {
					bad[len(bad)-1-u.r.IntN(min(len(bad), 200))] = byte(u.r.Uint32())
				}
			}
			if err := attempt(f, bad, x.cut); err != nil {
				t.Fatalf("%v\nof the object %q", err, bad[:min(len(bad), 2000)])
			}
		}
		if time.Now().After(bounded) {
			break
		}
	}
}

// testReadFails: an error of the store is answered as it is, wherever it comes.
func testReadFails(t *testing.T, u *under) {
	f := u.New()
	broken := errors.New("the store is gone")
	rows, _ := u.rows(200)
	obj := u.Write(t, u.r, rows)
	for n := range 5 {
		reads := 0
		src := &counted{Content: bytes.NewReader(obj)}
		src.fail = func(int64) error {
			if reads++; reads > n {
				return broken
			}
			return nil
		}
		p, err := f.Plan(context.Background(), src, erasure.Cut{Columns: u.columns(true), Match: func([][]string) bool { return false }, Dir: t.TempDir()})
		if err == nil {
			p.Close()
			if reads > n {
				t.Errorf("read %d failed and the plan did not", n+1)
			}
			continue
		}
		if !errors.Is(err, broken) {
			t.Errorf("read %d failed, and the plan with another error: %v", n+1, err)
		}
	}
	src := &counted{Content: bytes.NewReader(obj), fail: func(int64) error { return broken }}
	if _, err := read(f, src, []string{"user_id"}, nil); !errors.Is(err, broken) {
		t.Errorf("reading failed, and Records answers %v", err)
	}
}

func testCanceled(t *testing.T, u *under) {
	f := u.New()
	rows, _ := u.rows(200)
	obj := u.Write(t, u.r, rows)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if p, err := f.Plan(ctx, bytes.NewReader(obj), erasure.Cut{Columns: u.columns(true), Match: func([][]string) bool { return false }, Dir: t.TempDir()}); err == nil {
		p.Close()
		t.Error("a canceled plan was made")
	} else if !lethe.Is(err, lethe.Canceled) {
		t.Errorf("a canceled plan answers %s: %v", lethe.KindOf(err), err)
	}
	for _, err := range f.Records(ctx, bytes.NewReader(obj), u.columns(false), nil) {
		if !lethe.Is(err, lethe.Canceled) {
			t.Errorf("canceled reading answers %v", err)
		}
		break
	}
}

// testConcurrent: one format serves many at once, over one source too.
func testConcurrent(t *testing.T, u *under) {
	f := u.New()
	x := u.trial(t, erasure.Delete)
	_, want := plan(t, f, x.obj, x.cut)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			c := x.cut
			for range 3 {
				p, err := f.Plan(context.Background(), bytes.NewReader(x.obj), c)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := Apply(x.obj, p.Edits)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("plans made at the same time differ: %v", err)
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				if _, err := read(f, bytes.NewReader(x.obj), x.cut.Columns, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// testMemory: memory does not grow with the object.
func testMemory(t *testing.T, u *under) {
	if u.Big == nil {
		t.Fatal("the suite needs Big")
	}
	size := u.BigSize
	if slow || testing.Short() {
		size = min(size, 2*u.Memory)
	}
	src := &counted{Content: u.Big(t, size)}
	heap := func() int64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return int64(s[0].Value.Uint64())
	}
	runtime.GC()
	base := heap()
	var mu sync.Mutex
	var peak int64
	src.each = func() {
		h := heap()
		mu.Lock()
		peak = max(peak, h-base)
		mu.Unlock()
	}
	begin := time.Now()
	p, err := u.New().Plan(context.Background(), src, erasure.Cut{Columns: []string{"user_id"}, Dir: t.TempDir(), Traces: []string{BigUser},
		Match: func(v [][]string) bool { return slices.Contains(v[0], BigUser) }})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	took := time.Since(begin)
	src.each()
	if p.Cut != 1 {
		t.Errorf("%d records were cut, not 1", p.Cut)
	}
	if _, _, err := object.Edits(src.Size(), p.Edits); err != nil {
		t.Error(err)
	}
	t.Logf("%d MB planned in %v, %.0f MB/s; the heap grew by at most %.1f MB; read %d, written %d bytes", src.Size()>>20, took.Round(time.Millisecond),
		float64(src.Size())/1e6/took.Seconds(), float64(peak)/(1<<20), p.Read, p.Written)
	if peak > u.Memory {
		t.Errorf("the heap grew by %d MiB, over the bound of %d", peak>>20, u.Memory>>20)
	}
}
