package awsproto

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// decodeJSON fills the struct that dst points to from a JSON object. Members that
// the model does not know are ignored, as the real services do.
func decodeJSON(body []byte, s *Shape, dst any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil // clients may send nothing for an operation without input
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return malformed("The body is not JSON: %v.", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return malformed("The body has something after its JSON object.")
	}
	if _, ok := v.(map[string]any); !ok {
		return malformed("The body is not a JSON object.")
	}
	return fromJSON(v, s, reflect.ValueOf(dst).Elem(), "")
}

func malformed(format string, args ...any) error {
	return &Error{Code: words[serialization].json.code, Message: fmt.Sprintf(format, args...)}
}

// mismatch is the error for a value of the wrong type, in the words that Athena was
// seen to use (github.com/aoyagikouhei/athena-local, docs/dev/measurements/errors.md,
// September 2026), and where in the input it is. want is the type that was expected,
// as "an Integer", or "List" or "Structure".
func mismatch(path string, v any, want string) error {
	var said string
	switch v := v.(type) {
	case map[string]any:
		said = "Start of structure or map found where not expected."
	case []any:
		said = "Start of list found where not expected"
	case string:
		said = "STRING_VALUE"
	case json.Number:
		said = "NUMBER_VALUE"
	case bool:
		said = strings.ToUpper(strconv.FormatBool(v)) + "_VALUE"
	}
	if strings.HasSuffix(said, "_VALUE") {
		switch want {
		case "List":
			said = "Expected list or null"
		case "Structure":
			said = "Expected null"
		default:
			said += " can not be converted to " + want
		}
	}
	return malformed("%s at '%s'", said, path[1:])
}

// fromJSON stores v, which is of shape s, in dst. path leads to it, each step behind
// a dot.
func fromJSON(v any, s *Shape, dst reflect.Value, path string) error {
	if v == nil {
		return nil
	}
	dst = allocate(dst)
	switch s.Type {
	case "structure":
		members, ok := v.(map[string]any)
		if !ok {
			return mismatch(path, v, "Structure")
		}
		if dst.Kind() != reflect.Struct {
			return noField(s, dst)
		}
		fields := s.layout(dst.Type()).fields
		for i := range fields {
			f := &fields[i]
			if x, ok := members[f.name]; ok {
				if err := fromJSON(x, f.ref.shape, dst.Field(f.index), path+"."+f.name); err != nil {
					return err
				}
			}
		}
	case "list":
		elements, ok := v.([]any)
		if !ok {
			return mismatch(path, v, "List")
		}
		list := reflect.MakeSlice(dst.Type(), len(elements), len(elements))
		for i, x := range elements {
			if err := fromJSON(x, s.Member.shape, list.Index(i), path+"."+strconv.Itoa(i+1)+".member"); err != nil {
				return err
			}
		}
		dst.Set(list)
	case "map":
		entries, ok := v.(map[string]any)
		if !ok {
			return mismatch(path, v, "Structure")
		}
		m := reflect.MakeMapWithSize(dst.Type(), len(entries))
		for k, x := range entries {
			e := reflect.New(dst.Type().Elem()).Elem()
			if err := fromJSON(x, s.Value.shape, e, path+"."+k); err != nil {
				return err
			}
			m.SetMapIndex(reflect.ValueOf(k).Convert(dst.Type().Key()), e)
		}
		dst.Set(m)
	case "boolean":
		b, ok := v.(bool)
		if !ok {
			return mismatch(path, v, "a Boolean")
		}
		dst.SetBool(b)
	case "integer", "long":
		n, ok := jsonInteger(v)
		if !ok || dst.OverflowInt(n) {
			return mismatch(path, v, map[string]string{"integer": "an Integer", "long": "a Long"}[s.Type])
		}
		dst.SetInt(n)
	case "double", "float":
		f, ok := jsonFloat(v)
		if !ok {
			return mismatch(path, v, "a Double")
		}
		dst.SetFloat(f)
	case "timestamp":
		t, ok := jsonTime(v)
		if !ok {
			return mismatch(path, v, "a Timestamp")
		}
		dst.Set(reflect.ValueOf(t))
	case "string", "character":
		x, ok := v.(string)
		if !ok {
			return mismatch(path, v, "a String")
		}
		dst.SetString(x)
	case "blob":
		x, _ := v.(string)
		b, err := base64.StdEncoding.DecodeString(x)
		if err != nil || x == "" && v != "" {
			return mismatch(path, v, "a Blob")
		}
		dst.SetBytes(b)
	default:
		return noField(s, dst)
	}
	return nil
}

// jsonInteger accepts any number that a long holds; a fraction is cut off, as the real
// services do.
func jsonInteger(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	if i, err := n.Int64(); err == nil {
		return i, true
	}
	f, err := n.Float64()
	if err != nil || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// jsonFloat accepts numbers, and the strings for what JSON has no numbers for.
func jsonFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		switch v {
		case "NaN":
			return math.NaN(), true
		case "Infinity":
			return math.Inf(1), true
		case "-Infinity":
			return math.Inf(-1), true
		}
	}
	return 0, false
}

// jsonTime accepts seconds since 1970 with a fraction, to the millisecond, and
// RFC 3339.
func jsonTime(v any) (time.Time, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		if err != nil || math.Abs(f) > 1e12 {
			return time.Time{}, false
		}
		return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), true
	case string:
		t, err := time.Parse(time.RFC3339Nano, v)
		return t, err == nil
	}
	return time.Time{}, false
}
