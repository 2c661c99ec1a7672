package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"lethe"
	"lethe/lib/delimited"
	"lethe/object"
)

// maker makes rows of a table out of records.
type maker interface {
	// rows returns the values of a record's rows, one row after another, which
	// are valid until the next call; or a reason why the record is bad.
	rows(r *delimited.Record) (values []parquet.Value, reason string)
}

// csvHeader is a file's first record as column names: lower case, numbered
// where they are empty.
func csvHeader(o object.Object, r *delimited.Record) ([]string, error) {
	if r.Reason != "" {
		return nil, lethe.Errorf(lethe.BadData, "%s line %d, the header: %s", uri(o), r.Line, r.Reason)
	}
	out := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		name := strings.ToLower(string(bytes.TrimSpace(f.Text)))
		if name == "" {
			name = fmt.Sprintf("_col%d", i)
		}
		if slices.Contains(out[:i], name) {
			return nil, lethe.Errorf(lethe.BadData, "%s has two columns named %s", uri(o), name).
				WithHint("change the header, or remove it and give the columns' names")
		}
		out[i] = name
	}
	return out, nil
}

// csvRows makes a row of a record.
type csvRows struct {
	columns []column
	at      []int // the field of each column
	fields  int   // of a record
	null    string
	values  []parquet.Value
}

// newCSVRows finds columns in a file's header; without a header they are in order.
func newCSVRows(o object.Object, columns []column, header []string, null string) (*csvRows, error) {
	m := &csvRows{columns: columns, at: make([]int, len(columns)), fields: len(columns), null: null, values: make([]parquet.Value, len(columns))}
	if header == nil {
		for i := range m.at {
			m.at[i] = i
		}
		return m, nil
	}
	for i, c := range columns {
		if m.at[i] = slices.Index(header, c.name); m.at[i] < 0 {
			return nil, lethe.Errorf(lethe.BadData, "%s has no column %s", uri(o), c.name).WithHint("its columns are %s", strings.Join(header, ", "))
		}
	}
	if len(header) != len(columns) {
		i := slices.IndexFunc(header, func(h string) bool {
			return !slices.ContainsFunc(columns, func(c column) bool { return c.name == h })
		})
		return nil, lethe.Errorf(lethe.BadData, "%s has a column %s, for which the table has none", uri(o), header[i]).
			WithHint("all files of an ingest have the same columns: %s", names(columns))
	}
	return m, nil
}

func (m *csvRows) rows(r *delimited.Record) ([]parquet.Value, string) {
	if len(r.Fields) != m.fields {
		return nil, fieldCount(r, m.fields)
	}
	for i, c := range m.columns {
		v, err := c.field(r.Fields[m.at[i]], m.null)
		if err != nil {
			return nil, err.Error()
		}
		m.values[i] = v
	}
	return m.values, ""
}

func fieldCount(r *delimited.Record, want int) string {
	return fmt.Sprintf("it has %d fields, not %d", len(r.Fields), want)
}

// field converts a field. Empty without quotes is null.
func (c column) field(f delimited.Field, null string) (parquet.Value, error) {
	text := f.Text
	if !f.Quoted && (len(text) == 0 || null != "" && string(text) == null) {
		return parquet.NullValue(), nil
	}
	if !c.isText() {
		if text = bytes.TrimSpace(text); len(text) == 0 {
			return parquet.NullValue(), nil
		}
	}
	v, err := c.convert(text)
	if err != nil {
		return v, fmt.Errorf("column %s: %.60q %w", c.name, text, err)
	}
	return v, nil
}

// unpivotRows makes a row of each field that is not kept.
type unpivotRows struct {
	columns []column // those kept, the name, the value
	kept    []int    // fields
	turned  []int    // fields
	names   []parquet.Value
	fields  int
	null    string
	values  []parquet.Value // of one record
}

func newUnpivotRows(o object.Object, u *Unpivot, columns []column, header []string, null string) (*unpivotRows, error) {
	m := &unpivotRows{columns: columns, fields: len(header), null: null}
	for _, k := range u.Keep {
		i := slices.Index(header, strings.ToLower(strings.TrimSpace(k.From)))
		if i < 0 {
			return nil, lethe.Errorf(lethe.BadData, "%s has no column %s", uri(o), k.From).WithHint("its columns are %.300s", strings.Join(header, ", "))
		}
		m.kept = append(m.kept, i)
	}
	name := columns[len(columns)-2]
	for i, h := range header {
		if slices.Contains(m.kept, i) {
			continue
		}
		if u.DateLayout != "" {
			t, err := time.Parse(u.DateLayout, h)
			if err != nil {
				return nil, lethe.Errorf(lethe.BadData, "%s: the name of column %s is not a date of the form %s", uri(o), h, u.DateLayout)
			}
			h = t.Format(time.DateOnly)
		}
		v, err := name.convert([]byte(h))
		if err != nil {
			return nil, lethe.Errorf(lethe.BadData, "%s: the name of column %s %w", uri(o), h, err)
		}
		m.turned, m.names = append(m.turned, i), append(m.names, v)
	}
	if len(m.turned) == 0 {
		return nil, lethe.Errorf(lethe.BadData, "%s has no columns but those that are kept", uri(o))
	}
	return m, nil
}

func (m *unpivotRows) rows(r *delimited.Record) ([]parquet.Value, string) {
	if len(r.Fields) != m.fields {
		return nil, fieldCount(r, m.fields)
	}
	kept := make([]parquet.Value, len(m.kept))
	for i, f := range m.kept {
		v, err := m.columns[i].field(r.Fields[f], m.null)
		if err != nil {
			return nil, err.Error()
		}
		kept[i] = v
	}
	m.values = m.values[:0]
	for i, f := range m.turned {
		v, err := m.columns[len(m.columns)-1].field(r.Fields[f], m.null)
		if err != nil {
			return nil, err.Error()
		}
		m.values = append(append(m.values, kept...), m.names[i], v)
	}
	return m.values, ""
}
