package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"lethe/catalog"
	"lethe/test/need"
)

// TestInspect breaks a catalog's rows one by one and looks whether that is told.
func TestInspect(t *testing.T) {
	for name, c := range map[string]struct{ database, version string }{
		"SQLite":     {filepath.Join(t.TempDir(), "catalog.db"), "3.1"},
		"PostgreSQL": {"", "4.1"},
		"MariaDB":    {"", "4.0"},
	} {
		t.Run(name, func(t *testing.T) {
			switch name {
			case "PostgreSQL":
				c.database = need.Postgres(t)
			case "MariaDB":
				c.database = need.MariaDB(t)
			}
			testInspect(t, c.database, c.version)
		})
	}
}

func testInspect(t *testing.T, database, version string) {
	ctx := t.Context()
	s, err := Connect(ctx, Options{Database: database, Version: version})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	def := parquet("t", "dt", "h")
	must(t, s.CreateTable(ctx, def))
	must(t, s.CreateFunction(ctx, catalog.Function{Database: "default", Name: "f", Resources: []catalog.FunctionResource{{Type: 1, URI: "s3://a/b"}}}))
	must(t, s.AddPartitions(ctx, "default", "t", []catalog.Partition{{Values: []string{"a", "b"}, Storage: catalog.Storage{Location: "s3://a"}}}, false))
	found, err := Inspect(ctx, Options{Database: database})
	if err != nil || len(found) != 0 {
		t.Fatalf("%v %+v", err, found)
	}
	id := func(query string) int64 {
		var n int64
		must(t, s.db.View(ctx, func(tx *transaction) error { return tx.QueryRowContext(ctx, query).Scan(&n) }))
		return n
	}
	part, table := id(`SELECT max("PART_ID") FROM "PARTITIONS"`), id(`SELECT max("TBL_ID") FROM "TBLS"`)
	for _, c := range []struct{ table, problem, change, back string }{
		{"CTLGS", "hive is missing", `UPDATE "CTLGS" SET "NAME" = 'other'`, `UPDATE "CTLGS" SET "NAME" = 'hive'`},
		{"DBS", "default is missing", `UPDATE "DBS" SET "NAME" = 'other'`, `UPDATE "DBS" SET "NAME" = 'default'`},
		{"DBS", "not in lower case", `UPDATE "DBS" SET "NAME" = 'Default'`, `UPDATE "DBS" SET "NAME" = 'default'`},
		{"NOTIFICATION_SEQUENCE", "but", `UPDATE "NOTIFICATION_SEQUENCE" SET "NEXT_EVENT_ID" = 2`, `UPDATE "NOTIFICATION_SEQUENCE" SET "NEXT_EVENT_ID" = 1000`},
		{"NOTIFICATION_SEQUENCE", "missing", `DELETE FROM "NOTIFICATION_SEQUENCE"`, `INSERT INTO "NOTIFICATION_SEQUENCE" ("NNI_ID", "NEXT_EVENT_ID") VALUES (1, 1000)`},
		{"SEQUENCE_TABLE", "the next id would be 1, but TBLS has", `UPDATE "SEQUENCE_TABLE" SET "NEXT_VAL" = 1 WHERE "SEQUENCE_NAME" LIKE '%.MTable'`, `UPDATE "SEQUENCE_TABLE" SET "NEXT_VAL" = 1000 WHERE "SEQUENCE_NAME" LIKE '%.MTable'`},
		{"TBLS", "not in lower case", `UPDATE "TBLS" SET "TBL_NAME" = 'T'`, `UPDATE "TBLS" SET "TBL_NAME" = 't'`},
		{"TBLS", "TBL_TYPE ODD is unknown", `UPDATE "TBLS" SET "TBL_TYPE" = 'ODD'`, `UPDATE "TBLS" SET "TBL_TYPE" = 'EXTERNAL_TABLE'`},
		{"TBLS", "without the parameter EXTERNAL", `UPDATE "TABLE_PARAMS" SET "PARAM_VALUE" = 'FALSE' WHERE "PARAM_KEY" = 'EXTERNAL'`, `UPDATE "TABLE_PARAMS" SET "PARAM_VALUE" = 'TRUE' WHERE "PARAM_KEY" = 'EXTERNAL'`},
		{"COLUMNS_V2", "count from 0", `UPDATE "COLUMNS_V2" SET "INTEGER_IDX" = 7 WHERE "COLUMN_NAME" = 'note'`, `UPDATE "COLUMNS_V2" SET "INTEGER_IDX" = 1 WHERE "COLUMN_NAME" = 'note'`},
		{"COLUMNS_V2", "column dt is also a partition key", `UPDATE "COLUMNS_V2" SET "COLUMN_NAME" = 'dt' WHERE "COLUMN_NAME" = 'note'`, `UPDATE "COLUMNS_V2" SET "COLUMN_NAME" = 'note' WHERE "COLUMN_NAME" = 'dt'`},
		{"PARTITIONS", "its name is dt=a/h=b, its values make dt=c/h=b", `UPDATE "PARTITION_KEY_VALS" SET "PART_KEY_VAL" = 'c' WHERE "PART_KEY_VAL" = 'a'`, `UPDATE "PARTITION_KEY_VALS" SET "PART_KEY_VAL" = 'a' WHERE "PART_KEY_VAL" = 'c'`},
		{"PARTITION_KEY_VALS", "no partition key", fmt.Sprintf(`INSERT INTO "PARTITION_KEY_VALS" ("PART_ID", "PART_KEY_VAL", "INTEGER_IDX") VALUES (%d, 'z', 2)`, part), `DELETE FROM "PARTITION_KEY_VALS" WHERE "PART_KEY_VAL" = 'z'`},
		{"SDS", "no location", `UPDATE "SDS" SET "LOCATION" = NULL`, `UPDATE "SDS" SET "LOCATION" = 's3://a'`},
		{"SDS", "belongs to nothing", `INSERT INTO "SDS" ("SD_ID", "IS_COMPRESSED", "NUM_BUCKETS", "IS_STOREDASSUBDIRECTORIES", "SERDE_ID", "CD_ID") SELECT 999, "IS_COMPRESSED", 1, "IS_STOREDASSUBDIRECTORIES", "SERDE_ID", "CD_ID" FROM "SDS" WHERE "SD_ID" = (SELECT "SD_ID" FROM "TBLS")`, `DELETE FROM "SDS" WHERE "SD_ID" = 999`},
		{"CDS", "belongs to nothing", `INSERT INTO "CDS" ("CD_ID") VALUES (999)`, `DELETE FROM "CDS" WHERE "CD_ID" = 999`},
		{"TBLS", "no storage descriptor", `UPDATE "TBLS" SET "SD_ID" = NULL`, ""},
		{"TABLE_PARAMS", "is in no row of TBLS", fmt.Sprintf(`UPDATE "TABLE_PARAMS" SET "TBL_ID" = %d`, table+500), ""},
		{"VERSION", "2 rows in VERSION", `INSERT INTO "VERSION" ("VER_ID", "SCHEMA_VERSION", "VERSION_COMMENT") VALUES (2, '2.3.0', '')`, ""},
	} {
		unchecked(t, s, c.change)
		found, err := Inspect(ctx, Options{Database: database})
		if c.table == "VERSION" {
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%v", err)
			}
			continue
		}
		must(t, err)
		told := false
		for _, f := range found {
			told = told || f.Table == c.table && strings.Contains(f.Problem, c.problem) && f.Advice != ""
		}
		if !told {
			t.Errorf("%s: %+v", c.change, found)
		}
		if c.back != "" {
			unchecked(t, s, c.back)
			if found, err := Inspect(ctx, Options{Database: database}); err != nil || len(found) != 0 {
				t.Fatalf("after %s: %v %+v", c.back, err, found)
			}
		}
	}
}

// unchecked changes rows without regard to references.
func unchecked(t *testing.T, s *Store, q string) {
	t.Helper()
	ctx := t.Context()
	off, on := "", ""
	switch s.db.kind {
	case mysqlKind:
		off, on = "SET foreign_key_checks = 0", "SET foreign_key_checks = 1"
	case postgresKind:
		off, on = "SET session_replication_role = replica", "SET session_replication_role = origin"
	default:
		off, on = "PRAGMA defer_foreign_keys = on", "PRAGMA defer_foreign_keys = off"
	}
	must(t, s.db.Tx(ctx, func(tx *transaction) error {
		if _, err := tx.tx.ExecContext(ctx, off); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
		_, err := tx.tx.ExecContext(ctx, on)
		return err
	}))
}
