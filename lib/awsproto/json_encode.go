package awsproto

import (
	"encoding/base64"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// encodeJSON appends the struct that src points to.
func encodeJSON(b []byte, s *Shape, src any) ([]byte, error) {
	return appendJSON(b, s, reflect.ValueOf(src))
}

func appendJSON(b []byte, s *Shape, v reflect.Value) ([]byte, error) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		v = v.Elem()
	}
	var err error
	switch s.Type {
	case "structure":
		if v.Kind() != reflect.Struct {
			return nil, noField(s, v)
		}
		b = append(b, '{')
		first := true
		fields := s.layout(v.Type()).fields
		for i := range fields {
			f := &fields[i]
			fv := v.Field(f.index)
			if unset(fv) {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(b, f.json...)
			if b, err = appendJSON(b, f.ref.shape, fv); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	case "list":
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendJSON(b, s.Member.shape, v.Index(i)); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case "map":
		b = append(b, '{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSONString(b, k.String()), ':')
			if b, err = appendJSON(b, s.Value.shape, v.MapIndex(k)); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	case "string", "character":
		return appendJSONString(b, v.String()), nil
	case "boolean":
		return strconv.AppendBool(b, v.Bool()), nil
	case "integer", "long":
		return strconv.AppendInt(b, v.Int(), 10), nil
	case "double", "float":
		return appendJSONFloat(b, v.Float()), nil
	case "timestamp":
		t, ok := v.Interface().(time.Time)
		if !ok {
			return nil, noField(s, v)
		}
		if s.TimestampFormat == "iso8601" {
			b = append(b, '"')
			b = t.UTC().AppendFormat(b, xmlTime)
			return append(b, '"'), nil
		}
		return strconv.AppendFloat(b, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
	case "blob":
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
		return append(b, '"'), nil
	}
	return nil, noField(s, v)
}

// sortedKeys makes the order of a map's entries the same every time.
func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

func appendJSONFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

// appendJSONString appends s as a JSON string. It differs from encoding/json in that
// it appends, and in leaving HTML's characters alone; a page of results has ten
// thousand of them.
func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(b, s[start:i]...)
				b = append(b, "\ufffd"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
