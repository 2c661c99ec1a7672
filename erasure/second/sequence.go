package second

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"lethe"
	"lethe/catalog"
	"lethe/erasure"
	"lethe/object"
)

// Sequence implements erasure.SecondReader. It reads what Read does.
func (Reader) Sequence(ctx context.Context, s erasure.Stored, src object.Content) (erasure.Sequence, error) {
	in := &source{ctx: ctx, Content: src}
	q, err := sequence(in, s)
	var ours *lethe.Error
	switch {
	case in.err != nil: // rather than what a library made of it
		return q, in.err
	case err == nil, errors.As(err, &ours):
		return q, err
	}
	return q, lethe.Errorf(lethe.Invalid, "%w", err)
}

func sequence(in *source, s erasure.Stored) (q erasure.Sequence, err error) {
	st := s.Storage
	if st.SerDe.Library == "" && st.InputFormat == "" {
		st.SerDe, st.InputFormat = s.Table.Storage.SerDe, s.Table.Storage.InputFormat
	}
	h := sha256.New()
	// Each is preceded by its length, so that no two sequences look alike.
	head := func(text []byte) {
		fmt.Fprintf(h, "%d ", len(text))
		h.Write(text)
	}
	add := func(record []byte, blank bool) {
		if q.Records++; blank {
			q.Blank++
		} else {
			head(record)
		}
	}
	switch {
	case s.Format == "parquet" || s.Format == "" && st.SerDe.Library == catalog.Parquet.SerDe:
		err = parquetSequence(in, head, add)
	case s.Format == "jsonl" || s.Format == "" && slices.Contains(catalog.JSONSerDes, st.SerDe.Library):
		_, err = in.eachLine(func(line []byte) error {
			add(line, nothing(line))
			return nil
		})
	case s.Format == "csv":
		err = csvSequence(in, head, add)
	case s.Format == "" && st.SerDe.Library == catalog.TextFile.SerDe:
		err = hiveSequence(in, s.Table, st, head, add)
	default:
		err = lethe.Errorf(lethe.Unsupported, "%s is in a format that is read once", s.Key)
	}
	h.Sum(q.Sum[:0])
	return q, err
}

// nothing says whether a line of JSON is an object without fields, or only space. A
// line without a byte is not: nobody has blanked it.
func nothing(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return true
	}
	var fields map[string]json.RawMessage
	return json.Unmarshal(line, &fields) == nil && fields != nil && len(fields) == 0
}

// csvSequence goes through the header and the records of CSV.
func csvSequence(in *source, head func([]byte), add func(record []byte, blank bool)) error {
	text, done, err := in.text()
	if err != nil {
		return err
	}
	defer done()
	lines := &blankLines{r: text, last: '\n'}
	r := csv.NewReader(lines)
	for n := 0; ; n++ {
		fields, err := r.Read()
		var refused *csv.ParseError
		switch {
		case err == io.EOF && lines.found:
			return lethe.Errorf(lethe.Unsupported, "encoding/csv does not see lines with nothing on them")
		case err == io.EOF:
			return nil
		case errors.As(err, &refused):
			return lethe.Errorf(lethe.Unsupported, "a record near line %d is not as encoding/csv wants it", refused.Line)
		case err != nil:
			return err
		}
		if text := fmt.Appendf(nil, "%q", fields); n == 0 {
			head(text)
		} else {
			add(text, !slices.ContainsFunc(fields, func(f string) bool { return f != "" }))
		}
	}
}

// hiveSequence goes through the lines of LazySimpleSerDe's text.
func hiveSequence(in *source, t catalog.Table, st catalog.Storage, head func([]byte), add func(record []byte, blank bool)) error {
	d, err := catalog.DelimitedText(t, st)
	if err != nil {
		return err
	}
	if d.Escape != "" || d.Encoding != "" {
		return lethe.Errorf(lethe.Unsupported, "text with escapes, or not in UTF-8")
	}
	skip := d.SkipLines
	_, err = in.eachLine(func(line []byte) error {
		if skip > 0 {
			skip--
			head(line)
			return nil
		}
		blank := len(line) > 0
		for f := range strings.SplitSeq(string(line), d.Separator) {
			blank = blank && (f == "" || f == d.Null)
		}
		add(line, blank)
		return nil
	})
	return err
}
