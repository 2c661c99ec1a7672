package erasure_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/event"
	"lethe/object"
	"lethe/object/disk"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// faultyIndex fails at random, as faulty does.
type faultyIndex struct {
	erasure.Index
	f *faulty
}

func (x faultyIndex) Put(ctx context.Context, objects iter.Seq2[*erasure.Indexed, error]) error {
	_, err := around(x.f, func() (any, error) { return nil, x.Index.Put(ctx, objects) })
	return err
}

func (x faultyIndex) Forget(ctx context.Context, o erasure.ObjectVersion) error {
	_, err := around(x.f, func() (any, error) { return nil, x.Index.Forget(ctx, o) })
	return err
}

func (x faultyIndex) Erase(ctx context.Context, hs []erasure.Hash) error {
	_, err := around(x.f, func() (any, error) { return nil, x.Index.Erase(ctx, hs) })
	return err
}

// note is a record of somebody, the only one of its number.
type note struct {
	User string `json:"user_id"`
	Body string `json:"body"`
}

// chaos is a lake in which persons are erased while others write, one in
// a hundred calls of its store and its index fails, and events come late, twice or never.
type chaos struct {
	*lake
	f       *faulty
	mu      sync.Mutex // of what follows, and of writes, so that it is known what was acknowledged
	rng     *rand.Rand
	written map[string][]string // by user, the bodies of records that were acknowledged
	old     []string            // lines that somebody has read, and may write again
	events  []event.Event
	bodies  int
}

// users are persons that are not erased, and write all the time.
const users = 5

// write adds records of somebody to an object: it is read, changed, and written on
// the condition that nobody has changed it since.
func (c *chaos) write(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx := context.Background()
	key := fmt.Sprintf("reviews/%d.json", c.rng.IntN(6))
	o, err := c.store.Head(ctx, "lake", key)
	condition := object.Condition{IfMatch: o.ETag}
	if lethe.Is(err, lethe.NotFound) {
		condition = object.Condition{IfNoneMatch: true}
	} else if err != nil {
		c.t.Error(err)
		return
	}
	lines := c.lines(key)
	c.bodies++
	line, err := json.Marshal(note{user, fmt.Sprint(c.bodies)})
	if err != nil {
		c.t.Error(err)
		return
	}
	lines = append(lines, string(line))
	if len(c.old) > 0 && c.rng.IntN(25) == 0 {
		lines = append(lines, c.old[c.rng.IntN(len(c.old))])
	}
	_, err = c.store.Put(ctx, "lake", key, strings.NewReader(strings.Join(lines, "\n")+"\n"), object.Header{}, condition)
	if lethe.Is(err, lethe.Conflict) || lethe.Is(err, lethe.NotFound) {
		return // it was erased from meanwhile
	} else if err != nil {
		c.t.Error(err)
		return
	}
	c.written[user] = append(c.written[user], fmt.Sprint(c.bodies))
	if strings.HasPrefix(user, "p") {
		c.old = append(c.old, string(line))
	}
	if c.rng.IntN(20) > 0 { // one in twenty events is lost
		c.events = append(c.events, event.Event{Bucket: "lake", Key: key})
	}
}

// tell hands on events, in another order and some of them twice.
func (c *chaos) tell() {
	c.mu.Lock()
	es := c.events
	c.events = nil
	c.rng.Shuffle(len(es), func(i, j int) { es[i], es[j] = es[j], es[i] })
	c.mu.Unlock()
	if err := c.Handle(context.Background(), append(es, es[:len(es)/2]...)); err != nil && !errors.Is(err, errBefore) && !errors.Is(err, errAfter) && !lethe.Is(err, lethe.Conflict) {
		c.t.Errorf("events: %v", err)
	}
}

// notes are all records of a version.
func (c *chaos) notes(v object.Version) (all []note) {
	c.t.Helper()
	r, _, err := c.store.OpenVersion(c.t.Context(), "lake", v.Key, v.Version, 0, -1)
	c.must(err)
	text, err := io.ReadAll(r)
	c.must(errors.Join(err, r.Close()))
	for line := range strings.Lines(string(text)) {
		var n note
		c.must(json.Unmarshal([]byte(line), &n))
		all = append(all, n)
	}
	return all
}

// TestRequestsUnderFaultsAndWriters: every request comes to its end, with a
// certificate that is true; no record of others is lost, and none of who was erased
// is left, though old ones are written again.
func TestRequestsUnderFaultsAndWriters(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, versioned := range []bool{false, true} {
		t.Run(fmt.Sprint("versioned=", versioned), func(t *testing.T) {
			f := &faulty{one: 100, rng: rand.New(rand.NewPCG(seed, 1))}
			l := openLake(t, t.TempDir(), disk.Options{NoSync: true}, func(c *erasure.Config) {
				f.Store = c.Store
				c.Store, c.Index, c.Approvals = f, faultyIndex{c.Index, f}, 1
			})
			if versioned == (seed%2 == 0) { // by what the index knows, also of small objects
				l.Exactly(1, 60)
			}
			l.types()
			l.table("reviews")
			l.must(l.PutMapping(t.Context(), people("reviews")))
			if versioned {
				l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
			}
			c := &chaos{lake: l, f: f, rng: rand.New(rand.NewPCG(seed, 2)), written: map[string][]string{}}
			for n := range 3 * chaosRequests {
				c.write(fmt.Sprint("p", n%chaosRequests))
			}
			ctx, stop := context.WithCancel(t.Context())
			var writer sync.WaitGroup
			writer.Go(func() {
				for n := 0; ctx.Err() == nil && n < 400; n++ {
					c.write(fmt.Sprint("q", n%users))
					if n%5 == 0 {
						c.tell()
					}
				}
			})
			var ids []string
			for n := range chaosRequests {
				ids = append(ids, l.ask(erasure.Named{Type: "user_id", Values: []string{fmt.Sprint("p", n)}}).ID)
			}
			for _, id := range ids {
				q := l.until(id, erasure.Reported)
				l.decide(id, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
			}
			for _, id := range ids {
				l.until(id, erasure.Done)
			}
			stop()
			writer.Wait()
			f.mu.Lock()
			f.off = true
			f.mu.Unlock()
			l.build() // and with it what came back after its request was done

			kept := map[string][]string{}
			for v, err := range object.AllVersions(t.Context(), l.store, "lake", "reviews/") {
				l.must(err)
				if v.Marker {
					continue
				}
				for _, n := range c.notes(v) {
					if strings.HasPrefix(n.User, "p") {
						t.Errorf("version %s of %s holds %s", v.Version, v.Key, n.User)
					}
					if v.Latest {
						kept[n.User] = append(kept[n.User], n.Body)
					}
				}
			}
			for n := range users {
				user := fmt.Sprint("q", n)
				slices.Sort(kept[user])
				slices.Sort(c.written[user])
				if !slices.Equal(kept[user], c.written[user]) {
					t.Errorf("of %s's records %d are left, and %d were acknowledged", user, len(kept[user]), len(c.written[user]))
				}
			}
			for _, id := range ids {
				signed, err := l.CertificateOf(t.Context(), id)
				l.must(err)
				if check, err := l.VerifyCertificate(t.Context(), signed); err != nil || check.Found != 0 || check.Unread != 0 || check.Exceptions != 0 {
					t.Errorf("certificate of %s: %+v, %v", id, check, err)
				}
			}
		})
	}
}
