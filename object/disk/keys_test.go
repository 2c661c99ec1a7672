package disk

import (
	"bytes"
	"slices"
	"testing"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"
)

// Index entries sort as keys do, newest version first, and no key's entries lie
// among another's.
func TestKeyOrder(t *testing.T) {
	anyKey := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, '/', 'a', 0xFE, 0xFF}), 0, 6), func(b []byte) string { return string(b) })
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfDistinct(anyKey, rapid.ID[string]).Draw(t, "keys")
		slices.Sort(keys)
		var last []byte
		for _, k := range keys {
			old, young := ulid.ULID{1}, ulid.ULID{2}
			for _, id := range []ulid.ULID{young, old} {
				e := versionKey("b", k, id)
				if bytes.Compare(last, e) >= 0 {
					t.Fatalf("%q sorts before its predecessor", k)
				}
				if gk, gid := splitVersionKey(e); gk != k || gid != id {
					t.Fatalf("%q %v came back as %q %v", k, id, gk, gid)
				}
				if !bytes.HasPrefix(e, keysFrom(tabVersion, "b", k)) || !bytes.HasPrefix(e, objectKey(tabVersion, "b", k)) {
					t.Fatalf("%q: not where its key begins", k)
				}
				last = e
			}
		}
	})
}

// Version ids grow, whatever the clock says.
func TestVersionIDsGrow(t *testing.T) {
	s := &Store{}
	future := ulid.MustNew(ulid.MaxTime()-1, nil)
	last := ulid.ULID{}
	for i := range 1000 {
		var least ulid.ULID
		if i == 500 {
			least = future
		}
		id := s.newID(least)
		if id.Compare(last) <= 0 || id.Compare(least) <= 0 {
			t.Fatalf("%v after %v (at least %v)", id, last, least)
		}
		last = id
	}
}
