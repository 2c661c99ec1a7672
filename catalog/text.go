package catalog

import (
	"fmt"
	"strconv"
	"strings"

	"lethe"
)

// Delimited are the settings of a table of delimited text, with the defaults of its
// class filled in: LazySimpleSerDe (TextFile) or OpenCSVSerde (OpenCSV).
type Delimited struct {
	Separator string
	Quote     string // OpenCSVSerde
	Escape    string // "" for none
	Null      string // LazySimpleSerDe: the text of null
	SkipLines int    // at the beginning of each file
	Encoding  string // "" for UTF-8, or latin-1
}

// DelimitedText reads the settings from the storage of a table or of one of its
// partitions. What lethe does not read it answers with an error of kind
// Unsupported.
func DelimitedText(t Table, st Storage) (Delimited, error) {
	param := func(names ...string) string {
		for _, n := range names {
			if v := st.SerDe.Parameters[n]; v != "" {
				return v
			}
		}
		return ""
	}
	table := func(name string) string {
		if v := param(name); v != "" {
			return v
		}
		return t.Parameters[name]
	}
	where := fmt.Sprintf("table %s.%s", t.Database, t.Name)
	var d Delimited
	switch st.SerDe.Library {
	case TextFile.SerDe:
		d = Delimited{Separator: separator(param("field.delim", "serialization.format"), "\x01"), Null: `\N`}
		if v, ok := st.SerDe.Parameters["serialization.null.format"]; ok {
			d.Null = v
		} else if v, ok := t.Parameters["serialization.null.format"]; ok {
			d.Null = v
		}
		if e := param("escape.delim"); e != "" {
			d.Escape = separator(e, `\`)
		}
		if l := param("line.delim"); l != "" && separator(l, "\n") != "\n" {
			return d, lethe.Errorf(lethe.Unsupported, "%s ends lines with %q; only newlines are supported", where, l)
		}
		if strings.EqualFold(param("serialization.last.column.takes.rest"), "true") {
			return d, lethe.Errorf(lethe.Unsupported, "%s uses serialization.last.column.takes.rest, which is not supported", where)
		}
	case OpenCSV.SerDe:
		d = Delimited{
			Separator: char(param("separatorChar"), ","),
			Quote:     char(param("quoteChar"), `"`),
			Escape:    char(param("escapeChar"), `\`),
		}
		if d.Escape == `"` { // opencsv's default for reading
			d.Escape = `\`
		}
	default:
		return d, lethe.Errorf(lethe.Unsupported, "%s is not of delimited text: %q", where, st.SerDe.Library)
	}
	if n := table("skip.header.line.count"); n != "" {
		var err error
		if d.SkipLines, err = strconv.Atoi(n); err != nil || d.SkipLines < 0 {
			return d, lethe.Errorf(lethe.BadData, "%s has skip.header.line.count %q, which is not a number of lines", where, n)
		}
	}
	if n := table("skip.footer.line.count"); n != "" && n != "0" {
		return d, lethe.Errorf(lethe.Unsupported, "%s has skip.footer.line.count %s; footers are not supported", where, n)
	}
	switch enc := strings.ToLower(param("serialization.encoding")); enc {
	case "", "utf-8", "utf8", "us-ascii":
	case "iso-8859-1", "latin1", "latin-1":
		d.Encoding = "latin-1"
	default:
		return d, lethe.Errorf(lethe.Unsupported, "%s is in the encoding %s, which is not supported", where, enc)
	}
	return d, nil
}

// separator reads a separator as LazySimpleSerDe does: a number is a byte's
// value, and otherwise the first character counts.
func separator(s, otherwise string) string {
	if n, err := strconv.ParseInt(s, 10, 8); err == nil && n >= 0 {
		return string(rune(n))
	}
	return char(s, otherwise)
}

// char returns the first character of a setting, in which \t, \\ and the like
// may have been left as they were typed.
func char(s, otherwise string) string {
	if len(s) > 1 && s[0] == '\\' {
		if u, _, _, err := strconv.UnquoteChar(s, 0); err == nil {
			return string(u)
		}
	}
	for _, r := range s {
		return string(r)
	}
	return otherwise
}
