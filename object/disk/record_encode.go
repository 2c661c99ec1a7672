package disk

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"google.golang.org/protobuf/encoding/protowire"
)

// Versions are most of the index, and a listing reads a thousand of them for a
// page: they have an encoding of their own, protobuf's wire format without its
// machinery. Fields can be added at the end; numbers are never used again. What
// a listing shows comes first, so that it can stop there.
const (
	fieldFlags         = 1 // bits: flagNull, flagMarker
	fieldTime          = 2 // nanoseconds since 1970, zigzag
	fieldSize          = 3
	fieldETag          = 4
	fieldAlgorithm     = 5 // of the checksum
	fieldChecksumType  = 6
	lastListed         = fieldChecksumType
	fieldChecksum      = 7
	fieldExtent        = 8 // repeated: blob, offset, length
	fieldPartEnds      = 9 // packed differences
	fieldUploadID      = 10
	fieldContentType   = 11
	fieldEncoding      = 12
	fieldDisposition   = 13
	fieldLanguage      = 14
	fieldCacheControl  = 15
	fieldExpires       = 16
	fieldRedirect      = 17
	fieldMetadata      = 18 // repeated: key, value
	fieldTag           = 19 // repeated: key, value
	fieldRetention     = 20 // JSON, as the front end gave it
	fieldHold          = 21 // 1: off, 2: on
	fieldPartSum       = 22 // repeated: one of each part, if any has one
	lastField          = fieldPartSum
	flagNull, flagMark = 1, 2
)

func (v *version) append(b []byte) []byte {
	number := func(f protowire.Number, n uint64) {
		if n != 0 {
			b = protowire.AppendVarint(protowire.AppendTag(b, f, protowire.VarintType), n)
		}
	}
	text := func(f protowire.Number, s string) {
		if s != "" {
			b = protowire.AppendString(protowire.AppendTag(b, f, protowire.BytesType), s)
		}
	}
	var flags uint64
	if v.Null {
		flags |= flagNull
	}
	if v.Marker {
		flags |= flagMark
	}
	number(fieldFlags, flags)
	if !v.Time.IsZero() {
		number(fieldTime, protowire.EncodeZigZag(v.Time.UnixNano()))
	}
	number(fieldSize, uint64(v.Size))
	text(fieldETag, v.ETag)
	text(fieldAlgorithm, string(v.Checksum.Algorithm))
	text(fieldChecksumType, string(v.Checksum.Type))
	text(fieldChecksum, value(v.Checksum))
	var sub []byte
	for _, e := range v.Extents {
		sub = protowire.AppendString(sub[:0], e.Blob)
		sub = protowire.AppendVarint(sub, uint64(e.Off))
		sub = protowire.AppendVarint(sub, uint64(e.Len))
		text(fieldExtent, string(sub))
	}
	if v.Parts != nil {
		sub = sub[:0]
		var before int64
		for _, end := range v.Parts {
			sub = protowire.AppendVarint(sub, uint64(end-before))
			before = end
		}
		b = protowire.AppendBytes(protowire.AppendTag(b, fieldPartEnds, protowire.BytesType), sub)
	}
	text(fieldUploadID, v.UploadID)
	h := &v.Header
	text(fieldContentType, h.ContentType)
	text(fieldEncoding, h.ContentEncoding)
	text(fieldDisposition, h.ContentDisposition)
	text(fieldLanguage, h.ContentLanguage)
	text(fieldCacheControl, h.CacheControl)
	text(fieldExpires, h.Expires)
	text(fieldRedirect, h.WebsiteRedirect)
	pairs := func(f protowire.Number, m map[string]string) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			sub = protowire.AppendString(protowire.AppendString(sub[:0], k), m[k])
			b = protowire.AppendBytes(protowire.AppendTag(b, f, protowire.BytesType), sub)
		}
	}
	pairs(fieldMetadata, h.Metadata)
	pairs(fieldTag, v.Tags)
	text(fieldRetention, string(v.Lock.Retention))
	if v.Lock.Hold != nil {
		on := uint64(1)
		if *v.Lock.Hold {
			on = 2
		}
		number(fieldHold, on)
	}
	if slices.ContainsFunc(v.PartSums, func(s string) bool { return s != "" }) {
		for _, s := range v.PartSums {
			b = protowire.AppendString(protowire.AppendTag(b, fieldPartSum, protowire.BytesType), s)
		}
	}
	return b
}

// parse reads a record up to the field last. It keeps nothing of b.
func (v *version) parse(b []byte, last protowire.Number) error {
	var sum string
	for len(b) > 0 {
		f, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if f > last {
			break
		}
		b = b[n:]
		switch typ {
		case protowire.VarintType:
			x, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return protowire.ParseError(n)
			}
			b = b[n:]
			v.setNumber(f, x)
		case protowire.BytesType:
			x, n := protowire.ConsumeBytes(b)
			if n < 0 {
				return protowire.ParseError(n)
			}
			b = b[n:]
			if f == fieldChecksum {
				sum = string(x)
				continue
			}
			if err := v.setBytes(f, x); err != nil {
				return err
			}
		default:
			return fmt.Errorf("field %d is of wire type %d", f, typ)
		}
	}
	if sum != "" {
		v.Checksum = checksumOf(v.Checksum.Algorithm, v.Checksum.Type, sum)
	}
	return nil
}

func (v *version) setNumber(f protowire.Number, x uint64) {
	switch f {
	case fieldFlags:
		v.Null, v.Marker = x&flagNull != 0, x&flagMark != 0
	case fieldTime:
		v.Time = time.Unix(0, protowire.DecodeZigZag(x)).UTC()
	case fieldSize:
		v.Size = int64(x)
	case fieldHold:
		v.Lock.Hold = ptr(x == 2)
	}
}

func (v *version) setBytes(f protowire.Number, x []byte) error {
	h := &v.Header
	switch f {
	case fieldETag:
		v.ETag = string(x)
	case fieldAlgorithm:
		v.Checksum.Algorithm = algorithmNamed(x)
	case fieldChecksumType:
		v.Checksum.Type = checksumTypeNamed(x)
	case fieldExtent:
		var e extent
		var rest [2]uint64
		blob, n := protowire.ConsumeBytes(x)
		for i := range rest {
			if n < 0 {
				break
			}
			x = x[n:]
			rest[i], n = protowire.ConsumeVarint(x)
		}
		if n < 0 {
			return fmt.Errorf("extent: %w", protowire.ParseError(n))
		}
		e.Blob, e.Off, e.Len = string(blob), int64(rest[0]), int64(rest[1])
		v.Extents = append(v.Extents, e)
	case fieldPartEnds:
		v.Parts = []int64{}
		var end int64
		for len(x) > 0 {
			d, n := protowire.ConsumeVarint(x)
			if n < 0 {
				return fmt.Errorf("part ends: %w", protowire.ParseError(n))
			}
			end += int64(d)
			v.Parts, x = append(v.Parts, end), x[n:]
		}
	case fieldPartSum:
		v.PartSums = append(v.PartSums, string(x))
	case fieldUploadID:
		v.UploadID = string(x)
	case fieldContentType:
		h.ContentType = string(x)
	case fieldEncoding:
		h.ContentEncoding = string(x)
	case fieldDisposition:
		h.ContentDisposition = string(x)
	case fieldLanguage:
		h.ContentLanguage = string(x)
	case fieldCacheControl:
		h.CacheControl = string(x)
	case fieldExpires:
		h.Expires = string(x)
	case fieldRedirect:
		h.WebsiteRedirect = string(x)
	case fieldMetadata:
		return addPair(&h.Metadata, x)
	case fieldTag:
		return addPair(&v.Tags, x)
	case fieldRetention:
		v.Lock.Retention = slices.Clone(x)
	}
	return nil
}

func addPair(m *map[string]string, x []byte) error {
	k, n := protowire.ConsumeBytes(x)
	if n < 0 {
		return fmt.Errorf("pair: %w", protowire.ParseError(n))
	}
	v, n := protowire.ConsumeBytes(x[n:])
	if n < 0 {
		return fmt.Errorf("pair: %w", protowire.ParseError(n))
	}
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[string(k)] = string(v)
	return nil
}

// algorithmNamed and checksumTypeNamed spare listings a string for each key.
func algorithmNamed(b []byte) types.ChecksumAlgorithm {
	for _, a := range algorithms {
		if string(a) == string(b) {
			return a
		}
	}
	return types.ChecksumAlgorithm(b)
}

func checksumTypeNamed(b []byte) types.ChecksumType {
	for _, t := range []types.ChecksumType{types.ChecksumTypeFullObject, types.ChecksumTypeComposite} {
		if string(t) == string(b) {
			return t
		}
	}
	return types.ChecksumType(b)
}

// decodeListed is decodeVersion for what listings show: names, time, size, ETag
// and kind of checksum.
func decodeListed(k, b []byte) (*version, error) {
	v := &version{}
	v.key, v.id = splitVersionKey(k)
	if err := v.parse(b, lastListed); err != nil {
		return nil, badEntry(k, err)
	}
	return v, nil
}
