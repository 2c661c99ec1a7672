package duckdb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"
)

// DuckDB's CSV reader drops, without an error, the last line of a file if it is
// longer than two of its buffers, and what a compressed file has lost at its
// end; for long lines elsewhere it has a slow error without a name (seen in
// 1.5.5). So larger text files and compressed ones are read here as well,
// beside the query, to find lines longer than maxLine and broken streams.
// That is several times faster than parsing and finds the bytes in the same
// cache.

// readBuffer is DuckDB's buffer for text; in files no larger it finds long lines.
const readBuffer = 2 * maxLine

// lineCheck looks for what is wrong with text files while a query runs.
type lineCheck struct {
	begun time.Time
	early bool       // the statement may end before it has read its files
	found chan error // gets one value: nil if nothing is wrong
}

// limited finds a statement that may have read enough before the end of its files.
var limited = regexp.MustCompile(`(?i)\blimit\b`)

// mostChecked bounds how many files are checked at once, for the memory of their
// decompression, which is several times faster than parsing.
const mostChecked = 4

// checkLines begins to check the text files of a task: as many at once as the query
// has threads to read them with, so that it does not fall behind the query.
func checkLines(ctx context.Context, t task, threads int) *lineCheck {
	c := &lineCheck{begun: time.Now(), early: limited.MatchString(t.SQL), found: make(chan error, 1)}
	go func() {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(max(1, min(threads, mostChecked)))
		for file := range textFiles(t) {
			if ctx.Err() != nil {
				break
			}
			g.Go(func() error { return checkFile(ctx, file) })
		}
		c.found <- g.Wait()
	}()
	return c
}

// around runs a query, until the check finds something.
//
// An answer waits for the check, however far it fell behind: DuckDB compares no
// checksums, and only this knows whether the answer is true. A statement with a limit,
// or one that failed, may have left most of its files unread. One that read them
// to their ends has taken longer than reading them takes here. So if the check of these
// takes longer than twice the query, what is left does not matter.
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
	if err != nil && strings.Contains(err.Error(), "gzip stream") { // it is broken: the check says which
		if found := <-c.found; found != nil {
			return found
		}
		return err
	}
	var enough <-chan time.Time
	if err != nil || c.early {
		enough = time.After(2*time.Since(c.begun) + 250*time.Millisecond)
	}
	select {
	case found := <-c.found:
		if found != nil {
			err = found
		}
	case <-enough:
	}
	return err
}

func textFiles(t task) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		for _, r := range t.Relations {
			for _, s := range r.Sources {
				for _, f := range s.Files {
					// DuckDB's JSON reader needs no help with long lines.
					text := s.Format == lazyFormat || s.Format == openCSVFormat || compressed(f)
					if text && !seen[f] && !yield(f) {
						return
					}
					seen[f] = true
				}
			}
		}
	}
}

// checkFile reports a line that is too long, or a broken stream. Other errors
// are DuckDB's to find.
func checkFile(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	broken := func(err error) error {
		return fmt.Errorf("%sThe file %s cannot be decompressed: %w", badData, path, err)
	}
	var r io.Reader = f
	switch i, err := f.Stat(); {
	case strings.HasSuffix(path, ".gz"):
		if r, err = gzip.NewReader(f); err != nil {
			return broken(err)
		}
	case strings.HasSuffix(path, ".zst"):
		d, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return broken(err)
		}
		defer d.Close()
		r = d
	case err != nil || i.Size() <= readBuffer:
		return nil
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
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) || r == f:
			return nil
		default:
			return broken(err)
		}
	}
	return nil
}

func compressed(path string) bool {
	return strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".zst")
}
