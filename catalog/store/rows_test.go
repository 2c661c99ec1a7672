package store

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"lethe/catalog"
)

func openStore(t testing.TB) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func rowsOf(t testing.TB, s *Store, query string, args ...any) (out [][]string) {
	t.Helper()
	must(t, s.db.View(t.Context(), func(tx *transaction) error {
		rows, err := tx.QueryContext(t.Context(), query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			values, targets := make([]sql.NullString, len(columns)), make([]any, len(columns))
			for i := range values {
				targets[i] = &values[i]
			}
			if err := rows.Scan(targets...); err != nil {
				return err
			}
			line := make([]string, len(columns))
			for i, v := range values {
				line[i] = v.String
			}
			out = append(out, line)
		}
		return rows.Err()
	}))
	return out
}

func parquet(name string, keys ...string) catalog.Table {
	t := catalog.Table{
		Database: "default", Name: name, Type: catalog.ExternalTable,
		Storage: catalog.Storage{
			Columns:     []catalog.Column{{Name: "id", Type: "bigint"}, {Name: "note", Type: "string"}},
			Location:    "s3://lake/" + name,
			InputFormat: catalog.Parquet.InputFormat, OutputFormat: catalog.Parquet.OutputFormat,
			SerDe:         catalog.SerDe{Library: catalog.Parquet.SerDe, Parameters: map[string]string{"serialization.format": "1"}},
			BucketColumns: []string{"id"}, BucketCount: 4, SortColumns: []catalog.SortColumn{{Column: "id", Ascending: true}},
			Parameters: map[string]string{"p": "q"},
		},
	}
	for _, k := range keys {
		t.Partitions = append(t.Partitions, catalog.Column{Name: k, Type: "string"})
	}
	return t
}

// TestRows states what a metastore that shares the database finds in it.
func TestRows(t *testing.T) {
	s, ctx := openStore(t), t.Context()
	def := parquet("T", "dt", "h")
	must(t, s.CreateTable(ctx, def))
	own := []catalog.Column{{Name: "other", Type: "int"}}
	must(t, s.AddPartitions(ctx, "default", "t", []catalog.Partition{
		{Values: []string{"2020-09-10", "a/b"}, Storage: def.Storage, Parameters: map[string]string{"numRows": "1"}},
		{Values: []string{"2020-09-11", ""}, Storage: catalog.Storage{Columns: own}},
		{Values: []string{"2020-09-12", "x"}, Storage: catalog.Storage{Columns: own}},
	}, false))
	for _, c := range []struct{ query, want string }{
		{`SELECT "SCHEMA_VERSION" FROM "VERSION"`, `[[3.1.0]]`},
		{`SELECT "CTLG_ID", "NAME" FROM "CTLGS"`, `[[1 hive]]`},
		{`SELECT "DB_ID", "NAME", "CTLG_NAME" FROM "DBS"`, `[[1 default hive]]`},
		{`SELECT "TBL_ID", "DB_ID", "TBL_NAME", "TBL_TYPE", "SD_ID", "RETENTION", "LAST_ACCESS_TIME", "IS_REWRITE_ENABLED" FROM "TBLS"`, `[[1 1 t EXTERNAL_TABLE 1 0 0 false]]`},
		{`SELECT "PARAM_KEY", "PARAM_VALUE" FROM "TABLE_PARAMS" WHERE "PARAM_KEY" = 'EXTERNAL'`, `[[EXTERNAL TRUE]]`},
		{`SELECT "PKEY_NAME", "PKEY_TYPE", "INTEGER_IDX" FROM "PARTITION_KEYS" ORDER BY 3`, `[[dt string 0] [h string 1]]`},
		{`SELECT "SD_ID", "CD_ID", "SERDE_ID", "LOCATION", "NUM_BUCKETS", "IS_COMPRESSED", "IS_STOREDASSUBDIRECTORIES" FROM "SDS"`,
			`[[1 1 1 s3://lake/T 4 false false] [2 1 2 s3://lake/T 4 false false] [3 2 3  -1 false false] [4 2 4  -1 false false]]`},
		{`SELECT "CD_ID", "COLUMN_NAME", "TYPE_NAME", "INTEGER_IDX" FROM "COLUMNS_V2" ORDER BY 1, 4`, `[[1 id bigint 0] [1 note string 1] [2 other int 0]]`},
		{`SELECT "SERDE_ID", "SLIB" FROM "SERDES" WHERE "SERDE_ID" < 3`, `[[1 ` + catalog.Parquet.SerDe + `] [2 ` + catalog.Parquet.SerDe + `]]`},
		{`SELECT "PART_ID", "PART_NAME", "SD_ID", "TBL_ID" FROM "PARTITIONS"`,
			`[[1 dt=2020-09-10/h=a%2Fb 2 1] [2 dt=2020-09-11/h=__HIVE_DEFAULT_PARTITION__ 3 1] [3 dt=2020-09-12/h=x 4 1]]`},
		{`SELECT * FROM "PARTITION_KEY_VALS" WHERE "PART_ID" < 3`,
			`[[1 2020-09-10 0] [1 a/b 1] [2 2020-09-11 0] [2 __HIVE_DEFAULT_PARTITION__ 1]]`},
		{`SELECT * FROM "PARTITION_PARAMS"`, `[[1 numRows 1]]`},
		{`SELECT * FROM "BUCKETING_COLS"`, `[[1 id 0] [2 id 0]]`},
		{`SELECT * FROM "SORT_COLS"`, `[[1 id 1 0] [2 id 1 0]]`},
		{`SELECT substr("SEQUENCE_NAME", 40), "NEXT_VAL" FROM "SEQUENCE_TABLE" WHERE "SEQUENCE_NAME" NOT LIKE '%Notification%' ORDER BY 1`,
			`[[MColumnDescriptor 3] [MDatabase 2] [MPartition 4] [MSerDeInfo 5] [MStorageDescriptor 5] [MTable 2]]`},
	} {
		if got := fmt.Sprint(rowsOf(t, s, c.query)); got != c.want {
			t.Errorf("%s\nhas  %s\nwant %s", c.query, got, c.want)
		}
	}

	// Rows that other clients of the schema make do not stand in the way of a
	// drop, and nothing is left after it but the sequences.
	must(t, s.db.Tx(ctx, func(tx *transaction) error {
		for _, q := range []string{
			`INSERT INTO "TAB_COL_STATS" ("CS_ID", "DB_NAME", "TABLE_NAME", "COLUMN_NAME", "COLUMN_TYPE", "TBL_ID", "NUM_NULLS", "LAST_ANALYZED") VALUES (1, 'default', 't', 'id', 'bigint', 1, 0, 0)`,
			`INSERT INTO "PART_COL_STATS" ("CS_ID", "DB_NAME", "TABLE_NAME", "PARTITION_NAME", "COLUMN_NAME", "COLUMN_TYPE", "PART_ID", "NUM_NULLS", "LAST_ANALYZED") VALUES (1, 'default', 't', 'x', 'id', 'bigint', 1, 0, 0)`,
			`INSERT INTO "SKEWED_STRING_LIST" VALUES (1), (2)`,
			`INSERT INTO "SKEWED_STRING_LIST_VALUES" VALUES (1, 'x', 0)`,
			`INSERT INTO "SKEWED_COL_NAMES" VALUES (1, 'id', 0)`,
			`INSERT INTO "SKEWED_VALUES" VALUES (1, 1, 0)`,
			`INSERT INTO "SKEWED_COL_VALUE_LOC_MAP" VALUES (2, 2, 's3://lake/x')`,
			`INSERT INTO "KEY_CONSTRAINTS" ("PARENT_TBL_ID", "POSITION", "CONSTRAINT_NAME", "CONSTRAINT_TYPE", "ENABLE_VALIDATE_RELY") VALUES (1, 1, 'pk', 0, 0)`,
			`INSERT INTO "TBL_PRIVS" ("TBL_GRANT_ID", "CREATE_TIME", "GRANT_OPTION", "TBL_ID") VALUES (1, 0, 0, 1)`,
			`INSERT INTO "PART_PRIVS" ("PART_GRANT_ID", "CREATE_TIME", "GRANT_OPTION", "PART_ID") VALUES (1, 0, 0, 1)`,
		} {
			if _, err := tx.tx.Exec(q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	}))
	must(t, s.AlterTable(ctx, "default", "t", parquet("renamed", "dt", "h")))
	for _, table := range []string{"TAB_COL_STATS", "PART_COL_STATS"} {
		if got := fmt.Sprint(rowsOf(t, s, `SELECT "DB_NAME", "TABLE_NAME" FROM "`+table+`"`)); got != "[[default renamed]]" {
			t.Errorf("after a rename, %s has %s", table, got)
		}
	}
	must(t, s.DropTable(ctx, "default", "renamed"))
	kept := []string{"VERSION", "NOTIFICATION_LOG", "CTLGS", "DBS", "SEQUENCE_TABLE", "NOTIFICATION_SEQUENCE", "NEXT_TXN_ID", "NEXT_LOCK_ID", "NEXT_COMPACTION_QUEUE_ID", "catalog_migrations", "sqlite_sequence"}
	tables := rowsOf(t, s, `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
	for _, r := range tables {
		if n := rowsOf(t, s, `SELECT count(*) FROM "`+r[0]+`"`)[0][0]; n != "0" && !slices.Contains(kept, r[0]) {
			t.Errorf("after the drop, %s has %s rows", r[0], n)
		}
	}
	must(t, s.Check(ctx))
}

// TestSequences: ids follow what another metastore reserved, and a sequence
// without a row begins after the greatest id.
func TestSequences(t *testing.T) {
	s, ctx := openStore(t), t.Context()
	must(t, s.CreateTable(ctx, parquet("a")))
	must(t, s.db.Tx(ctx, func(tx *transaction) error {
		_, err := tx.tx.Exec(`UPDATE "SEQUENCE_TABLE" SET "NEXT_VAL" = 101 WHERE "SEQUENCE_NAME" LIKE '%.MTable';
			UPDATE "SEQUENCE_TABLE" SET "NEXT_VAL" = 51 WHERE "SEQUENCE_NAME" LIKE '%.MSerDeInfo';
			DELETE FROM "SEQUENCE_TABLE" WHERE "SEQUENCE_NAME" LIKE '%.MStorageDescriptor'`)
		return err
	}))
	must(t, s.CreateTable(ctx, parquet("b")))
	if got := fmt.Sprint(rowsOf(t, s, `SELECT t."TBL_ID", s."SD_ID", s."SERDE_ID" FROM "TBLS" t JOIN "SDS" s ON s."SD_ID" = t."SD_ID" WHERE "TBL_NAME" = 'b'`)); got != "[[101 2 51]]" {
		t.Errorf("ids are %s", got)
	}
	must(t, s.DropTable(ctx, "default", "b"))
	must(t, s.CreateTable(ctx, parquet("c")))
	if got := fmt.Sprint(rowsOf(t, s, `SELECT "TBL_ID", "SD_ID" FROM "TBLS" WHERE "TBL_NAME" = 'c'`)); got != "[[102 3]]" {
		t.Errorf("ids after a drop are %s: they must not be used twice", got)
	}
}

func TestMigratedTables(t *testing.T) {
	s := openStore(t)
	if n := len(rowsOf(t, s, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%migrations'`)); n != 74 {
		t.Errorf("%d tables", n)
	}
	must(t, s.db.Tx(t.Context(), func(tx *transaction) error {
		_, err := tx.tx.Exec(`UPDATE "VERSION" SET "SCHEMA_VERSION" = '4.2.0'`)
		return err
	}))
	if again, err := Open(t.Context(), s.db.file.Path()); err == nil {
		again.Close()
		t.Error("a catalog of another schema version was opened")
	}
}

// many makes a table with n partitions dt=.../c=... of 10 countries a day.
func many(t testing.TB, s *Store, n int) {
	def := parquet("many", "dt", "c")
	must(t, s.CreateTable(t.Context(), def))
	ps := make([]catalog.Partition, n)
	for i := range ps {
		st := def.Storage
		st.Columns, st.BucketColumns, st.SortColumns, st.BucketCount, st.Parameters = nil, nil, nil, -1, nil
		ps[i] = catalog.Partition{
			Values:     []string{fmt.Sprintf("%06d", i/10), fmt.Sprint("c", i%10)},
			Storage:    st,
			Parameters: map[string]string{"numRows": "1", "numFiles": "1", "totalSize": "12345"},
		}
	}
	must(t, s.AddPartitions(t.Context(), "default", "many", ps, false))
}

func BenchmarkPartitions(b *testing.B) {
	s, ctx := openStore(b), context.Background()
	many(b, s, 100_000)
	for name, page := range map[string]catalog.PartitionPage{
		"one":     {Where: &catalog.Expression{Values: [][]string{{"000123"}, {"c7"}}}},
		"first":   {Where: &catalog.Expression{Values: [][]string{{"000123"}}}},
		"second":  {Where: &catalog.Expression{Values: [][]string{nil, {"c7"}}}},
		"1000":    {Limit: 1000, After: "dt=005000"},
		"all":     {},
		"several": {Where: &catalog.Expression{Values: [][]string{{"000001", "000500", "009999"}}}},
	} {
		b.Run("names/"+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.PartitionNames(ctx, "default", "many", page); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("partitions/"+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Partitions(ctx, "default", "many", page); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
