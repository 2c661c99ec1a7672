// Package lines erases from files of text in which a record is a line, or some
// lines: it finds the lines of records that match and plans edits of their byte
// ranges, so that the rest of the file is never touched or even copied. What a
// line means is a Dialect's; packages jsonl and csv have one each.
//
// Records are counted from 0, and every line counts, also one that is empty or
// that was blanked. A line may have MaxRecord bytes; an object with a longer one is
// refused, as nobody could say whose it is.
//
// A line that cannot be read is never passed over in silence. Where it is not known
// whose it is, its bytes are searched for the Traces of the person: a hit is an
// error that names the line, and lines without one are counted in a note. While an
// object is indexed such a record comes with Unreadable set.
package lines

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"

	"lethe"
	"lethe/erasure"
	"lethe/lib/delimited"
	"lethe/object"
)

// MaxRecord bounds a record, in bytes. It bounds the memory that an object costs.
const MaxRecord = 64 << 20

// Scanner reads records; a *delimited.Lines is one, and a *delimited.Reader.
type Scanner interface {
	Next(*delimited.Record) error
}

// Dialect is a way to write records in lines.
type Dialect interface {
	// Scan reads records from r, which is at the beginning of an object or of a
	// record.
	Scan(r io.Reader) Scanner
	// Head reads what comes before the first record. Notes are those of the plan; a
	// line there that holds one of the traces is worth one.
	Head(s Scanner, t Traces) (h Head, notes []string, err error)
	// IsBlank says of the bytes of a record, without its end of line, whether there
	// is nothing in it.
	IsBlank(raw []byte) bool
}

// Head is what the beginning of one object tells of its records.
type Head interface {
	// Parser takes records apart into columns.
	Parser(columns []string) (Parser, error)
	// Blank returns a record with nothing in it, without an end of line.
	Blank() ([]byte, error)
}

// Parser takes records apart. It serves one goroutine.
type Parser interface {
	// Parse reads a record. A record that it cannot read is a BadRecord; any other
	// error ends the work on the object.
	Parse(r *delimited.Record) error
	// Values puts the values of the record's first columns in their places in out,
	// over what is there.
	Values(out [][]string)
	// Replace returns edits of the record's bytes, relative to its beginning and in
	// order, that give column i new values: nil is null.
	Replace(of map[int]*string) ([]object.Edit, error)
}

// BadRecord is the error about a record that cannot be read; its text goes on after
// "line 7".
type BadRecord string

func (e BadRecord) Error() string { return string(e) }

// Format erases from objects in a dialect. It implements erasure.Format and
// erasure.Vacuumer.
type Format struct{ dialect Dialect }

// New returns the format of a dialect.
func New(d Dialect) *Format { return &Format{d} }

var (
	_ erasure.Format   = (*Format)(nil)
	_ erasure.Vacuumer = (*Format)(nil)
)

// Records implements erasure.Format.
func (f *Format) Records(ctx context.Context, src object.Content, columns []string, rows []int64) iter.Seq2[erasure.Record, error] {
	return func(yield func(erasure.Record, error) bool) {
		s := newScan(ctx, f.dialect, src)
		err := func() error {
			head, _, err := s.open(nil)
			if err != nil {
				return err
			}
			parser, err := head.Parser(columns)
			if err != nil {
				return err
			}
			for rows == nil || len(rows) > 0 {
				if more, err := s.next(); err != nil || !more {
					return err
				}
				if rows != nil {
					if s.row != rows[0] {
						continue
					}
					rows = rows[1:]
				}
				r := erasure.Record{Row: s.row, Off: s.off, Len: s.rec.Length, Values: make([][]string, len(columns))}
				err := s.parse(parser)
				var bad BadRecord
				switch {
				case err == nil:
					parser.Values(r.Values)
				case errors.As(err, &bad):
					r.Unreadable = true
				default:
					return err
				}
				if !yield(r, nil) {
					return nil
				}
			}
			return nil
		}()
		if err != nil {
			yield(erasure.Record{}, err)
		}
	}
}

// Plan implements erasure.Format.
func (f *Format) Plan(ctx context.Context, src object.Content, c erasure.Cut) (*erasure.Plan, error) {
	s := newScan(ctx, f.dialect, src)
	p := planner{cut: c, scan: s, traces: NewTraces(c.Traces)}
	var err error
	if p.head, p.plan.Notes, err = s.open(p.traces); err != nil {
		return nil, err
	}
	if err := p.columns(); err != nil {
		return nil, err
	}
	for {
		if done, err := p.skip(); err != nil {
			return nil, err
		} else if done {
			break
		}
		more, err := s.next()
		if err != nil {
			return nil, err
		}
		if !more {
			p.plan.Rows = s.row + 1
			break
		}
		if err := p.record(); err != nil {
			return nil, err
		}
	}
	return p.done()
}

// Vacuum implements erasure.Vacuumer.
func (f *Format) Vacuum(ctx context.Context, src object.Content, _ string) (*erasure.Plan, error) {
	s := newScan(ctx, f.dialect, src)
	if _, _, err := s.open(nil); err != nil {
		return nil, err
	}
	p := planner{scan: s}
	for {
		more, err := s.next()
		if err != nil {
			return nil, err
		}
		if !more {
			p.plan.Rows = s.row + 1
			return p.done()
		}
		if !s.rec.Cut && len(s.rec.Raw) > 0 && f.dialect.IsBlank(s.rec.Raw) {
			p.plan.Cut++
			p.remove(s.off, s.rec.Length)
		} else {
			p.left = true
		}
	}
}

// planner makes a plan, record by record.
type planner struct {
	cut    erasure.Cut
	scan   *scan
	head   Head
	parser Parser
	values [][]string // of the columns that identify, which are the first of the parser
	repl   map[int]*string
	traces Traces
	blank  object.Content

	plan    erasure.Plan
	left    bool  // a record with something in it is left
	unread  int64 // records that could not be read
	at      int   // the next of cut.Rows
	partial bool  // not all of the object was read
}

// columns makes the parser of the cut's columns, those that identify and those that
// are replaced.
func (p *planner) columns() (err error) {
	c := p.cut
	columns := slices.Clone(c.Columns)
	p.values = make([][]string, len(columns))
	if c.Mode == erasure.Replace {
		p.repl = map[int]*string{}
		for name, v := range c.Replace {
			p.repl[len(columns)] = v
			columns = append(columns, name)
		}
	}
	if c.Mode == erasure.Blank {
		b, err := p.head.Blank()
		if err != nil {
			return err
		}
		p.blank = content(b)
	}
	p.parser, err = p.head.Parser(columns)
	return err
}

// skip goes on to the next of the cut's rows; done says that there is none and
// that the number of records is known.
func (p *planner) skip() (done bool, err error) {
	rows, marks := p.cut.Rows, p.cut.Marks
	if rows == nil || len(marks) == 0 {
		return false, nil
	}
	next := p.scan.row + 1
	if p.at == len(rows) {
		if last := marks[len(marks)-1]; last.Off == p.scan.src.Size() && last.Row >= next {
			p.plan.Rows, p.partial = last.Row, true
			return true, nil
		}
		p.plan.Rows, p.partial = -1, true
		return true, nil
	}
	i, _ := slices.BinarySearchFunc(marks, rows[p.at]+1, func(m erasure.Mark, row int64) int {
		if m.Row < row {
			return -1
		}
		return 1
	})
	if i == 0 || marks[i-1].Row <= next {
		return false, nil
	}
	p.partial = true
	return false, p.scan.jump(marks[i-1])
}

// record looks at the record of the scan.
func (p *planner) record() error {
	s := p.scan
	if p.cut.Rows != nil {
		if p.at == len(p.cut.Rows) || s.row != p.cut.Rows[p.at] {
			p.keep()
			return nil
		}
		p.at++
	}
	if err := s.parse(p.parser); err != nil {
		var bad BadRecord
		if !errors.As(err, &bad) {
			return err
		}
		p.unread, p.left = p.unread+1, true
		switch {
		case len(p.cut.Traces) == 0:
			return lethe.Errorf(lethe.Invalid, "line %d, at byte %d, %s, and nothing tells whose it is", s.rec.Line, s.off, bad).
				WithHint("mend or remove the line")
		case p.traces.In(s.rec.Raw):
			return lethe.Errorf(lethe.Invalid, "line %d, at byte %d, names the person, but %s", s.rec.Line, s.off, bad).
				WithHint("mend or remove the line")
		}
		return nil
	}
	p.parser.Values(p.values)
	if !p.cut.Match(p.values) {
		p.keep()
		return nil
	}
	p.plan.Cut++
	switch p.cut.Mode {
	case erasure.Delete:
		p.remove(s.off, s.rec.Length)
	case erasure.Blank:
		p.edit(object.Edit{Off: s.off, Len: int64(len(s.rec.Raw)), Data: p.blank})
	case erasure.Replace:
		p.left = true
		edits, err := p.parser.Replace(p.repl)
		if err != nil {
			return lethe.Errorf(lethe.Unsupported, "line %d: %w", s.rec.Line, err)
		}
		for _, e := range edits {
			e.Off += s.off
			p.edit(e)
		}
	default:
		return lethe.Errorf(lethe.Unsupported, "mode %d is unknown", p.cut.Mode)
	}
	return nil
}

// keep leaves a record as it is.
func (p *planner) keep() {
	if !p.left {
		p.left = p.scan.rec.Cut || !p.scan.dialect.IsBlank(p.scan.rec.Raw)
	}
}

// remove takes bytes out.
func (p *planner) remove(off, n int64) {
	if l := len(p.plan.Edits); l > 0 {
		if e := &p.plan.Edits[l-1]; e.Data == nil && e.Off+e.Len == off {
			e.Len += n
			return
		}
	}
	p.plan.Edits = append(p.plan.Edits, object.Edit{Off: off, Len: n})
}

func (p *planner) edit(e object.Edit) {
	p.plan.Edits = append(p.plan.Edits, e)
	p.plan.Written += e.NewLen()
}

func (p *planner) done() (*erasure.Plan, error) {
	p.plan.Read = p.scan.src.read
	p.plan.Empty = p.plan.Cut > 0 && !p.left
	if p.partial {
		p.plan.Empty = p.plan.Cut > 0 && p.cut.Mode == erasure.Delete && p.plan.Cut == p.plan.Rows
	}
	p.excerpt()
	if p.unread > 0 {
		p.plan.Notes = append(p.plan.Notes, unreadNote(p.unread))
	}
	return &p.plan, nil
}

// excerpt says what must be read again: the stretches between marks in which
// something was changed.
func (p *planner) excerpt() {
	marks := p.cut.Marks
	if p.cut.Rows == nil || p.plan.Cut != int64(len(p.cut.Rows)) || len(marks) < 2 || marks[len(marks)-1].Off != p.scan.src.Size() {
		return
	}
	var gone []int64
	if p.cut.Mode == erasure.Delete {
		gone = p.cut.Rows
	}
	p.plan.Excerpt, p.plan.ExcerptRows = erasure.Excerpt(marks, p.plan.Edits, gone)
	if p.plan.Excerpt == nil { // it is all of the object
		p.plan.Excerpt = []object.Edit{}
	}
}
