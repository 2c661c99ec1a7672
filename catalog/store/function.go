package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"lethe"
	"lethe/catalog"
)

const selectFunctions = `SELECT f."FUNC_ID", d."NAME", f."FUNC_NAME", f."CLASS_NAME", f."OWNER_NAME", f."OWNER_TYPE", f."CREATE_TIME"
	FROM "FUNCS" f JOIN "DBS" d ON d."DB_ID" = f."DB_ID" `

func readFunctions(ctx context.Context, tx *transaction, query string, args ...any) (out []catalog.Function, ids []int64, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	at := map[int64]int{}
	for rows.Next() {
		var id, created int64
		var f catalog.Function
		var class, owner, kind sql.NullString
		if err := rows.Scan(&id, &f.Database, &f.Name, &class, &owner, &kind, &created); err != nil {
			return nil, nil, err
		}
		f.Class, f.Owner, f.OwnerType, f.Created = class.String, owner.String, fromOwnerType(kind.String), fromSeconds(created)
		at[id] = len(out)
		out, ids = append(out, f), append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	rows.Close()
	for chunk := range slices.Chunk(ids, idsAtOnce) {
		if err := readResources(ctx, tx, chunk, func(id int64) *catalog.Function { return &out[at[id]] }); err != nil {
			return nil, nil, err
		}
	}
	return out, ids, nil
}

func readResources(ctx context.Context, tx *transaction, ids []int64, of func(id int64) *catalog.Function) error {
	rows, err := tx.QueryContext(ctx, `SELECT "FUNC_ID", "RESOURCE_TYPE", "RESOURCE_URI" FROM "FUNC_RU" WHERE `+among(`"FUNC_ID"`, "$1")+` ORDER BY "FUNC_ID", "INTEGER_IDX"`, list(ids))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var r catalog.FunctionResource
		var uri sql.NullString
		if err := rows.Scan(&id, &r.Type, &uri); err != nil {
			return err
		}
		r.URI = uri.String
		f := of(id)
		f.Resources = append(f.Resources, r)
	}
	return rows.Err()
}

// Functions lists a database's functions by name.
func (s *Store) Functions(ctx context.Context, database string) (fs []catalog.Function, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		db, err := databaseID(ctx, tx, strings.ToLower(database))
		if err != nil {
			return err
		}
		fs, _, err = readFunctions(ctx, tx, selectFunctions+`WHERE f."DB_ID" = $1 ORDER BY f."FUNC_NAME" {BYTES}`, db)
		return err
	})
	return fs, err
}

// Function returns one function, or NotFound.
func (s *Store) Function(ctx context.Context, database, name string) (f catalog.Function, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		f, _, err = readFunction(ctx, tx, database, name)
		return err
	})
	return f, err
}

func readFunction(ctx context.Context, tx *transaction, database, name string) (f catalog.Function, id int64, err error) {
	database, name = strings.ToLower(database), strings.ToLower(name)
	db, err := databaseID(ctx, tx, database)
	if err != nil {
		return f, 0, err
	}
	fs, ids, err := readFunctions(ctx, tx, selectFunctions+`WHERE f."DB_ID" = $1 AND f."FUNC_NAME" = $2`, db, name)
	if err != nil {
		return f, 0, err
	}
	if len(fs) == 0 {
		return f, 0, lethe.Errorf(lethe.NotFound, "Function %s.%s does not exist", database, name)
	}
	return fs[0], ids[0], nil
}

// maxResources bounds the files of a function.
const maxResources = 1000

func checkFunction(f catalog.Function) (catalog.Function, error) {
	f.Database, f.Name = strings.ToLower(f.Database), strings.ToLower(f.Name)
	if err := firstError(checkName("database", f.Database, maxDatabase), checkName("function", f.Name, maxDatabase)); err != nil {
		return f, err
	}
	what := "function " + f.Database + "." + f.Name
	if err := firstError(checkText(what, "class", f.Class, maxText), checkText(what, "owner", f.Owner, maxOwner)); err != nil {
		return f, err
	}
	if len(f.Resources) > maxResources {
		return f, lethe.Errorf(lethe.Invalid, "%s has %d resources, at most %d are allowed", what, len(f.Resources), maxResources)
	}
	for _, r := range f.Resources {
		if err := checkText(what, "resource", r.URI, maxText); err != nil {
			return f, err
		}
	}
	return f, nil
}

func insertResources(ctx context.Context, tx *transaction, id int64, rs []catalog.FunctionResource) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM "FUNC_RU" WHERE "FUNC_ID" = $1`, id); err != nil {
		return err
	}
	b := into("FUNC_RU", "FUNC_ID", "RESOURCE_TYPE", "RESOURCE_URI", "INTEGER_IDX")
	for i, r := range rs {
		b.add(id, r.Type, null(r.URI), i)
	}
	return b.insert(ctx, tx)
}

// CreateFunction adds a function, or answers Exists.
func (s *Store) CreateFunction(ctx context.Context, f catalog.Function) error {
	f, err := checkFunction(f)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *transaction) error {
		if _, _, err := readFunction(ctx, tx, f.Database, f.Name); err == nil {
			return lethe.Errorf(lethe.Exists, "Function %s.%s already exists", f.Database, f.Name)
		} else if !lethe.Is(err, lethe.NotFound) {
			return err
		}
		db, err := findDatabase(ctx, tx, f.Database, " {SHARE}")
		if err != nil {
			return err
		}
		id, err := functionIDs.take(ctx, tx, 1)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO "FUNCS" ("FUNC_ID", "CLASS_NAME", "CREATE_TIME", "DB_ID", "FUNC_NAME", "FUNC_TYPE", "OWNER_NAME", "OWNER_TYPE") VALUES ($1, $2, $3, $4, $5, 1, $6, $7)`,
			id, null(f.Class), seconds(f.Created), db, f.Name, null(f.Owner), ownerType(f.Owner, f.OwnerType))
		if err != nil {
			return err
		}
		tx.tellFunction("CREATE_FUNCTION", &f)
		return insertResources(ctx, tx, id, f.Resources)
	})
}

// AlterFunction replaces a function's definition; f may have another name or database.
func (s *Store) AlterFunction(ctx context.Context, database, name string, f catalog.Function) error {
	f, err := checkFunction(f)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *transaction) error {
		old, id, err := readFunction(ctx, tx, database, name)
		if err != nil {
			return err
		}
		if f.Database != old.Database || f.Name != old.Name {
			if _, _, err := readFunction(ctx, tx, f.Database, f.Name); err == nil {
				return lethe.Errorf(lethe.Exists, "Function %s.%s already exists", f.Database, f.Name)
			} else if !lethe.Is(err, lethe.NotFound) {
				return err
			}
		}
		db, err := findDatabase(ctx, tx, f.Database, " {SHARE}")
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE "FUNCS" SET "CLASS_NAME" = $1, "DB_ID" = $2, "FUNC_NAME" = $3, "OWNER_NAME" = $4, "OWNER_TYPE" = $5 WHERE "FUNC_ID" = $6`,
			null(f.Class), db, f.Name, null(f.Owner), ownerType(f.Owner, f.OwnerType), id)
		if err != nil {
			return err
		}
		return insertResources(ctx, tx, id, f.Resources)
	})
}

// DropFunction removes a function, or answers NotFound.
func (s *Store) DropFunction(ctx context.Context, database, name string) error {
	return s.change(ctx, func(tx *transaction) error {
		f, id, err := readFunction(ctx, tx, database, name)
		if err != nil {
			return err
		}
		tx.tellFunction("DROP_FUNCTION", &f)
		for _, table := range []string{"FUNC_RU", "FUNCS"} {
			if err := deleteWhere(ctx, tx, table, "FUNC_ID", []int64{id}); err != nil {
				return err
			}
		}
		return nil
	})
}
