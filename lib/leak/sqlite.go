package leak

import (
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/mattn/go-sqlite3"
)

// sqlite looks at all values of all tables: a long one is cut into pages in the file,
// and a value of ours may lie across a cut. A copy is read, so that nobody who uses
// the database is disturbed, nor its log moved.
func (s *scan) sqlite(path, rel string) error {
	dir, err := os.MkdirTemp("", "lethe-leak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(copied+suffix, path+suffix); err != nil && (suffix == "" || !os.IsNotExist(err)) {
			return err
		}
	}
	db, err := sql.Open("sqlite3", (&url.URL{Scheme: "file", Path: copied}).String())
	if err != nil {
		return err
	}
	defer db.Close()
	tables, err := db.QueryContext(s.ctx, `SELECT name FROM sqlite_schema WHERE type = 'table'`)
	if err != nil {
		return err
	}
	var names []string
	for tables.Next() {
		var name string
		if err := tables.Scan(&name); err != nil {
			tables.Close()
			return err
		}
		names = append(names, name)
	}
	tables.Close()
	if err := tables.Err(); err != nil {
		return err
	}
	for _, name := range names {
		if err := s.sqliteTable(db, rel, name); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return nil
}

func (s *scan) sqliteTable(db *sql.DB, rel, name string) error {
	rows, err := db.QueryContext(s.ctx, `SELECT * FROM "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]sql.RawBytes, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range values {
			s.value(rel, "column "+name+"."+columns[i], v)
		}
	}
	return rows.Err()
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
