package dialect

import (
	"strconv"
	"strings"
)

func init() {
	// extract parses the first argument, follows the path in the second, and
	// hands over what is there.
	extract := func(name, result string, f func(v *jsonValue) any) {
		whole := name == "json_extract"
		define(name, "ss"+result, func(a args) (any, error) {
			path, ok := jsonPathOf(a.s(1))
			if !ok {
				return nil, badArgument("Invalid JSON path: '%s'", a.s(1))
			}
			p := &jsonParser{s: a.s(0)}
			if !p.seek(path) {
				return nil, nil
			}
			if whole {
				start := p.i
				if p.skip() && tidy(p.s[start:p.i]) {
					return p.s[start:p.i], nil
				}
				p.i = start
			}
			v, err := p.value(0)
			if err != nil {
				return nil, nil
			}
			return f(&v), nil
		})
	}
	extract("json_extract", "s", func(v *jsonValue) any { return v.String() })
	extract("json_extract_scalar", "s", func(v *jsonValue) any {
		switch v.kind {
		case jsonNull, jsonArray, jsonObject:
			return nil
		}
		return v.text
	})
	extract("json_size", "i", func(v *jsonValue) any { return int64(len(v.items)) })
	define("json_parse", "ss", func(a args) (any, error) {
		s, err := canonicalJSON(a.s(0))
		if err != nil {
			return nil, badArgument("Cannot convert value to JSON: '%s'", shorten(a.s(0)))
		}
		return s, nil
	})
	define("json_array_length", "si", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err != nil || v.kind != jsonArray {
			return nil, nil
		}
		return int64(len(v.items)), nil
	})
	define("json_array_get", "sis", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		i := a.i(1)
		if err != nil || v.kind != jsonArray {
			return nil, nil
		}
		if i < 0 {
			i += int64(len(v.items))
		}
		if i < 0 || i >= int64(len(v.items)) || v.items[i].kind == jsonNull {
			return nil, nil
		}
		if it := &v.items[i]; it.kind == jsonText {
			return it.text, nil
		}
		return v.items[i].String(), nil
	})
	define("is_json_scalar", "sb", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err != nil {
			return nil, badArgument("Invalid JSON value: %s", shorten(a.s(0)))
		}
		return v.kind != jsonArray && v.kind != jsonObject, nil
	})
	define("json_array_contains", "sssb", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err != nil || v.kind != jsonArray {
			return nil, nil
		}
		for i := range v.items {
			it := &v.items[i]
			switch a.s(2) {
			case "text":
				if it.kind == jsonText && it.text == a.s(1) {
					return true, nil
				}
			case "boolean":
				if it.kind == jsonBool && it.text == a.s(1) {
					return true, nil
				}
			case "bigint":
				if it.kind == jsonNumber && !strings.ContainsAny(it.text, ".eE") {
					if n, err := strconv.ParseInt(it.text, 10, 64); err == nil && strconv.FormatInt(n, 10) == a.s(1) {
						return true, nil
					}
				}
			case "double":
				if it.kind == jsonNumber && strings.ContainsAny(it.text, ".eE") {
					x, err1 := strconv.ParseFloat(it.text, 64)
					y, err2 := strconv.ParseFloat(a.s(1), 64)
					if err1 == nil && err2 == nil && x == y {
						return true, nil
					}
				}
			}
		}
		return false, nil
	})
	define("json_string", "ss", func(a args) (any, error) { return jsonString(a.s(0)), nil })
	define("json_double", "ds", func(a args) (any, error) { return jsonFloat(javaDouble(a.d(0))), nil })
	define("json_real", "fs", func(a args) (any, error) { return jsonFloat(javaReal(a[0].(float32))), nil })
	define("json_null", "ss", func(a args) (any, error) {
		if a.s(0) == "null" {
			return nil, nil
		}
		return a.s(0), nil
	})
	// scalarJSON parses JSON of a scalar for a cast to the type named.
	scalarJSON := func(s, name string) (jsonValue, error) {
		v, err := parseJSON(s)
		if err != nil || v.kind == jsonArray || v.kind == jsonObject {
			return v, badCast("Cannot cast '%s' to %s", shorten(s), name)
		}
		return v, nil
	}
	define("json_varchar", "ss", func(a args) (any, error) {
		v, err := scalarJSON(a.s(0), "varchar")
		if err != nil || v.kind == jsonNull {
			return nil, err
		}
		if v.kind == jsonNumber {
			if strings.ContainsAny(v.text, ".eE") {
				f, _ := strconv.ParseFloat(v.text, 64)
				if f == 0 {
					return "0E0", nil
				}
				return trinoFloat(f, 64), nil
			}
			return v.text, nil
		}
		return v.text, nil
	})
	define("json_boolean", "sb", func(a args) (any, error) {
		v, err := scalarJSON(a.s(0), "boolean")
		if err != nil || v.kind == jsonNull {
			return nil, err
		}
		switch v.kind {
		case jsonBool:
			return v.text == "true", nil
		case jsonNumber:
			if !strings.ContainsAny(v.text, ".eE") {
				n, err := strconv.ParseInt(v.text, 10, 64)
				if err != nil {
					return nil, badCast("Cannot cast '%s' to boolean", a.s(0))
				}
				return n != 0, nil
			}
			f, _ := strconv.ParseFloat(v.text, 64)
			return f != 0, nil
		}
		switch strings.ToLower(v.text) {
		case "t", "true", "1":
			return true, nil
		case "f", "false", "0":
			return false, nil
		}
		return nil, badCast("Cannot cast '%s' to boolean", a.s(0))
	})
	define("json_bigint", "ssi", func(a args) (any, error) {
		v, err := scalarJSON(a.s(0), a.s(1))
		if err != nil || v.kind == jsonNull {
			return nil, err
		}
		bad := badCast("Cannot cast '%s' to %s", a.s(0), a.s(1))
		if v.kind == jsonBool {
			return map[string]int64{"true": 1, "false": 0}[v.text], nil
		}
		if v.kind == jsonText || !strings.ContainsAny(v.text, ".eE") {
			n, err := strconv.ParseInt(v.text, 10, 64)
			if err != nil {
				return nil, bad
			}
			return n, checkRange(n, a.s(1), bad)
		}
		f, err := strconv.ParseFloat(v.text, 64)
		if err != nil {
			return nil, bad
		}
		r := roundDouble(f, 0)
		if !(r > -9.3e18 && r < 9.2e18) {
			return nil, bad
		}
		return int64(r), checkRange(int64(r), a.s(1), bad)
	})
	define("json_to_double", "ssd", func(a args) (any, error) {
		v, err := scalarJSON(a.s(0), a.s(1))
		if err != nil || v.kind == jsonNull {
			return nil, err
		}
		if v.kind == jsonBool {
			return map[string]float64{"true": 1, "false": 0}[v.text], nil
		}
		f, ok := parseJavaDouble(v.text)
		if !ok {
			return nil, badCast("Cannot cast '%s' to %s", a.s(0), a.s(1))
		}
		return f, nil
	})
	define("json_to_decimal", "siis", func(a args) (any, error) {
		p, s := int(a.i(1)), int(a.i(2))
		name := "DECIMAL(" + strconv.Itoa(p) + "," + strconv.Itoa(s) + ")"
		v, err := scalarJSON(a.s(0), name)
		if err != nil || v.kind == jsonNull {
			return nil, err
		}
		if v.kind == jsonBool {
			v.text = map[string]string{"true": "1", "false": "0"}[v.text]
		}
		out, ok := "", isDecimal(v.text)
		if ok {
			out, ok = roundDecimal(v.text, p, s)
		}
		if !ok {
			return nil, badCast("Cannot cast input json to %s", name)
		}
		return out, nil
	})
	define("json_elements", "ssS", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err == nil && v.kind == jsonNull {
			return nil, nil
		}
		if err != nil || v.kind != jsonArray {
			return nil, badCast("Cannot cast to %s. Expected a json array, but got %s", a.s(1), shorten(a.s(0)))
		}
		out := make([]any, len(v.items))
		for i := range v.items {
			out[i] = v.items[i].String()
		}
		return out, nil
	})
	define("json_entries", "ssE", func(a args) (any, error) {
		v, err := parseJSON(a.s(0))
		if err == nil && v.kind == jsonNull {
			return nil, nil
		}
		if err != nil || v.kind != jsonObject {
			return nil, badCast("Cannot cast to %s. Expected a json object, but got %s", a.s(1), shorten(a.s(0)))
		}
		out := make([]any, len(v.items))
		seen := map[string]bool{}
		for i := range v.items {
			if seen[v.keys[i]] {
				return nil, badCast("Cannot cast to %s. Duplicate keys are not allowed", a.s(1))
			}
			seen[v.keys[i]] = true
			out[i] = map[string]any{"k": v.keys[i], "v": v.items[i].String()}
		}
		return out, nil
	})
	define("json_fields", "sssS", func(a args) (any, error) {
		names := strings.Split(a.s(1), "\n")
		v, err := parseJSON(a.s(0))
		if err == nil && v.kind == jsonNull {
			return nil, nil
		}
		out := make([]any, len(names))
		switch {
		case err == nil && v.kind == jsonArray:
			if len(v.items) != len(names) {
				return nil, badCast("Cannot cast to %s. Expected a json array of %d elements", a.s(2), len(names))
			}
			for i := range v.items {
				out[i] = v.items[i].String()
			}
		case err == nil && v.kind == jsonObject:
			for i, n := range names {
				for j, k := range v.keys {
					if n != "" && strings.EqualFold(k, n) {
						out[i] = v.items[j].String()
					}
				}
			}
		default:
			return nil, badCast("Cannot cast to %s. Expected a json array or object, but got %s", a.s(2), shorten(a.s(0)))
		}
		return out, nil
	})
}

// checkRange returns bad if n does not fit the integer type named.
func checkRange(n int64, name string, bad error) error {
	bits := map[string]uint{"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}[name]
	if signExtend(n, bits) != n {
		return bad
	}
	return nil
}

func jsonFloat(s string) string {
	if s == "NaN" || strings.HasSuffix(s, "Infinity") {
		return jsonString(s)
	}
	return s
}

func shorten(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}
