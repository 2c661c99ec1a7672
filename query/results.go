package query

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"lethe"
)

// Results returns a part of an execution's result: at most limit rows (the
// header line counts, as in Athena), from the beginning or where token, the
// Next of the page before, continues.
func (s *Service) Results(ctx context.Context, id, token string, limit int) (Page, error) {
	x, err := s.finished(ctx, id)
	if err != nil {
		return Page{}, err
	}
	offset := int64(0)
	if token != "" {
		if offset, err = parseToken(token, id); err != nil {
			return Page{}, err
		}
	}
	return s.page(ctx, x, offset, limit)
}

// ResultsAt returns at most limit rows from the given one on, counted from 0
// without a header line.
func (s *Service) ResultsAt(ctx context.Context, id string, row int64, limit int) (Page, error) {
	x, err := s.finished(ctx, id)
	if err != nil {
		return Page{}, err
	}
	if row < 0 || limit < 1 {
		return Page{}, lethe.Errorf(lethe.Invalid, "row %d and limit %d must be at least 0 and 1", row, limit)
	}
	if x.Subtype == "SELECT" {
		row++ // the file begins with the header
	}
	at, offset := s.index.before(id, row)
	for at < row {
		step := int(min(row-at, indexStep-at%indexStep))
		p, err := s.page(ctx, x, offset, step)
		if err != nil || p.Next == "" {
			return Page{Columns: x.Columns}, err
		}
		at += int64(len(p.Rows))
		if offset, err = parseToken(p.Next, id); err != nil {
			return Page{}, err
		}
		s.index.note(id, at, offset)
	}
	return s.page(ctx, x, offset, limit)
}

// finished returns an execution that has a result, if ctx's principal may read it:
// its own, or with the action lethe:GetQueryResultsOfOthers.
func (s *Service) finished(ctx context.Context, id string) (Execution, error) {
	x, err := s.Get(ctx, id)
	if err != nil {
		return x, err
	}
	// A result holds what its principal was allowed to read, and nobody looked
	// whether others are.
	if p := lethe.PrincipalOf(ctx); p.ARN != x.Principal {
		if err := s.Access.Decide(ctx, p, "lethe:GetQueryResultsOfOthers", lethe.WorkgroupARN(s.Region, x.Request.Workgroup)); err != nil {
			return x, err
		}
	}
	switch x.State {
	case Succeeded:
		if !x.Erased.IsZero() {
			return x, lethe.Errorf(lethe.NotFound, "the result was erased on %s, because it held a person who was erased", x.Erased.Format(time.DateOnly)).
				WithHint("run the query again")
		}
		return x, nil
	case Failed:
		return x, lethe.Errorf(lethe.Conflict, "Query did not finish successfully. Final query state: FAILED")
	case Cancelled:
		return x, lethe.Errorf(lethe.Conflict, "Could not find results")
	}
	return x, lethe.Errorf(lethe.Conflict, "Query has not yet finished. Current state: %s", x.State)
}

// page reads rows of the result file from a byte offset on.
func (s *Service) page(ctx context.Context, x Execution, offset int64, limit int) (Page, error) {
	p := Page{Columns: x.Columns}
	l, err := lethe.ParseLocation(x.Output)
	if err != nil {
		return p, err
	}
	f, o, err := s.Store.Open(ctx, l.Bucket, l.Key, offset, -1)
	if lethe.Is(err, lethe.NotFound) {
		return p, lethe.Errorf(lethe.NotFound, "Could not find results").WithHint("the file %s is gone; run the query again", x.Output)
	}
	if err != nil {
		return p, err
	}
	defer f.Close()
	r := &rowReader{r: bufio.NewReaderSize(f, 64<<10), columns: max(1, len(x.Columns)), text: x.Subtype != "SELECT"}
	for len(p.Rows) < limit {
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return p, lethe.Errorf(lethe.BadData, "the result file %s is damaged at byte %d: %w", x.Output, offset+r.read, err).WithHint("run the query again")
		}
		p.Rows = append(p.Rows, row)
	}
	if next := offset + r.read; next < o.Size {
		p.Next = fmt.Sprintf("%s.%d", x.ID, next)
	}
	return p, nil
}

func parseToken(token, id string) (int64, error) {
	rest, ok := strings.CutPrefix(token, id+".")
	n, err := strconv.ParseInt(rest, 10, 64)
	if !ok || err != nil || n < 0 {
		return 0, lethe.Errorf(lethe.Invalid, "Malformed nextPageToken %s", token)
	}
	return n, nil
}

// rowReader reads the two forms of result files: CSV in which every value is
// quoted and null is nothing, and lines of text.
type rowReader struct {
	r       *bufio.Reader
	columns int
	text    bool
	read    int64 // bytes
}

func (r *rowReader) next() ([]*string, error) {
	if r.text {
		line, err := r.r.ReadString('\n')
		r.read += int64(len(line))
		if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
			return nil, err
		}
		line = strings.TrimSuffix(line, "\n")
		return []*string{&line}, nil
	}
	if _, err := r.r.Peek(1); err != nil {
		return nil, err
	}
	row := make([]*string, 0, r.columns)
	for {
		v, end, err := r.field()
		if err != nil {
			return nil, err
		}
		row = append(row, v)
		if end {
			break
		}
		if len(row) == r.columns {
			return nil, errors.New("a row has too many fields")
		}
	}
	if len(row) != r.columns {
		return nil, fmt.Errorf("a row has %d fields instead of %d", len(row), r.columns)
	}
	return row, nil
}

// field reads one value and what ends it: a comma, or the end of the row.
func (r *rowReader) field() (v *string, end bool, err error) {
	c, err := r.byte()
	if err != nil {
		return nil, false, err
	}
	if c != '"' {
		switch c {
		case ',':
			return nil, false, nil
		case '\n':
			return nil, true, nil
		}
		return nil, false, fmt.Errorf("a value begins with %q", c)
	}
	var b strings.Builder
	for {
		part, err := r.r.ReadSlice('"')
		r.read += int64(len(part))
		if errors.Is(err, bufio.ErrBufferFull) {
			b.Write(part)
			continue
		}
		if err != nil {
			return nil, false, io.ErrUnexpectedEOF
		}
		b.Write(part[:len(part)-1])
		c, err := r.byte()
		if err != nil {
			return nil, false, err
		}
		switch c {
		case '"':
			b.WriteByte('"')
			continue
		case ',', '\n':
			s := b.String()
			return &s, c == '\n', nil
		}
		return nil, false, fmt.Errorf("a value is followed by %q", c)
	}
}

func (r *rowReader) byte() (byte, error) {
	c, err := r.r.ReadByte()
	if err != nil {
		return 0, io.ErrUnexpectedEOF
	}
	r.read++
	return c, nil
}

// rowIndex remembers where rows of results begin, so that a grid can be
// scrolled to any row without reading all before it.
type rowIndex struct {
	mu    sync.Mutex
	files map[string][]int64 // by execution: the offset of row indexStep*(i+1)
	order []string           // oldest first
}

const (
	indexStep  = 1000
	indexFiles = 64
)

func newRowIndex() *rowIndex { return &rowIndex{files: map[string][]int64{}} }

// before returns the last known row not after the given one.
func (x *rowIndex) before(id string, row int64) (at, offset int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if n := min(int(row/indexStep), len(x.files[id])); n > 0 {
		return int64(n) * indexStep, x.files[id][n-1]
	}
	return 0, 0
}

// note remembers a row's offset if it is the next one of the index.
func (x *rowIndex) note(id string, row, offset int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	offsets, known := x.files[id]
	if row != int64(len(offsets)+1)*indexStep {
		return
	}
	if !known {
		if len(x.order) == indexFiles {
			delete(x.files, x.order[0])
			x.order = x.order[1:]
		}
		x.order = append(x.order, id)
	}
	x.files[id] = append(offsets, offset)
}
