//go:build nightly

package parquet_test

import (
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lethe/test/lake"
	"lethe/test/need"
)

var trinoFiles = flag.Int("trino.files", 400, "how many files, a fifth of them each writer's, Trino reads before and after rows are cut")

// TestTrinoReadsWhatIsLeft: rows are cut out of files of PyArrow, DuckDB, parquet-go,
// Spark and arrow-rs. Trino must find in each the other rows, by a checksum of whole rows,
// and DuckDB must tell the same of each column.
func TestTrinoReadsWhatIsLeft(t *testing.T) {
	r := seed(t)
	dir := t.TempDir()
	python := need.Venv(t, "python")
	spark, _ := need.Spark(t, "4.0")
	each := max(1, *trinoFiles/5)
	files := slices.Concat(sparkFiles(t, r, spark, dir, each), rustFiles(t, r, python, dir, each),
		pyarrowFiles(t, r, python, dir, each, "h"), duckdbFiles(t, r, dir, each), ownFiles(t, r, dir, each))
	l := trinoLake(t)
	key, err := l.AWSConfig(t).Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := need.StartTrino(t, fmt.Sprintf(`hive.metastore.uri=%s
hive.non-managed-table-writes-enabled=true
hive.security=allow-all
hive.timestamp-precision=MICROSECONDS
fs.hadoop.enabled=false
fs.native-s3.enabled=true
s3.endpoint=%s
s3.region=%s
s3.path-style-access=true
s3.aws-access-key=%s
s3.aws-secret-key=%s
`, l.HMS, l.AWS, l.Region, key.AccessKeyID, key.SecretAccessKey))
	checkTrino(t, cutAll(t, r, files), l, e)
}

// trinoLake is a lake with a bucket for Trino's tables, in which anyone on this machine
// may do everything.
func trinoLake(t *testing.T) *lake.Lake {
	t.Helper()
	config := filepath.Join(t.TempDir(), "lethe.yaml")
	if err := os.WriteFile(config, []byte("metastore:\n  anonymous: admin\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := lake.Start(t, t.TempDir(), "serve", "--config", config)
	l.Bucket(t, "trino")
	return l
}

// checkTrino compares what Trino reads of files before and after the cut, and what it
// and DuckDB tell of the columns after it.
func checkTrino(t *testing.T, files []cutFile, l *lake.Lake, e *need.TrinoServer) {
	t.Helper()
	db := duckdb(t)
	refused, columns, compared, empty := map[string]int{}, map[string]int{}, map[string]int{}, 0
	for n, f := range files {
		all, err := columnsOf(db, f.After)
		if err != nil && strings.Contains(err.Error(), "only supported") {
			refused["DuckDB does not know an encoding"]++
			continue
		} else if err != nil {
			t.Fatalf("%s: %v", f.After, err)
		}
		var declared, names []string
		var tell []aggregate
		for _, c := range all {
			typ, err := trinoType(c.typ)
			if err != nil {
				columns[err.Error()]++
				continue
			}
			name := `"` + c.name + `"`
			declared, names = append(declared, name+" "+typ), append(names, name)
			tell = append(tell, aggregates(name, c.typ)...)
		}
		// The two files are the table's only ones.
		table := fmt.Sprintf("hive.default.f%d", n)
		for name, file := range map[string]string{"before": f.Before, "after": f.After} {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			l.Put(t, "trino", fmt.Sprintf("%d/%s", n, name), string(text))
		}
		if _, err := e.Query(fmt.Sprintf("CREATE TABLE %s (%s) WITH (external_location = 's3://trino/%d/', format = 'PARQUET')", table, strings.Join(declared, ", "), n)); err != nil {
			t.Fatalf("%s: %v", f.Before, err)
		}
		id := `"id"`
		if !slices.Contains(names, id) {
			id = `"user_id"` // of parquet-go's files
		}
		gone := make([]string, len(f.Cut))
		for i, row := range f.Cut {
			gone[i] = "'" + marker(row) + "'"
		}
		trino := make([]string, len(tell))
		duck := make([]string, len(tell))
		for i, a := range tell {
			trino[i], duck[i] = a.trino, a.duckdb
		}
		// A row that was blanked has no marker, and what is cut is not in the file.
		but := map[string]string{"before": fmt.Sprintf(" AND %s NOT IN (%s)", id, strings.Join(gone, ", ")), "after": ""}
		of := func(files ...string) ([]string, error) {
			var where []string
			for _, file := range files {
				where = append(where, fmt.Sprintf(`("$path" = 's3://trino/%d/%s'%s)`, n, file, but[file]))
			}
			return e.Query(fmt.Sprintf(`SELECT "$path", to_hex(checksum(ROW(%s))), count(*), %s FROM %s WHERE %s LIKE 'm%%' AND (%s) GROUP BY 1 ORDER BY 1`,
				strings.Join(names, ", "), strings.Join(trino, ", "), table, id, strings.Join(where, " OR ")))
		}
		rows, err := of("after", "before")
		if err != nil {
			but["before"] = "" // so that Trino has to read pages of rows that were cut, too
			if _, err := of("before"); err != nil {
				refused[reason(err)]++
				continue
			}
			t.Errorf("Trino reads %s, and of it after the cut says %v", f.Before, err)
			continue
		}
		if len(rows) == 0 {
			empty++ // all rows were cut
			continue
		} else if len(rows) != 2 {
			t.Errorf("of %s all rows are gone either before or after the cut: %q", f.Before, rows)
			continue
		}
		_, got, _ := strings.Cut(rows[0], "|")
		_, want, _ := strings.Cut(rows[1], "|")
		if got != want {
			t.Errorf("Trino finds other rows in %s:\n%s, not\n%s", f.After, got, want)
		}
		told := make([]sql.NullString, len(duck)+1)
		into := make([]any, len(told))
		for i := range told {
			into[i] = &told[i]
		}
		if err := db.QueryRow(fmt.Sprintf("SELECT count(*)::VARCHAR, %s FROM read_parquet('%s') WHERE %s LIKE 'm%%'", strings.Join(duck, ", "), f.After, id)).Scan(into...); err != nil {
			t.Fatalf("%s: %v", f.After, err)
		}
		values := strings.Split(got, "|")[1:]
		if len(values) != len(told) {
			t.Fatalf("%s: Trino tells %d values, and DuckDB %d", f.After, len(values), len(told))
		}
		for i, v := range told {
			if !v.Valid {
				v.String = "NULL"
			}
			if v.String != values[i] {
				what := "how many rows there are"
				if i > 0 {
					what = trino[i-1]
				}
				t.Errorf("of %s Trino says that %s is %s, and DuckDB %s", f.After, what, values[i], v.String)
				break
			}
		}
		writer, _, _ := strings.Cut(filepath.Base(f.Before), "-")
		if filepath.Base(filepath.Dir(f.Before)) == "pyarrow" {
			writer = "pyarrow"
		}
		compared[writer]++
		if n%10 == 0 {
			t.Logf("%d files: %v compared", n+1, compared)
		}
	}
	sum := 0
	for n := range maps.Values(compared) {
		sum += n
	}
	t.Logf("Trino: %d of %d files compared, %v; of %d all rows were cut; refused before the cut: %v; columns left out: %v", sum, len(files), compared, empty, refused, columns)
	if sum < len(files)/3 {
		t.Error("Trino reads less than a third of the files")
	}
}

var places = regexp.MustCompile(`\S*/\S*`)

// reason is an error of Trino without what it says of one file.
func reason(err error) string {
	text := places.ReplaceAllString(err.Error(), "…")
	return text[:min(len(text), 160)]
}

type column struct{ name, typ string }

// columnsOf are a file's columns as DuckDB has them.
func columnsOf(db *sql.DB, file string) (out []column, err error) {
	rows, err := db.Query(fmt.Sprintf("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet('%s'))", file))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.name, &c.typ); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// trinoTypes are those of DuckDB that Trino's tables of Parquet have, but nested ones.
var trinoTypes = map[string]string{
	"VARCHAR": "varchar", "TINYINT": "tinyint", "SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint",
	"FLOAT": "real", "DOUBLE": "double", "BOOLEAN": "boolean", "DATE": "date", "BLOB": "varbinary",
	"TIMESTAMP": "timestamp(6)", "TIMESTAMP WITH TIME ZONE": "timestamp(6)", "TIMESTAMP_NS": "timestamp(6)",
}

// trinoType is DuckDB's type in Trino; an error names what Trino has not.
func trinoType(typ string) (string, error) {
	if inner, ok := strings.CutSuffix(typ, "[]"); ok {
		of, err := trinoType(inner)
		return "array(" + of + ")", err
	}
	kind, inside, nested := strings.Cut(strings.TrimSuffix(typ, ")"), "(")
	if !nested {
		if of, ok := trinoTypes[typ]; ok {
			return of, nil
		}
		return "", fmt.Errorf("%s", typ)
	}
	switch kind {
	case "DECIMAL":
		return strings.ToLower(typ), nil
	case "MAP":
		parts := fields(inside)
		k, err := trinoType(parts[0])
		if err != nil {
			return "", err
		}
		v, err := trinoType(parts[1])
		return "map(" + k + ", " + v + ")", err
	case "STRUCT":
		var out []string
		for _, f := range fields(inside) {
			name, of, _ := strings.Cut(f, " ")
			of, err := trinoType(of)
			if err != nil {
				return "", err
			}
			out = append(out, `"`+strings.Trim(name, `"`)+`" `+of)
		}
		return "row(" + strings.Join(out, ", ") + ")", nil
	}
	return "", fmt.Errorf("%s", kind)
}

// fields are the parts of a list, at its outermost commas.
func fields(list string) (out []string) {
	depth, from := 0, 0
	for i, c := range list {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			out = append(out, strings.TrimSpace(list[from:i]))
			from = i + 1
		}
	}
	return append(out, strings.TrimSpace(list[from:]))
}

// aggregate is an expression over a column, for each of them to text.
type aggregate struct{ trino, duckdb string }

// aggregates tell what a column of one of DuckDB's types holds: how many values, and of
// most types a digest of all.
func aggregates(name, typ string) []aggregate {
	count := aggregate{"count(" + name + ")", "count(" + name + ")::VARCHAR"}
	digest := func(trino, duckdb string) []aggregate {
		return []aggregate{count, {
			fmt.Sprintf("lower(to_hex(md5(to_utf8(array_join(array_agg(%s ORDER BY %[1]s) FILTER (WHERE %s IS NOT NULL), ',')))))", trino, name),
			fmt.Sprintf("md5(string_agg(%s, ',' ORDER BY %[1]s COLLATE C) FILTER (WHERE %s IS NOT NULL))", duckdb, name),
		}}
	}
	kind, inside, _ := strings.Cut(strings.TrimSuffix(typ, ")"), "(")
	switch {
	case strings.HasSuffix(typ, "[]"):
		return []aggregate{count, {"sum(cardinality(" + name + "))", "sum(len(" + name + "))::VARCHAR"}}
	case kind == "MAP":
		return []aggregate{count, {"sum(cardinality(" + name + "))", "sum(cardinality(" + name + "))::VARCHAR"}}
	case kind == "STRUCT":
		out := []aggregate{count}
		for _, f := range fields(inside) {
			field, of, _ := strings.Cut(f, " ")
			out = append(out, aggregates(name+`."`+strings.Trim(field, `"`)+`"`, of)...)
		}
		return out
	case typ == "VARCHAR":
		return digest(name, name)
	case typ == "BLOB":
		return digest("to_hex("+name+")", "hex("+name+")")
	case strings.HasPrefix(typ, "TIMESTAMP"):
		return digest("CAST(CAST(round(to_unixtime("+name+") * 1e6) AS bigint) AS varchar)", "epoch_us("+name+")::VARCHAR")
	case typ == "FLOAT" || typ == "DOUBLE":
		return []aggregate{count, {
			fmt.Sprintf("CAST(count_if(is_nan(%s)) AS varchar)", name),
			fmt.Sprintf("coalesce(count_if(isnan(%s)), 0)::VARCHAR", name),
		}}
	default:
		return digest("CAST("+name+" AS varchar)", name+"::VARCHAR")
	}
}
