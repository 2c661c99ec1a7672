package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"lethe"
)

// postgres is PostgreSQL's dialect.
type postgres struct{}

func openPostgres(c Config) (_ dialect, _ *sql.DB, servers []string, _ error) {
	p, err := parsePostgres(c.URL)
	if err != nil {
		return nil, nil, nil, err
	}
	if c.Password != "" {
		p.Password = c.Password
	}
	if p.ConnectTimeout == 0 {
		p.ConnectTimeout = 10 * time.Second
	}
	if p.RuntimeParams["application_name"] == "" {
		p.RuntimeParams["application_name"] = "lethe"
	}
	return postgres{}, stdlib.OpenDB(*p), postgresServers(p), nil
}

func parsePostgres(url string) (*pgx.ConnConfig, error) {
	p, err := pgx.ParseConfig(url)
	if err != nil {
		// Not err itself, which may repeat the password.
		return nil, lethe.Errorf(lethe.Invalid, "dsn cannot be read").WithHint("write postgres://user@host:5432/database?sslmode=verify-full")
	}
	return p, nil
}

func postgresServers(p *pgx.ConnConfig) (servers []string) {
	add := func(host string, port uint16) {
		network, address := pgconn.NetworkAddress(host, port)
		if network == "unix" {
			address = host
		}
		if !slices.Contains(servers, address) { // one is tried with TLS and without
			servers = append(servers, address)
		}
	}
	add(p.Host, p.Port)
	for _, f := range p.Fallbacks {
		add(f.Host, f.Port)
	}
	return servers
}

func (postgres) quote(name string) string     { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
func (postgres) parameter(n int) string       { return "$" + strconv.Itoa(n) }
func (postgres) deletion(table string) string { return "DELETE FROM " + table + " t" }

// prepare sets what holds until the end of the transaction, so that it is right
// behind a pool of connections too. With row_security off a statement fails that
// would otherwise see only some of the rows.
func (postgres) prepare(ctx context.Context, tx *sql.Tx, timeout, lock time.Duration) error {
	var readonly bool
	var encoding string
	err := tx.QueryRowContext(ctx, `SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool, current_setting('server_encoding'),
		set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true), set_config('row_security', 'off', true),
		set_config('datestyle', 'ISO', true), set_config('bytea_output', 'hex', true), set_config('standard_conforming_strings', 'on', true)`,
		strconv.FormatInt(timeout.Milliseconds(), 10), strconv.FormatInt(lock.Milliseconds(), 10)).
		Scan(&readonly, &encoding, new(string), new(string), new(string), new(string), new(string), new(string))
	switch {
	case err != nil:
		return err
	case readonly:
		return readOnly()
	case encoding == "SQL_ASCII":
		return lethe.Errorf(lethe.Unsupported, "the database's encoding is SQL_ASCII, so that nobody knows what its texts are")
	}
	return nil
}

func readOnly() error {
	return lethe.Errorf(lethe.Invalid, "the database is read-only: it is a replica, or set to be").WithHint("name the primary server in dsn")
}

func (d postgres) describe(ctx context.Context, tx *sql.Tx, n name) (*table, error) {
	as := d.quote(n.table)
	if n.schema != "" {
		as = tableName(d, n)
	} else {
		n.schema = "(any schema of the search path)"
	}
	t := &table{columns: map[string]column{}}
	var oid int64
	var kind string
	var partition, inherited, hidden bool
	err := tx.QueryRowContext(ctx, `SELECT c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, c.relispartition,
			c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid), row_security_active(c.oid)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)`, as).
		Scan(&oid, &t.name.schema, &t.name.table, &kind, &partition, &inherited, &hidden)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, lethe.Errorf(lethe.Invalid, "there is no table %s", n).WithHint("names are compared in their letter case")
	case err != nil:
		return nil, err
	case kind != "r" && kind != "p":
		return nil, lethe.Errorf(lethe.Unsupported, "%s is no table of the database's own: map the tables that it reads", t.name)
	case partition:
		return nil, lethe.Errorf(lethe.Invalid, "%s is a partition: map the table that it is of", t.name)
	case hidden:
		return nil, lethe.Errorf(lethe.Denied, "row security hides rows of %s from this user", t.name).WithHint("use a role with BYPASSRLS")
	}
	rows, err := tx.QueryContext(ctx, `SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), b.typname::text, b.typcategory::text, NOT a.attnotnull,
			coalesce(array_position(x.indkey::int2[], a.attnum), -1)
		FROM pg_attribute a
		JOIN pg_type t ON t.oid = a.atttypid
		JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
		LEFT JOIN pg_index x ON x.indrelid = a.attrelid AND x.indisprimary
		WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 6, a.attnum`, oid)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		var typ, category string
		var at int
		if err := rows.Scan(&c.name, &c.typ, &typ, &category, &c.nullable, &at); err != nil {
			return nil, err
		}
		c.kind = postgresKind(typ, category)
		t.columns[c.name] = c
		if at >= 0 && !inherited {
			t.key = append(t.key, c.name)
		}
	}
	t.physical = len(t.key) == 0
	return t, rows.Err()
}

func postgresKind(typ, category string) kind {
	switch typ {
	case "int2", "int4", "int8":
		return integer
	case "uuid":
		return uuid
	case "bytea":
		return binary
	case "macaddr", "macaddr8", "txid_snapshot":
		return scalar
	}
	switch category {
	case "S":
		return textual
	case "B", "D", "E", "N", "I", "T", "V": // booleans, times, enums, numbers, addresses, spans, bits
		return scalar
	}
	return opaque
}

func (postgres) foreignKeys(ctx context.Context, tx *sql.Tx) (ks []foreignKey, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT k.conname::text, fn.nspname::text, f.relname::text, tn.nspname::text, t.relname::text, k.confdeltype::text, k.condeferrable,
			(SELECT json_agg(a.attname ORDER BY u.i) FROM unnest(k.conkey) WITH ORDINALITY u(n, i) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n)::text,
			(SELECT json_agg(a.attname ORDER BY u.i) FROM unnest(k.confkey) WITH ORDINALITY u(n, i) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n)::text
		FROM pg_constraint k
		JOIN pg_class f ON f.oid = coalesce(pg_partition_root(k.conrelid), k.conrelid) JOIN pg_namespace fn ON fn.oid = f.relnamespace
		JOIN pg_class t ON t.oid = coalesce(pg_partition_root(k.confrelid), k.confrelid) JOIN pg_namespace tn ON tn.oid = t.relnamespace
		WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY 2, 3, 1`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	rules := map[string]string{"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT", "a": "NO ACTION"}
	for rows.Next() {
		var k foreignKey
		var rule, columns, references string
		if err := rows.Scan(&k.constraint, &k.from.schema, &k.from.table, &k.to.schema, &k.to.table, &rule, &k.deferrable, &columns, &references); err != nil {
			return nil, err
		}
		k.rule = rules[rule]
		if err := errors.Join(json.Unmarshal([]byte(columns), &k.columns), json.Unmarshal([]byte(references), &k.references)); err != nil {
			return nil, err
		}
		ks = append(ks, k)
	}
	return ks, rows.Err()
}

func (d postgres) text(alias string, c column) string {
	of := alias + "." + d.quote(c.name)
	if c.kind == binary {
		return "encode(" + of + ", 'hex')"
	}
	return of + "::text"
}

var (
	uuidText = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	hexText  = regexp.MustCompile(`^([0-9a-f]{2})+$`)
)

// storable says that a text can be in a database at all.
func storable(v string) bool { return utf8.ValidString(v) && !strings.Contains(v, "\x00") }

func (d postgres) equal(q *query, c column, value string) bool {
	of := "t." + d.quote(c.name) + " = "
	switch c.kind {
	case textual:
		if !storable(value) {
			return false
		}
		q.add(of, q.arg(value))
	case integer:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != value {
			return false
		}
		q.add(of, q.arg(value), "::bigint")
	case uuid:
		if !uuidText.MatchString(value) {
			return false
		}
		q.add(of, q.arg(value), "::uuid")
	case binary:
		if !hexText.MatchString(value) {
			return false
		}
		q.add(of, q.arg(`\x`+value), "::bytea")
	default:
		if !storable(value) {
			return false
		}
		q.add(d.text("t", c), " = ", q.arg(value), "::text")
	}
	return true
}

func (postgres) ascii(text string) string {
	return "octet_length(convert_to(" + text + ", 'UTF8')) = char_length(" + text + ")"
}

// contains compares in the collation "C", as in others lower does not always make
// an i of an I, and position is not always there.
func (postgres) contains(text, parameter string) string {
	return "position(" + parameter + "::text in lower((" + text + `) COLLATE "C")) > 0`
}

func (d postgres) key(alias string, t *table) (es []string) {
	if t.physical {
		return []string{alias + ".tableoid::bigint::text", alias + ".ctid::text"}
	}
	for _, c := range t.key {
		es = append(es, alias+"."+d.quote(c)+"::text")
	}
	return es
}

func (d postgres) same(q *query, alias string, t *table, i int, value sql.NullString) {
	switch {
	case !t.physical:
		q.add(alias, ".", d.quote(t.key[i]), " = ", q.arg(value.String))
	case i == 0:
		q.add(alias, ".tableoid = ", q.arg(value.String), "::oid")
	default:
		q.add(alias, ".ctid = ", q.arg(value.String), "::tid")
	}
}

// explain goes by the codes of PostgreSQL's manual, appendix A.
func (postgres) explain(err error) error {
	where := ""
	var in *tableError
	if errors.As(err, &in) {
		where = "table " + in.name.String() + ": "
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		var connect *pgconn.ConnectError
		var netErr net.Error
		if errors.As(err, &connect) || errors.As(err, &netErr) || pgconn.SafeToRetry(err) {
			return lethe.Errorf(lethe.Internal, "%sthe database cannot be reached", where)
		}
		return fmt.Errorf("%sthe connection to the database failed: %w", where, err)
	}
	say := func(k lethe.Kind, format string, args ...any) *lethe.Error {
		return lethe.Errorf(k, "%s%s (SQLSTATE %s)", where, fmt.Sprintf(format, args...), e.Code)
	}
	switch e.Code {
	case "55P03", "40001", "40P01":
		return say(lethe.Conflict, "others hold locks on its rows")
	case "57014":
		return say(lethe.Conflict, "a statement took longer than its timeout")
	case "42501":
		return say(lethe.Denied, "the database's user lacks a right, or row security would hide rows").WithHint("it needs SELECT, UPDATE and DELETE on the table")
	case "23503":
		return say(lethe.Invalid, "rows that are not the person's reference theirs, by the foreign key %s of %s.%s", e.ConstraintName, e.SchemaName, e.TableName).
			WithHint("map that table without identifiers if its rows go with those they reference")
	case "23001":
		return say(lethe.Invalid, "rows that are not the person's reference theirs, by the foreign key %s of %s.%s", e.ConstraintName, e.SchemaName, e.TableName)
	case "23502":
		return say(lethe.Invalid, "column %q cannot be null", e.ColumnName)
	case "25006":
		return readOnly()
	case "P0001":
		return say(lethe.Invalid, "a trigger refuses the change").WithHint("what it says is in the database's log")
	}
	switch e.Code[:2] {
	case "08", "57", "53":
		return say(lethe.Exhausted, "the database is not able to work now")
	case "28", "3D":
		return say(lethe.Denied, "the database does not let its user in")
	case "23":
		return say(lethe.Invalid, "the change breaks the constraint %s", e.ConstraintName)
	case "22":
		return say(lethe.Invalid, "a value does not fit its column").WithHint("see replace")
	case "42":
		return say(lethe.Invalid, "the table is not as it was, or not as it must be")
	}
	return say(lethe.Internal, "the database failed")
}
