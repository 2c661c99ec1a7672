package pebble

import "sync"

// live is the set of numbers whose object versions count, or are being entered.
// Numbers are given away in order, so that a bit for each is little.
type live struct {
	mu   sync.RWMutex
	bits []uint64
}

func (l *live) has(n uint64) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return n/64 < uint64(len(l.bits)) && l.bits[n/64]>>(n%64)&1 == 1
}

func (l *live) add(n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for uint64(len(l.bits)) <= n/64 {
		l.bits = append(l.bits, 0)
	}
	l.bits[n/64] |= 1 << (n % 64)
}

func (l *live) remove(n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n/64 < uint64(len(l.bits)) {
		l.bits[n/64] &^= 1 << (n % 64)
	}
}
