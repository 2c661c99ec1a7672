package erasure

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"lethe"
	"lethe/object"
)

// Inbox is where files with persons to erase are put: CSV, as docs/reference/erasure-requests.md
// says. Each becomes requests, and is erased itself.
type Inbox struct {
	lethe.Location        // a folder; zero for nowhere
	Type           string // of the identifiers in files without a header
}

// The bounds of a file.
const (
	maxInboxBytes = 16 << 20
	maxInboxRows  = 100_000
)

// InboxReport says what became of a file. It has no value of it, nor its name.
type InboxReport struct {
	File string `json:"file"` // a hash of its name and bytes
	// Requests are those that were made of it, in its order.
	Requests []string `json:"requests,omitzero"`
	// Refused are the lines because of which none was made.
	Refused []RefusedLine `json:"refused,omitzero"`
}

// RefusedLine is a line that cannot be a request.
type RefusedLine struct {
	Line   int    `json:"line"` // from 1
	Reason string `json:"reason"`
}

// asked is a person in a file.
type asked struct {
	given []Named
	told  Contacts
}

// Sweep makes requests of the files in the inbox, and erases these. A file becomes requests
// in one transaction, and goes after it: whatever is interrupted, nobody in it is lost, and
// nobody is asked for twice. One with a line that cannot be a request becomes none and stays
// until it is replaced; a report says which lines.
func (s *Service) Sweep(ctx context.Context) error {
	if s.Inbox.Bucket == "" {
		return nil
	}
	taken, err := s.filesIn(ctx, fileTaken)
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range taken { // which was interrupted
		errs = append(errs, s.finishFile(ctx, file))
	}
	seen := map[string]bool{}
	for o, err := range object.All(ctx, s.Store, s.Inbox.Bucket, s.Inbox.Key) {
		if lethe.Is(err, lethe.NotFound) {
			return nil // nobody has made the bucket yet
		} else if err != nil {
			return err
		}
		if !strings.HasSuffix(strings.ToLower(o.Key), ".csv") {
			continue
		}
		file := s.fileID(o)
		seen[file] = true
		if err := s.take(ctx, file, o); err != nil {
			errs = append(errs, fmt.Errorf("a file in the inbox (%s): %w", file, err))
		}
	}
	return errors.Join(append(errs, s.forgetFiles(ctx, seen))...)
}

// fileID names one upload of a file.
func (s *Service) fileID(o object.Object) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %d", s.Key.Hash("inbox", o.Key).String(), o.Version, o.ETag, o.Modified.UnixMicro())
	return hex.EncodeToString(h.Sum(nil)[:16])
}

const (
	fileTaken   = "taken"
	fileRefused = "refused"
)

// take makes requests of one file, or refuses it, and brings it to its end.
func (s *Service) take(ctx context.Context, file string, o object.Object) error {
	state := ""
	err := s.DB.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT state FROM erasure_inbox WHERE file = $1`, file).Scan(&state)
	})
	if err == nil { // it was refused, or could not be finished just now
		return nil
	} else if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	all, refused, err := s.readInbox(ctx, o)
	switch {
	case lethe.Is(err, lethe.NotFound) || lethe.Is(err, lethe.Conflict):
		return nil // it was replaced: the next sweep takes what is there then
	case err != nil:
		return err
	case len(refused) > 0:
		s.Log.Warn("A file in the inbox of erasures was refused, and stays there", "bucket", o.Bucket, "file", file, "lines", len(refused), "first", refused[0].Line, "why", refused[0].Reason)
		if _, _, err := s.save(ctx, "inbox/"+file+".json", InboxReport{File: file, Refused: refused}); err != nil {
			return err
		}
		return s.DB.Tx(ctx, func(tx *sql.Tx) error { return s.putFile(ctx, tx, file, fileRefused, nil, o) })
	}
	if err := s.askAll(ctx, file, all, o); err != nil {
		return err
	}
	return s.finishFile(ctx, file)
}

// finishFile starts the requests of a file, and erases it.
func (s *Service) finishFile(ctx context.Context, file string) error {
	var text, place string
	err := s.DB.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT requests, place FROM erasure_inbox WHERE file = $1`, file).Scan(&text, &place)
	})
	if err != nil {
		return err
	}
	var requests []string
	if err := json.Unmarshal([]byte(text), &requests); err != nil {
		return err
	}
	raw, err := s.Seal.Unseal(place, "erasure_inbox", file)
	if err != nil {
		return err
	}
	var at ObjectVersion
	if err := json.Unmarshal(raw, &at); err != nil {
		return err
	}
	for _, id := range requests {
		if err := errors.Join(s.Engine.Start(ctx, process.Name, id, id), s.audit(ctx, id, "asked", "", "inbox "+file)); err != nil {
			return err
		}
	}
	if err := s.dropFile(ctx, at); err != nil {
		return err
	}
	if _, _, err := s.save(ctx, "inbox/"+file+".json", InboxReport{File: file, Requests: requests}); err != nil {
		return err
	}
	return s.forgetFile(ctx, file)
}

func (s *Service) putFile(ctx context.Context, tx *sql.Tx, file, state string, requests []string, o object.Object) error {
	raw, err := json.Marshal(requests)
	if err != nil {
		return err
	}
	place, err := json.Marshal(ObjectVersion{Bucket: o.Bucket, Key: o.Key, Version: o.Version, ETag: o.ETag})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO erasure_inbox (file, state, requests, place) VALUES ($1, $2, $3, $4)`, file, state, string(raw), s.Seal.Seal(place, "erasure_inbox", file))
	return err
}

func (s *Service) forgetFile(ctx context.Context, file string) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM erasure_inbox WHERE file = $1`, file)
		return err
	})
}

// askAll makes the requests of a file in one transaction, each person's once.
func (s *Service) askAll(ctx context.Context, file string, all []asked, o object.Object) error {
	var ids []string
	var rs []Request
	var persons []asked
	seen := map[string]bool{}
	for _, a := range all {
		r, err := s.newRequest(ctx, a.given)
		if err != nil {
			return err
		}
		if who := fmt.Sprint(r.Identifiers); !seen[who] {
			seen[who] = true
			r.By = "inbox"
			rs, persons, ids = append(rs, r), append(persons, a), append(ids, r.ID)
		}
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		for i := range rs {
			if err := s.insert(ctx, tx, &rs[i], persons[i].given, persons[i].told); err != nil {
				return err
			}
		}
		return s.putFile(ctx, tx, file, fileTaken, ids, o)
	})
}

// readInbox reads the persons of a file, or says which of its lines are none.
func (s *Service) readInbox(ctx context.Context, o object.Object) ([]asked, []RefusedLine, error) {
	if o.Size > maxInboxBytes {
		return nil, []RefusedLine{{1, fmt.Sprintf("the file is over %d bytes", maxInboxBytes)}}, nil
	}
	r, now, err := s.Store.Open(ctx, o.Bucket, o.Key, 0, -1)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	if now.ETag != o.ETag || now.Version != o.Version {
		return nil, nil, lethe.Errorf(lethe.Conflict, "it was replaced")
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxInboxBytes+1))
	if err != nil {
		return nil, nil, err
	}
	k, err := s.known(ctx)
	if err != nil {
		return nil, nil, err
	}
	all, refused := s.parseInbox(k, raw)
	return all, refused, nil
}

// inboxColumn is what a column of a file holds.
type inboxColumn struct {
	typ  string // of identifiers; "" for the others
	part int
	told func(c *Contacts) *string
}

// parseInbox reads a file. Its reasons repeat no value.
func (s *Service) parseInbox(k known, raw []byte) (all []asked, refused []RefusedLine) {
	refuse := func(line int, format string, args ...any) {
		refused = append(refused, RefusedLine{line, fmt.Sprintf(format, args...)})
	}
	c := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	c.FieldsPerRecord, c.TrimLeadingSpace = -1, true
	var columns []inboxColumn
	for first := true; ; first = false {
		record, err := c.Read()
		if err == io.EOF {
			break
		}
		if e := (*csv.ParseError)(nil); errors.As(err, &e) {
			refuse(e.Line, "it is not CSV: %v", e.Err)
			break // quotes are open from here on: nothing after it is what it seems
		} else if err != nil {
			refuse(1, "it is not CSV")
			break
		}
		line, _ := c.FieldPos(0)
		if len(all)+len(refused) >= maxInboxRows {
			refuse(line, "the file has over %d persons", maxInboxRows)
			break
		}
		if first {
			if columns = k.inboxHeader(record); columns != nil {
				continue
			}
			if _, ok := k.types[s.Inbox.Type]; !ok {
				refuse(line, "the first line is no header, and erasure.inbox.type names no identifier type for files without one")
				break
			}
		}
		if columns == nil { // identifiers and nothing else, as 1001,1002
			for _, v := range record {
				if v = strings.TrimSpace(v); v == "" {
					continue
				}
				given := []Named{{s.Inbox.Type, []string{v}}}
				if _, err := k.subject(given); err != nil {
					refuse(line, "%s", said(err))
					continue
				}
				all = append(all, asked{given: given})
			}
			continue
		}
		if len(record) != len(columns) {
			refuse(line, "it has %d fields, and the header %d", len(record), len(columns))
			continue
		}
		a := k.inboxPerson(columns, record)
		if _, err := k.subject(a.given); err != nil {
			refuse(line, "%s", said(err))
		} else if err := a.told.check(s.Mail); err != nil {
			refuse(line, "%s", said(err))
		} else {
			all = append(all, a)
		}
	}
	if len(all) == 0 && len(refused) == 0 {
		refuse(1, "the file names nobody")
	}
	return all, refused
}

// said is an error's message without its kind.
func said(err error) string {
	if e, ok := errors.AsType[*lethe.Error](err); ok {
		return e.Message
	}
	return err.Error()
}

// inboxHeader reads a first line as a header; nil if it is none. A column is named for an
// identifier type, as type.part for a part of a composite one, or contact or requester.
func (k known) inboxHeader(record []string) (columns []inboxColumn) {
	found := false
	for _, name := range record {
		name = strings.ToLower(strings.TrimSpace(name))
		typ, part, composite := strings.Cut(name, ".")
		switch t, ok := k.types[typ]; {
		case name == "contact":
			columns = append(columns, inboxColumn{told: func(c *Contacts) *string { return &c.Person }})
		case name == "requester":
			columns = append(columns, inboxColumn{told: func(c *Contacts) *string { return &c.Requester }})
		case ok && composite == (len(t.Parts) > 0):
			at := 0
			for i, p := range t.Parts {
				if p == part {
					at = i + 1
				}
			}
			if composite && at == 0 {
				return nil
			}
			columns, found = append(columns, inboxColumn{typ: typ, part: max(at-1, 0)}), true
		default:
			return nil
		}
	}
	if !found {
		return nil
	}
	return columns
}

// inboxPerson is whom a line names. Empty fields name nothing.
func (k known) inboxPerson(columns []inboxColumn, record []string) (a asked) {
	composite := map[string][]string{}
	for i, c := range columns {
		v := strings.TrimSpace(record[i])
		switch {
		case v == "":
		case c.told != nil:
			*c.told(&a.told) = v
		case len(k.types[c.typ].Parts) == 0:
			a.given = append(a.given, Named{c.typ, []string{v}})
		default:
			if composite[c.typ] == nil {
				composite[c.typ] = make([]string, len(k.types[c.typ].Parts))
				a.given = append(a.given, Named{c.typ, composite[c.typ]})
			}
			composite[c.typ][c.part] = v
		}
	}
	return a
}

// dropFile erases a file that has become requests, from all versions that have its bytes. A
// version that is locked stays, and is logged.
func (s *Service) dropFile(ctx context.Context, o ObjectVersion) error {
	err := s.Store.Delete(ctx, o.Bucket, o.Key, object.Condition{IfMatch: o.ETag})
	if err != nil && !lethe.Is(err, lethe.NotFound) && !lethe.Is(err, lethe.Conflict) {
		return err
	}
	vs, err := s.versions(ctx, o.Bucket, o.Key)
	if err != nil {
		return err
	}
	for _, v := range vs {
		if v.Marker || v.Latest || v.ETag != o.ETag {
			continue
		}
		kept, err := s.drop(ctx, v)
		if err != nil && !lethe.Is(err, lethe.NotFound) {
			return err
		}
		if kept != nil {
			s.Log.Warn("A file of the inbox of erasures has become requests, and cannot be erased", "bucket", o.Bucket, "version", v.Version, "why", kept.Reason)
		}
	}
	return nil
}

// forgetFiles forgets the refused files that are no more.
func (s *Service) forgetFiles(ctx context.Context, seen map[string]bool) error {
	files, err := s.filesIn(ctx, fileRefused)
	for _, file := range files {
		if !seen[file] {
			err = errors.Join(err, s.forgetFile(ctx, file))
		}
	}
	return err
}

func (s *Service) filesIn(ctx context.Context, state string) (files []string, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT file FROM erasure_inbox WHERE state = $1`, state)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var file string
			if err := rows.Scan(&file); err != nil {
				return err
			}
			files = append(files, file)
		}
		return rows.Err()
	})
	return files, err
}
