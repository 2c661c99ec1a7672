package ingest

import (
	"context"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"

	"lethe"
	"lethe/lib/delimited"
	"lethe/lib/trinosql"
	"lethe/object"
)

// checkEvery is after how many records a run looks whether it was ended.
const checkEvery = 1024

// each calls fn with every record of an object; with a header it is the first.
// What a record refers to is valid during the call.
func (p *process) each(o object.Object, f Format, fn func(*delimited.Record) error) (err error) {
	r, end, err := p.open(p.ctx, o, p.countBytes)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := end(); err == nil {
			err = cerr
		}
	}()
	next, line := p.records(r, o, f)
	var rec delimited.Record
	for n := 0; ; n++ {
		if n%checkEvery == 0 && p.ctx.Err() != nil {
			return context.Cause(p.ctx)
		}
		if err := next(&rec); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return readError(o, line(), err)
		}
		if err := fn(&rec); err != nil {
			return err
		}
	}
}

// records reads a file by its format; line tells where it is.
func (p *process) records(r io.Reader, o object.Object, f Format) (next func(*delimited.Record) error, line func() int64) {
	if f == JSON {
		l := delimited.NewLines(r, p.task.MaxLine)
		return l.Next, l.Line
	}
	delim := p.task.delim
	if delim == 0 {
		if _, delim = formatOf(o.Key); delim == 0 {
			delim = ','
		}
	}
	c := delimited.NewReader(r, delim, p.task.quote, p.task.MaxLine)
	return c.Next, c.Line
}

// blank reports whether a record is an empty line, which is no row unless rows
// have a single column.
func blank(r *delimited.Record, columns int) bool {
	return len(r.Raw) == 0 && r.Reason == "" && columns != 1
}

// schema finds the columns of the sources' rows, reading everything if it must.
func (p *process) schema(objects []object.Object, f Format) ([]column, error) {
	t := p.task
	switch {
	case t.Unpivot != nil && f != CSV:
		return nil, lethe.Errorf(lethe.Unsupported, "only CSV can be unpivoted while it is read").WithHint("unpivot with a SELECT")
	case t.Unpivot != nil:
		return readColumns(t.Unpivot.columns())
	case len(t.columns) > 0:
		return t.columns, nil
	case f == JSON:
		return p.inferJSON(objects)
	case t.Infer:
		return p.inferCSV(objects)
	}
	return p.headerColumns(objects[0])
}

// headerColumns are the columns of a CSV file's header, all of them strings.
func (p *process) headerColumns(o object.Object) ([]column, error) {
	var header []string
	err := p.each(o, CSV, func(r *delimited.Record) (err error) {
		if header, err = csvHeader(o, r); err == nil {
			err = errStop
		}
		return err
	})
	if err != nil && !errors.Is(err, errStop) {
		return nil, err
	}
	p.restart("")
	if header == nil {
		return nil, lethe.Errorf(lethe.BadData, "%s is empty: it has not even a header", uri(o))
	}
	out := make([]column, len(header))
	for i, name := range header {
		if out[i], err = newColumn(name, "", trinosql.Varchar); err != nil {
			return nil, err
		}
	}
	return out, nil
}

var errStop = errors.New("stop")

func (p *process) inferCSV(objects []object.Object) ([]column, error) {
	p.restart("inferring")
	n := newInference()
	for _, o := range objects {
		var header []string
		err := p.each(o, CSV, func(r *delimited.Record) (err error) {
			if header == nil {
				if header, err = csvHeader(o, r); err != nil {
					return err
				}
				for _, name := range header {
					if err := n.see(name, 0); err != nil {
						return err
					}
				}
				return nil
			}
			if r.Reason != "" || len(r.Fields) != len(header) || blank(r, len(header)) {
				return nil
			}
			for i, name := range header {
				f := r.Fields[i]
				switch {
				case !f.Quoted && (len(f.Text) == 0 || string(f.Text) == p.task.CSV.Null):
				default:
					if err := n.see(name, classify(f.Text)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(n.names) == 0 {
		return nil, lethe.Errorf(lethe.BadData, "%s is empty: it has not even a header", uri(objects[0]))
	}
	return n.columns()
}

func (p *process) inferJSON(objects []object.Object) ([]column, error) {
	p.restart("inferring")
	n := newInference()
	var names []string
	var saw []seen
	for _, o := range objects {
		err := p.each(o, JSON, func(r *delimited.Record) error {
			if r.Reason != "" || blank(r, 0) {
				return nil
			}
			names, saw = names[:0], saw[:0]
			reason := eachMember(r.Raw, func(key string, raw []byte) error {
				names, saw = append(names, key), append(saw, classifyJSON(raw))
				return nil
			})
			if reason != "" {
				return nil // it is reported when it is read
			}
			for i, name := range names {
				if err := n.see(name, saw[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(n.names) == 0 {
		return nil, lethe.Errorf(lethe.BadData, "the sources hold no JSON object with a key, so the table would have no columns").WithHint("give the columns that the table is to have")
	}
	for _, name := range n.names {
		if name == "" {
			return nil, lethe.Errorf(lethe.BadData, "the JSON objects have a key without a name").WithHint("give the columns that the table is to have")
		}
	}
	return n.columns()
}

// read reads all rows of CSV or JSON sources into a sink.
func (p *process) read(objects []object.Object, f Format, columns []column, to *sink) error {
	p.restart("reading")
	if f == JSON {
		p.report.Ignored = map[string]int64{}
	}
	for _, o := range objects {
		if err := p.readObject(o, f, columns, to); err != nil {
			return err
		}
		p.update(func(g *Progress) { g.FilesDone++ })
	}
	return nil
}

func (p *process) readObject(o object.Object, f Format, columns []column, to *sink) error {
	name := uri(o)
	var m maker
	if f == JSON {
		m = newJSONRows(columns, p.report.Ignored)
	} else if p.task.CSV.NoHeader {
		var err error
		if m, err = newCSVRows(o, columns, nil, p.task.CSV.Null); err != nil {
			return err
		}
	}
	width := len(columns)
	err := p.each(o, f, func(r *delimited.Record) error {
		if m == nil {
			header, err := csvHeader(o, r)
			if err != nil {
				return err
			}
			width = len(header)
			m, err = p.csvMaker(o, columns, header)
			return err
		}
		if blank(r, width) {
			p.report.BlankLines++
			return nil
		}
		reason := r.Reason
		if reason == "" {
			var values []parquet.Value
			var err error
			var bad badValue
			if values, reason = m.rows(r); reason == "" {
				err = to.add(values)
			}
			if errors.As(err, &bad) {
				reason, err = bad.Error(), nil
			}
			if err != nil {
				return err
			}
		}
		if reason != "" {
			p.countRow(0, 1)
			return p.bad.add(name, r, reason)
		}
		p.countRow(1, 0)
		return nil
	})
	if err != nil {
		return err
	}
	if m == nil {
		return lethe.Errorf(lethe.BadData, "%s is empty: it has not even a header", name)
	}
	return nil
}

func (p *process) csvMaker(o object.Object, columns []column, header []string) (maker, error) {
	if u := p.task.Unpivot; u != nil {
		return newUnpivotRows(o, u, columns, header, p.task.CSV.Null)
	}
	return newCSVRows(o, columns, header, p.task.CSV.Null)
}
