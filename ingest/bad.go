package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"unicode/utf8"

	"lethe"
	"lethe/lib/delimited"
)

// BadRow is a row that could not be taken.
type BadRow struct {
	Object string `json:"object"` // s3://bucket/key
	Line   int64  `json:"line"`   // where it begins, from 1
	Reason string `json:"reason"`
	// Raw is its text, in a report only its beginning. What is not UTF-8 is in
	// RawBytes instead, in base64.
	Raw      string `json:"raw,omitempty"`
	RawBytes []byte `json:"raw_bytes,omitempty"`
	// Offset and Length say where in the uncompressed object its bytes are.
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
	// Truncated is set if Raw is only its beginning.
	Truncated bool `json:"truncated,omitempty"`
}

// Bounds of what a report shows of bad rows.
const (
	shownRows = 100
	shownText = 200
)

// badRows counts bad rows, shows the first ones and writes all aside if the job
// wants that.
type badRows struct {
	policy badRowPolicy
	count  int64
	shown  []BadRow
	file   *os.File // quarantine, made with the first bad row
	out    *bufio.Writer
	path   string
}

// add takes a bad row. It returns an error if that makes one too many.
func (b *badRows) add(object string, r *delimited.Record, reason string) error {
	b.count++
	row := BadRow{Object: object, Line: r.Line, Reason: reason, Offset: r.Offset, Length: r.Length, Truncated: r.Cut}
	if utf8.Valid(r.Raw) {
		row.Raw = string(r.Raw)
	} else {
		row.RawBytes = bytes.Clone(r.Raw)
	}
	if b.policy.quarantine != nil {
		if err := b.write(row); err != nil {
			return err
		}
	}
	if len(b.shown) < shownRows {
		b.shown = append(b.shown, row.short())
	}
	if b.policy.limit < 0 || b.count <= b.policy.limit {
		return nil
	}
	err := lethe.Errorf(lethe.BadData, "%s line %d: %s", object, r.Line, reason)
	if b.policy.limit == 0 {
		return err.WithHint("mend the row, or let the ingest skip bad rows (skip:N) or write them aside (quarantine:LOCATION)")
	}
	return err.WithHint("this was bad row %d, and at most %d may be skipped", b.count, b.policy.limit)
}

// short returns the row with only the beginning of its text.
func (r BadRow) short() BadRow {
	if len(r.Raw) > shownText {
		n := shownText
		for !utf8.RuneStart(r.Raw[n]) {
			n--
		}
		r.Raw, r.Truncated = r.Raw[:n], true
	}
	if len(r.RawBytes) > shownText {
		r.RawBytes, r.Truncated = r.RawBytes[:shownText], true
	}
	return r
}

func (b *badRows) write(row BadRow) error {
	if b.file == nil {
		f, err := os.OpenFile(b.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		b.file, b.out = f, bufio.NewWriter(f)
	}
	line, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("quarantine: %w", err)
	}
	_, err = b.out.Write(append(line, '\n'))
	return err
}

// finish ends the quarantine's file; "" if there is none.
func (b *badRows) finish() (path string, err error) {
	if b.file == nil {
		return "", nil
	}
	if err := b.out.Flush(); err != nil {
		return "", err
	}
	return b.path, b.file.Close()
}

// close frees the file after an error.
func (b *badRows) close() {
	if b.file != nil {
		b.file.Close()
	}
}
