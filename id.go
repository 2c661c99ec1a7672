package lethe

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"
	"time"
)

// NewID returns a random UUID (version 4, RFC 9562), the form of Athena's query
// execution ids and of AWS request ids.
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand panics instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return uuid(b)
}

// NewOrderedID returns a UUID that sorts by the time it was made, and after all that this
// process made before it: version 7 with 12 bits of the millisecond's fraction (RFC 9562,
// section 6.2, method 3).
func NewOrderedID() string {
	var b [16]byte
	rand.Read(b[8:])
	now := uint64(time.Now().UnixNano())
	// Ticks of 1/4096 ms, as 48 bits of milliseconds and 12 of their fraction.
	tick := now/1e6<<12 | now%1e6<<12/1e6
	for {
		last := lastTick.Load()
		tick = max(tick, last+1)
		if lastTick.CompareAndSwap(last, tick) {
			break
		}
	}
	binary.BigEndian.PutUint64(b[:8], tick>>12<<16|tick&0xfff)
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return uuid(b)
}

// lastTick is the time in the last id of NewOrderedID.
var lastTick atomic.Uint64

// NewSecret returns a random secret of at least 128 bits, in letters and digits.
func NewSecret() string { return rand.Text() + rand.Text()[:14] }

// IsID reports whether s has the form of an id made by NewID or NewOrderedID.
func IsID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func uuid(b [16]byte) string {
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
