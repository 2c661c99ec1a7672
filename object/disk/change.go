package disk

import (
	"context"
	"errors"
	"hash/maphash"

	"github.com/cockroachdb/pebble/v2"
)

// change is one atomic change of the index: what becomes of records, and with
// that of blobs. It is built under the locks of the keys it concerns.
type change struct {
	s     *Store
	batch *pebble.Batch
	fresh []extent       // of blobs that nobody else knows yet
	count map[string]int // blob -> more or fewer references

	of     map[string]string // blob that an object gives up -> that object, see ofKey
	erased map[string]bool   // objects of which something is deleted for good
	done   bool              // committed

	by     caller   // who asked for it,
	events [][]byte // and what is to be told of it

	expiring bool // a lifecycle rule asked for it
}

func (s *Store) change() *change {
	return &change{s: s, batch: s.index.db.NewBatch(), count: map[string]int{}}
}

// changeBy is a change whose events tell who asked for it.
func (s *Store) changeBy(ctx context.Context) *change {
	c := s.change()
	c.by = callerOf(ctx)
	return c
}

// A batch in memory does not fail: its Set and Delete only say so in their type.
func (c *change) set(k []byte, v any) { _ = c.batch.Set(k, encode(v), nil) }
func (c *change) delete(k []byte)     { _ = c.batch.Delete(k, nil) }

// own records the first reference to new blobs, share a further one, drop the end of one.
func (c *change) own(exts []extent)   { c.fresh = append(c.fresh, exts...) }
func (c *change) share(exts []extent) { c.add(exts, 1) }
func (c *change) drop(exts []extent)  { c.add(exts, -1) }

// dropOf is drop for what readers may be reading: blobs of an object.
func (c *change) dropOf(bucket, key string, exts []extent) {
	c.drop(exts)
	if c.of == nil {
		c.of = map[string]string{}
	}
	for _, e := range exts {
		c.of[e.Blob] = ofKey(bucket, key)
	}
}

func (c *change) add(exts []extent, n int) {
	for _, e := range exts {
		c.count[e.Blob] += n
	}
}

// refs is how many records hold a blob.
func (s *Store) refs(blob string) (n int, err error) {
	_, err = s.index.get(tableKey(tabRefs, blob), &n)
	return n, err
}

// errGone: a blob to be shared was dropped by its last owner meanwhile.
var errGone = errors.New("blob is gone")

// errUncertain: the index may or may not hold the change. Blobs that it names
// must stay; the next start knows what became of it.
type errUncertain struct{ error }

func (e errUncertain) Unwrap() error { return e.error }

func uncertain(err error) bool {
	var u errUncertain
	return errors.As(err, &u)
}

// commit makes the change durable and then unlinks the blobs it left alone,
// except those that are used: their last user does, or settle.
func (c *change) commit() error {
	for _, e := range c.fresh {
		c.set(tableKey(tabRefs, e.Blob), 1)
	}
	defer c.lockRefs()()
	dead := map[string]string{}
	for blob, more := range c.count {
		if more == 0 {
			continue
		}
		n, err := c.s.refs(blob)
		if err != nil {
			return err
		}
		if n == 0 {
			return errGone
		}
		if n += more; n > 0 {
			c.set(tableKey(tabRefs, blob), n)
			continue
		}
		c.delete(tableKey(tabRefs, blob))
		_ = c.batch.Set(tableKey(tabDead, blob), nil, nil)
		dead[blob] = c.of[blob]
	}
	defer c.number()()
	if err := c.s.index.commit(c.batch, c.s.index.write); err != nil {
		if errors.Is(err, errClosed) {
			return err
		}
		return errUncertain{noSpace(err)}
	}
	c.s.fresh.remove(c.fresh...)
	c.s.bury(c.s.leases.drop(dead))
	c.done = true
	return nil
}

// lockRefs locks the counts that the change reads, in one order for everybody.
func (c *change) lockRefs() (unlock func()) {
	var want [len(c.s.refMu)]bool
	for blob, more := range c.count {
		if more != 0 {
			want[maphash.String(c.s.seed, blob)%uint64(len(want))] = true
		}
	}
	for i, w := range want {
		if w {
			c.s.refMu[i].Lock()
		}
	}
	return func() {
		for i, w := range want {
			if w {
				c.s.refMu[i].Unlock()
			}
		}
	}
}
