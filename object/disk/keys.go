package disk

import (
	"bytes"
	"encoding/binary"

	"lethe/lib/orderkey"

	"github.com/oklog/ulid/v2"
)

// Index keys. The first byte is the table. Bucket names never hold a zero
// byte; object keys may, and are written by package orderkey: they sort as the
// keys themselves do, and no key is a prefix of another's entries ("n" and
// "n/child" never meet).
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

// objectKey is the common start of all entries of one object key.
func objectKey(table byte, bucket, key string) []byte {
	k := make([]byte, 0, len(bucket)+len(key)+22)
	k = append(k, table)
	k = append(k, bucket...)
	k = append(k, 0)
	return orderkey.End(orderkey.Append(k, key))
}

// keysFrom is where keys >= key of a bucket begin.
func keysFrom(table byte, bucket, key string) []byte {
	k := append([]byte{table}, bucket...)
	return orderkey.Append(append(k, 0), key)
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
	return orderkey.Text(k[bytes.IndexByte(k, 0)+1 : tail-2]), id
}

func partKey(upload string, n int32) []byte {
	return binary.BigEndian.AppendUint16(tableKey(tabPart, upload, "\x00"), uint16(n))
}

func outboxKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{tabOutbox}, seq)
}
