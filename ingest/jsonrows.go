package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"lethe/lib/delimited"
)

// jsonRows makes a row of a JSON object. Keys are columns, in any case; a
// missing key is null; arrays and objects are kept as JSON text in columns of
// strings.
type jsonRows struct {
	columns []column
	at      map[string]int
	values  []parquet.Value
	ignored map[string]int64
}

func newJSONRows(columns []column, ignored map[string]int64) *jsonRows {
	m := &jsonRows{columns: columns, at: map[string]int{}, values: make([]parquet.Value, len(columns)), ignored: ignored}
	for i, c := range columns {
		m.at[c.name] = i
	}
	return m
}

// keptIgnored bounds how many ignored keys are told apart.
const keptIgnored = 100

func (m *jsonRows) rows(r *delimited.Record) ([]parquet.Value, string) {
	for i := range m.values {
		m.values[i] = parquet.NullValue()
	}
	var ignored []string
	reason := eachMember(r.Raw, func(key string, raw []byte) error {
		i, ok := m.at[key]
		if !ok {
			ignored = append(ignored, key)
			return nil
		}
		v, err := m.columns[i].member(raw)
		m.values[i] = v
		return err
	})
	if reason != "" {
		return nil, reason
	}
	for _, key := range ignored {
		if _, known := m.ignored[key]; !known && len(m.ignored) >= keptIgnored {
			key = "(others)"
		}
		m.ignored[key]++
	}
	return m.values, ""
}

// eachMember calls fn with each member of a JSON object, its key in lower case;
// raw is its value as it is written. The reason says why the line is bad.
func eachMember(line []byte, fn func(key string, raw []byte) error) (reason string) {
	if !utf8.Valid(line) {
		return delimited.InvalidUTF8(line)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	bad := func(err error) string {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return "it is JSON that ends early"
		}
		return fmt.Sprintf("it is not valid JSON: %v, near byte %d of the line", err, d.InputOffset()+1)
	}
	t, err := d.Token()
	if err != nil {
		return bad(err)
	}
	if t != json.Delim('{') {
		return "it is not a JSON object"
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return bad(err)
		}
		name, _ := t.(string)
		key := strings.ToLower(name)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return bad(err)
		}
		if seen[key] {
			return fmt.Sprintf("it has two values for the key %.60q", key)
		}
		seen[key] = true
		if err := fn(key, raw); err != nil {
			return err.Error()
		}
	}
	if _, err := d.Token(); err != nil {
		return bad(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return "it has something after its JSON object"
	}
	return ""
}

// member converts a JSON value.
func (c column) member(raw []byte) (parquet.Value, error) {
	var text []byte
	switch raw[0] {
	case 'n':
		return parquet.NullValue(), nil
	case '"':
		s, err := jsonString(raw)
		if err != nil {
			return parquet.Value{}, fmt.Errorf("column %s: %w", c.name, err)
		}
		text = []byte(s)
		if !c.isText() {
			text = bytes.TrimSpace(text)
		}
	case '{', '[':
		if !c.isText() {
			return parquet.Value{}, fmt.Errorf("column %s: an array or object is not of type %s", c.name, c.catalog().Type)
		}
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return parquet.Value{}, fmt.Errorf("column %s: %w", c.name, err)
		}
		text = b.Bytes()
	default:
		text = raw
	}
	v, err := c.convert(text)
	if err != nil {
		return v, fmt.Errorf("column %s: %.60q %w", c.name, text, err)
	}
	return v, nil
}

// jsonString reads a JSON string. Package json puts a replacement character
// where half of a surrogate pair is; that would be a silent loss.
func jsonString(raw []byte) (string, error) {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", err
	}
	if strings.ContainsRune(s, utf8.RuneError) && bytes.Contains(raw, []byte(`\u`)) &&
		!bytes.ContainsRune(raw, utf8.RuneError) && !bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`)) {
		return "", fmt.Errorf("%.60q has half of a surrogate pair", raw)
	}
	return s, nil
}
