package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"lethe"
	"lethe/catalog"
)

// selectDatabases asks for databases; a schema before 4.0 on a server does not
// have the time that they were made.
func selectDatabases(tx *transaction) string {
	created := "NULL"
	if tx.db.has["DBS.CREATE_TIME"] {
		created = `"CREATE_TIME"`
	}
	return `SELECT "DB_ID", "NAME", "DESC", "DB_LOCATION_URI", "OWNER_NAME", "OWNER_TYPE", ` + created + ` FROM "DBS" WHERE "CTLG_NAME" = '` + hive + `'`
}

// Databases lists all databases by name.
func (s *Store) Databases(ctx context.Context) (ds []catalog.Database, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		ds, err = readDatabases(ctx, tx, selectDatabases(tx)+` ORDER BY "NAME" {BYTES}`)
		return err
	})
	return ds, err
}

// Database returns one database, or NotFound.
func (s *Store) Database(ctx context.Context, name string) (d catalog.Database, err error) {
	name = strings.ToLower(name)
	err = s.db.View(ctx, func(tx *transaction) error {
		ds, err := readDatabases(ctx, tx, selectDatabases(tx)+` AND "NAME" = $1`, name)
		if err != nil {
			return err
		}
		if len(ds) == 0 {
			return noDatabase(name)
		}
		d = ds[0]
		return nil
	})
	return d, err
}

func readDatabases(ctx context.Context, tx *transaction, query string, args ...any) ([]catalog.Database, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	var ds []catalog.Database
	at := map[int64]int{}
	for rows.Next() {
		var id int64
		var d catalog.Database
		var description, owner, kind sql.NullString
		var created sql.NullInt64
		if err := rows.Scan(&id, &d.Name, &description, &d.Location, &owner, &kind, &created); err != nil {
			return nil, err
		}
		d.Description, d.Owner, d.OwnerType, d.Created = description.String, owner.String, fromOwnerType(kind.String), fromSeconds(created.Int64)
		at[id] = len(ds)
		ids, ds = append(ids, id), append(ds, d)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	err = readListings(ctx, tx, parametersOf("DATABASE_PARAMS", "DB_ID", ids, func(id int64) *map[string]string { return &ds[at[id]].Parameters }))
	return ds, err
}

// CreateDatabase adds a database, or answers Exists.
func (s *Store) CreateDatabase(ctx context.Context, d catalog.Database) error {
	d, err := checkDatabase(d)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *transaction) error {
		if _, err := databaseID(ctx, tx, d.Name); err == nil {
			return lethe.Errorf(lethe.Exists, "database %s exists already", d.Name)
		} else if !lethe.Is(err, lethe.NotFound) {
			return err
		}
		id, err := databaseIDs.take(ctx, tx, 1)
		if err != nil {
			return err
		}
		columns := []string{"DB_ID", "NAME", "DESC", "DB_LOCATION_URI", "OWNER_NAME", "OWNER_TYPE", "CTLG_NAME"}
		values := []any{id, d.Name, null(d.Description), d.Location, null(d.Owner), ownerType(d.Owner, d.OwnerType), hive}
		if tx.db.has["DBS.CREATE_TIME"] {
			columns, values = append(columns, "CREATE_TIME"), append(values, seconds(d.Created))
		}
		row := into("DBS", columns...)
		row.add(values...)
		if err := row.insert(ctx, tx); err != nil {
			return err
		}
		tx.tellDatabase("CREATE_DATABASE", &d, nil)
		return replaceParameters(ctx, tx, "DATABASE_PARAMS", "DB_ID", id, d.Parameters)
	})
}

// ownerType is the kind of principal that an owner is to Hive.
func ownerType(owner, kind string) any {
	if owner == "" {
		return nil
	}
	if kind == "" {
		return "USER"
	}
	return kind
}

// fromOwnerType is "" for the usual kind.
func fromOwnerType(kind string) string {
	if kind == "USER" {
		return ""
	}
	return kind
}

// AlterDatabase replaces a database's definition, except for its name and the
// time it was made.
func (s *Store) AlterDatabase(ctx context.Context, name string, d catalog.Database) error {
	name = strings.ToLower(name)
	if d.Name == "" {
		d.Name = name
	}
	d, err := checkDatabase(d)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *transaction) error {
		id, err := findDatabase(ctx, tx, name, " {UPDATE}")
		if err != nil {
			return err
		}
		if d.Name != name {
			return lethe.Errorf(lethe.Unsupported, "database %s cannot be renamed to %s", name, d.Name).
				WithHint("create %s and move the tables to it", d.Name)
		}
		old, err := readDatabases(ctx, tx, selectDatabases(tx)+` AND "NAME" = $1`, name)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE "DBS" SET "DESC" = $1, "DB_LOCATION_URI" = $2, "OWNER_NAME" = $3, "OWNER_TYPE" = $4 WHERE "DB_ID" = $5`,
			null(d.Description), d.Location, null(d.Owner), ownerType(d.Owner, d.OwnerType), id)
		if err != nil {
			return err
		}
		tx.tellDatabase("ALTER_DATABASE", &old[0], &d)
		return replaceParameters(ctx, tx, "DATABASE_PARAMS", "DB_ID", id, d.Parameters)
	})
}

// DropDatabase removes a database and, with cascade, its tables. The database
// "default" stays, as in Hive.
func (s *Store) DropDatabase(ctx context.Context, name string, cascade bool) error {
	name = strings.ToLower(name)
	if name == "default" {
		return lethe.Errorf(lethe.Invalid, "the database default cannot be dropped")
	}
	return s.change(ctx, func(tx *transaction) error {
		id, err := findDatabase(ctx, tx, name, " {UPDATE}")
		if err != nil {
			return err
		}
		tables, err := readIDs(ctx, tx, `SELECT "TBL_ID" FROM "TBLS" WHERE "DB_ID" = $1`, id)
		if err != nil {
			return err
		}
		if n := len(tables[0]); n > 0 && !cascade {
			return lethe.Errorf(lethe.Conflict, "database %s is not empty: it has %d tables", name, n).
				WithHint("drop them first, or drop the database with CASCADE")
		}
		dropped, err := readTables(ctx, tx, selectTables+`WHERE t."DB_ID" = $1 ORDER BY t."TBL_NAME" {BYTES}`, id)
		if err != nil {
			return err
		}
		for _, t := range dropped {
			tx.tellTable("DROP_TABLE", &t.table)
		}
		old, err := readDatabases(ctx, tx, selectDatabases(tx)+` AND "NAME" = $1`, name)
		if err != nil {
			return err
		}
		tx.tellDatabase("DROP_DATABASE", &old[0], nil)
		if err := dropTables(ctx, tx, tables[0]); err != nil {
			return err
		}
		for _, q := range []string{
			`DELETE FROM "FUNC_RU" WHERE "FUNC_ID" IN (SELECT "FUNC_ID" FROM "FUNCS" WHERE "DB_ID" = $1)`,
			`DELETE FROM "FUNCS" WHERE "DB_ID" = $1`,
			`DELETE FROM "DB_PRIVS" WHERE "DB_ID" = $1`,
			`DELETE FROM "DATABASE_PARAMS" WHERE "DB_ID" = $1`,
			`DELETE FROM "DBS" WHERE "DB_ID" = $1`,
		} {
			if _, err := tx.ExecContext(ctx, q, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// databaseID finds a database by its lower-case name.
func databaseID(ctx context.Context, tx *transaction, name string) (id int64, err error) {
	return findDatabase(ctx, tx, name, "")
}

func findDatabase(ctx context.Context, tx *transaction, name, lock string) (id int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT "DB_ID" FROM "DBS" WHERE "NAME" = $1 AND "CTLG_NAME" = $2`+lock, name, hive).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, noDatabase(name)
	}
	return id, err
}

func noDatabase(name string) error {
	return lethe.Errorf(lethe.NotFound, "database %s does not exist", name)
}
