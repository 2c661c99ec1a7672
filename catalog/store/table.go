package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
)

// Parameters of a table that Hive itself sets.
const (
	external = "EXTERNAL"              // TRUE: the table's data is not Hive's
	ddlTime  = "transient_lastDdlTime" // seconds since 1970 of the last change
)

const selectTables = `SELECT t."TBL_ID", d."NAME", t."TBL_NAME", t."TBL_TYPE", t."OWNER", t."OWNER_TYPE", t."CREATE_TIME", t."VIEW_ORIGINAL_TEXT", t."VIEW_EXPANDED_TEXT", ` + selectStorage + `
	FROM "TBLS" t JOIN "DBS" d ON d."DB_ID" = t."DB_ID"
	LEFT JOIN "SDS" s ON s."SD_ID" = t."SD_ID" LEFT JOIN "SERDES" e ON e."SERDE_ID" = s."SERDE_ID" `

// row is a table and the ids of its rows.
type row struct {
	id int64
	descriptor
	table catalog.Table
}

// Tables lists a database's tables by name.
func (s *Store) Tables(ctx context.Context, database string) (ts []catalog.Table, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		id, err := databaseID(ctx, tx, strings.ToLower(database))
		if err != nil {
			return err
		}
		rows, err := readTables(ctx, tx, selectTables+`WHERE t."DB_ID" = $1 ORDER BY t."TBL_NAME" {BYTES}`, id)
		for _, r := range rows {
			ts = append(ts, r.table)
		}
		return err
	})
	return ts, err
}

// TableNames lists the names of a database's tables.
func (s *Store) TableNames(ctx context.Context, database string) (names []string, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		id, err := databaseID(ctx, tx, strings.ToLower(database))
		if err != nil {
			return err
		}
		names, err = readStrings(ctx, tx, `SELECT "TBL_NAME" FROM "TBLS" WHERE "DB_ID" = $1 ORDER BY "TBL_NAME" {BYTES}`, id)
		return err
	})
	return names, err
}

func readStrings(ctx context.Context, tx *transaction, query string, args ...any) (out []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// Table returns one table, or NotFound.
func (s *Store) Table(ctx context.Context, database, name string) (t catalog.Table, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		r, err := readTable(ctx, tx, database, name)
		t = r.table
		return err
	})
	return t, err
}

func readTable(ctx context.Context, tx *transaction, database, name string) (row, error) {
	database, name = strings.ToLower(database), strings.ToLower(name)
	if r, ok := tx.tables[[2]string{database, name}]; ok {
		return r, nil
	}
	rows, err := readTables(ctx, tx, selectTables+`WHERE d."NAME" = $1 AND d."CTLG_NAME" = $2 AND t."TBL_NAME" = $3`, database, hive, name)
	if err != nil {
		return row{}, err
	}
	if len(rows) == 0 {
		if _, err := databaseID(ctx, tx, database); err != nil {
			return row{}, err
		}
		return row{}, noTable(database, name)
	}
	if tx.tables != nil {
		tx.tables[[2]string{database, name}] = *rows[0]
	}
	return *rows[0], nil
}

// lockTable is readTable for a change of the table or of its partitions: others
// that want to change them wait until the transaction ends.
func lockTable(ctx context.Context, tx *transaction, database, name string) (row, error) {
	if _, err := lockTableID(ctx, tx, strings.ToLower(database), strings.ToLower(name)); err != nil {
		return row{}, err
	}
	return readTable(ctx, tx, database, name)
}

func lockTableID(ctx context.Context, tx *transaction, database, name string) (int64, error) {
	return findTable(ctx, tx, database, name, " {UPDATE}")
}

func readTables(ctx context.Context, tx *transaction, query string, args ...any) ([]*row, error) {
	out, err := scanTables(ctx, tx, query, args...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	ids, byID := make([]int64, len(out)), make(map[int64]*catalog.Table, len(out))
	ds := make([]descriptor, len(out))
	for i, r := range out {
		ids[i], byID[r.id], ds[i] = r.id, &r.table, r.descriptor
	}
	err = readDescriptors(ctx, tx, ds, 0,
		parametersOf("TABLE_PARAMS", "TBL_ID", ids, func(id int64) *map[string]string { return &byID[id].Parameters }),
		listing{table: "PARTITION_KEYS", id: "TBL_ID", position: "INTEGER_IDX", texts: [3]string{`"PKEY_NAME"`, `"PKEY_TYPE"`, `"PKEY_COMMENT"`}, ids: ids, add: func(i item) {
			t := byID[i.id]
			t.Partitions = append(t.Partitions, i.column())
		}})
	if err != nil {
		return nil, err
	}
	for _, r := range out {
		if r.table.Type == catalog.ManagedTable && isTrue(r.table.Parameters[external]) {
			r.table.Type = catalog.ExternalTable
		}
	}
	return out, nil
}

func scanTables(ctx context.Context, tx *transaction, query string, args ...any) ([]*row, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*row
	for rows.Next() {
		r := &row{}
		t := &r.table
		var typ, owner, kind, original, expanded sql.NullString
		var created int64
		var sr storageRow
		err := rows.Scan(append([]any{&r.id, &t.Database, &t.Name, &typ, &owner, &kind, &created, &original, &expanded}, sr.targets()...)...)
		if err != nil {
			return nil, err
		}
		t.Type, t.Owner, t.OwnerType, t.Created = catalog.TableType(typ.String), owner.String, fromOwnerType(kind.String), fromSeconds(created)
		t.ViewOriginalText, t.ViewExpandedText = original.String, expanded.String
		r.descriptor = sr.descriptor(&t.Storage)
		out = append(out, r)
	}
	return out, rows.Err()
}

func isTrue(parameter string) bool { return strings.EqualFold(parameter, "true") }

// CreateTable adds a table, or answers Exists; NotFound if there is no such database.
func (s *Store) CreateTable(ctx context.Context, t catalog.Table) error {
	t, err := checkTable(t)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *transaction) error {
		db, err := freeName(ctx, tx, t.Database, t.Name)
		if err != nil {
			return err
		}
		cd, err := insertColumns(ctx, tx, t.Storage.Columns)
		if err != nil {
			return err
		}
		d := descriptor{cd: cd, storage: &t.Storage}
		if d.sd, err = storageIDs.take(ctx, tx, 1); err != nil {
			return err
		}
		if d.serde, err = serdeIDs.take(ctx, tx, 1); err != nil {
			return err
		}
		b := newStorageBatches()
		b.add(d)
		if err := b.insert(ctx, tx); err != nil {
			return err
		}
		id, err := tableIDs.take(ctx, tx, 1)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO "TBLS" ("TBL_ID", "CREATE_TIME", "DB_ID", "LAST_ACCESS_TIME", "OWNER", "OWNER_TYPE", "RETENTION", "SD_ID", "TBL_NAME", "TBL_TYPE", "VIEW_EXPANDED_TEXT", "VIEW_ORIGINAL_TEXT", "IS_REWRITE_ENABLED")
			VALUES ($1, $2, $3, 0, $4, $5, 0, $6, $7, $8, $9, $10, $11)`,
			id, seconds(t.Created), db, null(t.Owner), ownerType(t.Owner, t.OwnerType), d.sd, t.Name, string(t.Type), null(t.ViewExpandedText), null(t.ViewOriginalText), false)
		if err != nil {
			return err
		}
		if err := replaceTableLists(ctx, tx, id, &t); err != nil {
			return err
		}
		tx.tellTable("CREATE_TABLE", &t)
		return nil
	})
}

// freeName returns the id of the database in which no table has the name yet.
func freeName(ctx context.Context, tx *transaction, database, name string) (int64, error) {
	db, err := findDatabase(ctx, tx, database, " {SHARE}") // so that it is not dropped meanwhile
	if err != nil {
		return 0, err
	}
	var id int64
	err = tx.QueryRowContext(ctx, `SELECT "TBL_ID" FROM "TBLS" WHERE "DB_ID" = $1 AND "TBL_NAME" = $2`, db, name).Scan(&id)
	if err == nil {
		return 0, lethe.Errorf(lethe.Exists, "table %s.%s exists already", database, name)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	return db, nil
}

// replaceTableLists writes what a table has beside its row and its storage.
func replaceTableLists(ctx context.Context, tx *transaction, id int64, t *catalog.Table) error {
	if v := t.Parameters[ddlTime]; v == "" || v == "0" {
		t.Parameters[ddlTime] = strconv.FormatInt(time.Now().Unix(), 10)
	}
	if err := replaceParameters(ctx, tx, "TABLE_PARAMS", "TBL_ID", id, t.Parameters); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM "PARTITION_KEYS" WHERE "TBL_ID" = $1`, id); err != nil {
		return err
	}
	keys := into("PARTITION_KEYS", "TBL_ID", "PKEY_COMMENT", "PKEY_NAME", "PKEY_TYPE", "INTEGER_IDX")
	for i, c := range t.Partitions {
		keys.add(id, null(c.Comment), c.Name, c.Type, i)
	}
	return keys.insert(ctx, tx)
}

// AlterTable replaces a table's definition, keeping its partitions; the time it
// was made stays unless t has one. Partition keys cannot be renamed, added or
// removed while there are partitions: that is Conflict.
func (s *Store) AlterTable(ctx context.Context, database, name string, t catalog.Table) error {
	return s.alterTable(ctx, database, name, t, func(row) error { return nil })
}

// AlterTableIf is AlterTable if a parameter of the table has the expected value.
func (s *Store) AlterTableIf(ctx context.Context, database, name string, t catalog.Table, parameter, expected string) error {
	return s.alterTable(ctx, database, name, t, func(old row) error {
		if have := old.table.Parameters[parameter]; have != expected {
			return lethe.Errorf(lethe.Conflict, "The table has been modified. The parameter value for key '%s' is '%s'. The expected was value was '%s'", parameter, have, expected)
		}
		return nil
	})
}

// alterTable alters a table if its present definition is as it should be.
func (s *Store) alterTable(ctx context.Context, database, name string, t catalog.Table, check func(old row) error) error {
	database, name = strings.ToLower(database), strings.ToLower(name)
	if t.Database == "" {
		t.Database = database
	}
	if t.Name == "" {
		t.Name = name
	}
	t, err := checkTable(t)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *transaction) error {
		old, err := lockTable(ctx, tx, database, name)
		if err != nil {
			return err
		}
		if err := check(old); err != nil {
			return err
		}
		if err := keepKeys(ctx, tx, old, t); err != nil {
			return err
		}
		if t.Created.IsZero() {
			t.Created = old.table.Created
		}
		db, err := databaseID(ctx, tx, database)
		if err != nil {
			return err
		}
		if t.Database != database || t.Name != name {
			if db, err = rename(ctx, tx, old.id, t.Database, t.Name); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE "TBLS" SET "CREATE_TIME" = $1, "DB_ID" = $2, "OWNER" = $3, "OWNER_TYPE" = $4, "TBL_NAME" = $5, "TBL_TYPE" = $6, "VIEW_EXPANDED_TEXT" = $7, "VIEW_ORIGINAL_TEXT" = $8 WHERE "TBL_ID" = $9`,
			seconds(t.Created), db, null(t.Owner), ownerType(t.Owner, t.OwnerType), t.Name, string(t.Type), null(t.ViewExpandedText), null(t.ViewOriginalText), old.id)
		if err != nil {
			return err
		}
		d := old.descriptor
		d.storage = &t.Storage
		if !slices.Equal(old.table.Storage.Columns, t.Storage.Columns) {
			if d.cd, err = replaceColumns(ctx, tx, old, t.Storage.Columns); err != nil {
				return err
			}
		}
		if err := updateStorage(ctx, tx, d); err != nil {
			return err
		}
		if err := replaceTableLists(ctx, tx, old.id, &t); err != nil {
			return err
		}
		tx.tellAlterTable(&old.table, &t)
		return nil
	})
}

// keepKeys refuses a change of partition keys that would leave the names of
// existing partitions without meaning.
func keepKeys(ctx context.Context, tx *transaction, old row, t catalog.Table) error {
	same := slices.EqualFunc(old.table.Partitions, t.Partitions, func(a, b catalog.Column) bool { return a.Name == b.Name })
	if same {
		return nil
	}
	var some bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM "PARTITIONS" WHERE "TBL_ID" = $1)`, old.id).Scan(&some)
	if err != nil {
		return err
	}
	if some {
		return lethe.Errorf(lethe.Conflict, "the partition keys of table %s.%s cannot change while it has partitions", old.table.Database, old.table.Name).
			WithHint("drop its partitions first, or create a new table")
	}
	return nil
}

// rename frees the way for a table's new name and moves the statistics, which
// repeat it. It returns the id of the new database.
func rename(ctx context.Context, tx *transaction, id int64, database, name string) (int64, error) {
	db, err := freeName(ctx, tx, database, name)
	if err != nil {
		return 0, err
	}
	if !tx.db.has["TAB_COL_STATS.DB_NAME"] {
		return db, nil
	}
	for _, q := range []string{
		`UPDATE "TAB_COL_STATS" SET "DB_NAME" = $1, "TABLE_NAME" = $2 WHERE "TBL_ID" = $3`,
		`UPDATE "PART_COL_STATS" SET "DB_NAME" = $1, "TABLE_NAME" = $2 WHERE "PART_ID" IN (SELECT "PART_ID" FROM "PARTITIONS" WHERE "TBL_ID" = $3)`,
	} {
		if _, err := tx.ExecContext(ctx, q, database, name, id); err != nil {
			return 0, err
		}
	}
	return db, nil
}

// replaceColumns gives a table, and the partitions that follow it, a new column
// descriptor. Constraints, which refer to it, move too.
func replaceColumns(ctx context.Context, tx *transaction, old row, columns []catalog.Column) (int64, error) {
	cd, err := insertColumns(ctx, tx, columns)
	if err != nil {
		return 0, err
	}
	for _, q := range []string{
		`UPDATE "SDS" SET "CD_ID" = $1 WHERE "CD_ID" = $2`,
		`UPDATE "KEY_CONSTRAINTS" SET "PARENT_CD_ID" = $1 WHERE "PARENT_CD_ID" = $2`,
		`UPDATE "KEY_CONSTRAINTS" SET "CHILD_CD_ID" = $1 WHERE "CHILD_CD_ID" = $2`,
	} {
		if _, err := tx.ExecContext(ctx, q, cd, old.cd); err != nil {
			return 0, err
		}
	}
	return cd, dropColumns(ctx, tx, []int64{old.cd})
}

// DropTable removes a table and its partitions from the catalog. The data stays.
func (s *Store) DropTable(ctx context.Context, database, name string) error {
	return s.change(ctx, func(tx *transaction) error {
		t, err := lockTable(ctx, tx, database, name)
		if err != nil {
			return err
		}
		tx.tellTable("DROP_TABLE", &t.table)
		return dropTables(ctx, tx, []int64{t.id})
	})
}

func tableID(ctx context.Context, tx *transaction, database, name string) (int64, error) {
	return findTable(ctx, tx, database, name, "")
}

func findTable(ctx context.Context, tx *transaction, database, name, lock string) (id int64, err error) {
	db, err := databaseID(ctx, tx, database)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `SELECT "TBL_ID" FROM "TBLS" WHERE "DB_ID" = $1 AND "TBL_NAME" = $2`+lock, db, name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, noTable(database, name)
	}
	return id, err
}

// dropTables removes every row of the tables, references before what they refer to.
func dropTables(ctx context.Context, tx *transaction, ids []int64) error {
	for chunk := range slices.Chunk(ids, idsAtOnce) {
		parts, err := readIDs(ctx, tx, `SELECT "PART_ID" FROM "PARTITIONS" WHERE `+among(`"TBL_ID"`, "$1"), list(chunk))
		if err != nil {
			return err
		}
		if err := dropPartitions(ctx, tx, parts[0]); err != nil {
			return err
		}
		storage, err := readIDs(ctx, tx, `SELECT s."SD_ID", s."SERDE_ID", s."CD_ID" FROM "TBLS" t JOIN "SDS" s ON s."SD_ID" = t."SD_ID" WHERE `+among(`t."TBL_ID"`, "$1"), list(chunk))
		if err != nil {
			return err
		}
		for _, t := range []struct{ table, column string }{
			{"TABLE_PARAMS", "TBL_ID"},
			{"PARTITION_KEYS", "TBL_ID"},
			{"TAB_COL_STATS", "TBL_ID"},
			{"TBL_PRIVS", "TBL_ID"},
			{"TBL_COL_PRIVS", "TBL_ID"},
			{"MV_TABLES_USED", "TBL_ID"},
			{"KEY_CONSTRAINTS", "CHILD_TBL_ID"},
			{"KEY_CONSTRAINTS", "PARENT_TBL_ID"},
			{"TBLS", "TBL_ID"},
		} {
			if err := deleteWhere(ctx, tx, t.table, t.column, chunk); err != nil {
				return err
			}
		}
		if err := dropStorage(ctx, tx, storage[0], storage[1], storage[2]); err != nil {
			return err
		}
	}
	return nil
}

func noTable(database, name string) error {
	return lethe.Errorf(lethe.NotFound, "table %s.%s does not exist", database, name)
}
