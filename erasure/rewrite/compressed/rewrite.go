package compressed

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"lethe/erasure"
	"lethe/object"
)

// rewriter writes anew the groups in which something changes.
type rewriter struct {
	ctx   context.Context
	codec codec
	src   object.Content
	dir   string
	edits []object.Edit // of what the object expands to, in order
	next  int           // the first edit that no run before was the end of
	plan  *erasure.Plan

	file *os.File
	size int64  // of file
	z    writer // nil before the first part
}

// part begins a part in out.
func (w *rewriter) part(out io.Writer) (io.WriteCloser, error) {
	if w.z == nil {
		var err error
		if w.z, err = w.codec.writer(); err != nil {
			return nil, err
		}
	}
	w.z.Reset(out)
	return w.z, nil
}

func (w *rewriter) close() error {
	if w.file == nil {
		return nil
	}
	return w.file.Close()
}

// rewrite adds the edits of groups to the plan.
func (w *rewriter) rewrite(groups []group) error {
	changed := make([]bool, len(groups))
	all, some := true, false
	next := 0 // the first edit that does not end before the group
	for i, g := range groups {
		for next < len(w.edits) && w.edits[next].Off+w.edits[next].Len <= g.from {
			next++
		}
		hit := next < len(w.edits) && w.edits[next].Off < g.to && g.from < g.to
		changed[i] = hit || g.aside.names
		some = some || hit
		all = all && changed[i]
	}
	for i := 0; i < len(groups); {
		g := groups[i]
		switch {
		case g.aside.only:
			i++
			if g.aside.names || g.aside.table && some {
				w.plan.Edits = append(w.plan.Edits, object.Edit{Off: g.off, Len: g.len})
				w.note(g.aside)
			}
		case !changed[i]:
			i++
		default:
			for i++; i < len(groups) && changed[i] && !groups[i].aside.only; i++ {
				g.len += groups[i].len
				g.to = groups[i].to
			}
			if err := w.run(g); err != nil {
				return err
			}
		}
	}
	if all && len(groups) > 0 && w.size == 0 {
		// Nothing is left, and a file of no bytes is none of the format.
		return w.nothing()
	}
	return nil
}

func (w *rewriter) note(a aside) {
	switch {
	case a.names:
		w.plan.Notes = append(w.plan.Notes, "a skippable frame named the person and is removed")
	case a.table:
		w.plan.Notes = append(w.plan.Notes, "the table of the seekable format is removed, as frames changed")
	}
}

// run writes a run of groups anew.
func (w *rewriter) run(g group) error {
	begin := w.size
	r := newReader(w.ctx, w.src, g.off, g.len, &w.plan.Read)
	s := newStream(w.codec, r)
	defer s.close()
	out, err := w.parts()
	if err != nil {
		return err
	}
	pos := g.from
	copyTo := func(to int64, out io.Writer) error {
		if to > pos {
			if _, err := io.CopyN(out, &expanded{s}, to-pos); err != nil {
				if err == io.EOF {
					err = fmt.Errorf("the object changed while it was read")
				}
				return err
			}
			pos = to
		}
		return nil
	}
	for ; w.next < len(w.edits) && w.edits[w.next].Off < g.to; w.next++ {
		e := w.edits[w.next]
		if e.Off+e.Len < g.from || e.Off < g.from && e.Off+e.Len == g.from {
			continue
		}
		if err := copyTo(e.Off, out); err != nil {
			return err
		}
		if e.Data != nil && e.Off >= g.from {
			if _, err := io.Copy(out, io.NewSectionReader(e.Data, 0, e.Data.Size())); err != nil {
				return err
			}
		}
		if err := copyTo(min(e.Off+e.Len, g.to), io.Discard); err != nil {
			return err
		}
		if e.Off+e.Len > g.to {
			break // the rest of it is for the next run
		}
	}
	if err := copyTo(g.to, out); err != nil {
		return err
	}
	if err := out.close(); err != nil {
		return err
	}
	w.add(g, begin)
	return nil
}

// add adds the edit that puts what was written since begin in a group's place.
func (w *rewriter) add(g group, begin int64) {
	e := object.Edit{Off: g.off, Len: g.len}
	if w.size > begin {
		e.Data = io.NewSectionReader(w.file, begin, w.size-begin)
	}
	w.plan.Edits = append(w.plan.Edits, e)
	w.plan.Written += e.NewLen()
}

// nothing makes an object of one part without content.
func (w *rewriter) nothing() error {
	var b bytes.Buffer
	p, err := w.part(&b)
	if err != nil {
		return err
	}
	if err := p.Close(); err != nil {
		return err
	}
	e := &w.plan.Edits[0]
	e.Data = bytes.NewReader(b.Bytes())
	w.plan.Written += e.NewLen()
	return nil
}

// expanded reads a stream.
type expanded struct{ s *stream }

func (e *expanded) Read(b []byte) (int, error) {
	n, err := e.s.read(b)
	e.s.pos += int64(n)
	return n, err
}

// partWriter writes parts of about PartSize, which end with a line, to the file.
type partWriter struct {
	w    *rewriter
	out  *bufio.Writer
	part io.WriteCloser // nil between parts
	n    int            // what is in part
}

func (w *rewriter) parts() (*partWriter, error) {
	if w.file == nil {
		f, err := temp(w.dir)
		if err != nil {
			return nil, err
		}
		w.file = f
	}
	return &partWriter{w: w, out: bufio.NewWriterSize(&counted{w}, 64<<10)}, nil
}

// counted counts what is in the file.
type counted struct{ w *rewriter }

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.file.Write(b)
	c.w.size += int64(n)
	return n, err
}

func (p *partWriter) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		some := rest[:min(len(rest), max(0, PartSize-p.n))]
		end := false
		if len(some) == 0 { // the part is full: to the end of the line
			some = rest
			if i := bytes.IndexByte(rest, '\n'); i >= 0 {
				some, end = rest[:i+1], true
			}
		}
		if p.part == nil {
			var err error
			if p.part, err = p.w.part(p.out); err != nil {
				return 0, err
			}
		}
		if _, err := p.part.Write(some); err != nil {
			return 0, err
		}
		p.n += len(some)
		rest = rest[len(some):]
		if end {
			if err := p.endPart(); err != nil {
				return 0, err
			}
		}
	}
	return len(b), nil
}

func (p *partWriter) endPart() error {
	if p.part == nil {
		return nil
	}
	err := p.part.Close()
	p.part, p.n = nil, 0
	return err
}

func (p *partWriter) close() error {
	if err := p.endPart(); err != nil {
		return err
	}
	return p.out.Flush()
}
