package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/erasure"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var ada = []erasure.Named{{Type: "user_id", Values: []string{"ada"}}, {Type: "mail", Values: []string{"ada@example.org"}}}

// lines are what the current version of a key holds; nil if there is none.
func (l *lake) lines(key string) []string {
	l.t.Helper()
	r, _, err := l.store.Open(l.t.Context(), "lake", key, 0, -1)
	if lethe.Is(err, lethe.NotFound) {
		return nil
	}
	l.must(err)
	defer r.Close()
	text, err := io.ReadAll(r)
	l.must(err)
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func (l *lake) erase(key string) erasure.Outcome {
	l.t.Helper()
	out, err := l.Erase(l.t.Context(), ada, "lake", key)
	l.must(err)
	return out
}

func (l *lake) wantLines(key string, want ...string) {
	l.t.Helper()
	if got := l.lines(key); !slices.Equal(got, want) {
		l.t.Errorf("%s holds %q, want %q", key, got, want)
	}
}

func newPeople(t *testing.T, mode string) *lake {
	t.Helper()
	l := newLake(t)
	l.reviews(mode)
	return l
}

// reviews makes the table reviews, and maps it.
func (l *lake) reviews(mode string) {
	l.t.Helper()
	l.types()
	l.table("reviews")
	m := people("reviews")
	m.Mode = mode
	l.must(l.PutMapping(l.t.Context(), m))
}

const (
	hers     = `{"user_id":"ada","body":"hers"}`
	herMail  = `{"user_id":"x1","mail":"Ada@EXAMPLE.org"}`
	somebody = `{"user_id":"bob","body":"ada"}` // her id as somebody's text is no identifier
)

func TestErase(t *testing.T) {
	l := newPeople(t, "")
	before := l.write("reviews/a.json", hers, somebody, herMail, somebody)
	l.build()
	out := l.erase("reviews/a.json")
	l.wantLines("reviews/a.json", somebody, somebody)
	if out.Records != 2 || len(out.Changes) != 1 || out.Changes[0].ETag != before.ETag || out.Changes[0].After == "" || len(out.Exceptions) != 0 {
		t.Errorf("outcome: %+v", out)
	}
	l.want("user_id", "ada")
	l.want("mail", "ada@example.org")
	l.want("user_id", "bob", "reviews/a.json[0 1]")
	if out := l.erase("reviews/a.json"); len(out.Changes) != 0 || out.Records != 0 {
		t.Errorf("again: %+v", out)
	}
	if out := l.erase("reviews/never.json"); len(out.Changes) != 0 {
		t.Errorf("what is not there: %+v", out)
	}
	l.write("reviews/b.json", hers)
	if out := l.erase("reviews/b.json"); l.lines("reviews/b.json") != nil || out.Records != 1 || out.Changes[0].After != "" {
		t.Errorf("an object that is all hers holds %q: %+v", l.lines("reviews/b.json"), out)
	}
}

// TestEraseBlanks: lines 529 and 2102 of a file, as in the erasure framework.
func TestEraseBlanks(t *testing.T) {
	l := newPeople(t, "blank")
	var lines []string
	for i := range 3000 {
		lines = append(lines, fmt.Sprintf(`{"user_id":"u%d","body":"b%d"}`, i, i))
	}
	lines[529], lines[2102] = hers, herMail
	l.write("reviews/review-part-0.json", lines...)
	l.build()
	l.want("user_id", "ada", "reviews/review-part-0.json[529]")
	l.erase("reviews/review-part-0.json")
	lines[529], lines[2102] = "{}", "{}"
	l.wantLines("reviews/review-part-0.json", lines...)
	l.want("user_id", "u2999", "reviews/review-part-0.json[2999]") // numbers stay
}

func TestEraseVersions(t *testing.T) {
	l := newPeople(t, "")
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
	l.write("reviews/a.json", hers, somebody)
	harmless := l.write("reviews/a.json", somebody)
	l.write("reviews/a.json", somebody, hers)
	l.must(l.store.Delete(t.Context(), "lake", "reviews/a.json", object.Condition{}))
	l.write("reviews/a.json", hers, somebody, somebody)
	l.write("reviews/a.json.bak", hers)
	out := l.erase("reviews/a.json")
	l.wantLines("reviews/a.json", somebody, somebody)
	var left []string
	markers := 0
	for v, err := range object.AllVersions(t.Context(), l.store, "lake", "reviews/a.json") {
		l.must(err)
		switch {
		case v.Key != "reviews/a.json":
		case v.Marker:
			markers++
		default:
			left = append(left, v.ETag)
		}
	}
	if len(left) != 2 || left[1] != harmless.ETag || markers != 1 {
		t.Errorf("%d delete markers and the versions %q are left, of the outcome %+v", markers, left, out)
	}
	if len(l.lines("reviews/a.json.bak")) != 1 {
		t.Error("another key was touched")
	}
	l.erase("reviews/a.json.bak")
	for v, err := range object.AllVersions(t.Context(), l.store, "lake", "reviews/a.json.bak") {
		l.must(err)
		if !v.Marker {
			t.Errorf("of what was all hers %+v is left", v)
		}
	}
}

func TestLockedVersionsAreExceptions(t *testing.T) {
	l := newPeople(t, "")
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
	l.must(l.store.Gateway().PutObjectLockConfiguration(t.Context(), "lake", []byte(`{"Enabled":true}`)))
	locked := l.write("reviews/a.json", hers, somebody)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	l.must(l.lock("reviews/a.json", locked.Version, until))
	held := l.write("reviews/a.json", hers, somebody, somebody)
	l.must(l.store.Gateway().PutObjectLegalHold(t.Context(), "lake", "reviews/a.json", held.Version, true))
	out := l.erase("reviews/a.json")
	l.wantLines("reviews/a.json", somebody, somebody) // nobody reads her by the key
	if len(out.Exceptions) != 2 || out.Exceptions[0].Version != held.Version || !out.Exceptions[0].Until.IsZero() ||
		out.Exceptions[1].Version != locked.Version || !out.Exceptions[1].Until.Equal(until) || !strings.Contains(out.Exceptions[1].Reason, "COMPLIANCE") {
		t.Errorf("exceptions: %+v", out.Exceptions)
	}
	l.must(l.store.Gateway().PutObjectLegalHold(t.Context(), "lake", "reviews/a.json", held.Version, false))
	if out := l.erase("reviews/a.json"); len(out.Exceptions) != 1 || len(out.Changes) != 1 {
		t.Errorf("without the hold: %+v", out)
	}
}

func (l *lake) lock(key, version string, until time.Time) error {
	text := fmt.Sprintf(`{"Mode":"COMPLIANCE","RetainUntilDate":%q}`, until.Format(time.RFC3339))
	return l.store.Gateway().PutObjectRetention(l.t.Context(), "lake", key, version, []byte(text))
}

func TestDamagedObjectsAreExceptions(t *testing.T) {
	l := newPeople(t, "")
	l.write("reviews/a.json", somebody, `{"user_id":"ada"`)
	out := l.erase("reviews/a.json")
	if len(out.Exceptions) != 1 || !strings.Contains(out.Exceptions[0].Reason, "mapping reviews") || names([]byte(out.Exceptions[0].Reason)) {
		t.Errorf("exceptions: %+v", out.Exceptions)
	}
	l.wantLines("reviews/a.json", somebody, `{"user_id":"ada"`)
}

func TestNobodyIsRefused(t *testing.T) {
	l := newPeople(t, "")
	for _, c := range []struct {
		given []erasure.Named
		says  string
	}{
		{nil, "names nobody"},
		{[]erasure.Named{{Type: "phone", Values: []string{"secret"}}}, `"phone"`},
		{[]erasure.Named{{Type: "user_id", Values: []string{""}}}, "empty"},
		{[]erasure.Named{{Type: "mail", Values: []string{" "}}}, "empty"},
		{[]erasure.Named{{Type: "name", Values: []string{"secret"}}}, "1 values"},
	} {
		_, err := l.Erase(t.Context(), c.given, "lake", "reviews/a.json")
		if !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v", c.given, err)
		}
	}
}

// faulty fails at random before an operation, or after it has happened. Between the
// calls of who erases, somebody else writes.
type faulty struct {
	object.Store
	mu    sync.Mutex
	rng   *rand.Rand
	off   bool
	one   int    // in so many calls fails
	write func() // unless it is nil, before or after one in often calls
	often int
	fails int // so many have failed
}

var (
	errBefore   = errors.New("503 Slow Down")
	errInternal = errors.New("500 Internal Server Error")
	errTimeout  = errors.New("i/o timeout")
	errAfter    = errors.New("connection reset by peer")
	// errCondition is the answer to a second attempt, where the first has
	// succeeded and its answer was lost; and of some stores to any.
	errCondition = lethe.Errorf(lethe.Conflict, "412 Precondition Failed")
)

// injected says whether an error is of faulty.
func injected(err error) bool {
	for _, is := range []error{errBefore, errInternal, errTimeout, errAfter, errCondition} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// fault returns one of some errors, or nil.
func (f *faulty) fault(errs ...error) (err error) {
	f.mu.Lock()
	if !f.off && f.rng.IntN(f.one) == 0 {
		err = errs[f.rng.IntN(len(errs))]
		f.fails++
	}
	write := f.write != nil && !f.off && f.rng.IntN(f.often) == 0
	f.mu.Unlock()
	if write {
		f.write()
	}
	return err
}

// around fails before or after do; also is one more way to fail.
func around[T any](f *faulty, do func() (T, error), also ...error) (T, error) {
	var zero T
	if err := f.fault(append([]error{errBefore, errInternal, errTimeout}, also...)...); err != nil {
		return zero, err
	}
	v, err := do()
	if err == nil {
		if err := f.fault(append([]error{errAfter, errInternal, errTimeout}, also...)...); err != nil {
			return zero, err
		}
	}
	return v, err
}

func (f *faulty) Head(ctx context.Context, bucket, key string) (object.Object, error) {
	return around(f, func() (object.Object, error) { return f.Store.Head(ctx, bucket, key) })
}

func (f *faulty) Put(ctx context.Context, bucket, key string, r io.Reader, h object.Header, c object.Condition) (object.Object, error) {
	return around(f, func() (object.Object, error) { return f.Store.Put(ctx, bucket, key, r, h, c) })
}

func (f *faulty) Describe(ctx context.Context, bucket, key, version string) (object.Details, error) {
	return around(f, func() (object.Details, error) { return f.Store.Describe(ctx, bucket, key, version) })
}

func (f *faulty) ListVersions(ctx context.Context, bucket string, o object.VersionOptions) (object.VersionListing, error) {
	return around(f, func() (object.VersionListing, error) { return f.Store.ListVersions(ctx, bucket, o) })
}

func (f *faulty) Splice(ctx context.Context, bucket, key, etag string, edits []object.Edit) (object.Object, error) {
	return around(f, func() (object.Object, error) { return f.Store.Splice(ctx, bucket, key, etag, edits) }, errCondition)
}

func (f *faulty) Delete(ctx context.Context, bucket, key string, c object.Condition) error {
	_, err := around(f, func() (any, error) { return nil, f.Store.Delete(ctx, bucket, key, c) }, errCondition)
	return err
}

func (f *faulty) DeleteVersion(ctx context.Context, bucket, key, version string) error {
	_, err := around(f, func() (any, error) { return nil, f.Store.DeleteVersion(ctx, bucket, key, version) })
	return err
}

// torn ends before its end.
type torn struct {
	io.ReadCloser
	left int
}

func (r *torn) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, errAfter
	}
	n, err := r.ReadCloser.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}

func (f *faulty) OpenVersion(ctx context.Context, bucket, key, version string, off, n int64) (io.ReadCloser, object.Object, error) {
	if err := f.fault(errBefore, errInternal, errTimeout); err != nil {
		return nil, object.Object{}, err
	}
	r, o, err := f.Store.OpenVersion(ctx, bucket, key, version, off, n)
	if err == nil && f.fault(errAfter) != nil {
		r = &torn{r, 7}
	}
	return r, o, err
}

// TestEraseUnderFaultsAndWriters: a store that fails at every call, and somebody
// who appends, overwrites and restores old data between any two of them. Whenever erase
// returns without an error, nothing of the person was there at a moment after it began;
// and of others' records none is lost, ever.
func TestEraseUnderFaultsAndWriters(t *testing.T) {
	for _, versioned := range []bool{false, true} {
		t.Run(fmt.Sprint("versioned=", versioned), func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			rng := rand.New(rand.NewPCG(seed, 0))
			l := newPeople(t, "")
			if versioned {
				l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
			}
			f := &faulty{Store: l.store, one: 8, rng: rand.New(rand.NewPCG(seed, 1))}
			l.Store = f
			var mu sync.Mutex
			key, others, writes := "", 0, 0 // records of others that must be in the object
			if f.often = 8; versioned {     // whoever erases reads each version that is written
				f.often = 20
			}
			f.write = func() {
				mu.Lock()
				defer mu.Unlock()
				// Read, change, and write on the condition that nobody wrote since.
				o, err := l.store.Head(t.Context(), "lake", key)
				lines := l.lines(key)
				c := object.Condition{IfMatch: o.ETag}
				if lethe.Is(err, lethe.NotFound) {
					c = object.Condition{IfNoneMatch: true}
				}
				kept := others
				if rng.IntN(30) == 0 {
					kept, lines = 0, nil // it is all new
				}
				lines = append(lines, fmt.Sprintf(`{"user_id":"w%d"}`, writes))
				if rng.IntN(2) == 0 {
					lines = append(lines, hers) // old data comes back
				}
				if _, err = l.store.Put(t.Context(), "lake", key, strings.NewReader(strings.Join(lines, "\n")+"\n"), object.Header{}, c); err == nil {
					others = kept + 1
					writes++
				} else if !lethe.Is(err, lethe.Conflict) {
					t.Error(err)
				}
			}
			check := func() {
				f.mu.Lock()
				f.off = true
				f.mu.Unlock()
				l.erase(key)
				if got := l.lines(key); len(got) != others {
					t.Errorf("%d records are left in %s, want %d: %q", len(got), key, others, got)
				}
				for v, err := range object.AllVersions(t.Context(), l.store, "lake", key) {
					l.must(err)
					if v.Marker {
						continue
					}
					r, _, err := l.store.OpenVersion(t.Context(), "lake", v.Key, v.Version, 0, -1)
					l.must(err)
					text, err := io.ReadAll(r)
					l.must(errors.Join(err, r.Close()))
					if strings.Contains(string(text), hers) {
						t.Errorf("version %s of %s holds her: %s", v.Version, v.Key, text)
					}
				}
				f.mu.Lock()
				f.off = false
				f.mu.Unlock()
			}
			ends, beside := 0, 0
			for n := range eraseRuns {
				if n%30 == 0 { // the versions of a key become many
					if n > 0 {
						check()
					}
					key, others = fmt.Sprintf("reviews/%d.json", n), 1
					l.write(key, hers, somebody, hers)
				}
				before := writes
				if _, err := l.Erase(t.Context(), ada, "lake", key); err == nil {
					ends++
				} else if !injected(err) && !lethe.Is(err, lethe.Conflict) {
					t.Fatalf("it ended with %v", err)
				}
				if writes > before {
					beside++
				}
			}
			check()
			t.Logf("%d of %d came to their end; beside %d somebody wrote, %d times; %d calls failed", ends, eraseRuns, beside, writes, f.fails)
		})
	}
}
