package erasure_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
	whole   map[string][]note   // what was last acknowledged of objects that are written whole
	old     []note              // what somebody has read of persons, and may write again
	events  []event.Event
	bodies  int // as many records were written
	back    int // and so many old ones again
	seldom  atomic.Int64
}

// users are persons that are not erased, and write all the time.
const users = 5

// note is a new record of somebody.
func (c *chaos) note(user string) note {
	c.bodies++
	return note{user, fmt.Sprint(c.bodies)}
}

// before is a record of a person who may have been erased since.
func (c *chaos) before() []note {
	if len(c.old) == 0 || c.rng.IntN(12) > 0 {
		return nil
	}
	c.back++
	return []note{c.old[c.rng.IntN(len(c.old))]}
}

// append adds records of somebody to an object: it is read, changed, and written on
// the condition that nobody has changed it since.
func (c *chaos) append(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := fmt.Sprintf("reviews/%d.json", c.rng.IntN(4))
	o, err := c.store.Head(context.Background(), "lake", key)
	condition := object.Condition{IfMatch: o.ETag}
	if lethe.Is(err, lethe.NotFound) {
		condition = object.Condition{IfNoneMatch: true}
	} else if err != nil {
		c.t.Error(err)
		return
	}
	n := c.note(user)
	if !c.put(key, c.lines(key), append(c.before(), n), condition) {
		return // it was erased from meanwhile
	}
	c.written[user] = append(c.written[user], n.Body)
	if strings.HasPrefix(user, "p") {
		c.old = append(c.old, n)
	}
}

// overwrite replaces an object, whatever it has held.
func (c *chaos) overwrite(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := fmt.Sprintf("reviews/whole-%d.json", c.rng.IntN(2))
	n := c.note(user)
	if c.put(key, nil, append(c.before(), n), object.Condition{}) {
		c.whole[key] = []note{n}
	}
}

// put writes an object and makes an event of it; it says whether its condition was met.
func (c *chaos) put(key string, lines []string, add []note, condition object.Condition) bool {
	for _, n := range add {
		line, err := json.Marshal(n)
		if err != nil {
			c.t.Error(err)
			return false
		}
		lines = append(lines, string(line))
	}
	_, err := c.store.Put(context.Background(), "lake", key, strings.NewReader(strings.Join(lines, "\n")+"\n"), object.Header{}, condition)
	if err != nil {
		if !lethe.Is(err, lethe.Conflict) && !lethe.Is(err, lethe.NotFound) {
			c.t.Error(err)
		}
		return false
	}
	if c.rng.IntN(20) > 0 { // one in twenty events is lost
		c.events = append(c.events, event.Event{Bucket: "lake", Key: key})
	}
	return true
}

// tell hands on events, in another order and some of them twice.
func (c *chaos) tell() {
	c.mu.Lock()
	es := c.events
	c.events = nil
	c.rng.Shuffle(len(es), func(i, j int) { es[i], es[j] = es[j], es[i] })
	c.mu.Unlock()
	if err := c.Handle(context.Background(), append(es, es[:len(es)/2]...)); err != nil && !injected(err) && !lethe.Is(err, lethe.Conflict) {
		c.t.Errorf("events: %v", err)
	}
}

// writes are how often somebody has written, so far.
func (c *chaos) writes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bodies
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

// together is how many requests at most are under way at once in one lake.
const together = 20

var requests = flag.Int("requests", chaosRequests, "how many requests are made under faults and writers, at most 20 in a lake")

// TestRequestsUnderFaultsAndWriters: every request comes to its end, with a
// certificate that is true; no record of others is lost, and none of who was erased
// is left, though old ones are written again. Half of the lakes have versions, and half
// of each go by what the index knows, also of small objects.
func TestRequestsUnderFaultsAndWriters(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var done, alone, writes, back, fails atomic.Int64
	t.Run("lakes", func(t *testing.T) {
		lakes := max(2, (*requests+together-1)/together)
		for n := range lakes {
			of := (*requests + n) / lakes
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(seed, uint64(n)))
				c := openChaos(t, rng, n%2 == 1, uint64(n/2)%2 == seed%2)
				beside := c.erase(of)
				c.check(of)
				for _, b := range beside {
					if b == 0 {
						alone.Add(1)
					}
				}
				writes.Add(int64(c.bodies))
				back.Add(int64(c.back))
				fails.Add(int64(c.f.fails))
				so := done.Add(int64(of))
				if !t.Failed() {
					t.Logf("%d requests so far: beside %d of them nobody wrote; %d records written, %d old ones again, %d calls failed", so, alone.Load(), writes.Load(), back.Load(), fails.Load())
				}
			})
		}
	})
	t.Logf("%d requests: beside %d of them nobody wrote; %d records written, %d old ones again, %d calls failed", done.Load(), alone.Load(), writes.Load(), back.Load(), fails.Load())
}

// openChaos makes such a lake.
func openChaos(t *testing.T, rng *rand.Rand, versioned, exactly bool) *chaos {
	t.Helper()
	f := &faulty{one: 100, rng: rand.New(rand.NewPCG(rng.Uint64(), 1))}
	l := openLake(t, t.TempDir(), disk.Options{NoSync: true}, func(c *erasure.Config) {
		f.Store = c.Store
		c.Store, c.Index, c.Approvals = f, faultyIndex{c.Index, f}, 1
	})
	if exactly {
		l.Exactly(1, 60)
	}
	l.types()
	l.table("reviews")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	if versioned {
		l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
	}
	return &chaos{lake: l, f: f, rng: rng, written: map[string][]string{}, whole: map[string][]note{}}
}

// erase has so many persons erased while others write. It returns beside which request
// how many records were written.
func (c *chaos) erase(of int) (beside []int) {
	c.t.Helper()
	for n := range 3 * of {
		c.append(fmt.Sprint("p", n%of))
	}
	written := make(chan struct{}, 1)
	c.f.mu.Lock()
	c.f.often = 25
	c.f.write = func() {
		n := c.writes()
		if n > 10*of && c.seldom.Add(1)%10 > 0 {
			return // who writes faster than versions can be read is never done
		}
		if user := fmt.Sprint("q", n%users); n%4 == 0 {
			c.overwrite(user)
		} else {
			c.append(user)
		}
		if n%8 == 0 {
			select {
			case written <- struct{}{}:
			default:
			}
		}
	}
	c.f.mu.Unlock()
	ctx, stop := context.WithCancel(c.t.Context())
	var teller sync.WaitGroup
	teller.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-written:
				c.tell()
			}
		}
	})
	ids := make([]string, of)
	for n := range ids {
		beside = append(beside, -c.writes())
		ids[n] = c.ask(erasure.Named{Type: "user_id", Values: []string{fmt.Sprint("p", n)}}).ID
	}
	for _, id := range ids {
		q := c.patiently(id, erasure.Reported)
		c.decide(id, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	}
	for n, id := range ids {
		c.patiently(id, erasure.Done)
		beside[n] += c.writes()
	}
	stop()
	teller.Wait()
	c.f.mu.Lock()
	c.f.off = true
	c.f.mu.Unlock()
	return beside
}

// patiently waits until a request is in a state, as long as many lakes on a busy machine
// may take.
func (c *chaos) patiently(id string, s erasure.State) erasure.Request {
	c.t.Helper()
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		q, err := c.Request(c.t.Context(), id)
		c.must(err)
		if q.State == s {
			return q
		}
		if q.State == erasure.Blocked || time.Since(began) > 10*time.Minute {
			c.t.Fatalf("the request is %+v", q)
		}
	}
}

// check builds the index, and with it erases who came back after their request was
// done, and looks at what is left, and at all certificates.
func (c *chaos) check(of int) {
	c.t.Helper()
	c.build()
	kept := map[string][]string{}
	for v, err := range object.AllVersions(c.t.Context(), c.store, "lake", "reviews/") {
		c.must(err)
		if v.Marker {
			continue
		}
		for _, n := range c.notes(v) {
			if strings.HasPrefix(n.User, "p") {
				c.t.Errorf("version %s of %s holds %s", v.Version, v.Key, n.User)
			}
			if v.Latest {
				kept[n.User] = append(kept[n.User], n.Body)
			}
		}
	}
	for _, ns := range c.whole {
		for _, n := range ns {
			c.written[n.User] = append(c.written[n.User], n.Body)
		}
	}
	for n := range users {
		user := fmt.Sprint("q", n)
		slices.Sort(kept[user])
		slices.Sort(c.written[user])
		if !slices.Equal(kept[user], c.written[user]) {
			c.t.Errorf("of %s's records %d are left, and %d were acknowledged", user, len(kept[user]), len(c.written[user]))
		}
	}
	qs, err := c.Requests(c.t.Context())
	c.must(err)
	if len(qs) != of {
		c.t.Errorf("%d requests, of %d that were made", len(qs), of)
	}
	for _, q := range qs {
		signed, err := c.CertificateOf(c.t.Context(), q.ID)
		c.must(err)
		if check, err := c.VerifyCertificate(c.t.Context(), signed); err != nil || check.Found != 0 || check.Unread != 0 || check.Exceptions != 0 {
			c.t.Errorf("certificate of %s: %+v, %v", q.ID, check, err)
		}
	}
}
