package second

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"lethe"
	"lethe/catalog"
)

// jsonLines reads JSON lines. A line that encoding/json refuses counts, and has no
// values.
func jsonLines(in *source, parameters map[string]string, columns []string, f func(values [][]string)) (int64, error) {
	paths := make([]string, len(columns))
	for i, c := range columns {
		paths[i] = strings.ToLower(c)
		for name, key := range parameters {
			if strings.EqualFold(name, "mapping."+c) {
				paths[i] = strings.ToLower(key)
			}
		}
	}
	return in.eachLine(func(line []byte) error {
		values := make([][]string, len(columns))
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := walk(d, nil, paths, values); err != nil && len(bytes.TrimSpace(line)) > 0 {
			return nil //nolint:nilerr // the first reader has told of it
		}
		f(values)
		return nil
	})
}

// walk reads a value that is at a path of keys, and puts those of the columns into
// values. Keys that are there twice count twice.
func walk(d *json.Decoder, path, paths []string, values [][]string) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		for d.More() {
			within := path
			if t == '{' {
				key, err := d.Token()
				if err != nil {
					return err
				}
				within = slices.Concat(path, []string{strings.ToLower(key.(string))})
			}
			if err := walk(d, within, paths, values); err != nil {
				return err
			}
		}
		_, err := d.Token() // its end
		return err
	case nil:
		return nil
	}
	at := strings.Join(path, ".")
	for i, p := range paths {
		// A column that holds an object is all that is in it.
		if at != p && !strings.HasPrefix(at, p+".") {
			continue
		}
		switch t := t.(type) {
		case string:
			values[i] = append(values[i], t)
		case json.Number:
			values[i] = append(values[i], whole(t.String()))
		case bool:
			values[i] = append(values[i], strconv.FormatBool(t))
		}
	}
	return nil
}

// whole writes a number that is whole in decimal digits, and others as they are.
func whole(s string) string {
	if len(s) > 40 {
		return s
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if n, err := strconv.Atoi(s[i+1:]); err != nil || n > 400 || n < -400 {
			return s
		}
	}
	if r, ok := new(big.Rat).SetString(s); ok && r.IsInt() {
		return r.Num().String()
	}
	return s
}

// csvFile reads CSV of RFC 4180 with a header.
func csvFile(in *source, columns []string, f func(values [][]string)) (int64, error) {
	text, done, err := in.text()
	if err != nil {
		return 0, err
	}
	defer done()
	blank := &blankLines{r: text, last: '\n'}
	r := csv.NewReader(blank)
	r.ReuseRecord = true
	var places [][]int
	n := int64(-1)
	for {
		fields, err := r.Read()
		var refused *csv.ParseError
		switch {
		case err == io.EOF && blank.found: // which the first reader counts, and this one does not see
			return -1, nil
		case err == io.EOF:
			return max(n, 0), nil
		case errors.As(err, &refused):
			return 0, lethe.Errorf(lethe.Unsupported, "a record near line %d is not as encoding/csv wants it", refused.Line)
		case err != nil:
			return 0, err
		}
		if n++; n == 0 {
			header := make([]string, len(fields))
			for i, h := range fields {
				header[i] = strings.TrimSpace(strings.TrimPrefix(h, "\ufeff"))
			}
			places = at(header, columns)
			continue
		}
		f(take(fields, places, ""))
	}
}

// take are the fields that are the values of columns; null has none.
func take(fields []string, places [][]int, null string) [][]string {
	values := make([][]string, len(places))
	for i, ps := range places {
		for _, p := range ps {
			if p < len(fields) && fields[p] != "" && fields[p] != null {
				values[i] = append(values[i], fields[p])
			}
		}
	}
	return values
}

// blankLines looks for lines with nothing on them, also within quotes.
type blankLines struct {
	r     io.Reader
	last  byte
	found bool
}

func (b *blankLines) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	for _, c := range p[:n] {
		if c == '\r' {
			continue
		}
		b.found = b.found || c == '\n' && b.last == '\n'
		b.last = c
	}
	return n, err
}

// hiveText reads text of LazySimpleSerDe.
func hiveText(in *source, t catalog.Table, st catalog.Storage, columns []string, f func(values [][]string)) (int64, error) {
	d, err := catalog.DelimitedText(t, st)
	if err != nil {
		return 0, err
	}
	if d.Escape != "" || d.Encoding != "" {
		return 0, lethe.Errorf(lethe.Unsupported, "text with escapes, or not in UTF-8")
	}
	cs := st.Columns
	if cs == nil {
		cs = t.Storage.Columns
	}
	have := make([]string, len(cs))
	for i, c := range cs {
		have[i] = c.Name
	}
	places := at(have, columns)
	skip := d.SkipLines
	n, err := in.eachLine(func(line []byte) error {
		if skip > 0 {
			skip--
			return nil
		}
		f(take(strings.Split(string(line), d.Separator), places, d.Null))
		return nil
	})
	return max(n-int64(d.SkipLines), 0), err
}
