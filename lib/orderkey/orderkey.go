// Package orderkey writes strings into the keys of an ordered store, so that
// keys sort as the strings do, whatever these hold.
package orderkey

import "bytes"

// Append appends a string to a key, with nothing at its end: a zero byte becomes
// 00 FF.
func Append(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		dst = append(dst, s[i])
		if s[i] == 0 {
			dst = append(dst, 0xFF)
		}
	}
	return dst
}

// End ends an appended string with 00 01. It sorts before every longer string
// that begins alike, and no ended string is a prefix of another.
func End(dst []byte) []byte { return append(dst, 0, 1) }

// Text returns the string that was appended, without its end.
func Text(e []byte) string {
	if bytes.IndexByte(e, 0) < 0 {
		return string(e)
	}
	return string(bytes.ReplaceAll(e, []byte{0, 0xFF}, []byte{0}))
}

// Cut returns the string at the beginning of a key and what comes after its end;
// false if it has no end.
func Cut(key []byte) (s string, rest []byte, ok bool) {
	for i := 0; i+1 < len(key); i++ {
		if key[i] != 0 {
			continue
		}
		if key[i+1] == 1 {
			return Text(key[:i]), key[i+2:], true
		}
		i++ // 00 FF
	}
	return "", nil, false
}

// After is the first key that does not begin with k; nil when there is none.
func After(k []byte) []byte {
	k = bytes.Clone(k)
	for i := len(k) - 1; i >= 0; i-- {
		if k[i]++; k[i] != 0 {
			return k[:i+1]
		}
	}
	return nil
}
