package pebble

import (
	"bytes"
	"sync"
)

// decoded remembers the last large records that were decoded. A record is large once
// much was cut out of its object, and then a request of many persons comes to it by each
// of their identifiers.
type decoded struct {
	mu   sync.Mutex
	last [4]struct {
		number uint64
		raw    []byte
		record record
	}
	next int
}

// largeRecord is how many bytes are worth to be remembered, and not to be decoded.
const largeRecord = 4 << 10

// record decodes what is under a number, and does not keep raw.
func (d *decoded) record(n uint64, raw []byte) (record, error) {
	if len(raw) < largeRecord {
		return decodeRecord(raw)
	}
	d.mu.Lock()
	for i := range d.last {
		if l := &d.last[i]; l.number == n && bytes.Equal(l.raw, raw) {
			defer d.mu.Unlock()
			return l.record, nil // nobody changes what is in it
		}
	}
	d.mu.Unlock()
	r, err := decodeRecord(raw)
	if err != nil {
		return r, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	l := &d.last[d.next]
	l.number, l.raw, l.record = n, bytes.Clone(raw), r
	d.next = (d.next + 1) % len(d.last)
	return r, nil
}
