package ingest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"lethe"
	"lethe/access"
	"lethe/object"
)

// sources lists the objects that a task reads.
func (s *Service) sources(ctx context.Context, t *task) (found []object.Object, skipped []string, err error) {
	seen := map[string]bool{}
	take := func(o object.Object) {
		if id := o.Bucket + "/" + o.Key; !seen[id] {
			seen[id] = true
			found = append(found, o)
		}
	}
	for _, l := range t.sources {
		if l.Key != "" && !strings.HasSuffix(l.Key, "/") {
			o, err := s.Store.Head(ctx, l.Bucket, l.Key)
			if err == nil {
				take(o)
				continue
			}
			if !lethe.Is(err, lethe.NotFound) {
				return nil, nil, err
			}
		}
		before := len(found)
		dir := l
		if l.Key != "" {
			dir = l.Dir()
		}
		for o, err := range object.All(ctx, s.Store, dir.Bucket, dir.Key) {
			if err != nil {
				return nil, nil, err
			}
			switch {
			case strings.HasSuffix(o.Key, "/") && o.Size == 0: // a folder, as consoles make them
			case hidden(strings.TrimPrefix(o.Key, dir.Key)):
				skipped = append(skipped, uri(o))
			default:
				take(o)
			}
		}
		if len(found) == before {
			return nil, nil, lethe.Errorf(lethe.NotFound, "there is no object %s, nor are there any below %s", l, dir)
		}
	}
	for _, o := range found {
		if err := access.DecideEach(ctx, s.Access, lethe.PrincipalOf(ctx), "s3:GetObject", lethe.ObjectARN(o.Bucket, o.Key)); err != nil {
			return nil, nil, err
		}
	}
	return found, skipped, nil
}

// hidden reports whether a key below a table's location is no data by
// convention: one of its parts begins with an underscore or a dot.
func hidden(key string) bool {
	for part := range strings.SplitSeq(key, "/") {
		if part != "" && (part[0] == '_' || part[0] == '.') {
			return true
		}
	}
	return false
}

func uri(o object.Object) string { return lethe.Location{Bucket: o.Bucket, Key: o.Key}.String() }

// formatOf tells a format from a key; delim is what such CSV files use.
func formatOf(key string) (f Format, delim byte) {
	name := strings.ToLower(path.Base(key))
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".gzip")
	switch path.Ext(name) {
	case ".csv":
		return CSV, ','
	case ".tsv":
		return CSV, '\t'
	case ".json", ".jsonl", ".ndjson":
		return JSON, 0
	case ".parquet", ".parq":
		return Parquet, 0
	}
	return "", ','
}

// format is the one format of all objects.
func (t *task) format(objects []object.Object) (Format, error) {
	if t.Format != "" {
		return t.Format, nil
	}
	var f Format
	for _, o := range objects {
		g, _ := formatOf(o.Key)
		switch {
		case g == "":
			return "", lethe.Errorf(lethe.Invalid, "the name of %s does not tell its format", uri(o)).WithHint("say which it is: csv, json or parquet")
		case f != "" && f != g:
			return "", lethe.Errorf(lethe.Invalid, "the sources have different formats: %s is %s, %s is %s", uri(objects[0]), f, uri(o), g)
		}
		f = g
	}
	return f, nil
}

// open reads an object from its beginning, uncompressed. count is told how many
// stored bytes were read.
func (s *Service) open(ctx context.Context, o object.Object, count func(n int)) (io.Reader, func() error, error) {
	body, now, err := s.Store.Open(ctx, o.Bucket, o.Key, 0, -1)
	if err != nil {
		return nil, nil, err
	}
	if now.ETag != o.ETag {
		body.Close()
		return nil, nil, lethe.Errorf(lethe.Conflict, "%s was replaced while it was read", uri(o)).WithHint("run the ingest again")
	}
	stored := &storedReader{ctx: ctx, r: body, count: count}
	in := bufio.NewReaderSize(stored, 256<<10)
	if magic, _ := in.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return in, body.Close, nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		body.Close()
		if stored.err != nil {
			return nil, nil, stored.err
		}
		return nil, nil, lethe.Errorf(lethe.BadData, "%s is not valid gzip: %w", uri(o), err)
	}
	return z, func() error { return errors.Join(z.Close(), body.Close()) }, nil
}

// storedReader counts, ends with its context, and remembers errors of the store
// to tell them from those of the format.
type storedReader struct {
	ctx   context.Context
	r     io.Reader
	count func(int)
	err   error
}

func (r *storedReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		r.err = context.Cause(r.ctx)
		return 0, r.err
	}
	n, err := r.r.Read(b)
	r.count(n)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// readError says where reading an object failed.
func readError(o object.Object, line int64, err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.As(err, &corrupt) {
		return lethe.Errorf(lethe.BadData, "%s is damaged after line %d: %w", uri(o), line-1, err)
	}
	return err
}
