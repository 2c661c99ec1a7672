package console

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"

	"lethe"
	"lethe/object"
)

// previewBytes is how much of an object a preview reads, after decompression.
const previewBytes = 128 << 10

type previewJSON struct {
	Object objectJSON `json:"object"`
	// Kind is csv, tsv, json, jsonl, text, parquet, orc, avro or binary.
	Kind string `json:"kind"`
	// Text is the beginning of an object that is text; whole characters, and
	// for formats of lines whole lines.
	Text string `json:"text"`
	// Truncated says that the object goes on after Text.
	Truncated bool `json:"truncated"`
	// Rows are the first rows of a Parquet object.
	Rows *rowsJSON `json:"rows,omitempty"`
	// Problem says why there are no rows. It is not the answer's error, because
	// all else that the answer says is so.
	Problem *problem `json:"problem,omitempty"`
}

// previewRows is how many rows a preview has.
const previewRows = 100

// previewObject answers the beginning of an object as data, never as a page.
func (s *server) previewObject(c *call) ([]need, func() error, error) {
	b, k := c.path("bucket"), c.path("key")
	return []need{{"s3:GetObject", lethe.ObjectARN(b, k)}}, func() error {
		o, err := s.Objects.Head(c.r.Context(), b, k)
		if err != nil {
			return err
		}
		head, more, err := s.head(c, o)
		if err != nil {
			return err
		}
		out := previewJSON{Object: objectOf(o), Kind: kindOf(k, head)}
		if isText(out.Kind) {
			out.Text, out.Truncated = clip(head, more, out.Kind != "text" && out.Kind != "json"), more
		}
		if out.Kind == "parquet" && s.Previews != nil {
			p, err := s.Previews.Preview(c.r.Context(), o, previewRows)
			if err != nil {
				report := s.problemOf(c.r, err)
				out.Problem = &report
			} else {
				out.Rows = &rowsJSON{Columns: columnsOf(p.Columns), Rows: rows(p.Rows)}
			}
		}
		return reply(c.w, http.StatusOK, out)
	}, nil
}

// head reads an object's first bytes, decompressed if it is gzip, and whether
// there are more.
func (s *server) head(c *call, o object.Object) (head []byte, more bool, err error) {
	if o.Size == 0 {
		return nil, false, nil
	}
	body, _, err := s.Objects.Open(c.r.Context(), o.Bucket, o.Key, 0, min(o.Size, 4*previewBytes))
	if err != nil {
		return nil, false, err
	}
	defer body.Close()
	in := bufio.NewReader(body)
	var r io.Reader = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, false, lethe.Errorf(lethe.BadData, "s3://%s/%s begins as gzip and is not: %w", o.Bucket, o.Key, err)
		}
		r = z
	}
	head, err = io.ReadAll(io.LimitReader(r, previewBytes+1))
	if errors.Is(err, io.ErrUnexpectedEOF) { // the compressed part we read ends inside the stream
		return head[:min(len(head), previewBytes)], true, nil
	}
	if err != nil {
		return nil, false, err
	}
	if len(head) > previewBytes {
		return head[:previewBytes], true, nil
	}
	return head, false, nil
}

var kindByExtension = map[string]string{
	".csv": "csv", ".tsv": "tsv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
}

// kindOf tells what an object holds by its first bytes, then by its name.
func kindOf(key string, head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return "parquet"
	case bytes.HasPrefix(head, []byte("ORC")):
		return "orc"
	case bytes.HasPrefix(head, []byte("Obj\x01")):
		return "avro"
	case bytes.IndexByte(head, 0) >= 0 || !utf8.Valid(trimPartial(head)):
		return "binary"
	}
	name := strings.TrimSuffix(strings.ToLower(key), ".gz")
	if k, ok := kindByExtension[path.Ext(name)]; ok {
		if k == "json" && looksLikeLines(head) {
			return "jsonl"
		}
		return k
	}
	if looksLikeLines(head) {
		return "jsonl"
	}
	return "text"
}

func isText(kind string) bool {
	return kind != "parquet" && kind != "orc" && kind != "avro" && kind != "binary"
}

// looksLikeLines reports whether the first two lines are each an object.
func looksLikeLines(head []byte) bool {
	line, rest, ok := bytes.Cut(head, []byte("\n"))
	line = bytes.TrimSpace(line)
	return ok && bytes.HasPrefix(line, []byte("{")) && bytes.HasSuffix(line, []byte("}")) &&
		(len(bytes.TrimSpace(rest)) == 0 || bytes.HasPrefix(bytes.TrimSpace(rest), []byte("{")))
}

// trimPartial drops an incomplete character at the end.
func trimPartial(b []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// clip ends text at a whole character, or with lines at a whole line.
func clip(b []byte, more, lines bool) string {
	b = trimPartial(b)
	if more && lines {
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			b = b[:i+1]
		}
	}
	return string(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
}
