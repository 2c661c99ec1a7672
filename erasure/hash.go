package erasure

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync"

	"lethe"
)

// Hash is what an index, a suppression list, an audit or a certificate holds of an
// identifier: a keyed hash, which says nothing to whoever has not the key. A
// HashKey makes it.
type Hash [32]byte

// String returns it in hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// HashKey makes hashes of identifiers. It may be used by several at once.
type HashKey struct{ pool sync.Pool }

// NewHashKey returns the hashes' key. An error of kind Invalid says that the key
// has less than 32 bytes.
func NewHashKey(key []byte) (*HashKey, error) {
	if len(key) < sha256.Size {
		return nil, lethe.Errorf(lethe.Invalid, "the key of the identifiers' hashes has %d bytes, and needs %d", len(key), sha256.Size)
	}
	k := &HashKey{}
	k.pool.New = func() any { return hmac.New(sha256.New, key) }
	return k, nil
}

// Hash is HMAC-SHA256 (RFC 2104) of an identifier's type, its length in eight
// bytes before it, and its normalised value, so that a value of one type never
// looks like one of another.
func (k *HashKey) Hash(kind, value string) (h Hash) {
	m := k.pool.Get().(hash.Hash)
	defer k.pool.Put(m)
	m.Reset()
	buf := make([]byte, 0, 128)
	buf = binary.BigEndian.AppendUint64(buf, uint64(len(kind)))
	buf = append(append(buf, kind...), value...)
	m.Write(buf)
	m.Sum(h[:0])
	return h
}

// lengthOf is a text's length in bytes, as it stands before it where texts follow
// one another.
func lengthOf(s string) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
}
