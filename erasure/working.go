package erasure

import "sync"

// working are the keys that are being erased. What events tell of them meanwhile is
// mostly of the erasure itself, which looks at them at its end, and by what it knows
// then: looking in between would read what was just cut.
type working struct {
	mu   sync.Mutex
	keys map[[2]string]*atWork
}

type atWork struct {
	n    int  // how many work on it
	told bool // an event came that nobody has looked at
}

func (w *working) begin(bucket, key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keys == nil {
		w.keys = map[[2]string]*atWork{}
	}
	k := w.keys[[2]string{bucket, key}]
	if k == nil {
		k = &atWork{}
		w.keys[[2]string{bucket, key}] = k
	}
	k.n++
}

// tell leaves an event to whoever works on the key; false if nobody does.
func (w *working) tell(bucket, key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := w.keys[[2]string{bucket, key}]
	if k != nil {
		k.told = true
	}
	return k != nil
}

// look says that the key is about to be looked at.
func (w *working) look(bucket, key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if k := w.keys[[2]string{bucket, key}]; k != nil {
		k.told = false
	}
}

// end ends what begin began. It says whether somebody must look at the key for an event.
func (w *working) end(bucket, key string) (told bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := w.keys[[2]string{bucket, key}]
	if k.n--; k.n > 0 {
		return false
	}
	delete(w.keys, [2]string{bucket, key})
	return k.told
}
