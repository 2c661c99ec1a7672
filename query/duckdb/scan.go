package duckdb

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"lethe"
	"lethe/catalog"
	"lethe/lib/trinosql"
	"lethe/object"
	"lethe/query"
	"lethe/query/duckdb/dialect"
)

// stage plans which files a query reads and where they stand in the directory of
// its worker, and then puts them there.
type stage struct {
	store  object.Store
	inputs []input
	links  []string // where inputs go, relative to the worker's directory
	files  []File   // local files, which stand among the objects of scans
	tables []stagedTable
}

// stagedTable remembers a table's files for a second reference to them.
type stagedTable struct {
	scan query.Scan
	used []bool
	srcs []source
}

// column is a column that a statement uses.
type column struct {
	name   string
	typ    *trinosql.Type
	within []interval
}

// relation describes what the i-th table reference reads. used are the columns
// that the statement reads.
func (s *stage) relation(name string, scan query.Scan, used []column) (relation, error) {
	r := relation{Name: name}
	keyOf := map[string]int{}
	for i, k := range scan.Table.Partitions {
		keyOf[strings.ToLower(k.Name)] = i
	}
	usedKeys := make([]*trinosql.Type, len(scan.Table.Partitions))
	for _, c := range used {
		duck, err := dialect.StorageType(c.typ)
		if err != nil {
			return relation{}, err
		}
		rc := relColumn{Name: c.name, Type: c.typ, Duck: duck, Key: -1, Within: c.within}
		if k, ok := keyOf[strings.ToLower(c.name)]; ok {
			rc.Key = k
			usedKeys[k] = c.typ
		}
		r.Columns = append(r.Columns, rc)
	}
	var err error
	r.Sources, err = s.sources(scan, usedKeys)
	return r, err
}

// sources plans the links for a scan's objects, in directories that hold the
// values of the used partition keys.
func (s *stage) sources(scan query.Scan, keys []*trinosql.Type) ([]source, error) {
	used := make([]bool, len(keys))
	for i, k := range keys {
		used[i] = k != nil
	}
	for _, t := range s.tables {
		if slices.Equal(t.used, used) && reflect.DeepEqual(t.scan, scan) {
			return t.srcs, nil
		}
	}
	values := make([][]string, len(scan.Parts)) // of the used keys
	pieces := make([]int, len(keys))
	for i, p := range scan.Parts {
		values[i] = make([]string, len(keys))
		for k, typ := range keys {
			if typ == nil {
				continue
			}
			v := catalog.DefaultValue
			if k < len(p.Values) {
				v = p.Values[k]
			}
			v, err := partitionValue(v, typ)
			if err != nil {
				return nil, lethe.Errorf(lethe.BadData, "HIVE_INVALID_PARTITION_VALUE: Invalid partition value '%s' for %s partition key %s of table %s.%s",
					p.Values[k], strings.ToUpper(typ.String()), scan.Table.Partitions[k].Name, scan.Table.Database, scan.Table.Name)
			}
			values[i][k] = v
			pieces[k] = max(pieces[k], 1, (len(v)+maxPiece-1)/maxPiece)
		}
	}
	var list []source
	var index = map[string]int{}
	root := filepath.Join(inDir, "t"+strconv.Itoa(len(s.tables)))
	for i, p := range scan.Parts {
		src, err := sourceOf(scan.Table, p)
		if err != nil {
			return nil, err
		}
		src.Keys = pieces
		dir := root
		for k, n := range pieces {
			dir = filepath.Join(append([]string{dir}, keyDirs(k, n, values[i][k])...)...)
		}
		for _, o := range p.Objects {
			if o.Size == 0 {
				continue // an empty file has no rows, or marks a directory
			}
			ext, err := extension(src.Format, o)
			if err != nil {
				return nil, err
			}
			id := fmt.Sprintf("%v", src) + ext
			j, ok := index[id]
			if !ok {
				j = len(list)
				index[id] = j
				list = append(list, src)
			}
			path := filepath.Join(dir, strconv.Itoa(len(s.inputs))+ext)
			s.inputs = append(s.inputs, s.inputOf(o))
			s.links = append(s.links, path)
			list[j].Files = append(list[j].Files, path)
		}
	}
	s.tables = append(s.tables, stagedTable{scan: scan, used: used, srcs: list})
	return list, nil
}

// localBucket is the bucket of local files in scans. No bucket has this name.
const localBucket = "/"

// localObject makes a local file pass for an object.
func (s *stage) localObject(f File) object.Object {
	s.files = append(s.files, f)
	o := object.Object{Bucket: localBucket, Key: f.Path, Version: strconv.Itoa(len(s.files) - 1), Size: -1}
	if i, err := os.Stat(f.Path); err == nil {
		o.Size = i.Size()
	}
	return o
}

func (s *stage) inputOf(o object.Object) input {
	if o.Bucket != localBucket {
		return input{object: o}
	}
	n, _ := strconv.Atoi(o.Version)
	return input{local: s.files[n].Path, name: s.files[n].Name}
}

// maxPiece bounds the bytes of a partition value in one directory name. A byte
// takes at most three characters there, and a name 255.
const maxPiece = 80

// nullValue stands for the null partition value inside this package. No value
// can be it: values are valid UTF-8.
const nullValue = "\xff"

// partitionValue checks a partition's value and writes it so that DuckDB casts
// it to the key's type.
func partitionValue(v string, t *trinosql.Type) (string, error) {
	if v == catalog.DefaultValue {
		return nullValue, nil
	}
	if t.IsString() {
		return strings.ToValidUTF8(v, string(utf8.RuneError)), nil
	}
	if v == "" {
		return nullValue, nil
	}
	return v, checkText(v, t)
}

// keyDirs returns the directory names that hold a value of partition key k in n
// pieces: each a letter, which keeps DuckDB from seeing null or a number, and
// the piece with all but letters, digits, - and _ escaped.
func keyDirs(k, n int, v string) []string {
	dirs := make([]string, n)
	for j := range dirs {
		dirs[j] = keyDir(k, j) + "="
		if v == nullValue {
			dirs[j] += catalog.DefaultValue
			continue
		}
		// Not inside a character: DuckDB sees each piece as text.
		cut := min(maxPiece, len(v))
		for cut < len(v) && !utf8.RuneStart(v[cut]) {
			cut--
		}
		dirs[j] += "v" + strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(v[:cut]), "+", "%20"), ".", "%2E")
		v = v[cut:]
	}
	return dirs
}

// sourceOf says how a part's files are read.
func sourceOf(t catalog.Table, p query.Part) (source, error) {
	st := p.Storage
	if st.SerDe.Library == "" && st.InputFormat == "" {
		st.SerDe, st.InputFormat = t.Storage.SerDe, t.Storage.InputFormat
	}
	columns := st.Columns
	if columns == nil {
		columns = t.Storage.Columns
	}
	var src source
	param := func(name string) string { return st.SerDe.Parameters[name] }
	where := fmt.Sprintf("table %s.%s", t.Database, t.Name)
	switch serde := st.SerDe.Library; {
	case serde == catalog.Parquet.SerDe:
		return source{Format: parquetFormat}, nil
	case serde == catalog.TextFile.SerDe:
		src.Format = lazyFormat
	case serde == catalog.OpenCSV.SerDe:
		src.Format = openCSVFormat
	case slices.Contains(catalog.JSONSerDes, serde):
		src = source{Format: jsonFormat, Text: textOptions{SkipMalformed: strings.EqualFold(param("ignore.malformed.json"), "true")}}
		src.Text.Zulu = zulu(param("timestamp.formats"))
		if strings.EqualFold(param("case.insensitive"), "false") {
			return source{}, lethe.Errorf(lethe.Unsupported, "%s reads JSON with case.insensitive=false, which is not supported", where)
		}
		for name := range st.SerDe.Parameters {
			if strings.HasPrefix(name, "mapping.") || name == "dots.in.keys" && strings.EqualFold(st.SerDe.Parameters[name], "true") {
				return source{}, lethe.Errorf(lethe.Unsupported, "%s reads JSON with %s, which is not supported", where, name)
			}
		}
		return src, nil
	default:
		what := serde
		if what == "" {
			what = st.InputFormat
		}
		return source{}, lethe.Errorf(lethe.Unsupported, "%s is stored in a format that is not supported: %q", where, what).
			WithHint("lethe reads Parquet, delimited text, CSV and JSON lines")
	}
	for _, c := range columns {
		src.Fields = append(src.Fields, c.Name)
	}
	d, err := catalog.DelimitedText(t, st)
	if err != nil {
		return source{}, err
	}
	src.Text = textOptions{Separator: d.Separator, Quote: d.Quote, Escape: d.Escape, Null: d.Null, SkipLines: d.SkipLines, Encoding: d.Encoding}
	return src, nil
}

// extension names a file so that DuckDB sees how it is compressed. Hadoop goes
// by the name's end too.
func extension(format string, o object.Object) (string, error) {
	if format == parquetFormat {
		return ".parquet", nil
	}
	switch ext := strings.ToLower(filepath.Ext(o.Key)); ext {
	case ".gz":
		return "." + format + ".gz", nil
	case ".zst", ".zstd":
		return "." + format + ".zst", nil
	case ".bz2", ".snappy", ".lz4", ".lzo", ".deflate", ".xz":
		return "", lethe.Errorf(lethe.Unsupported, "%s is compressed by %s, which is not supported", input{object: o}, ext[1:]).
			WithHint("lethe reads gzip and zstd")
	}
	return "." + format, nil
}

// link makes the planned links below a directory.
func (s *stage) link(ctx context.Context, dir string) error {
	var g errgroup.Group
	g.SetLimit(8)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	made := map[string]bool{} // directories
	for i, in := range s.inputs {
		if ctx.Err() != nil {
			break
		}
		path := filepath.Join(dir, s.links[i])
		if parent := filepath.Dir(path); !made[parent] {
			made[parent] = true
			if err := os.MkdirAll(parent, 0o700); err != nil {
				cancel(err)
				break
			}
		}
		one := func() error {
			var err error
			if in.local != "" {
				err = linkFile(in.local, path)
			} else {
				err = s.store.Link(ctx, in.object.Bucket, in.object.Key, in.object.ETag, path)
			}
			switch lethe.KindOf(err) {
			case lethe.Conflict, lethe.NotFound:
				err = lethe.Errorf(lethe.Conflict, "%s changed while the query was being prepared", in).WithHint("run the query again")
			}
			if err != nil {
				cancel(err)
			}
			return err
		}
		if len(s.inputs) < 16 {
			if err := one(); err != nil {
				return err
			}
			continue
		}
		g.Go(one)
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// zulu reports whether a list of formats of timestamps, in the letters of Java's
// SimpleDateFormat, has that of RFC 3339 in UTC.
func zulu(formats string) bool {
	for f := range strings.SplitSeq(formats, ",") {
		if f = strings.TrimSpace(f); f == "yyyy-MM-dd'T'HH:mm:ss'Z'" || f == "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'" {
			return true
		}
	}
	return false
}
