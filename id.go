package lethe

import (
	"crypto/rand"
	"encoding/hex"
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

// NewOrderedID returns a UUID that sorts by the time it was made (version 7, RFC 9562).
func NewOrderedID() string {
	var b [16]byte
	rand.Read(b[6:])
	ms := uint64(time.Now().UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return uuid(b)
}

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
