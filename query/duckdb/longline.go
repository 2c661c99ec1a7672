package duckdb

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// DuckDB's CSV reader drops, without an error, the last line of a file if it is
// longer than two of its buffers, and has a slow error without a name for such
// lines elsewhere (seen in 1.5.5). So larger text files are looked through here
// for lines longer than maxLine, beside the query. Looking is several times
// faster than parsing and finds the bytes in the same cache.

// readBuffer is DuckDB's buffer for text; in files no larger it finds long lines.
const readBuffer = 2 * maxLine

// lineCheck looks for lines that are too long while a query runs.
type lineCheck struct {
	begun time.Time
	found chan error // gets one value: nil if all lines are short
}

// checkLines begins to check the text files of a task.
func checkLines(ctx context.Context, t task) *lineCheck {
	c := &lineCheck{begun: time.Now(), found: make(chan error, 1)}
	go func() {
		for file := range textFiles(t) {
			if err := longLine(ctx, file); err != nil {
				c.found <- err
				return
			}
		}
		c.found <- nil
	}()
	return c
}

// around runs a query, until the check finds a line that is too long.
//
// A query that read its files to their ends has taken longer than reading them
// takes here. So if the check takes longer than twice the query, the query
// ended early, and what is left does not matter.
func (c *lineCheck) around(query func() error) error {
	answered := make(chan error, 1)
	go func() { answered <- query() }()
	var err error
	select {
	case found := <-c.found:
		if found != nil {
			return found // the process ends, and the query with it
		}
		return <-answered
	case err = <-answered:
	}
	select {
	case found := <-c.found:
		if found != nil {
			err = found
		}
	case <-time.After(2*time.Since(c.begun) + time.Second):
	}
	return err
}

func textFiles(t task) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		for _, r := range t.Relations {
			for _, s := range r.Sources {
				if s.Format != lazyFormat && s.Format != openCSVFormat {
					continue
				}
				for _, f := range s.Files {
					if !seen[f] && !yield(f) {
						return
					}
					seen[f] = true
				}
			}
		}
	}
}

// longLine reports a line of a file that is too long. Other errors are DuckDB's
// to find.
func longLine(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	least := int64(readBuffer)
	if compressed(path) {
		least /= 2000 // deflate makes nothing smaller than a 1032nd
	}
	if i, err := f.Stat(); err != nil || i.Size() <= least {
		return nil
	}
	var r io.Reader = f
	switch {
	case strings.HasSuffix(path, ".gz"):
		if r, err = gzip.NewReader(f); err != nil {
			return nil
		}
	case strings.HasSuffix(path, ".zst"):
		d, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil
		}
		defer d.Close()
		r = d
	}
	b := bufio.NewReaderSize(r, 1<<20)
	line, length := 1, 0
	for ctx.Err() == nil {
		piece, err := b.ReadSlice('\n')
		length += len(piece)
		if length > maxLine+1 {
			return fmt.Errorf("%sLine %d of file %s is longer than %d MB", badData, line, path, maxLine>>20)
		}
		switch {
		case err == nil:
			line, length = line+1, 0
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil
		}
	}
	return nil
}

func compressed(path string) bool {
	return strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".zst")
}
