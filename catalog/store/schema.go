package store

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

// version is a version of Hive's schema that this package reads and writes.
type version string

const (
	v31 version = "3.1"
	v40 version = "4.0"
	v41 version = "4.1"
)

// DefaultVersion is the schema of a new database unless another is asked for:
// that which the most metastores read.
const DefaultVersion = string(v31)

// Versions lists the versions of Hive's schema that a database may have.
func Versions() []string { return []string{string(v31), string(v40), string(v41)} }

// parseVersion reads a row of VERSION. A schema differs between 3.0 and 3.1 and
// again in each of 4's test releases, so those are not the next ones.
func parseVersion(s string) (version, bool) {
	for _, v := range Versions() {
		if s == v || s == v+".0" {
			return version(v), true
		}
	}
	return "", false
}

// full is the version as VERSION has it.
func (v version) full() string { return string(v) + ".0" }

//go:embed schema.txt
var description string

// table is a table of Hive's schema in one version.
type table struct {
	name    string
	lower   bool // PostgreSQL has it in lower case
	columns []column
	primary []string
	indexes []index
	foreign []reference
}

type column struct {
	name, typ string
	star      bool // text that people choose
	notNull   bool
	value     string // the default, in SQL
}

type index struct {
	name       string
	columns    []string
	unique     bool
	constraint bool
}

type reference struct {
	column, table, to string
	postgres, mysql   string // the names
	cascade           bool
}

var validity = regexp.MustCompile(` (since|until) (\d\.\d)`)

// tables reads the description of a version's tables.
func tables(v version) []table {
	var out []table
	skip := false
	for line := range strings.Lines(description) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		is := true
		for _, m := range validity.FindAllStringSubmatch(line, -1) {
			is = is && (m[1] == "since") == (v >= version(m[2]))
		}
		words := strings.Fields(validity.ReplaceAllString(line, ""))
		if words[0] == "table" {
			if skip = !is; is {
				out = append(out, table{name: words[1], lower: len(words) > 2 && v < v40})
			}
			continue
		}
		if is && !skip {
			out[len(out)-1].read(words)
		}
	}
	return out
}

// read reads a line of a table's description.
func (t *table) read(words []string) {
	switch words[0] {
	case "primary":
		t.primary = words[1:]
	case "index":
		t.indexes = append(t.indexes, index{name: words[1], columns: words[2:]})
	case "unique":
		if words[1] == "index" {
			t.indexes = append(t.indexes, index{name: words[2], columns: words[3:], unique: true})
		} else {
			t.indexes = append(t.indexes, index{name: words[1], columns: words[2:], unique: true, constraint: true})
		}
	case "foreign":
		t.foreign = append(t.foreign, reference{words[1], words[2], words[3], words[4], words[5], len(words) > 6})
	default:
		rest := strings.Join(words[2:], " ")
		c := column{name: words[0]}
		c.typ, c.star = strings.CutSuffix(words[1], "*")
		rest, c.notNull = strings.CutPrefix(rest, "not null")
		c.value = strings.TrimPrefix(strings.TrimSpace(rest), "default ")
		t.columns = append(t.columns, c)
	}
}

func (t *table) column(name string) *column {
	for i := range t.columns {
		if t.columns[i].name == name {
			return &t.columns[i]
		}
	}
	panic("schema.txt: table " + t.name + " has no column " + name)
}

// create writes the statements that make a version's tables in a database that
// makes them in a transaction: PostgreSQL or SQLite.
func (d *dialect) create(v version) []string {
	all := tables(v)
	var out []string
	for _, t := range all {
		out = append(out, d.createTable(&t))
	}
	for _, t := range all {
		out = append(out, d.createIndexes(&t)...)
	}
	return out
}

// firstRows are the rows that a metastore expects of a new database, but for
// VERSION's.
func firstRows(v version) []string {
	model := "org.apache.hadoop.hive.metastore.model."
	rows := []string{
		`INSERT INTO "CTLGS" ("CTLG_ID", "NAME", "DESC", "LOCATION_URI") VALUES (1, 'hive', 'Default catalog for Hive', 'TBD')`,
		`INSERT INTO "SEQUENCE_TABLE" ("SEQUENCE_NAME", "NEXT_VAL") VALUES ('` + model + `MNotificationLog', 1)`,
		`INSERT INTO "SEQUENCE_TABLE" ("SEQUENCE_NAME", "NEXT_VAL") VALUES ('` + model + `MRole', 3)`,
		`INSERT INTO "NOTIFICATION_SEQUENCE" ("NNI_ID", "NEXT_EVENT_ID") VALUES (1, 1)`,
		`INSERT INTO "NEXT_LOCK_ID" ("NL_NEXT") VALUES (1)`,
		`INSERT INTO "NEXT_COMPACTION_QUEUE_ID" ("NCQ_NEXT") VALUES (1)`,
		`INSERT INTO "ROLES" ("ROLE_ID", "CREATE_TIME", "OWNER_NAME", "ROLE_NAME") VALUES (1, 0, 'admin', 'admin')`,
		`INSERT INTO "ROLES" ("ROLE_ID", "CREATE_TIME", "OWNER_NAME", "ROLE_NAME") VALUES (2, 0, 'public', 'public')`,
	}
	if v < v40 {
		return append(rows, `INSERT INTO "NEXT_TXN_ID" ("NTXN_NEXT") VALUES (1)`)
	}
	return append(rows,
		`INSERT INTO "SEQUENCE_TABLE" ("SEQUENCE_NAME", "NEXT_VAL") VALUES ('`+model+`MTxnWriteNotificationLog', 1)`,
		`INSERT INTO "TXN_LOCK_TBL" ("TXN_LOCK") VALUES (1)`,
		`INSERT INTO "TXNS" ("TXN_ID", "TXN_STATE", "TXN_STARTED", "TXN_LAST_HEARTBEAT", "TXN_USER", "TXN_HOST") VALUES (0, 'c', 0, 0, '', '')`)
}

func (d *dialect) createTable(t *table) string {
	var lines []string
	for i := range t.columns {
		lines = append(lines, d.column(t, &t.columns[i]))
	}
	if t.primary != nil {
		lines = append(lines, "PRIMARY KEY ("+d.keys(t, t.primary, true)+")")
	}
	for _, x := range t.indexes {
		switch {
		case d.kind == mysqlKind && x.unique:
			lines = append(lines, "UNIQUE KEY "+d.quote(x.name)+" ("+d.keys(t, x.columns, true)+")")
		case d.kind == mysqlKind:
			lines = append(lines, "KEY "+d.quote(x.name)+" ("+d.keys(t, x.columns, false)+")")
		case d.kind == postgresKind && x.constraint:
			lines = append(lines, "CONSTRAINT "+d.quote(x.name)+" UNIQUE ("+d.keys(t, x.columns, true)+")")
		}
	}
	for _, f := range t.foreign {
		if d.kind == postgresKind {
			continue // the other table may not be there yet
		}
		lines = append(lines, d.reference(t, f))
	}
	s := "CREATE TABLE " + d.name(t.name, t.lower)
	if d.kind == mysqlKind {
		s = "CREATE TABLE IF NOT EXISTS " + d.name(t.name, t.lower)
	}
	s += " (\n  " + strings.Join(lines, ",\n  ") + "\n)"
	if d.kind == mysqlKind {
		s += " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=latin1 COLLATE=latin1_bin"
	}
	return s
}

func (d *dialect) reference(t *table, f reference) string {
	name := f.postgres
	if d.kind == mysqlKind {
		name = f.mysql
	}
	s := "CONSTRAINT " + d.name(name, t.lower) + " FOREIGN KEY (" + d.name(f.column, t.lower) + ") REFERENCES " + d.name(f.table, t.lower) + " (" + d.name(f.to, t.lower) + ")"
	if f.cascade {
		s += " ON DELETE CASCADE"
	}
	if d.kind == postgresKind {
		s += " DEFERRABLE"
	}
	return s
}

// createIndexes writes what cannot stand in a table's own statement.
func (d *dialect) createIndexes(t *table) []string {
	var out []string
	for _, x := range t.indexes {
		if d.kind == mysqlKind || d.kind == postgresKind && x.constraint {
			continue
		}
		unique := ""
		if x.unique {
			unique = "UNIQUE "
		}
		out = append(out, "CREATE "+unique+"INDEX "+d.name(x.name, t.lower)+" ON "+d.name(t.name, t.lower)+" ("+d.keys(t, x.columns, x.unique)+")")
	}
	if d.kind == postgresKind {
		for _, f := range t.foreign {
			out = append(out, "ALTER TABLE "+d.name(t.name, t.lower)+" ADD "+d.reference(t, f))
		}
	}
	return out
}

// indexed is how many characters of long text MySQL has in an index that need
// not be unique, so that no index is longer than the 3,072 bytes it allows.
const indexed = 128

func (d *dialect) keys(t *table, columns []string, whole bool) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = d.name(c, t.lower)
		if col := t.column(c); d.kind == mysqlKind && !whole && col.star {
			out[i] += fmt.Sprintf("(%d)", min(indexed, length(col.typ)))
		}
	}
	return strings.Join(out, ", ")
}

// length reads the length in a type such as varchar(767).
func length(typ string) int {
	if n, ok := strings.CutPrefix(strings.TrimSuffix(typ, ")"), "varchar("); ok {
		return atoi(n)
	}
	return 0
}

// widest is how many characters of four bytes MySQL indexes beside an id.
const widest = (3072 - 8) / 4

func (d *dialect) column(t *table, c *column) string {
	typ := c.typ
	switch d.kind {
	case postgresKind:
		typ, _, _ = strings.Cut(typ, "/")
		typ = map[string]string{"double": "double precision", "bytes": "bytea", "serial": "bigserial", "int": "integer"}[typ]
		if typ == "" {
			typ, _, _ = strings.Cut(c.typ, "/")
		}
	case mysqlKind:
		if _, after, ok := strings.Cut(typ, "/"); ok {
			typ = after
		}
		switch typ {
		case "bytes":
			typ = "longblob"
		case "text":
			typ = "longtext"
		case "boolean":
			typ = "bit(1)"
		case "serial":
			typ = "bigint"
		}
		if c.star {
			if n := length(typ); n > widest && n < 1000 {
				typ = fmt.Sprintf("varchar(%d)", widest)
			}
			typ += " CHARACTER SET utf8mb4 COLLATE " + d.collation
		}
	case sqliteKind:
		switch {
		case len(t.primary) == 1 && t.primary[0] == c.name && (typ == "bigint" || typ == "serial"):
			typ = "integer" // which makes it the row's own id
		case strings.Contains(typ, "char("), typ == "timestamp":
			typ = "text" // lengths are checked by this package
		case typ == "double":
			typ = "double precision"
		case typ == "bytes":
			typ = "blob"
		default:
			typ, _, _ = strings.Cut(typ, "/")
		}
	}
	s := d.name(c.name, t.lower) + " " + typ
	if c.notNull {
		s += " NOT NULL"
	} else if d.kind == mysqlKind && typ == "timestamp" {
		s += " NULL"
	}
	if v := c.value; v != "" {
		if d.kind != postgresKind && v == "false" {
			v = "0"
		}
		s += " DEFAULT " + v
	}
	if c.typ == "serial" && d.kind == mysqlKind {
		s += " AUTO_INCREMENT"
	}
	return s
}
