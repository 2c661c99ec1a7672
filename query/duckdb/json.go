package duckdb

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// json writes the SELECT of a source of JSON lines: one object a line, keys in
// any case, a missing or null key is null.
//
// DuckDB's typed JSON reader wants keys in the case of its columns, so objects
// are read whole and their values taken out as text, all in one pass, and then
// converted by the rules of text tables.
func (b *builder) json(ctx context.Context) error {
	from, err := b.files(ctx, b.src.Files)
	if err != nil {
		return err
	}
	var paths []string
	items := make([]string, len(b.rel.Columns))
	for i, c := range b.rel.Columns {
		x := ""
		if c.Key >= 0 {
			x = b.key(i)
		} else {
			name := strings.ToLower(c.Name)
			paths = append(paths, quote(`$."`+strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), `"`, `\"`)+`"`))
			if x, err = b.jsonValue("f["+strconv.Itoa(len(paths))+"]", i); err != nil {
				return err
			}
		}
		items[i] = x + " AS " + ident(c.Name)
	}
	types := map[string]*trinosql.Type{}
	nested := false
	for _, c := range b.rel.Columns {
		if c.Key < 0 {
			types[strings.ToLower(c.Name)] = c.Type
			nested = nested || len(c.Type.Elems) > 0
		}
	}
	normal, err := b.function("normal", 2, func(arg []string) (string, error) {
		s, err := normalObject(arg[0], types)
		if err != nil {
			err = fmt.Errorf("%sError parsing a value in file %s: %w", badData, arg[1], err)
		}
		return s, err
	})
	if err != nil {
		return err
	}
	object := normal + "(j, filename)"
	if !nested { // a line without capital letters has no key in another case
		object = "CASE WHEN j = lower(j) THEN j ELSE " + object + " END"
	}
	object = "CASE WHEN j IS NULL THEN NULL WHEN starts_with(ltrim(j), '{') THEN " + object + " ELSE error(" + quote(badData+"A line is not a JSON object in file ") + " || filename) END"
	values := "json_extract_string(" + object + ", [" + strings.Join(paths, ", ") + "])"
	if len(paths) == 0 {
		values = "NULL"
	}
	opts := "maximum_object_size=" + strconv.Itoa(maxLine)
	if b.src.Text.SkipMalformed {
		opts += ", ignore_errors=true"
	}
	b.selects = append(b.selects, "SELECT "+selectList(items)+" FROM (SELECT * EXCLUDE (j), "+values+
		" AS f FROM (SELECT * EXCLUDE (json), CAST(json AS VARCHAR) AS j, filename FROM read_ndjson_objects("+from+", "+opts+")))")
	return nil
}

// jsonValue writes JSON's text as a value of column i; what does not fit is an error.
func (b *builder) jsonValue(x string, i int) (string, error) {
	switch t := b.rel.Columns[i].Type; t.Kind {
	case trinosql.KindArray, trinosql.KindMap, trinosql.KindRow:
		if err := inJSON(t); err != nil {
			return "", fmt.Errorf("%sColumn %s has type %s, which cannot be read from JSON", notSupported, b.rel.Columns[i].Name, t)
		}
		// Keys are in lower case here, and the names in a shape must be. That the
		// values fit has been checked; what does not would be null.
		shape, err := json.Marshal(strings.ToLower(b.rel.Columns[i].Duck))
		return "json_transform(" + x + ", " + quote(string(shape)) + ")", err
	case trinosql.KindTimestamp:
		if b.src.Text.Zulu {
			x = "rtrim(" + x + ", 'Z')"
		}
	}
	return b.scalar(x, i, "JSON")
}
