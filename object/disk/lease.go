package disk

import "sync"

// leases keep blobs in place while an object of several blobs is read, which
// opens them one after the other. (A reader of one blob has its file open and
// needs none.)
type leases struct {
	mu   sync.Mutex
	n    map[string]int
	dead map[string]bool // dropped by the index, and still leased
}

// take leases the blobs of extents. The caller must then look whether the index
// still holds them: from then on they stay.
func (l *leases) take(exts []extent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == nil {
		l.n, l.dead = map[string]int{}, map[string]bool{}
	}
	for _, e := range exts {
		l.n[e.Blob]++
	}
}

// give ends leases and returns the blobs that may now be unlinked.
func (l *leases) give(exts []extent) (dead []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range exts {
		if l.n[e.Blob]--; l.n[e.Blob] > 0 {
			continue
		}
		delete(l.n, e.Blob)
		if l.dead[e.Blob] {
			delete(l.dead, e.Blob)
			dead = append(dead, e.Blob)
		}
	}
	return dead
}

// release returns which of the dead blobs may be unlinked, and keeps the others
// for give.
func (l *leases) release(blobs []string) (free []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range blobs {
		if l.n[b] > 0 {
			l.dead[b] = true
			continue
		}
		free = append(free, b)
	}
	return free
}
