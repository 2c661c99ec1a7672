package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"lethe"
	"lethe/lib/mysqlurl"
)

// mysqlDialect is that of MySQL and MariaDB.
type mysqlDialect struct{}

func openMySQL(c Config) (_ dialect, _ *sql.DB, servers []string, _ error) {
	m, err := parseMySQL(c.URL)
	if err != nil {
		return nil, nil, nil, err
	}
	if c.Password != "" {
		m.Passwd = c.Password
	}
	m.ClientFoundRows = true    // a row that has its new value already counts
	m.InterpolateParams = false // numbers are sent as numbers
	m.ParseTime = false
	// A text that does not fit is an error and not cut off, and names and texts are
	// quoted as they are here.
	m.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
	if err := m.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return nil, nil, nil, err
	}
	connector, err := mysql.NewConnector(m)
	if err != nil {
		return nil, nil, nil, badMySQL()
	}
	return mysqlDialect{}, sql.OpenDB(connector), []string{m.Addr}, nil
}

func parseMySQL(url string) (*mysql.Config, error) {
	m, err := mysqlurl.Parse(url)
	if err != nil {
		return nil, badMySQL()
	}
	return m, nil
}

func badMySQL() error {
	return lethe.Errorf(lethe.Invalid, "dsn cannot be read").WithHint("write mysql://user@host:3306/database?tls=true")
}

func (mysqlDialect) quote(name string) string     { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
func (mysqlDialect) parameter(int) string         { return "?" }
func (mysqlDialect) deletion(table string) string { return "DELETE t FROM " + table + " t" }

func (mysqlDialect) prepare(ctx context.Context, tx *sql.Tx, timeout, lock time.Duration) error {
	var version string
	var readonly int
	if err := tx.QueryRowContext(ctx, "SELECT version(), @@global.read_only").Scan(&version, &readonly); err != nil {
		return err
	}
	if readonly != 0 {
		return readOnly()
	}
	seconds := strconv.Itoa(max(1, int(lock.Seconds())))
	limit := "max_execution_time = " + strconv.FormatInt(timeout.Milliseconds(), 10)
	if strings.Contains(version, "MariaDB") {
		limit = "max_statement_time = " + strconv.FormatFloat(timeout.Seconds(), 'f', 3, 64)
	}
	_, err := tx.ExecContext(ctx, "SET SESSION innodb_lock_wait_timeout = "+seconds+", SESSION lock_wait_timeout = "+seconds+", SESSION foreign_key_checks = 1, SESSION "+limit)
	return err
}

func (mysqlDialect) describe(ctx context.Context, tx *sql.Tx, n name) (*table, error) {
	t := &table{columns: map[string]column{}}
	var kind, engine string
	// The server compares these names without regard to case.
	found, err := each(ctx, tx, `SELECT table_schema, table_name, table_type, coalesce(engine, '') FROM information_schema.tables
		WHERE table_schema = coalesce(nullif(?, ''), database()) AND table_name = ?`, []any{n.schema, n.table}, func(scan func(...any) error) error {
		var is name
		var k, e string
		if err := scan(&is.schema, &is.table, &k, &e); err != nil {
			return err
		}
		if is.table == n.table && (n.schema == "" || is.schema == n.schema) {
			t.name, kind, engine = is, k, e
		}
		return nil
	})
	if n.schema == "" {
		n.schema = "(the database of dsn)"
	}
	switch {
	case err != nil:
		return nil, err
	case found == 0 || t.name.table == "":
		return nil, lethe.Errorf(lethe.Invalid, "there is no table %s that the database's user may see", n).WithHint("names are compared in their letter case")
	case kind == "SYSTEM VERSIONED":
		return nil, lethe.Errorf(lethe.Unsupported, "table %s is system-versioned: what is deleted stays in its history", t.name)
	case kind != "BASE TABLE":
		return nil, lethe.Errorf(lethe.Unsupported, "%s is no table: map the tables that it reads", t.name)
	}
	var transactions string
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(transactions), '') FROM information_schema.engines WHERE engine = ?`, engine).Scan(&transactions); err != nil {
		return nil, err
	}
	if transactions != "YES" {
		return nil, lethe.Errorf(lethe.Unsupported, "table %s is of the engine %s, which has no transactions", t.name, engine).WithHint("ALTER TABLE ... ENGINE=InnoDB")
	}
	_, err = each(ctx, tx, `SELECT column_name, data_type, column_type, is_nullable FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`,
		[]any{t.name.schema, t.name.table}, func(scan func(...any) error) error {
			var c column
			var data, nullable string
			if err := scan(&c.name, &data, &c.typ, &nullable); err != nil {
				return err
			}
			c.kind, c.nullable = mysqlKind(data, c.typ), nullable == "YES"
			t.columns[c.name] = c
			return nil
		})
	if err != nil {
		return nil, err
	}
	_, err = each(ctx, tx, `SELECT column_name, coalesce(sub_part, 0) FROM information_schema.statistics WHERE table_schema = ? AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index`,
		[]any{t.name.schema, t.name.table}, func(scan func(...any) error) error {
			var c string
			var part int64
			if err := scan(&c, &part); err != nil {
				return err
			}
			t.key = append(t.key, c)
			return nil
		})
	if slices.ContainsFunc(t.key, func(c string) bool { return t.columns[c].kind == opaque }) {
		t.key = nil
	}
	return t, err
}

// each runs a query and calls f with each of its rows, which it counts.
func each(ctx context.Context, tx *sql.Tx, query string, args []any, f func(scan func(...any) error) error) (n int, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return n, err
		}
		n++
	}
	return n, rows.Err()
}

func mysqlKind(data, typ string) kind {
	switch strings.ToLower(data) {
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext":
		return textual
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		if strings.Contains(strings.ToLower(typ), "zerofill") { // its text has the zeros
			return scalar
		}
		return integer
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		return binary
	case "decimal", "float", "double", "date", "time", "datetime", "timestamp", "year", "enum", "set", "uuid", "inet4", "inet6":
		return scalar
	}
	return opaque
}

// foreignKeys reads those of tables that the user may see. Of others the server
// tells when they keep a row from being deleted.
func (mysqlDialect) foreignKeys(ctx context.Context, tx *sql.Tx) (ks []foreignKey, err error) {
	_, err = each(ctx, tx, `SELECT k.constraint_name, k.table_schema, k.table_name, k.referenced_table_schema, k.referenced_table_name, r.delete_rule, k.column_name, k.referenced_column_name
		FROM information_schema.key_column_usage k
		JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
		WHERE k.referenced_table_name IS NOT NULL ORDER BY 2, 3, 1, k.ordinal_position`, nil, func(scan func(...any) error) error {
		var k foreignKey
		var column, reference string
		if err := scan(&k.constraint, &k.from.schema, &k.from.table, &k.to.schema, &k.to.table, &k.rule, &column, &reference); err != nil {
			return err
		}
		if n := len(ks); n > 0 && ks[n-1].constraint == k.constraint && ks[n-1].from == k.from {
			ks[n-1].columns, ks[n-1].references = append(ks[n-1].columns, column), append(ks[n-1].references, reference)
			return nil
		}
		k.columns, k.references = []string{column}, []string{reference}
		ks = append(ks, k)
		return nil
	})
	return ks, err
}

func (d mysqlDialect) text(alias string, c column) string {
	of := alias + "." + d.quote(c.name)
	switch c.kind {
	case textual:
		return "CONVERT(" + of + " USING utf8mb4)"
	case binary:
		return "LOWER(HEX(" + of + "))"
	}
	return "CONVERT(CAST(" + of + " AS CHAR) USING utf8mb4)"
}

func (d mysqlDialect) equal(q *query, c column, value string) bool {
	of := "t." + d.quote(c.name) + " = "
	switch c.kind {
	case integer:
		n, ok := number(value)
		if !ok {
			return false
		}
		q.add(of, q.arg(n))
	case binary:
		if !hexText.MatchString(value) {
			return false
		}
		q.add(of, "UNHEX(", q.arg(value), ")")
	case textual:
		if !storable(value) {
			return false
		}
		if ascii(value) {
			q.add(of, q.arg(value)) // in any character set, and an index helps
		} else {
			q.add(d.text("t", c), " = ", q.arg(value))
		}
	default:
		if !storable(value) {
			return false
		}
		q.add(d.text("t", c), " = ", q.arg(value))
	}
	return true
}

// number reads an integer that is written as the server writes it. As a text it
// would be compared as a floating-point number.
func number(value string) (any, bool) {
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return n, strconv.FormatInt(n, 10) == value
	}
	n, err := strconv.ParseUint(value, 10, 64)
	return n, err == nil && strconv.FormatUint(n, 10) == value
}

func (mysqlDialect) ascii(text string) string {
	return "LENGTH(" + text + ") = CHAR_LENGTH(" + text + ")"
}

func (mysqlDialect) contains(text, parameter string) string {
	return "LOCATE(" + parameter + ", LOWER(" + text + ") COLLATE utf8mb4_bin) > 0"
}

func (d mysqlDialect) key(alias string, t *table) (es []string) {
	for _, c := range t.key {
		es = append(es, d.text(alias, t.columns[c]))
	}
	return es
}

// same compares by the column, for the sake of its index, and by bytes.
func (d mysqlDialect) same(q *query, alias string, t *table, i int, value sql.NullString) {
	c := t.columns[t.key[i]]
	of := alias + "." + d.quote(c.name)
	if !value.Valid {
		q.add(of, " IS NULL")
		return
	}
	switch c.kind {
	case integer:
		if n, ok := number(value.String); ok {
			q.add(of, " = ", q.arg(n))
			return
		}
	case binary:
		q.add(of, " = UNHEX(", q.arg(value.String), ")")
		return
	case textual:
		if ascii(value.String) {
			q.add(of, " = ", q.arg(value.String), " AND ")
		}
	}
	q.add("CAST(", d.text(alias, c), " AS BINARY) = CAST(", q.arg(value.String), " AS BINARY)")
}

var constraintName = regexp.MustCompile("CONSTRAINT `((?:[^`]|``)+)`")

// explain goes by the numbers of MySQL's and MariaDB's manuals.
func (mysqlDialect) explain(err error) error {
	where := ""
	var in *tableError
	if errors.As(err, &in) {
		where = "table " + in.name.String() + ": "
	}
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return fmt.Errorf("%sthe connection to the database failed: %w", where, err)
	}
	say := func(k lethe.Kind, text string) *lethe.Error {
		return lethe.Errorf(k, "%s%s (error %d)", where, text, e.Number)
	}
	switch e.Number {
	case 1020, 1205, 1213, 3572: // changed since it was read, lock wait, deadlock, no wait
		return say(lethe.Conflict, "others hold locks on its rows")
	case 1317, 1907, 1969, 3024: // interrupted, or the timeout
		return say(lethe.Conflict, "a statement took longer than its timeout")
	case 1044, 1045, 1049, 1142, 1143, 1227, 1370, 1698:
		return say(lethe.Denied, "the database's user lacks a right").WithHint("it needs SELECT, UPDATE and DELETE on the table")
	case 1217, 1451:
		named := ""
		if m := constraintName.FindStringSubmatch(e.Message); m != nil {
			named = " " + strings.ReplaceAll(m[1], "``", "`")
		}
		return say(lethe.Invalid, "rows that are not the person's reference theirs, by the foreign key"+named).
			WithHint("map that table without identifiers if its rows go with those they reference")
	case 1290, 1792, 1836:
		return readOnly()
	case 1644:
		return say(lethe.Invalid, "a trigger refuses the change")
	case 1040, 1053, 1203, 1226:
		return say(lethe.Exhausted, "the database is not able to work now")
	case 1048, 1062, 1263, 1264, 1265, 1364, 1366, 1406, 1452, 3819, 4025:
		return say(lethe.Invalid, "the change breaks a constraint of its columns").WithHint("see replace and mode")
	case 1054, 1064, 1146, 1305:
		return say(lethe.Invalid, "the table is not as it was, or not as it must be")
	}
	return say(lethe.Internal, "the database failed")
}
