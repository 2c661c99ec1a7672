package dialect

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

func init() {
	define("from_utf8", "xss", func(a args) (any, error) {
		b, replacement := a.x(0), a.s(1)
		if utf8.RuneCountInString(replacement) > 1 {
			return nil, badArgument("Replacement character string must empty or a single character")
		}
		if utf8.Valid(b) {
			return string(b), nil
		}
		var out strings.Builder
		for len(b) > 0 {
			r, n := utf8.DecodeRune(b)
			if r == utf8.RuneError && n <= 1 {
				out.WriteString(replacement)
				n = invalidLength(b)
			} else {
				out.Write(b[:n])
			}
			b = b[n:]
		}
		return out.String(), nil
	})
	define("sha512", "xx", func(a args) (any, error) { s := sha512.Sum512(a.x(0)); return s[:], nil })
	define("hmac", "sxxx", func(a args) (any, error) {
		h := map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[a.s(0)]
		m := hmac.New(h, a.x(2))
		m.Write(a.x(1))
		return m.Sum(nil), nil
	})
	define("crc32", "xi", func(a args) (any, error) { return int64(crc32.ChecksumIEEE(a.x(0))), nil })
	define("xxhash64", "xx", func(a args) (any, error) { return binary.BigEndian.AppendUint64(nil, xxhash.Sum64(a.x(0))), nil })
	define("to_base64url", "xs", func(a args) (any, error) { return base64.URLEncoding.EncodeToString(a.x(0)), nil })
	define("to_base32", "xs", func(a args) (any, error) { return base32.StdEncoding.EncodeToString(a.x(0)), nil })
	define("from_hex", "sx", func(a args) (any, error) {
		b, err := hex.DecodeString(a.s(0))
		if err != nil {
			if len(a.s(0))%2 != 0 {
				return nil, badArgument("expected an even number of hex characters, but got %d characters", len(a.s(0)))
			}
			return nil, badArgument("Invalid hex character: %s", a.s(0))
		}
		return b, nil
	})
	decodes := func(name string, std, raw *base64.Encoding) {
		define(name, "sx", func(a args) (any, error) {
			s := strings.TrimRight(a.s(0), "=")
			b, err := raw.DecodeString(s)
			if err != nil || len(a.s(0))-len(s) > 2 || strings.ContainsAny(s, "\r\n") {
				return nil, badArgument("Illegal base64 text: %s", a.s(0))
			}
			return b, nil
		})
		_ = std
	}
	decodes("from_base64", base64.StdEncoding, base64.RawStdEncoding)
	decodes("from_base64url", base64.URLEncoding, base64.RawURLEncoding)
	define("from_base32", "sx", func(a args) (any, error) {
		b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(a.s(0), "="))
		if err != nil {
			return nil, badArgument("Invalid input to base32: %s", a.s(0))
		}
		return b, nil
	})
	define("to_big_endian_32", "ix", func(a args) (any, error) { return binary.BigEndian.AppendUint32(nil, uint32(a.i(0))), nil })
	define("to_big_endian_64", "ix", func(a args) (any, error) { return binary.BigEndian.AppendUint64(nil, uint64(a.i(0))), nil })
	define("from_big_endian_32", "xi", func(a args) (any, error) {
		if len(a.x(0)) != 4 {
			return nil, badArgument("expected 4-byte input, but got instead: %d", len(a.x(0)))
		}
		return int64(int32(binary.BigEndian.Uint32(a.x(0)))), nil
	})
	define("from_big_endian_64", "xi", func(a args) (any, error) {
		if len(a.x(0)) != 8 {
			return nil, badArgument("expected 8-byte input, but got instead: %d", len(a.x(0)))
		}
		return int64(binary.BigEndian.Uint64(a.x(0))), nil
	})
	define("to_ieee754_32", "dx", func(a args) (any, error) {
		return binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(a.d(0)))), nil
	})
	define("to_ieee754_64", "dx", func(a args) (any, error) { return binary.BigEndian.AppendUint64(nil, math.Float64bits(a.d(0))), nil })
	define("from_ieee754_32", "xd", func(a args) (any, error) {
		if len(a.x(0)) != 4 {
			return nil, badArgument("Input floating-point value must be exactly 4 bytes long")
		}
		return float64(math.Float32frombits(binary.BigEndian.Uint32(a.x(0)))), nil
	})
	define("from_ieee754_64", "xd", func(a args) (any, error) {
		if len(a.x(0)) != 8 {
			return nil, badArgument("Input floating-point value must be exactly 8 bytes long")
		}
		return math.Float64frombits(binary.BigEndian.Uint64(a.x(0))), nil
	})
	define("reverse_binary", "xx", func(a args) (any, error) {
		b := slices.Clone(a.x(0))
		slices.Reverse(b)
		return b, nil
	})
	define("substring_binary", "xiix", func(a args) (any, error) {
		b, start, n := a.x(0), a.i(1), a.i(2)
		size := int64(len(b))
		if start < 0 {
			start += size + 1
		}
		if start < 1 || start > size || n <= 0 {
			return []byte{}, nil
		}
		return b[start-1 : start-1+min(n, size-start+1)], nil
	})
	padBinary := func(name string, left bool) {
		define(name, "xixx", func(a args) (any, error) {
			b, n, with := a.x(0), a.i(1), a.x(2)
			if n < 0 || n > 1<<26 {
				return nil, badArgument("Target length must be in the range [0..%d]", math.MaxInt32)
			}
			if len(with) == 0 {
				return nil, badArgument("Padding bytes must not be empty")
			}
			if int64(len(b)) >= n {
				return b[:n], nil
			}
			fill := make([]byte, int(n)-len(b))
			for i := range fill {
				fill[i] = with[i%len(with)]
			}
			if left {
				return append(fill, b...), nil
			}
			return append(slices.Clone(b), fill...), nil
		})
	}
	padBinary("lpad_binary", true)
	padBinary("rpad_binary", false)
	define("binary_text", "xs", func(a args) (any, error) {
		b := a.x(0)
		out := make([]byte, 0, 3*len(b))
		for i, c := range b {
			if i > 0 {
				out = append(out, ' ')
			}
			out = append(out, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		}
		return string(out), nil
	})
}

// invalidLength returns how many bytes at the start of b one replacement stands
// for: the longest part of a character that is cut short, or one byte.
func invalidLength(b []byte) int {
	for n := min(4, len(b)); n > 1; n-- {
		if !utf8.FullRune(b[:n]) {
			return n
		}
	}
	return 1
}
