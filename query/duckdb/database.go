package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	duck "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"lethe/query/duckdb/dialect"
)

// database is a worker's DuckDB: one instance, one task, one connection, and more for
// a session.
type database struct {
	db   *sql.DB
	conn *sql.Conn
	more []*sql.Conn
	// threads are those of a statement.
	threads int
}

// open starts DuckDB, with no thread but the caller's.
func open(ctx context.Context) (*database, error) {
	db, err := sql.Open("duckdb", "?threads=1")
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &database{db: db, conn: conn}, nil
}

// connect opens more connections. Some settings are a connection's own.
func (d *database) connect(ctx context.Context, n int) error {
	for range n {
		c, err := d.db.Conn(ctx)
		if err != nil {
			return err
		}
		for _, q := range dialect.Setup() {
			if _, err := c.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		d.more = append(d.more, c)
	}
	return nil
}

// lockDown takes from DuckDB what a query must not have. Every setting is
// final: lock_configuration comes last.
func (d *database) lockDown(ctx context.Context, s settings) error {
	d.threads = s.Threads
	for _, q := range slices.Concat(dialect.Setup(), []string{
		"SET autoinstall_known_extensions=false",
		"SET autoload_known_extensions=false",
		"SET allow_community_extensions=false",
		"SET allow_persistent_secrets=false",
		fmt.Sprintf("SET memory_limit='%dB'", s.Memory),
		fmt.Sprintf("SET threads=%d", s.Threads),
		fmt.Sprintf("SET max_temp_directory_size='%dB'", s.Spill),
		"SET temp_directory=" + quote(tmpDir),
		"SET home_directory=" + quote(workDir),
		"SET extension_directory=" + quote(workDir),
		// The footers that a scan's check reads are those the scan needs.
		"SET parquet_metadata_cache=true",
		"SET enable_progress_bar=true",
		"SET enable_progress_bar_print=false",
		"SET progress_bar_time=0",
		"CREATE SCHEMA lake",
		"SET allowed_directories=[" + quote(inDir+"/") + "," + quote(workDir+"/") + "]",
		"SET enable_external_access=false",
		"SET lock_configuration=true",
	}) {
		if err := d.exec(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

func (d *database) exec(ctx context.Context, q string) error {
	_, err := d.conn.ExecContext(ctx, q)
	return err
}

// run does a task: it makes the relations, then writes the SELECT's rows.
func (d *database) run(ctx context.Context, t task) (done, error) {
	for _, r := range t.Relations {
		if err := d.define(ctx, r); err != nil {
			return done{}, err
		}
	}
	for _, q := range t.Setup {
		if err := d.exec(ctx, q); err != nil {
			return done{}, err
		}
	}
	if t.SQL == "" {
		return done{}, nil
	}
	statements := []string{t.SQL, t.Wide}
	for _, m := range t.Made {
		statements = append(statements, m.SQL)
	}
	if err := dialect.Register(ctx, d.conn, statements...); err != nil {
		return done{}, err
	}
	for _, m := range t.Made {
		if err := d.exec(ctx, "CREATE TEMP TABLE "+m.Name+" AS "+m.SQL); err != nil {
			return done{}, ofRules{err}
		}
	}
	var r done
	write := func(query string) (err error) {
		switch {
		case t.Parquet != nil:
			r, err = d.writeParquet(ctx, query, *t.Parquet)
		case t.CSV != nil:
			r, err = d.writeCSV(ctx, query, *t.CSV)
		default:
			err = errors.New("the task does not say where its rows go")
		}
		return err
	}
	err := checkLines(ctx, t, d.threads).around(func() error {
		err := write(t.SQL)
		if err != nil && t.Wide != "" && dialect.Overflowed(err.Error()) {
			if err := os.RemoveAll(outDir); err != nil {
				return err
			}
			return write(t.Wide)
		}
		return err
	})
	if err != nil {
		return done{}, d.blame(ctx, t, err)
	}
	return r, nil
}

// ofRules is an error that came up while the rows that rules leave of a table
// were made: it may tell of those that they do not.
type ofRules struct{ error }

func (e ofRules) Unwrap() error { return e.error }

// writeCSV leaves the rows of a SELECT in the form of Athena's results: a
// header, every value quoted, null as nothing.
//
// The header is DuckDB's PREFIX because its own would rename columns of the
// same name.
func (d *database) writeCSV(ctx context.Context, query string, o csvOutput) (done, error) {
	var r done
	if o.Header == nil {
		var err error
		if o.Header, _, err = d.columnsOf(ctx, query); err != nil {
			return done{}, err
		}
	}
	var head strings.Builder
	for i, h := range o.Header {
		if i > 0 {
			head.WriteByte(',')
		}
		head.WriteString(`"` + strings.ReplaceAll(strings.ReplaceAll(h, `"`, `""`), "\x00", "") + `"`)
	}
	res, err := d.conn.ExecContext(ctx, "COPY ("+query+"\n) TO "+quote(csvFile)+
		" (FORMAT csv, HEADER false, FORCE_QUOTE *, PREFIX "+quote(head.String()+"\n")+", SUFFIX "+quote("\n")+")")
	if err != nil {
		return done{}, err
	}
	if r.Rows, err = res.RowsAffected(); err != nil {
		return done{}, err
	}
	if r.Rows == 0 { // DuckDB ends lines between rows only: the suffix ended the header twice
		i, err := os.Stat(csvFile)
		if err != nil {
			return done{}, err
		}
		f, err := os.OpenFile(csvFile, os.O_WRONLY, 0)
		if err != nil {
			return done{}, err
		}
		defer f.Close()
		if err := f.Truncate(i.Size() - 1); err != nil {
			return done{}, err
		}
	}
	return r, nil
}

// progress tells the share of work done from time to time, until the returned
// function has been called.
func (d *database) progress(tell func(float64)) (stop func()) {
	c, ok := d.raw()
	if !ok {
		return func() {}
	}
	end := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		last := -1.0
		for {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			p := mapping.QueryProgress(c)
			if percent, _, _ := mapping.QueryProgressTypeMembers(&p); percent >= 0 && percent != last {
				last = percent
				tell(percent / 100)
			}
		}
	})
	return func() { close(end); wg.Wait() }
}

// raw takes the C connection out of the driver's, which hides it and has no
// function for progress. Should the driver change, there is no progress.
func (d *database) raw() (c mapping.Connection, ok bool) {
	err := d.conn.Raw(func(x any) error {
		dc, isDuck := x.(*duck.Conn)
		if !isDuck {
			return errors.New("not DuckDB's connection")
		}
		f := reflect.ValueOf(dc).Elem().FieldByName("conn")
		if !f.IsValid() || f.Type() != reflect.TypeFor[mapping.Connection]() {
			return errors.New("DuckDB's driver has another form")
		}
		c = *(*mapping.Connection)(unsafe.Pointer(f.UnsafeAddr()))
		return nil
	})
	return c, err == nil
}

// columnsOf returns the names and types of a SELECT's columns.
func (d *database) columnsOf(ctx context.Context, query string) (names []string, types []duck.TypeInfo, err error) {
	err = d.conn.Raw(func(x any) error {
		p, err := x.(driver.ConnPrepareContext).PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer p.Close()
		s := p.(*duck.Stmt)
		n, err := s.ColumnCount()
		if err != nil {
			return err
		}
		for i := range n {
			name, err := s.ColumnName(i)
			if err != nil {
				return err
			}
			t, err := s.ColumnTypeInfo(i)
			if err != nil {
				return err
			}
			names, types = append(names, name), append(types, t)
		}
		return nil
	})
	return names, types, err
}

// errorClass returns the class of an error of DuckDB, as "Conversion".
func errorClass(err error) (string, bool) {
	var e *duck.Error
	if !errors.As(err, &e) {
		return "", false
	}
	head, _, ok := strings.Cut(e.Msg, " Error: ")
	if !ok || len(head) > 40 {
		head = "Invalid"
	}
	return head, true
}

// plain returns an error's text without the excerpt of the statement that DuckDB
// adds to some.
func plain(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n\nLINE ")
	return s
}

// quote writes a string literal of SQL.
func quote(s string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), "'", "''") + "'"
}

// ident writes an identifier of SQL.
func ident(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), `"`, `""`) + `"`
}

// list writes a list of string literals.
func list(ss []string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, s := range ss {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(s))
	}
	b.WriteByte(']')
	return b.String()
}
