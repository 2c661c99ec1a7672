// Package index holds what the implementations of erasure.Index in the packages below
// have in common.
package index

import (
	"cmp"
	"iter"
	"sync"

	"lethe"
	"lethe/erasure"
)

// Gate lets an index be closed when nothing uses it any more. Its zero value is open.
type Gate struct {
	mu   sync.RWMutex
	shut bool
}

// Enter begins a use of the index, which Leave ends. Its error says that it is closed.
func (g *Gate) Enter() error {
	g.mu.RLock()
	if g.shut {
		g.mu.RUnlock()
		return lethe.Errorf(lethe.Canceled, "the erasure index is closed")
	}
	return nil
}

// Leave ends a use.
func (g *Gate) Leave() { g.mu.RUnlock() }

// Shut waits for all uses, lets none in any more, and calls f, once.
func (g *Gate) Shut(f func() error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return nil
	}
	g.shut = true
	return f()
}

// Places yields what find returns, for Index.Find.
func Places(find func() ([]erasure.Place, error)) iter.Seq2[erasure.Place, error] {
	return func(yield func(erasure.Place, error) bool) {
		places, err := find()
		if err != nil {
			yield(erasure.Place{}, err)
			return
		}
		for _, p := range places {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Compare orders entries by bucket, key and version.
func Compare(a, b erasure.Entry) int {
	return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Version, b.Version))
}

// Unknown is the error of Index.Entry for an object version of which nothing is known.
func Unknown(o erasure.ObjectVersion) error {
	return lethe.Errorf(lethe.NotFound, "the index does not know s3://%s/%s in that version", o.Bucket, o.Key)
}
