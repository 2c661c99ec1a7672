package pebble

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index"
	"lethe/lib/orderkey"
)

// The first byte of a key is its table.
//
//	v                                                     the format of all this
//	v w                                                   written by wipes, means nothing
//	m                                                     numbers below it may have been given away
//	o <bucket> 00 01 <key> 00 01 <version>                number of the object version
//	n <number, 8 bytes>                                   its record
//	p <bucket of hashes, 3 bytes>                         postings
const (
	tabFormat  = 'v'
	tabMark    = 'm'
	tabObject  = 'o'
	tabNumber  = 'n'
	tabPosting = 'p'
)

var (
	formatKey = []byte{tabFormat}
	touchKey  = []byte{tabFormat, 'w'}
	markKey   = []byte{tabMark}
)

func objectKey(o erasure.ObjectVersion) []byte {
	return append(objectsFrom(o.Bucket, o.Key, true), o.Version...)
}

// objectsFrom is where the keys of a bucket that begin with prefix begin, or, if
// it is whole, those of that object.
func objectsFrom(bucket, prefix string, whole bool) []byte {
	k := orderkey.Append(orderkey.End(orderkey.Append([]byte{tabObject}, bucket)), prefix)
	if whole {
		k = orderkey.End(k)
	}
	return k
}

func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{tabNumber}, n) }

func postingKey(bucket uint32) []byte {
	return []byte{tabPosting, byte(bucket >> 16), byte(bucket >> 8), byte(bucket)}
}

// record is what is kept of an object version.
type record struct {
	erasure.Entry
	Postings int64
	Cuts     index.Cuts `json:",omitempty"`
}

func encodeRecord(r record) []byte {
	raw, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings, numbers and a time
	}
	return raw
}

func decodeRecord(raw []byte) (r record, err error) {
	if err = json.Unmarshal(raw, &r); err != nil {
		err = lethe.Errorf(lethe.BadData, "the index has a record it cannot read: %w", err).WithHint("build the index again")
	}
	return r, err
}

func decodeNumber(raw []byte) (uint64, error) {
	n, size := binary.Uvarint(raw)
	if size <= 0 || size != len(raw) {
		return 0, damaged(fmt.Sprintf("a number of %d bytes", len(raw)))
	}
	return n, nil
}

func damaged(what string) error {
	return lethe.Errorf(lethe.BadData, "the index is damaged: it has %s", what).WithHint("build the index again")
}
