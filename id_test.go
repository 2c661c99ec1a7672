package lethe

import (
	"sync"
	"testing"
	"time"
)

func TestOrderedIDsSortAsMade(t *testing.T) {
	const each = 5000
	var wg sync.WaitGroup
	seen := make([][]string, 4)
	for g := range seen {
		wg.Go(func() {
			for range each {
				seen[g] = append(seen[g], NewOrderedID())
			}
		})
	}
	wg.Wait()
	all := map[string]bool{}
	for _, ids := range seen {
		last := ""
		for _, id := range ids {
			if !IsID(id) || id[14] != '7' || id <= last || all[id] {
				t.Fatalf("%s after %s", id, last)
			}
			all[id], last = true, id
		}
	}
}

func TestAnOrderedIDHoldsItsTime(t *testing.T) {
	lastTick.Store(0)
	before := time.Now().UnixMilli()
	id := NewOrderedID()
	var ms int64
	for _, c := range id[:8] + id[9:13] {
		d := int64(c - '0')
		if c >= 'a' {
			d = int64(c-'a') + 10
		}
		ms = ms<<4 | d
	}
	if after := time.Now().UnixMilli(); ms < before || ms > after {
		t.Errorf("%s holds %d, not in %d..%d", id, ms, before, after)
	}
}
