package ingest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"lethe"
	"lethe/lib/trinosql"
)

// converter makes a Parquet value of a text, without spaces around it unless
// the type is a string. Its error completes the sentence "x ...". The value may
// share the text's memory.
type converter func(text []byte) (parquet.Value, error)

func newColumn(name, comment string, typ *trinosql.Type) (column, error) {
	c := column{name: name, comment: comment, typ: typ}
	switch typ.Kind {
	case trinosql.KindBoolean:
		c.convert = toBoolean
	case trinosql.KindTinyint:
		c.convert = toInt32(8)
	case trinosql.KindSmallint:
		c.convert = toInt32(16)
	case trinosql.KindInteger:
		c.convert = toInt32(32)
	case trinosql.KindBigint:
		c.convert = toInt64
	case trinosql.KindReal:
		c.convert = toFloat
	case trinosql.KindDouble:
		c.convert = toDouble
	case trinosql.KindDecimal:
		c.convert = toDecimal(typ.Precision, typ.Scale)
	case trinosql.KindVarchar, trinosql.KindChar:
		c.convert = toText(typ.Precision)
	case trinosql.KindVarbinary:
		c.convert = toBinary
	case trinosql.KindDate:
		c.convert = toDate
	case trinosql.KindTimestamp:
		c.convert = toTimestamp
	default:
		return c, lethe.Errorf(lethe.Unsupported, "column %s: rows cannot be read into type %s", name, typ).
			WithHint("read it as string and convert it with a SELECT")
	}
	return c, nil
}

// node is the column's type in Parquet. All columns may be null.
func (c column) node() parquet.Node {
	var n parquet.Node
	switch c.typ.Kind {
	case trinosql.KindBoolean:
		n = parquet.Leaf(parquet.BooleanType)
	case trinosql.KindTinyint:
		n = parquet.Int(8)
	case trinosql.KindSmallint:
		n = parquet.Int(16)
	case trinosql.KindInteger:
		n = parquet.Int(32)
	case trinosql.KindBigint:
		n = parquet.Int(64)
	case trinosql.KindReal:
		n = parquet.Leaf(parquet.FloatType)
	case trinosql.KindDouble:
		n = parquet.Leaf(parquet.DoubleType)
	case trinosql.KindDecimal:
		n = parquet.Decimal(c.typ.Scale, c.typ.Precision, decimalType(c.typ.Precision))
	case trinosql.KindVarbinary:
		n = parquet.Leaf(parquet.ByteArrayType)
	case trinosql.KindDate:
		n = parquet.Date()
	case trinosql.KindTimestamp:
		// Hive's timestamp is a wall clock's time, in no zone.
		n = parquet.TimestampAdjusted(parquet.Microsecond, false)
	default:
		n = parquet.String()
	}
	switch c.typ.Kind {
	case trinosql.KindBoolean:
	case trinosql.KindReal, trinosql.KindDouble:
		n = parquet.Encoded(n, &parquet.Plain)
	default:
		n = parquet.Encoded(n, &parquet.RLEDictionary)
	}
	return parquet.Optional(n)
}

func decimalType(precision int) parquet.Type {
	switch {
	case precision <= 9:
		return parquet.Int32Type
	case precision <= 18:
		return parquet.Int64Type
	}
	return parquet.FixedLenByteArrayType(16)
}

func (c column) isText() bool {
	return c.typ.Kind == trinosql.KindVarchar || c.typ.Kind == trinosql.KindChar
}

func toBoolean(b []byte) (parquet.Value, error) {
	switch {
	case bytes.EqualFold(b, []byte("true")):
		return parquet.BooleanValue(true), nil
	case bytes.EqualFold(b, []byte("false")):
		return parquet.BooleanValue(false), nil
	}
	return parquet.Value{}, errors.New("is neither true nor false")
}

func parseInt(b []byte, bits int) (int64, error) {
	n, err := strconv.ParseInt(string(b), 10, bits)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("does not fit into %d bits", bits)
	case err != nil:
		return 0, errors.New("is not an integer")
	}
	return n, nil
}

func toInt32(bits int) converter {
	return func(b []byte) (parquet.Value, error) {
		n, err := parseInt(b, bits)
		return parquet.Int32Value(int32(n)), err
	}
}

func toInt64(b []byte) (parquet.Value, error) {
	n, err := parseInt(b, 64)
	return parquet.Int64Value(n), err
}

// parseFloat reads decimal notation, NaN and Infinity; not Go's hexadecimal
// numbers and underscores.
func parseFloat(b []byte, bits int) (float64, error) {
	if bytes.ContainsAny(b, "xX_pP") {
		return 0, errors.New("is not a number")
	}
	f, err := strconv.ParseFloat(string(b), bits)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("does not fit into a floating-point number of %d bits", bits)
	case err != nil:
		return 0, errors.New("is not a number")
	}
	return f, nil
}

func toFloat(b []byte) (parquet.Value, error) {
	f, err := parseFloat(b, 32)
	return parquet.FloatValue(float32(f)), err
}

func toDouble(b []byte) (parquet.Value, error) {
	f, err := parseFloat(b, 64)
	return parquet.DoubleValue(f), err
}

// toDecimal keeps every digit: a number with more than scale digits after the
// point, unless they are zeros, or too many before it, is refused, not rounded.
func toDecimal(precision, scale int) converter {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	return func(b []byte) (parquet.Value, error) {
		digits, negative := b, false
		if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
			digits, negative = b[1:], b[0] == '-'
		}
		whole, fraction, point := bytes.Cut(digits, []byte{'.'})
		fraction = bytes.TrimRight(fraction, "0")
		if len(whole) == 0 && (!point || len(digits) == 1) {
			return parquet.Value{}, errors.New("is not a decimal number")
		}
		if len(whole) > 1000 || len(fraction) > scale {
			return parquet.Value{}, fmt.Errorf("does not fit into decimal(%d,%d)", precision, scale)
		}
		all := make([]byte, 0, len(whole)+scale)
		all = append(append(all, whole...), fraction...)
		for range scale - len(fraction) {
			all = append(all, '0')
		}
		for _, c := range all {
			if c < '0' || c > '9' {
				return parquet.Value{}, errors.New("is not a decimal number")
			}
		}
		if len(all) == 0 {
			all = append(all, '0')
		}
		n, ok := new(big.Int).SetString(string(all), 10)
		if !ok || n.Cmp(most) >= 0 {
			return parquet.Value{}, fmt.Errorf("does not fit into decimal(%d,%d)", precision, scale)
		}
		if negative {
			n.Neg(n)
		}
		return decimalValue(n, precision), nil
	}
}

func decimalValue(n *big.Int, precision int) parquet.Value {
	switch {
	case precision <= 9:
		return parquet.Int32Value(int32(n.Int64()))
	case precision <= 18:
		return parquet.Int64Value(n.Int64())
	}
	// Two's complement, big-endian, 16 bytes; 38 digits fit.
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return parquet.FixedLenByteArrayValue(n.FillBytes(make([]byte, 16)))
}

func toText(length int) converter {
	if length <= 0 {
		return func(b []byte) (parquet.Value, error) { return parquet.ByteArrayValue(b), nil }
	}
	return func(b []byte) (parquet.Value, error) {
		if len(b) > length && utf8.RuneCount(b) > length {
			return parquet.Value{}, fmt.Errorf("has more than %d characters", length)
		}
		return parquet.ByteArrayValue(b), nil
	}
}

// toBinary reads base64, as Hive writes binary columns in text files.
func toBinary(b []byte) (parquet.Value, error) {
	out, err := base64.StdEncoding.AppendDecode(nil, b)
	if err != nil {
		return parquet.Value{}, errors.New("is not base64")
	}
	return parquet.ByteArrayValue(out), nil
}

const secondsADay = 24 * 60 * 60

func toDate(b []byte) (parquet.Value, error) {
	t, err := time.Parse(time.DateOnly, string(b))
	if err != nil {
		return parquet.Value{}, errors.New("is not a date of the form yyyy-mm-dd")
	}
	return parquet.Int32Value(int32(t.Unix() / secondsADay)), nil
}

// timestamps are the forms of a timestamp. Fractions of seconds are read where
// none is written; with a zone, the time is converted to UTC.
var timestamps = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly}

func parseTimestamp(s string) (time.Time, error) {
	for _, layout := range timestamps {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Nanosecond()%1000 != 0 {
				return t, errors.New("has a fraction of a microsecond")
			}
			return t, nil
		}
	}
	return time.Time{}, errors.New("is not a timestamp of the form yyyy-mm-dd hh:mm:ss[.ffffff]")
}

func toTimestamp(b []byte) (parquet.Value, error) {
	t, err := parseTimestamp(string(b))
	return parquet.Int64Value(t.UnixMicro()), err
}

// partitionText is a value as Hive writes it into a partition's name; ok is
// false for null.
func (c column) partitionText(v parquet.Value) (text string, ok bool) {
	if v.IsNull() {
		return "", false
	}
	switch c.typ.Kind {
	case trinosql.KindBoolean:
		return strconv.FormatBool(v.Boolean()), true
	case trinosql.KindTinyint, trinosql.KindSmallint, trinosql.KindInteger:
		return strconv.FormatInt(int64(v.Int32()), 10), true
	case trinosql.KindBigint:
		return strconv.FormatInt(v.Int64(), 10), true
	case trinosql.KindDate:
		return time.Unix(int64(v.Int32())*secondsADay, 0).UTC().Format(time.DateOnly), true
	case trinosql.KindTimestamp:
		return time.UnixMicro(v.Int64()).UTC().Format("2006-01-02 15:04:05.999999"), true
	case trinosql.KindDecimal:
		return decimalText(decimalOf(v), c.typ.Scale), true
	}
	return string(v.ByteArray()), true
}

// canPartition reports whether a column's values can be a partition's name.
func (c column) canPartition() bool {
	switch c.typ.Kind {
	case trinosql.KindReal, trinosql.KindDouble, trinosql.KindVarbinary:
		return false
	}
	return true
}

func decimalOf(v parquet.Value) *big.Int {
	switch v.Kind() {
	case parquet.Int32:
		return big.NewInt(int64(v.Int32()))
	case parquet.Int64:
		return big.NewInt(v.Int64())
	}
	b := v.ByteArray()
	n := new(big.Int).SetBytes(b)
	if len(b) == 16 && int64(binary.BigEndian.Uint64(b)) < 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return n
}

func decimalText(n *big.Int, scale int) string {
	if scale == 0 {
		return n.String()
	}
	digits := new(big.Int).Abs(n).String()
	for len(digits) <= scale {
		digits = "0" + digits
	}
	s := digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	if n.Sign() < 0 {
		s = "-" + s
	}
	return s
}
