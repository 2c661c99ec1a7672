package disk

import (
	"bytes"
	"strings"

	"lethe/lib/orderkey"

	"github.com/oklog/ulid/v2"
)

// A walk goes over a bucket's versions in key order, the versions of a key
// newest first, at one moment of the index, and rolls keys up into common
// prefixes. It seeks over what it need not see: what a common prefix stands
// for, or the old versions of a key.
type walk struct {
	cursor
	bucket, prefix, delimiter string
}

// walk makes a walk; its user must close it.
func (s *Store) walk(bucket, prefix, delimiter string) (*walk, error) {
	it, err := s.index.seek(keysFrom(tabVersion, bucket, ""))
	if err != nil {
		return nil, err
	}
	return &walk{it, bucket, prefix, delimiter}, nil
}

// rolled is the common prefix that stands for key; "" if key stands for itself.
func (w *walk) rolled(key string) string {
	if w.delimiter == "" {
		return ""
	}
	if before, _, found := strings.Cut(key[len(w.prefix):], w.delimiter); found {
		return w.prefix + before + w.delimiter
	}
	return ""
}

// start positions the walk after marker, and after all that marker stands for
// if it is a common prefix.
func (w *walk) start(marker string) bool {
	switch {
	case marker < w.prefix:
		return w.SeekGE(keysFrom(tabVersion, w.bucket, w.prefix))
	case marker == "":
		return w.First()
	case strings.HasPrefix(marker, w.prefix) && w.rolled(marker) == marker:
		return w.skipPrefix(marker)
	}
	return w.SeekGE(orderkey.After(objectKey(tabVersion, w.bucket, marker)))
}

func (w *walk) skipPrefix(prefix string) bool {
	return w.SeekGE(orderkey.After(keysFrom(tabVersion, w.bucket, prefix)))
}

// page calls emit for up to max current objects and common prefixes after
// marker, in byte order: with what listings show of a version (see
// decodeListed), or with nil and a prefix. next is the marker that continues,
// "" at the end.
func (s *Store) page(bucket, prefix, delimiter, marker string, max int, emit func(v *version, prefix string) error) (next string, err error) {
	if max <= 0 {
		return "", nil
	}
	w, err := s.walk(bucket, prefix, delimiter)
	if err != nil {
		return "", err
	}
	defer w.Close()
	var last string   // what the page ends with
	var seen []byte   // the entries' common start of the key before
	var key string    // of the entry
	var v *version    // at the entry
	var rolled string // what stands for key
	for n, ok := 0, w.start(marker); ok; {
		k := w.Key()
		stem := k[:len(k)-len(ulid.ULID{})]
		if seen != nil && bytes.Equal(stem, seen) { // an older version: usually few, so step before seeking
			if ok = w.Next(); ok && bytes.HasPrefix(w.Key(), seen) {
				ok = w.SeekGE(orderkey.After(seen))
			}
			continue
		}
		if key, _ = splitVersionKey(k); !strings.HasPrefix(key, w.prefix) {
			break
		}
		if v, err = decodeListed(k, w.Value()); err != nil {
			return "", err
		}
		seen = append(seen[:0], stem...)
		if v.Marker {
			ok = w.Next()
			continue
		}
		if n == max {
			return last, nil
		}
		n++
		if rolled = w.rolled(key); rolled != "" {
			if err := emit(nil, rolled); err != nil {
				return "", err
			}
			last = rolled
			ok = w.skipPrefix(rolled)
			continue
		}
		if err := emit(v, ""); err != nil {
			return "", err
		}
		last = key
		ok = w.Next()
	}
	return "", w.Error()
}
