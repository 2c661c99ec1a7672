package ingest

import (
	"slices"
	"strconv"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/lib/trinosql"
)

// Format is how sources are written.
type Format string

// The formats of sources. CSV and JSON may be compressed with gzip.
const (
	CSV     Format = "csv"
	JSON    Format = "json" // one object a line
	Parquet Format = "parquet"
)

// Job says what to make of which objects.
type Job struct {
	// Sources are objects, or prefixes whose objects are all taken but those
	// that begin with a dot or an underscore: s3://bucket/key.csv, s3://bucket/dir/.
	Sources []string `json:"sources"`
	// Format of the sources; "" tells it from the keys' endings.
	Format Format     `json:"format,omitempty"`
	CSV    CSVOptions `json:"csv,omitzero"`
	// Columns is the sources' schema. Without one, CSV columns are strings
	// named by the header, and JSON's names and types are found by reading
	// everything once before.
	Columns []catalog.Column `json:"columns,omitempty"`
	// Infer finds the types of CSV columns by reading everything once before.
	Infer bool `json:"infer,omitempty"`
	// Unpivot turns columns of the sources into rows.
	Unpivot *Unpivot `json:"unpivot,omitempty"`
	// SQL is a SELECT in Athena's dialect over the table "source"; "" takes the
	// rows as they are.
	SQL string `json:"sql,omitempty"`

	Database string `json:"database,omitempty"` // "" means default
	Table    string `json:"table"`
	// Location is where the table's objects lie: s3://bucket/prefix.
	Location string `json:"location"`
	// PartitionBy names the columns that become partition keys.
	PartitionBy []string `json:"partition_by,omitempty"`
	// BadRows says what to do with bad rows: "fail" (the default), "skip:N" for
	// at most N, or "quarantine:LOCATION".
	BadRows string `json:"bad_rows,omitempty"`
	// Comment of the table.
	Comment string `json:"comment,omitempty"`
	// Replace lets the run take over a table that no ingest made.
	Replace bool `json:"replace,omitempty"`
	// Role is the role that the run acts by, by its ARN or name; "" means whoever starts
	// the run, who otherwise needs iam:PassRole on the role and nothing that it has.
	Role string `json:"role,omitempty"`
	// MaxLine bounds a line, or a record of several lines, in bytes; 0 means 64 MiB.
	MaxLine int `json:"max_line,omitempty"`
}

// CSVOptions say how CSV is written: RFC 4180 by default.
type CSVOptions struct {
	Delimiter string `json:"delimiter,omitempty"` // one character; "" means a comma, in files named .tsv a tab
	Quote     string `json:"quote,omitempty"`     // one character; "" means a double quote
	NoQuotes  bool   `json:"no_quotes,omitempty"` // quotes have no meaning
	NoHeader  bool   `json:"no_header,omitempty"` // the first line is a row; Columns gives names
	// Null is the text of a null, beside the empty field without quotes.
	Null string `json:"null,omitempty"`
}

// Unpivot makes of each row one row per column that Keep does not name: the
// kept columns, then the column's name, then its value.
type Unpivot struct {
	Keep []Kept `json:"keep"`
	// Name is the column that holds names. With DateLayout, names are dates in
	// that layout (of package time) and become yyyy-mm-dd.
	Name       catalog.Column `json:"name"`
	DateLayout string         `json:"date_layout,omitempty"`
	// Value is the column that holds values.
	Value catalog.Column `json:"value"`
}

// Kept is a column that unpivoting keeps.
type Kept struct {
	From string         `json:"from"` // its name in the sources
	As   catalog.Column `json:"as"`
}

// badRowPolicy is a parsed Job.BadRows.
type badRowPolicy struct {
	limit      int64 // bad rows before the run fails; -1 is no limit
	quarantine *lethe.Location
}

func parseBadRows(s string) (badRowPolicy, error) {
	verb, arg, _ := strings.Cut(s, ":")
	switch verb {
	case "", "fail":
		if arg == "" {
			return badRowPolicy{}, nil
		}
	case "skip":
		n, err := strconv.ParseInt(arg, 10, 64)
		if err == nil && n >= 0 {
			return badRowPolicy{limit: n}, nil
		}
	case "quarantine":
		l, err := lethe.ParseLocation(arg)
		if err != nil {
			return badRowPolicy{}, err
		}
		l = l.Dir()
		return badRowPolicy{limit: -1, quarantine: &l}, nil
	}
	return badRowPolicy{}, lethe.Errorf(lethe.Invalid, "bad rows: %q is none of fail, skip:N and quarantine:LOCATION", s)
}

// task is a job with its parts read.
type task struct {
	Job
	sources  []lethe.Location
	location lethe.Location // with a slash at its end
	bad      badRowPolicy
	columns  []column // of Job.Columns
	delim    byte     // 0: by the file's name
	quote    byte     // 0: none
}

// Target is the table's name as database.table.
func (j *Job) Target() string { return j.Database + "." + j.Table }

// The bound of Job.MaxLine, and its default.
const (
	defaultMaxLine = 64 << 20
	mostMaxLine    = 1 << 30
)

// check fills in defaults and returns the job's parts, or Invalid.
func (j Job) check() (*task, error) {
	t := &task{}
	if j.Database == "" {
		j.Database = "default"
	}
	j.Database, j.Table = strings.ToLower(j.Database), strings.ToLower(j.Table)
	if j.Table == "" {
		return nil, lethe.Errorf(lethe.Invalid, "the ingest names no table")
	}
	if j.MaxLine == 0 {
		j.MaxLine = defaultMaxLine
	}
	if j.MaxLine < 1 || j.MaxLine > mostMaxLine {
		return nil, lethe.Errorf(lethe.Invalid, "a bound of %d bytes for a line is not between 1 and %d", j.MaxLine, mostMaxLine)
	}
	switch j.Format {
	case "", CSV, JSON, Parquet:
	default:
		return nil, lethe.Errorf(lethe.Invalid, "format %q is none of csv, json and parquet", j.Format)
	}
	var err error
	if t.location, err = lethe.ParseLocation(j.Location); err != nil {
		return nil, err
	}
	if j.Role != "" {
		if j.Role, err = access.RoleARN(j.Role); err != nil {
			return nil, err
		}
	}
	t.location = t.location.Dir()
	if t.location.Key == "" {
		return nil, lethe.Errorf(lethe.Invalid, "location %s is a whole bucket", j.Location).WithHint("add a prefix, as s3://%s/%s/", t.location.Bucket, j.Table)
	}
	j.Location = t.location.String()
	if t.bad, err = parseBadRows(j.BadRows); err != nil {
		return nil, err
	}
	if q := t.bad.quarantine; q != nil && overlap(*q, t.location) {
		return nil, lethe.Errorf(lethe.Invalid, "quarantine %s and the table's location %s overlap: bad rows would become rows", q, t.location)
	}
	if len(j.Sources) == 0 {
		return nil, lethe.Errorf(lethe.Invalid, "the ingest names no sources")
	}
	for _, s := range j.Sources {
		l, err := lethe.ParseLocation(s)
		if err != nil {
			return nil, err
		}
		if overlap(l.Dir(), t.location) {
			return nil, lethe.Errorf(lethe.Invalid, "source %s and the table's location %s overlap: the run would replace what it reads", s, t.location)
		}
		t.sources = append(t.sources, l)
	}
	if err := j.checkColumns(t); err != nil {
		return nil, err
	}
	if t.delim, err = character("delimiter", j.CSV.Delimiter, 0); err != nil {
		return nil, err
	}
	if t.quote, err = character("quote", j.CSV.Quote, '"'); err != nil {
		return nil, err
	}
	if j.CSV.NoQuotes {
		t.quote = 0
	}
	if t.quote != 0 && t.quote == t.delim {
		return nil, lethe.Errorf(lethe.Invalid, "delimiter and quote are the same character")
	}
	t.Job = j
	return t, nil
}

func (j *Job) checkColumns(t *task) error {
	if j.CSV.NoHeader && len(j.Columns) == 0 {
		return lethe.Errorf(lethe.Invalid, "CSV without a header needs the columns' names").WithHint("give the columns, as name:type,name:type")
	}
	var err error
	if t.columns, err = readColumns(j.Columns); err != nil {
		return err
	}
	for i, c := range t.columns {
		j.Columns[i].Name = c.name
	}
	if u := j.Unpivot; u != nil {
		if len(j.Columns) > 0 || j.Infer {
			return lethe.Errorf(lethe.Invalid, "an unpivoting ingest has the columns that it keeps, and no others")
		}
		if _, err := readColumns(u.columns()); err != nil {
			return err
		}
	}
	j.PartitionBy = slices.Clone(j.PartitionBy)
	for i, p := range j.PartitionBy {
		j.PartitionBy[i] = strings.ToLower(p)
		if slices.Contains(j.PartitionBy[:i], j.PartitionBy[i]) {
			return lethe.Errorf(lethe.Invalid, "partition column %s is named twice", p)
		}
	}
	return nil
}

// columns are the columns of an unpivoted row.
func (u *Unpivot) columns() []catalog.Column {
	var out []catalog.Column
	for _, k := range u.Keep {
		out = append(out, k.As)
	}
	return append(out, u.Name, u.Value)
}

func character(what, s string, otherwise byte) (byte, error) {
	switch {
	case s == "":
		return otherwise, nil
	case len(s) == 1 && s[0] != '\n' && s[0] != '\r' && s[0] < 0x80:
		return s[0], nil
	}
	return 0, lethe.Errorf(lethe.Invalid, "the %s %q is not one ASCII character", what, s)
}

// overlap reports whether one of two prefixes holds the other.
func overlap(a, b lethe.Location) bool {
	return a.Bucket == b.Bucket && (strings.HasPrefix(a.Key, b.Key) || strings.HasPrefix(b.Key, a.Key))
}

// column is a column of rows with its type.
type column struct {
	name    string
	comment string
	typ     *trinosql.Type
	convert converter
}

func (c column) catalog() catalog.Column {
	hive, _ := c.typ.HiveString() // every column came from a Hive type
	return catalog.Column{Name: c.name, Type: hive, Comment: c.comment}
}

func catalogColumns(cs []column) []catalog.Column {
	out := make([]catalog.Column, len(cs))
	for i, c := range cs {
		out[i] = c.catalog()
	}
	return out
}

// readColumns checks columns, whose types must be such that rows can have them.
func readColumns(cs []catalog.Column) ([]column, error) {
	out := make([]column, len(cs))
	seen := map[string]bool{}
	for i, c := range cs {
		name := strings.ToLower(strings.TrimSpace(c.Name))
		if name == "" {
			return nil, lethe.Errorf(lethe.Invalid, "column %d has no name", i+1)
		}
		if seen[name] {
			return nil, lethe.Errorf(lethe.Invalid, "column %s is there twice", name)
		}
		seen[name] = true
		typ, err := trinosql.ParseHiveType(c.Type)
		if err != nil {
			return nil, lethe.Errorf(lethe.Invalid, "column %s: %w", name, err)
		}
		if out[i], err = newColumn(name, c.Comment, typ); err != nil {
			return nil, err
		}
	}
	return out, nil
}
