// Package leak looks for values in files, in whatever form they may have been left:
// as they are, in UTF-16, hexadecimal digits and base64, within compressed files,
// SQLite databases, Pebble tables and logs, and Parquet files.
//
//	report, err := leak.Scan(ctx, "lake", "ada@example.org")
//
// It shares no code with what writes and erases these files, so that it does not
// share its mistakes either. It finds bytes and cannot tell what they mean: a short
// value is found by chance.
package leak

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"
)

// Finding is a place at which a value is.
type Finding struct {
	Path  string // below the folder
	Where string // in the file, as "gzip" or "page 3 of column a"; "" for its bytes as they are
	Form  string // of the value, as "utf-8" or "base64"
	Value int    // which of the values, from 0
}

func (f Finding) String() string {
	if f.Where == "" {
		return fmt.Sprintf("%s: value %d, %s", f.Path, f.Value, f.Form)
	}
	return fmt.Sprintf("%s: value %d, %s, %s", f.Path, f.Value, f.Form, f.Where)
}

// Report is what a scan found.
type Report struct {
	Findings []Finding // without repeats
	Files    int
	Bytes    int64 // of the files
	// Unread are files, or parts of files, that could not be decoded, with the
	// reason. Their bytes were looked at as they are.
	Unread []string
}

// Scan looks for values in all regular files below a folder. Files that go away
// meanwhile count as not there. ctx's end is an error.
func Scan(ctx context.Context, dir string, values ...string) (Report, error) {
	s := &scan{ctx: ctx, dir: dir, seen: map[Finding]bool{}}
	for i, v := range values {
		if v == "" {
			return s.report, errors.New("leak: an empty value is everywhere")
		}
		s.needles = append(s.needles, needles(i, v)...)
	}
	for _, n := range s.needles {
		s.longest = max(s.longest, len(n.bytes))
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		s.bytes(rel, "", []byte(filepath.ToSlash(rel))) // its name
		if !d.Type().IsRegular() {
			return nil
		}
		return s.file(path, rel)
	})
	slices.SortFunc(s.report.Findings, func(a, b Finding) int { return strings.Compare(a.String(), b.String()) })
	return s.report, err
}

// needle is a form of a value.
type needle struct {
	value int
	form  string
	bytes []byte
}

// needles are the forms of a value.
func needles(i int, v string) (ns []needle) {
	add := func(form string, b []byte) {
		if len(b) > 0 && !slices.ContainsFunc(ns, func(n needle) bool { return string(n.bytes) == string(b) }) {
			ns = append(ns, needle{i, form, b})
		}
	}
	add("utf-8", []byte(v))
	var le, be []byte
	for _, u := range utf16.Encode([]rune(v)) {
		le = append(le, byte(u), byte(u>>8))
		be = append(be, byte(u>>8), byte(u))
	}
	add("utf-16le", le)
	add("utf-16be", be)
	add("url", []byte(url.QueryEscape(v)))
	if len(v) >= minEncoded {
		add("hex", []byte(hex.EncodeToString([]byte(v))))
		add("hex", []byte(strings.ToUpper(hex.EncodeToString([]byte(v)))))
	}
	for shift := range 3 {
		for _, b := range base64Of(v, shift) {
			add("base64", []byte(b))
		}
	}
	return ns
}

// minEncoded is the least length of a value, in bytes, that is looked for in
// encodings: what is shorter is there by chance.
const minEncoded = 6

// base64Of are the digits that a value has in any base64 in which so many bytes
// modulo 3 come before it: those that depend on no other byte.
func base64Of(v string, shift int) []string {
	if len(v) < minEncoded {
		return nil
	}
	var both []string
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		t := e.EncodeToString([]byte("\x00\x00\x00"[:shift] + v))
		from := (shift*8 + 5) / 6
		to := (shift + len(v)) * 8 / 6
		both = append(both, t[from:to])
	}
	return both
}
