package disk

import (
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"lethe"
)

// leases know who uses blobs: readers of this process, and folders with links.
// They keep a blob in place while it is used, and tell those who delete for
// good whom to wait for. What the index dropped is dead: nobody begins to use it.
type leases struct {
	mu      sync.Mutex
	blobs   map[string]*use
	folders map[string]*folder
	changed chan struct{} // closed when a use of a dead blob ends
}

// use is how a blob is used. There is one only while it is.
type use struct {
	readers int
	joins   int             // copies into another blob of the same object
	folders map[*folder]int // links
	dead    bool
	of      string // of a dead blob: the object that held it last, see ofKey
	cut     bool   // its bytes are gone
}

func (u *use) links() (n int) {
	for _, k := range u.folders {
		n += k
	}
	return n
}

func (u *use) idle() bool { return u.readers == 0 && u.joins == 0 && len(u.folders) == 0 }

// folder is where somebody reads objects through links.
type folder struct {
	path   string
	cancel func(cause error)
	linked map[string]bool // blobs
	gone   bool            // released
}

// reading and joining are kinds of leases.
type leaseKind int

const (
	reading leaseKind = iota
	joining
)

func (u *use) count(k leaseKind) *int {
	if k == joining {
		return &u.joins
	}
	return &u.readers
}

// at is the use of a blob, made if there is none.
func (l *leases) at(blob string) *use {
	if l.blobs == nil {
		l.blobs = map[string]*use{}
	}
	u := l.blobs[blob]
	if u == nil {
		u = &use{}
		l.blobs[blob] = u
	}
	return u
}

// take leases the blobs of extents, or answers fs.ErrNotExist if one is dead.
// The caller must then look whether the index still holds them, or open them:
// what is there then stays.
func (l *leases) take(k leaseKind, exts []extent) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range exts {
		if u := l.blobs[e.Blob]; u != nil && u.dead {
			return fs.ErrNotExist
		}
	}
	for _, e := range exts {
		*l.at(e.Blob).count(k)++
	}
	return nil
}

// give ends leases and returns the blobs that may now be unlinked.
func (l *leases) give(k leaseKind, exts []extent) (free []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range exts {
		*l.blobs[e.Blob].count(k)--
		free = l.end(free, e.Blob)
	}
	return free
}

// end forgets a use that is over, and adds its blob to free if it is dead.
func (l *leases) end(free []string, blob string) []string {
	u := l.blobs[blob]
	if u.dead {
		l.tell()
	}
	if !u.idle() {
		return free
	}
	delete(l.blobs, blob)
	if u.dead {
		free = append(free, blob)
	}
	return free
}

// anyDead says whether one of the leased blobs is dead.
func (l *leases) anyDead(exts []extent) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range exts {
		if u := l.blobs[e.Blob]; u != nil && u.dead {
			return true
		}
	}
	return false
}

// isCut says whether the bytes of a leased blob are gone.
func (l *leases) isCut(blob string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.blobs[blob]
	return u != nil && u.cut
}

// drop marks blobs as dead, each with the object that held it last, and returns
// those that nobody uses: they may be unlinked.
func (l *leases) drop(dead map[string]string) (free []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for blob, of := range dead {
		if u := l.blobs[blob]; u != nil {
			u.dead, u.of = true, of
		} else {
			free = append(free, blob)
		}
	}
	return free
}

// tell wakes those who wait for the ends of uses.
func (l *leases) tell() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// dying returns the dead blobs of the wanted objects that are still used, and
// a channel that is closed when that has changed.
func (l *leases) dying(wanted func(of string) bool) (blobs []string, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for blob, u := range l.blobs {
		if u.dead && !u.cut && wanted(u.of) {
			blobs = append(blobs, blob)
		}
	}
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return blobs, l.changed
}

// linkers are the folders that have links to the blobs.
func (l *leases) linkers(blobs []string) []*folder {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[*folder]bool{}
	for _, b := range blobs {
		if u := l.blobs[b]; u != nil {
			for f := range u.folders {
				all[f] = true
			}
		}
	}
	return slices.Collect(maps.Keys(all))
}

// cutOff marks the blobs as cut, and returns how many links each has that
// somebody should have removed, without those that nobody uses any more.
func (l *leases) cutOff(blobs []string) map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	links := map[string]int{}
	for _, b := range blobs {
		if u := l.blobs[b]; u != nil {
			u.cut = true
			links[b] = u.links()
		}
	}
	return links
}

// joined says whether a join still copies one of the blobs, and a channel as
// dying does.
func (l *leases) joined(blobs []string) (bool, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return slices.ContainsFunc(blobs, func(b string) bool { u := l.blobs[b]; return u != nil && u.joins > 0 }), l.changed
}

// Hold says that dir is the folder of somebody who reads objects through links
// and can be stopped. Links made below dir are then known: who deletes what is
// linked there for good waits a while for release, which is to be called once
// the links are removed and nobody has them open; then it calls cancel, which
// must not block, and waits again. Links made without a Hold keep their bytes,
// whatever is deleted, until they are removed.
func (s *Store) Hold(dir string, cancel func(cause error)) (release func()) {
	dir, err := filepath.Abs(dir)
	if err != nil { // no working directory: no link can be made there either
		return func() {}
	}
	l := &s.leases
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.folders == nil {
		l.folders = map[string]*folder{}
	}
	f := &folder{path: dir, cancel: cancel, linked: map[string]bool{}}
	l.folders[dir] = f
	return sync.OnceFunc(func() { s.bury(l.release(f)) })
}

func (l *leases) release(f *folder) (free []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.gone = true
	if l.folders[f.path] == f {
		delete(l.folders, f.path)
	}
	for blob := range f.linked {
		delete(l.blobs[blob].folders, f)
		free = l.end(free, blob)
	}
	return free
}

// link makes link, which gives the blob a name at path, known to the folder
// that holds path, if one does.
func (l *leases) link(blob, path string, link func() error) error {
	l.mu.Lock()
	f := l.holding(path)
	if f == nil {
		l.mu.Unlock()
		return link()
	}
	defer l.mu.Unlock()
	u := l.blobs[blob]
	if u != nil && u.dead {
		return fs.ErrNotExist
	}
	if err := link(); err != nil {
		return err
	}
	u = l.at(blob)
	if u.folders == nil {
		u.folders = map[*folder]int{}
	}
	u.folders[f]++
	f.linked[blob] = true
	return nil
}

// holding is the folder that path lies in.
func (l *leases) holding(path string) *folder {
	if len(l.folders) == 0 {
		return nil
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	for {
		up := filepath.Dir(path)
		if f := l.folders[up]; f != nil || up == path {
			return f
		}
		path = up
	}
}

// errErased is what readers get when the object is deleted for good under them.
var errErased = lethe.Errorf(lethe.Conflict, "the object was deleted for good while it was being read")
