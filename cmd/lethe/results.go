package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lethe"
)

// resultWriter writes one result after the other.
type resultWriter interface {
	begin(columns []types.ColumnInfo) error
	row(values []types.Datum) error
	end() error
}

func newResultWriter(format string, w io.Writer) (resultWriter, error) {
	switch format {
	case "table":
		return &tableWriter{w: bufio.NewWriter(w)}, nil
	case "csv":
		return &csvWriter{w: csv.NewWriter(w)}, nil
	case "json":
		return &jsonWriter{w: bufio.NewWriter(w)}, nil
	}
	return nil, lethe.Errorf(lethe.Invalid, "format %q is none of table, csv, json", format)
}

type csvWriter struct {
	w *csv.Writer
}

func (c *csvWriter) begin(columns []types.ColumnInfo) error {
	if len(columns) == 0 {
		return nil
	}
	names := make([]string, len(columns))
	for i, col := range columns {
		names[i] = aws.ToString(col.Name)
	}
	return c.w.Write(names)
}

func (c *csvWriter) row(values []types.Datum) error {
	row := make([]string, len(values))
	for i, v := range values {
		row[i] = aws.ToString(v.VarCharValue)
	}
	return c.w.Write(row)
}

func (c *csvWriter) end() error {
	c.w.Flush()
	return c.w.Error()
}

// jsonWriter writes one object a row. Numbers and booleans are such; other
// values are the strings that Athena writes.
type jsonWriter struct {
	w       *bufio.Writer
	columns []types.ColumnInfo
}

func (j *jsonWriter) begin(columns []types.ColumnInfo) error {
	j.columns = columns
	return nil
}

func (j *jsonWriter) row(values []types.Datum) error {
	j.w.WriteByte('{')
	for i, v := range values {
		if i > 0 {
			j.w.WriteByte(',')
		}
		name, typ := fmt.Sprintf("_col%d", i), ""
		if i < len(j.columns) {
			name, typ = aws.ToString(j.columns[i].Name), aws.ToString(j.columns[i].Type)
		}
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		j.w.Write(key)
		j.w.WriteByte(':')
		text, err := jsonValue(v.VarCharValue, typ)
		if err != nil {
			return err
		}
		j.w.Write(text)
	}
	_, err := j.w.WriteString("}\n")
	return err
}

func jsonValue(v *string, typ string) ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	switch typ {
	case "tinyint", "smallint", "integer", "bigint", "double", "float", "decimal", "boolean":
		if json.Valid([]byte(*v)) { // NaN and Infinity are not
			return []byte(*v), nil
		}
	}
	return json.Marshal(*v)
}

func (j *jsonWriter) end() error { return j.w.Flush() }

// tableWriter aligns columns. It looks at no more than the first rows for their
// widths, so that a long result does not wait in memory.
type tableWriter struct {
	w       *bufio.Writer
	columns []types.ColumnInfo
	pending [][]string
	widths  []int
	begun   bool
	rows    int
}

const widthRows, widest = 1000, 60

func (t *tableWriter) begin(columns []types.ColumnInfo) error {
	*t = tableWriter{w: t.w, columns: columns, widths: make([]int, len(columns))}
	for i, c := range columns {
		t.widths[i] = utf8.RuneCountInString(aws.ToString(c.Name))
	}
	return nil
}

func (t *tableWriter) row(values []types.Datum) error {
	t.rows++
	row := make([]string, len(values))
	for i, v := range values {
		if v.VarCharValue != nil {
			row[i] = strings.NewReplacer("\n", `\n`, "\t", "  ").Replace(*v.VarCharValue)
		}
	}
	if t.begun {
		return t.write(row)
	}
	for i, v := range row {
		if i < len(t.widths) {
			t.widths[i] = max(t.widths[i], min(widest, utf8.RuneCountInString(v)))
		}
	}
	if t.pending = append(t.pending, row); len(t.pending) == widthRows {
		return t.flush()
	}
	return nil
}

func (t *tableWriter) flush() error {
	t.begun = true
	if len(t.columns) > 0 {
		head, line := make([]string, len(t.columns)), make([]string, len(t.columns))
		for i, c := range t.columns {
			head[i], line[i] = aws.ToString(c.Name), strings.Repeat("-", t.widths[i])
		}
		if err := errors.Join(t.write(head), t.write(line)); err != nil {
			return err
		}
	}
	for _, r := range t.pending {
		if err := t.write(r); err != nil {
			return err
		}
	}
	t.pending = nil
	return t.w.Flush()
}

func (t *tableWriter) write(row []string) error {
	for i, v := range row {
		if i > 0 {
			t.w.WriteString("  ")
		}
		width := 0
		if i < len(t.widths) {
			width = t.widths[i]
		}
		gap := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(v)))
		if i < len(t.columns) && numeric(t.columns[i]) {
			t.w.WriteString(gap + v)
			continue
		}
		t.w.WriteString(v)
		if i < len(row)-1 {
			t.w.WriteString(gap)
		}
	}
	return t.w.WriteByte('\n')
}

func numeric(c types.ColumnInfo) bool {
	switch aws.ToString(c.Type) {
	case "tinyint", "smallint", "integer", "bigint", "double", "float", "decimal":
		return true
	}
	return false
}

func (t *tableWriter) end() error {
	if !t.begun {
		if err := t.flush(); err != nil {
			return err
		}
	}
	if len(t.columns) > 0 {
		fmt.Fprintf(t.w, "(%d row%s)\n", t.rows, map[bool]string{true: "", false: "s"}[t.rows == 1])
	}
	return t.w.Flush()
}
