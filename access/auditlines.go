package access

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Lines returns lines of the audit as they are, without their line feeds, in order:
// those after the number after, at most so many, together about a megabyte. They are
// durable: what is returned once will always be what it is. The last one's number is
// told; it is after where there are none.
func (a *Audit) Lines(after int64, most int) (lines [][]byte, last int64, err error) {
	for range 10 { // a file may be closed, or be deleted, between two looks
		lines, last, err = a.linesAfter(after, most)
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return lines, last, err
}

const maxLinesBytes = 1 << 20

func (a *Audit) linesAfter(after int64, most int) (lines [][]byte, last int64, err error) {
	a.mu.Lock()
	synced := a.synced
	a.mu.Unlock()
	last = after
	if synced <= after {
		return nil, last, nil
	}
	closed, err := auditFiles(a.path)
	if err != nil {
		return nil, last, err
	}
	bytes := 0
	for i, path := range append(closed, a.path) {
		if i < len(closed) && lastSeqOf(path) <= last {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, after, err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil, after, err
		}
		at, err := lineBefore(f, info.Size(), last+1)
		if err != nil {
			return nil, after, err
		}
		r := bufio.NewReaderSize(io.NewSectionReader(f, at, info.Size()-at), maxLine)
		for last < synced && len(lines) < most && bytes < maxLinesBytes {
			text, err := r.ReadBytes('\n')
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, after, err
			}
			seq := seqOf(text)
			if seq <= last && seq != 0 {
				// The current file was closed meanwhile, and this is the next.
				return nil, after, fs.ErrNotExist
			}
			if seq > synced {
				break
			}
			lines, last = append(lines, text[:len(text)-1]), max(last, seq)
			bytes += len(text)
		}
		if last >= synced || len(lines) >= most || bytes >= maxLinesBytes {
			break
		}
	}
	return lines, last, nil
}

// seqOf returns the number that stands at the beginning of a line; 0 if none does.
func seqOf(line []byte) (seq int64) {
	const begin = `{"seq":`
	if len(line) < len(begin) || string(line[:len(begin)]) != begin {
		return 0
	}
	for _, c := range line[len(begin):] {
		if c < '0' || c > '9' {
			break
		}
		seq = seq*10 + int64(c-'0')
	}
	return seq
}

// Wait returns when there are durable lines after a number, or with ctx's error.
func (a *Audit) Wait(ctx context.Context, after int64) error {
	for {
		a.mu.Lock()
		more, moved := a.synced > after, a.moved
		a.mu.Unlock()
		if more {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}

// Behind returns how many durable lines there are after a number, and when the first
// of them was written; the zero time if there is none.
func (a *Audit) Behind(after int64) (lines int64, oldest time.Time, err error) {
	a.mu.Lock()
	lines = max(a.synced-after, 0)
	a.mu.Unlock()
	first, _, err := a.Lines(after, 1)
	if err == nil && len(first) == 1 {
		oldest = timeOf(first[0])
	}
	return lines, oldest, err
}

// Hold keeps files from being deleted that have lines after a number.
func (a *Audit) Hold(after int64) { a.hold.Store(after) }

// Shipped returns the number of the last line that was shipped; 0 if none was.
func (s *Service) Shipped(ctx context.Context) (seq int64, err error) {
	var text string
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT value FROM access_lake WHERE name = 'audit-shipped'").Scan(&text)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// SetShipped makes the number of the last line that was shipped durable.
func (s *Service) SetShipped(ctx context.Context, seq int64) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO access_lake (name, value) VALUES ('audit-shipped', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", strconv.FormatInt(seq, 10))
		return err
	})
}

// Snapshot puts the audit as it is now into a directory, as files that do not change
// any more, and returns their paths, in the chain's order. Closed files are linked where
// the file system can.
func (a *Audit) Snapshot(dir string) (paths []string, err error) {
	_ = a.Flush()    // it is noted; what is in the files can be read all the same
	a.syncing.Lock() // no file is closed meanwhile
	defer a.syncing.Unlock()
	closed, err := auditFiles(a.path)
	if err != nil {
		return nil, err
	}
	for _, from := range closed {
		to := filepath.Join(dir, filepath.Base(from))
		err := os.Link(from, to)
		if errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EPERM) {
			err = copyFile(to, from)
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was deleted in its time
		}
		if err != nil {
			return nil, err
		}
		paths = append(paths, to)
	}
	a.mu.Lock()
	f, size := a.f, a.durable+int64(a.written)
	if a.failed != nil {
		size = a.durable
	}
	a.mu.Unlock()
	to := filepath.Join(dir, filepath.Base(a.path))
	return append(paths, to), copyTo(to, io.NewSectionReader(f, 0, size))
}

func copyFile(to, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return copyTo(to, f)
}

func copyTo(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
