// Package database erases persons from tables of PostgreSQL, MySQL and MariaDB.
//
// A [Holder] is one database. It is looked up each time, without an index: rows
// whose columns hold an identifier of the person, and rows that reference those by
// a foreign key, where they go with them. Erasing is one transaction: the rows are
// found, locked and looked at once more, and then deleted or changed by their keys,
// those that reference others first. What the database does by itself is counted: a
// row that ON DELETE CASCADE takes along is one of the person's. Another
// transaction looks afterwards whether anything was left.
//
// Which rows are the person's says [erasure.Person] and not the database: its
// comparisons depend on collations, and fold letters in other ways. The database is
// asked for those that may be, which are always enough (see condition), and those
// are compared here.
//
// Persons who were erased before, of whom only keyed hashes are left, are found too
// ([erasure.Person.Hashed]), as after a backup of the database was restored: every row that
// holds an identifier is read then, and compared.
//
// # Safety
//
// Before anything is changed the schema is read, and refused with the name of what
// is wrong: a table, column or identifier type that is not there; a table without
// transactions; a view; row security that hides rows; a read-only replica; and a
// foreign key of a table that is not mapped and whose rows would keep the person's
// from being deleted. A trigger that fails, or a constraint, ends the transaction,
// and one that keeps rows from going is noticed.
//
// # What stays
//
// A database forgets nothing at once. PostgreSQL keeps deleted rows until VACUUM
// has taken them, InnoDB until purge has; write-ahead and binary logs, replicas that
// lag and backups keep them for as long as they are kept. Nothing of that can be
// changed from a connection. Config.Backups says for how long it is, and every
// request then names it with its date.
package database

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/erasure"
)

// Config describes a database.
type Config struct {
	// Name of the database within the lake, as crm.
	Name string
	// URL is postgres://user@host:5432/database?sslmode=verify-full or
	// mysql://user@host:3306/database?tls=true, and may hold the password.
	URL string
	// Password, unless it is in the URL.
	Password string
	Tables   []Table
	// Timeout of a statement, and LockTimeout of waiting for others' locks: 0 means
	// five minutes and ten seconds.
	Timeout, LockTimeout time.Duration
	// Backups is for how long backups and logs keep what was deleted; 0 if that is
	// not known here.
	Backups time.Duration
}

// Table says which columns of a table hold identifiers and what becomes of the
// rows of a person who is erased.
type Table struct {
	// Table is its name as the database has it, in the same letter case, as
	// public.customers or, in MySQL, crm.customers. A part with dots or quotes
	// stands in double quotes, which are doubled within it.
	Table string
	// Identifiers that its rows hold. None means that its rows are of the person
	// whose row in another of the Tables they reference by a foreign key.
	Identifiers []erasure.Identifier
	// Mode is delete (the default), null, blank, pseudonymise or replace. null,
	// blank and pseudonymise are for the columns of identifiers: they become null,
	// empty, or a random text that stands for the same identifier in all Tables.
	Mode string
	// Replace gives new values of columns in all modes but delete; nil makes one
	// null. In mode replace it must have a column of each identifier.
	Replace map[string]*string
}

// The modes.
const (
	modeDelete       = "delete"
	modeNull         = "null"
	modeBlank        = "blank"
	modePseudonymise = "pseudonymise"
	modeReplace      = "replace"
)

var modes = []string{modeDelete, modeNull, modeBlank, modePseudonymise, modeReplace}

// Check says what is wrong with a table as far as that can be told without the
// database: the field, as mode or identifiers[0].columns, and why.
func (t Table) Check() (field, reason string) {
	if _, err := parseName(t.Table); err != nil {
		return "table", err.Error()
	}
	if t.Mode != "" && !slices.Contains(modes, t.Mode) {
		return "mode", "must be delete, null, blank, pseudonymise or replace"
	}
	deletes := t.Mode == "" || t.Mode == modeDelete
	if deletes && len(t.Replace) > 0 {
		return "replace", "goes with another mode than delete"
	}
	if len(t.Identifiers) == 0 && !deletes && t.Mode != modeReplace {
		return "mode", "is of the columns of identifiers, and there are none: use replace"
	}
	if t.Mode == modeReplace && len(t.Replace) == 0 {
		return "replace", "must name columns in mode replace"
	}
	for i, id := range t.Identifiers {
		at := "identifiers[" + itoa(i) + "]"
		if id.Type == "" {
			return at + ".type", "must name an identifier type"
		}
		if len(id.Columns) == 0 || slices.Contains(id.Columns, "") {
			return at + ".columns", "must name columns"
		}
		if t.Mode == modeReplace && !slices.ContainsFunc(id.Columns, func(c string) bool { _, ok := t.Replace[c]; return ok }) {
			return "replace", "must have a column of " + at + ", by which the row is still the person's"
		}
	}
	return "", ""
}

// Holder is a database that may hold persons. It implements erasure.Holder.
type Holder struct {
	Config
	dialect dialect
	db      *sql.DB
	kind    string
	servers []string
}

// Open makes a holder. It connects when it is first asked. An error of kind Invalid
// names the field of the configuration that cannot be used.
func Open(c Config) (*Holder, error) {
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Minute
	}
	if c.LockTimeout <= 0 {
		c.LockTimeout = 10 * time.Second
	}
	for i, t := range c.Tables {
		if field, reason := t.Check(); field != "" {
			return nil, lethe.Errorf(lethe.Invalid, "tables[%d].%s %s", i, field, reason)
		}
	}
	if len(c.Tables) == 0 {
		return nil, lethe.Errorf(lethe.Invalid, "tables must name at least one")
	}
	h := &Holder{Config: c}
	var err error
	switch h.kind, err = kindOf(c.URL); h.kind {
	case "postgres":
		h.dialect, h.db, h.servers, err = openPostgres(c)
	case "mysql":
		h.dialect, h.db, h.servers, err = openMySQL(c)
	}
	if err != nil {
		return nil, err
	}
	h.db.SetMaxOpenConns(2)
	h.db.SetConnMaxIdleTime(time.Minute)
	return h, nil
}

// kindOf tells databases by their URLs.
func kindOf(url string) (string, error) {
	switch scheme, _, _ := strings.Cut(url, "://"); scheme {
	case "postgres", "postgresql":
		return "postgres", nil
	case "mysql", "mariadb":
		return "mysql", nil
	}
	return "", lethe.Errorf(lethe.Invalid, "dsn must begin with postgres:// or mysql://")
}

// Servers are those that the URL of a database names, as host:port, or the path of a
// socket. Its error is of kind Invalid, and does not repeat the URL.
func Servers(url string) ([]string, error) {
	switch kind, err := kindOf(url); kind {
	case "postgres":
		p, err := parsePostgres(url)
		if err != nil {
			return nil, err
		}
		return postgresServers(p), nil
	case "mysql":
		m, err := parseMySQL(url)
		if err != nil {
			return nil, err
		}
		return []string{m.Addr}, nil
	default:
		return nil, err
	}
}

// Close ends its connections.
func (h *Holder) Close() error { return h.db.Close() }

// Servers are those that it may connect to, as host:port, or the path of a socket.
func (h *Holder) Servers() []string { return slices.Clone(h.servers) }

// Name implements erasure.Holder: the kind of database and its name, as postgres:crm.
func (h *Holder) Name() string { return h.kind + ":" + h.Config.Name }

// Locate implements erasure.Holder. Holdings are tables and their rows.
func (h *Holder) Locate(ctx context.Context, p erasure.Person) (found []erasure.Holding, err error) {
	err = h.within(ctx, false, func(tx *sql.Tx) error {
		s, err := h.plan(ctx, tx, p)
		if err != nil {
			return err
		}
		if err := s.find(ctx); err != nil {
			return err
		}
		found = s.holdings()
		return nil
	})
	return append(found, h.kept()...), err
}

// Erase implements erasure.Holder. An error of kind Conflict says that others held
// locks, or put back what was erased.
func (h *Holder) Erase(ctx context.Context, p erasure.Person) (did []erasure.Holding, err error) {
	err = h.within(ctx, true, func(tx *sql.Tx) error {
		s, err := h.plan(ctx, tx, p)
		if err != nil {
			return err
		}
		if err := s.erase(ctx); err != nil {
			return err
		}
		did = s.holdings()
		return nil
	})
	if err != nil {
		return nil, err
	}
	did = append(did, h.kept()...)
	left, err := h.Locate(ctx, p)
	if err != nil {
		return did, err
	}
	for _, l := range left {
		if l.Reason == "" {
			return did, lethe.Errorf(lethe.Conflict, "%d rows of the person are in %s after they were erased: something has written them meanwhile", l.Records, l.Place)
		}
	}
	return did, nil
}

// kept names what no statement reaches.
func (h *Holder) kept() []erasure.Holding {
	if h.Backups <= 0 {
		return nil
	}
	return []erasure.Holding{{Place: "backups and logs", Reason: "what was deleted stays in the database's backups and logs until they expire", Until: time.Now().Add(h.Backups).UTC().Truncate(time.Second)}}
}

// within runs f in a transaction, which is committed if it is one that writes and f
// has no error.
func (h *Holder) within(ctx context.Context, write bool, f func(tx *sql.Tx) error) error {
	err := h.run(ctx, write, f)
	var e *lethe.Error
	switch {
	case err == nil || errors.As(err, &e):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return h.dialect.explain(err)
}

func (h *Holder) run(ctx context.Context, write bool, f func(tx *sql.Tx) error) error {
	// Each statement sees what others have committed before it, and locks the rows
	// that it finds and no ranges between them.
	o := &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	if !write {
		o = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := h.db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit there is nothing to undo, and else the first error counts
	if err := h.dialect.prepare(ctx, tx, h.Timeout, h.LockTimeout); err != nil {
		return err
	}
	if err := f(tx); err != nil || !write {
		return err
	}
	return tx.Commit()
}
