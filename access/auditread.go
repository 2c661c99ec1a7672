package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"sort"
	"strings"
	"time"

	"lethe"
)

// The audit is read by who may do this to that.
const (
	ReadAudit = "lethe:ReadAudit"
	AuditARN  = "arn:lethe:audit:::*"
)

// AuditQuery says which lines of the audit are asked for. Zero fields ask for all.
type AuditQuery struct {
	Principal string // an ARN, or the end of one after a slash, as user/ada or ada
	Action    string // s3:GetObject, or with a * at its end, s3:*
	Outcome   string // allowed, denied, done or failed
	Event     string // decision, change or login
	Request   string // its id
	From, To  time.Time
	// Before asks for lines with lower numbers only: the Next of an earlier page.
	Before int64
	Limit  int // of entries; 0 means 100
}

// AuditPage is some of the lines that were asked for, the latest first.
type AuditPage struct {
	Entries []Entry
	// Next goes on, as AuditQuery.Before; 0 at the beginning of the audit. A page
	// with Next may have fewer entries than its limit, or none: one call looks at
	// so many lines only.
	Next int64
}

// maxLooked bounds the bytes that one call of Read looks at.
const maxLooked = 128 << 20

func (q *AuditQuery) matches(e *Entry) bool {
	if q.Principal != "" && e.Principal != q.Principal && !strings.HasSuffix(e.Principal, "/"+q.Principal) && !strings.HasSuffix(e.Principal, ":"+q.Principal) {
		return false
	}
	if prefix, star := strings.CutSuffix(q.Action, "*"); star {
		if len(e.Action) < len(prefix) || !strings.EqualFold(e.Action[:len(prefix)], prefix) {
			return false
		}
	} else if q.Action != "" && !strings.EqualFold(e.Action, q.Action) {
		return false
	}
	return (q.Outcome == "" || e.Outcome == q.Outcome) && (q.Event == "" || e.Event == q.Event) &&
		(q.Request == "" || e.Request == q.Request) && (q.To.IsZero() || !e.Time.After(q.To))
}

// ReadAudit returns lines of the audit, the latest first.
func (s *Service) ReadAudit(ctx context.Context, q AuditQuery) (AuditPage, error) {
	if s.audit == nil {
		return AuditPage{}, nil
	}
	return s.audit.Read(ctx, q)
}

// Read returns lines of the audit, the latest first. What was recorded before it is
// called is seen, but while the file cannot be written.
func (a *Audit) Read(ctx context.Context, q AuditQuery) (page AuditPage, err error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	_ = a.Flush() // it is noted; what is in the files can be read all the same
	closed, err := auditFiles(a.path)
	if err != nil {
		return page, err
	}
	files := append(closed, a.path)
	r := backward{ctx: ctx, q: q, page: &page, left: maxLooked}
	for i := len(files) - 1; i >= 0; i-- {
		if i > 0 && q.Before > 0 && lastSeqOf(files[i-1]) >= q.Before-1 {
			continue // all of its lines are later
		}
		err := r.file(files[i])
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // a file that was begun, or ended, meanwhile
		}
		if err != nil || r.done {
			return page, err
		}
	}
	page.Next = 0
	return page, nil
}

// backward reads the lines of files from their ends.
type backward struct {
	ctx  context.Context
	q    AuditQuery
	page *AuditPage
	left int64 // bytes to look at
	done bool  // the page is full, or what is left was not asked for
}

const backwardChunk = 256 << 10

func (r *backward) file(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	end := info.Size()
	if r.q.Before > 0 {
		if end, err = lineBefore(f, end, r.q.Before); err != nil {
			return err
		}
	}
	var rest []byte // the beginning of the line that the chunk before ended with
	for end > 0 {
		from := max(0, end-backwardChunk)
		chunk := make([]byte, end-from, end-from+int64(len(rest)))
		if _, err := io.ReadFull(io.NewSectionReader(f, from, end-from), chunk); err != nil {
			return err
		}
		chunk = append(chunk, rest...)
		first := 0
		if from > 0 {
			first = bytes.IndexByte(chunk, '\n') + 1
			if first == 0 && len(chunk) > 2*maxLine {
				return lethe.Errorf(lethe.BadData, "audit %s: a line has no end", path)
			}
		}
		for whole := chunk[first:]; len(whole) > 0 && (first > 0 || from == 0); {
			whole = bytes.TrimSuffix(whole, []byte("\n"))
			cut := bytes.LastIndexByte(whole, '\n') + 1
			r.line(whole[cut:])
			if r.done {
				return nil
			}
			whole = whole[:cut]
		}
		rest = chunk[:first]
		if first == 0 && from > 0 {
			rest = chunk
		}
		r.left -= end - from
		end = from
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if r.left <= 0 {
			r.done = true
			return nil
		}
	}
	return nil
}

// line takes an entry over if it was asked for. What is no entry is left out: telling
// of it is VerifyAudit's.
func (r *backward) line(text []byte) {
	var e Entry
	if err := json.Unmarshal(text, &e); err != nil || r.q.Before > 0 && e.Seq >= r.q.Before {
		return
	}
	if !r.q.From.IsZero() && e.Time.Before(r.q.From) {
		r.done, r.page.Next = true, 0
		return
	}
	if len(r.page.Entries) == r.q.Limit {
		r.done = true
		return
	}
	r.page.Next = e.Seq
	if r.q.matches(&e) {
		r.page.Entries = append(r.page.Entries, e)
	}
}

// lineBefore returns where the first line with a number from seq on begins, or end.
func lineBefore(f io.ReaderAt, end, seq int64) (int64, error) {
	var failed error
	start := func(at int64) int64 { // of the line that begins at or after a place
		buf := make([]byte, 4<<10)
		for pos := max(0, at-1); pos < end; pos += int64(len(buf)) {
			n, err := f.ReadAt(buf[:min(int64(len(buf)), end-pos)], pos)
			if err != nil && err != io.EOF {
				failed = err
			}
			if at == 0 {
				return 0
			}
			if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
				return pos + int64(i) + 1
			}
			if n == 0 {
				break
			}
		}
		return end
	}
	number := func(at int64) int64 {
		buf := make([]byte, 40)
		n, err := f.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			failed = err
		}
		return seqOf(buf[:n])
	}
	at := sort.Search(int(end), func(i int) bool {
		s := start(int64(i))
		return s >= end || number(s) >= seq
	})
	return start(int64(at)), failed
}
