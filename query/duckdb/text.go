package duckdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// Text tables are read line by line and taken apart here and not by DuckDB's
// CSV reader, whose rules for quotes, short rows, empty lines and null differ
// from those of both of Hive's classes. Cutting a line into a list costs about
// what DuckDB's reader costs.

// textOptions are a text table's settings, with the classes' defaults filled in.
type textOptions struct {
	Separator string
	Quote     string // OpenCSV
	Escape    string // "" for none
	Null      string // LazySimple: the text of null
	SkipLines int
	Encoding  string // "" for UTF-8
	// SkipMalformed makes a malformed JSON line a row of nulls.
	SkipMalformed bool
	// Zulu lets timestamps in JSON end in Z, as RFC 3339 has them in UTC.
	Zulu bool
}

// maxLine bounds a line of text, and a JSON object. Hive's own bound is 2 GiB,
// which no query's memory has.
const maxLine = 16 << 20

// text writes the SELECT of a source of delimited text.
func (b *builder) text(ctx context.Context) error {
	lines, err := b.lines(ctx)
	if err != nil {
		return err
	}
	o := b.src.Text
	cut := "string_split(line, " + quote(o.Separator) + ")"
	value := func(i int) string { return "f[" + strconv.Itoa(i+1) + "]" }
	onBad := ""
	switch {
	case b.src.Format == openCSVFormat:
		// Most lines need no more than cutting; the others are cut by the
		// class's own rules, into fields that are joined by what no line holds.
		odd := "contains(line, " + quote(o.Quote) + ")"
		if o.Escape != o.Quote {
			odd += " OR contains(line, " + quote(o.Escape) + ")"
		}
		split, err := b.function("split", 2, func(arg []string) (string, error) {
			s, err := splitQuoted(arg[0], o.Separator, o.Quote, o.Escape)
			if err != nil {
				err = fmt.Errorf("%sError parsing a line of file %s: %w", badData, arg[1], err)
			}
			return s, err
		})
		if err != nil {
			return err
		}
		cut = fmt.Sprintf("CASE WHEN %s THEN string_split(%s(line, filename), %s) ELSE %s END", odd, split, jointSQL, cut)
		onBad = "OpenCSVSerde"
	case o.Escape != "":
		// An escaped field is marked, so that an escaped null text is none.
		split, err := b.function("split", 1, func(arg []string) (string, error) {
			return splitEscaped(arg[0], o.Separator, o.Escape, o.Null), nil
		})
		if err != nil {
			return err
		}
		cut = fmt.Sprintf("CASE WHEN contains(line, %s) THEN string_split(%s(line), %s) "+
			"ELSE list_transform(%s, lambda v: CASE WHEN v = %s THEN 'n' ELSE 'v' || v END) END",
			quote(o.Escape), split, jointSQL, cut, quote(o.Null))
		value = func(i int) string {
			f := "f[" + strconv.Itoa(i+1) + "]"
			return "CASE WHEN " + f + " <> 'n' THEN substr(" + f + ", 2) END"
		}
	default:
		value = func(i int) string { return "nullif(f[" + strconv.Itoa(i+1) + "], " + quote(o.Null) + ")" }
	}
	at := map[string]int{}
	for i := len(b.src.Fields) - 1; i >= 0; i-- {
		at[strings.ToLower(b.src.Fields[i])] = i
	}
	items := make([]string, len(b.rel.Columns))
	for i, c := range b.rel.Columns {
		j, ok := at[strings.ToLower(c.Name)]
		x := "CAST(NULL AS " + b.rel.Columns[i].Duck + ")"
		switch {
		case c.Key >= 0:
			x = b.key(i)
		case ok:
			if x, err = b.scalar(value(j), i, onBad); err != nil {
				return err
			}
		}
		items[i] = x + " AS " + ident(c.Name)
	}
	b.selects = append(b.selects, "SELECT "+selectList(items)+" FROM (SELECT * EXCLUDE (line), "+cut+" AS f FROM "+lines+")")
	return nil
}

// lines writes the subquery that reads files line by line: a column line, never
// null, and the columns of the directories.
func (b *builder) lines(ctx context.Context) (string, error) {
	from, err := b.files(ctx, b.src.Files)
	if err != nil {
		return "", err
	}
	// The separator is a noncharacter of Unicode, so a line is one column.
	opts := []string{"auto_detect=false", "columns={'line': 'VARCHAR'}", "delim=" + jointSQL, "quote=''", "escape=''",
		"header=false", "strict_mode=false", "max_line_size=" + strconv.Itoa(maxLine), "buffer_size=" + strconv.Itoa(readBuffer), "skip=" + strconv.Itoa(b.src.Text.SkipLines)}
	if b.src.Text.Encoding != "" {
		opts = append(opts, "encoding="+quote(b.src.Text.Encoding))
	}
	return "(SELECT * REPLACE (coalesce(line, '') AS line), filename FROM read_csv(" + from + ", " + strings.Join(opts, ", ") + "))", nil
}

// scalar writes text x as a value of column i. What is no value of the type is
// null, or if serde is not "" an error in its name.
func (b *builder) scalar(x string, i int, serde string) (string, error) {
	c := b.rel.Columns[i]
	y, ok := fromText(x, c.Type, b.rel.Columns[i].Duck, serde == "OpenCSVSerde")
	if !ok {
		return "", fmt.Errorf("%sColumn %s has type %s, which cannot be read from a text table", notSupported, c.Name, c.Type)
	}
	if serde == "" || c.Type.IsString() {
		return y, nil
	}
	// The text is not repeated: it may be long, or not for the reader's eyes.
	msg := quote(fmt.Sprintf("%sError parsing a value of column %s in file ", badData, c.Name)) + " || filename || " +
		quote(fmt.Sprintf(": not a value of type %s", c.Type))
	return "coalesce(" + y + ", CASE WHEN " + x + " IS NOT NULL THEN CAST(error(" + msg + ") AS " + b.rel.Columns[i].Duck + ") END)", nil
}

// fromText writes text as a value of a type, null if it is none. Patterns stand
// before DuckDB's casts because these take more than Hive does: 1.5 and 1e3 for
// integers, yes for true, 1_000.
func fromText(x string, t *trinosql.Type, duckType string, epochs bool) (string, bool) {
	when := func(pattern string) string {
		return "CASE WHEN regexp_full_match(" + x + ", " + quote(pattern) + ") THEN TRY_CAST(" + x + " AS " + duckType + ") END"
	}
	const integer = `[+-]?[0-9]+`
	switch t.Kind {
	case trinosql.KindVarchar, trinosql.KindChar:
		return bounded(x, t), true
	case trinosql.KindBoolean:
		return "CASE lower(" + x + ") WHEN 'true' THEN true WHEN 'false' THEN false END", true
	case trinosql.KindTinyint, trinosql.KindSmallint, trinosql.KindInteger, trinosql.KindBigint:
		return when(integer), true
	case trinosql.KindReal, trinosql.KindDouble:
		return when(`[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|[+-]?Infinity`), true
	case trinosql.KindDecimal:
		return when(`[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?`), true
	case trinosql.KindDate:
		if epochs { // OpenCSVSerde counts days
			return "CASE WHEN regexp_full_match(" + x + ", " + quote(integer) + ") THEN TRY(DATE '1970-01-01' + TRY_CAST(" + x + " AS INTEGER)) ELSE " +
				when(`[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}`) + " END", true
		}
		return when(`[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}`), true
	case trinosql.KindTimestamp:
		y := when(`[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?`)
		if epochs { // and milliseconds
			return "CASE WHEN regexp_full_match(" + x + ", " + quote(integer) + ") THEN TRY(CAST(epoch_ms(TRY_CAST(" + x + " AS BIGINT)) AS " + duckType + ")) ELSE " + rounded(y, t) + " END", true
		}
		return rounded(y, t), true
	case trinosql.KindVarbinary:
		return "TRY(from_base64(" + x + "))", true
	}
	return "", false
}
