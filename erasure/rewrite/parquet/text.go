package parquet

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// appendTexts appends the forms of text that a value has: one, but two for bytes
// without a logical type that are text, as such a column may hold either.
func (l *leaf) appendTexts(dst []string, v []byte) []string {
	le := binary.LittleEndian
	switch l.physical {
	case boolean:
		return append(dst, strconv.FormatBool(v[0] != 0))
	case int32Type:
		if l.unsigned {
			return append(dst, strconv.FormatUint(uint64(le.Uint32(v)), 10))
		}
		return append(dst, l.integer(int64(int32(le.Uint32(v)))))
	case int64Type:
		if l.unsigned {
			return append(dst, strconv.FormatUint(le.Uint64(v), 10))
		}
		return append(dst, l.integer(int64(le.Uint64(v))))
	case int96:
		return append(dst, time.Unix((int64(le.Uint32(v[8:]))-julianEpoch)*86400, 0).
			Add(time.Duration(le.Uint64(v))).UTC().Format(dateTime))
	case floatType:
		return append(dst, strconv.FormatFloat(l.number(v), 'g', -1, 32))
	case doubleType:
		return append(dst, strconv.FormatFloat(l.number(v), 'g', -1, 64))
	}
	switch l.logical {
	case logicalString, logicalEnum, logicalJSON:
		return append(dst, string(v))
	case logicalDecimal:
		return append(dst, decimal(bigEndian(v), l.scale))
	case logicalUUID:
		if len(v) == 16 {
			return append(dst, uuid.UUID(v).String())
		}
	case logicalFloat16:
		if len(v) == 2 {
			return append(dst, strconv.FormatFloat(l.number(v), 'g', -1, 32))
		}
	case 0:
		if l.physical == byteArray && l.converted < 0 && utf8.Valid(v) {
			dst = append(dst, string(v))
		}
	}
	return append(dst, hex.EncodeToString(v))
}

const (
	julianEpoch = 2440588 // 1970-01-01, in days of the Julian calendar
	dateOnly    = time.DateOnly
	dateTime    = "2006-01-02T15:04:05.999999999"
)

// integer writes a signed number as its logical type says.
func (l *leaf) integer(n int64) string {
	switch l.logical {
	case logicalDecimal:
		return decimal(big.NewInt(n), l.scale)
	case logicalDate:
		if n > -1e6 && n < 4e6 {
			return time.Unix(n*86400, 0).UTC().Format(dateOnly)
		}
	case logicalTime:
		if unit := l.unitNanos(); unit > 0 && n >= 0 && n < int64(24*time.Hour)/unit {
			return time.Unix(0, n*unit).UTC().Format("15:04:05.999999999")
		}
	case logicalTimestamp:
		unit := l.unitNanos()
		if unit == 0 {
			break
		}
		second := int64(time.Second) / unit
		s := n / second
		if n%second < 0 {
			s--
		}
		t := time.Unix(s, (n-s*second)*unit).UTC()
		if t.Year() < 1 || t.Year() > 9999 {
			break
		}
		if l.utc {
			return t.Format(dateTime) + "Z"
		}
		return t.Format(dateTime)
	}
	return strconv.FormatInt(n, 10)
}

func (l *leaf) unitNanos() int64 {
	switch l.unit {
	case 1:
		return int64(time.Millisecond)
	case 2:
		return int64(time.Microsecond)
	case 3:
		return 1
	}
	return 0
}

func bigEndian(v []byte) *big.Int {
	n := new(big.Int).SetBytes(v)
	if len(v) > 0 && v[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(v)*8)))
	}
	return n
}

// decimal writes n / 10^scale with all its digits.
func decimal(n *big.Int, scale int) string {
	if scale <= 0 || scale > 1000 {
		return n.String()
	}
	digits := new(big.Int).Abs(n).String()
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale-len(digits)+1) + digits
	}
	s := digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	if n.Sign() < 0 {
		return "-" + s
	}
	return s
}

// parse reads a value of the column from the text that appendTexts writes. It is
// not ok where the text is none.
func (l *leaf) parse(s string) (v []byte, ok bool) {
	le := binary.LittleEndian
	switch l.physical {
	case boolean:
		b, err := strconv.ParseBool(s)
		if b {
			return []byte{1}, err == nil
		}
		return []byte{0}, err == nil
	case int32Type, int64Type:
		n, ok := l.parseInteger(s)
		if l.physical == int32Type {
			return le.AppendUint32(nil, uint32(n)), ok
		}
		return le.AppendUint64(nil, uint64(n)), ok
	case int96:
		t, err := time.Parse(dateTime, s)
		days := t.Unix() / 86400
		if t.Unix()%86400 < 0 {
			days--
		}
		v = le.AppendUint64(nil, uint64(t.Sub(time.Unix(days*86400, 0))))
		return le.AppendUint32(v, uint32(days+julianEpoch)), err == nil
	case floatType:
		f, err := strconv.ParseFloat(s, 32)
		return le.AppendUint32(nil, math.Float32bits(float32(f))), err == nil && !math.IsNaN(f)
	case doubleType:
		f, err := strconv.ParseFloat(s, 64)
		return le.AppendUint64(nil, math.Float64bits(f)), err == nil && !math.IsNaN(f)
	}
	switch l.logical {
	case logicalString, logicalEnum, logicalJSON:
		return l.sized([]byte(s))
	case logicalDecimal:
		n, ok := l.parseDecimal(s)
		if !ok {
			return nil, false
		}
		size := l.size
		if size == 0 {
			size = n.BitLen()/8 + 1
		}
		if n.BitLen() >= size*8 {
			return nil, false
		}
		if n.Sign() < 0 {
			n.Add(n, new(big.Int).Lsh(big.NewInt(1), uint(size*8)))
		}
		return n.FillBytes(make([]byte, size)), true
	case logicalUUID:
		u, err := uuid.Parse(s)
		if l.size == 16 {
			return u[:], err == nil
		}
	case 0:
		if l.physical == byteArray && l.converted < 0 {
			return []byte(s), true
		}
	}
	v, err := hex.DecodeString(s)
	if err != nil {
		return nil, false
	}
	return l.sized(v)
}

func (l *leaf) sized(v []byte) ([]byte, bool) { return v, l.size == 0 || len(v) == l.size }

func (l *leaf) parseDecimal(s string) (*big.Int, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) > max(l.scale, 0) || l.scale > 1000 {
		return nil, false
	}
	return new(big.Int).SetString(whole+frac+strings.Repeat("0", max(l.scale, 0)-len(frac)), 10)
}

func (l *leaf) parseInteger(s string) (int64, bool) {
	bits := l.size * 8
	if l.unsigned {
		n, err := strconv.ParseUint(s, 10, bits)
		return int64(n), err == nil
	}
	switch l.logical {
	case logicalDecimal:
		n, ok := l.parseDecimal(s)
		if !ok || n.BitLen() >= bits {
			return 0, false
		}
		return n.Int64(), true
	case logicalDate:
		if t, err := time.Parse(dateOnly, s); err == nil {
			return t.Unix() / 86400, t.Unix()%86400 == 0
		}
	case logicalTime:
		if t, err := time.Parse("15:04:05.999999999", s); err == nil && l.unitNanos() > 0 {
			return int64(t.Sub(t.Truncate(24*time.Hour))) / l.unitNanos(), true
		}
	case logicalTimestamp:
		if t, err := time.Parse(dateTime, strings.TrimSuffix(s, "Z")); err == nil && l.unitNanos() > 0 {
			unit := l.unitNanos()
			n := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(int64(time.Second)/unit))
			n.Add(n, big.NewInt(int64(t.Nanosecond())/unit))
			return n.Int64(), n.IsInt64()
		}
	}
	n, err := strconv.ParseInt(s, 10, bits)
	return n, err == nil
}
