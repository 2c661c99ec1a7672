package disk

import (
	"bytes"
	"encoding/binary"

	"github.com/oklog/ulid/v2"
)

// Index keys. The first byte is the table. Bucket names never hold a zero
// byte; object keys may, so they are escaped: 00 becomes 00 FF, and 00 01 ends
// the key. Escaped keys sort as the keys themselves do, and no key is a prefix
// of another's entries ("n" and "n/child" never meet).
//
//	b <bucket>                                     bucket and its settings
//	o <bucket> 00 <key> 00 01 <inverted ULID>      one version; newest first
//	n <bucket> 00 <key> 00 01                      ULID of the version "null", where newer ones lie above it
//	u <bucket> 00 <key> 00 01 <upload id>          multipart upload (UUIDv7: by age)
//	p <upload id> 00 <part number, 2 bytes>        its parts
//	r <blob>                                       how many records hold the blob
//	d <blob>                                       nobody holds it: unlink it
//	e <epoch>                                      a start of the store that did not end cleanly
//	v                                              the format of all this
//	v p                                            written by purges, means nothing
//	s                                              how far a scrub is
//	x <sequence, 8 bytes>                          outbox
//	y                                              the last sequence that is forgotten
const (
	tabBucket  = 'b'
	tabVersion = 'o'
	tabNull    = 'n'
	tabUpload  = 'u'
	tabPart    = 'p'
	tabRefs    = 'r'
	tabDead    = 'd'
	tabEpoch   = 'e'
	tabFormat  = 'v'
	tabScrub   = 's'
	tabOutbox  = 'x'
	tabForgot  = 'y'
)

func tableKey(table byte, parts ...string) []byte {
	k := []byte{table}
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

func escape(dst []byte, key string) []byte {
	for i := 0; i < len(key); i++ {
		dst = append(dst, key[i])
		if key[i] == 0 {
			dst = append(dst, 0xFF)
		}
	}
	return dst
}

// objectKey is the common start of all entries of one object key.
func objectKey(table byte, bucket, key string) []byte {
	k := make([]byte, 0, len(bucket)+len(key)+22)
	k = append(k, table)
	k = append(k, bucket...)
	k = append(k, 0)
	k = escape(k, key)
	return append(k, 0, 1)
}

// keysFrom is where keys >= key of a bucket begin.
func keysFrom(table byte, bucket, key string) []byte {
	k := append([]byte{table}, bucket...)
	return escape(append(k, 0), key)
}

func versionKey(bucket, key string, id ulid.ULID) []byte {
	k := objectKey(tabVersion, bucket, key)
	for _, b := range id {
		k = append(k, ^b)
	}
	return k
}

// splitVersionKey undoes versionKey. It trusts its input.
func splitVersionKey(k []byte) (key string, id ulid.ULID) {
	tail := len(k) - len(id)
	for i := range id {
		id[i] = ^k[tail+i]
	}
	return unescape(k[bytes.IndexByte(k, 0)+1 : tail-2]), id
}

func unescape(e []byte) string {
	if bytes.IndexByte(e, 0) < 0 {
		return string(e)
	}
	return string(bytes.ReplaceAll(e, []byte{0, 0xFF}, []byte{0}))
}

func partKey(upload string, n int32) []byte {
	return binary.BigEndian.AppendUint16(tableKey(tabPart, upload, "\x00"), uint16(n))
}

func outboxKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{tabOutbox}, seq)
}

// after is the first key that does not begin with k; nil when there is none.
func after(k []byte) []byte {
	k = bytes.Clone(k)
	for i := len(k) - 1; i >= 0; i-- {
		if k[i]++; k[i] != 0 {
			return k[:i+1]
		}
	}
	return nil
}
