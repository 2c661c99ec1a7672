package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"lethe"
	"lethe/catalog"
)

// Finding is something in a catalog's database over which a metastore would
// stumble.
type Finding struct {
	Table   string `json:"table"`
	Row     string `json:"row,omitempty"` // the row's id, or what else tells it from others
	Problem string `json:"problem"`
	Advice  string `json:"advice"`
}

// findingsOfOne bounds how many rows are told of one kind of problem.
const findingsOfOne = 100

// Inspect looks through the rows of a catalog for what a Java metastore, or this
// one, would stumble over, and changes nothing. It reads all tables, in one
// transaction: in a large database that takes minutes.
func Inspect(ctx context.Context, o Options) (found []Finding, err error) {
	if !strings.Contains(o.Database, "://") {
		if _, err := os.Stat(o.Database); err != nil {
			return nil, lethe.Errorf(lethe.NotFound, "there is no catalog: %w", err)
		}
	}
	s, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	if err := s.inspect(ctx); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *transaction) error {
		i := &inspection{tx: tx, ctx: ctx}
		i.beginnings()
		i.references()
		i.unused()
		i.sequences()
		i.names()
		i.tables()
		i.orders()
		i.partitions()
		found = i.found
		return i.err
	})
	return found, err
}

type inspection struct {
	ctx   context.Context
	tx    *transaction
	found []Finding
	err   error
}

func (i *inspection) add(table, row, problem, advice string) {
	i.found = append(i.found, Finding{table, row, problem, advice})
}

// each adds a finding for each row of a query, of which the first column says
// which row it is. A second column replaces %s in the problem.
func (i *inspection) each(table, problem, advice, query string, args ...any) {
	if i.err != nil {
		return
	}
	rows, err := i.tx.QueryContext(i.ctx, query, args...)
	if err != nil {
		i.err = fmt.Errorf("%w: %s", err, query)
		return
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var id, detail sql.NullString
		to := []any{&id}
		if strings.Contains(problem, "%s") {
			to = append(to, &detail)
		}
		if i.err = rows.Scan(to...); i.err != nil {
			return
		}
		if n < findingsOfOne {
			i.add(table, id.String, strings.Replace(problem, "%s", detail.String, 1), advice)
		}
	}
	i.err = rows.Err()
	if n > findingsOfOne {
		i.add(table, "", fmt.Sprintf("%d rows more have the last problem", n-findingsOfOne), advice)
	}
}

// number reads one number, which may be absent.
func (i *inspection) number(query string) (n sql.NullInt64) {
	if i.err == nil {
		if err := i.tx.QueryRowContext(i.ctx, query).Scan(&n); err != nil {
			i.err = fmt.Errorf("%w: %s", err, query)
		}
	}
	return n
}

// beginnings looks for the rows that every metastore expects.
func (i *inspection) beginnings() {
	for _, r := range []struct{ table, where, what string }{
		{"CTLGS", `"NAME" = 'hive'`, "the catalog hive"},
		{"DBS", `"NAME" = 'default' AND "CTLG_NAME" = 'hive'`, "the database default"},
		{"ROLES", `"ROLE_NAME" = 'admin'`, "the role admin"},
		{"ROLES", `"ROLE_NAME" = 'public'`, "the role public"},
		{"NOTIFICATION_SEQUENCE", `1 = 1`, "the number of the next notification"},
		{"NEXT_LOCK_ID", `1 = 1`, "the number of the next lock"},
	} {
		if r.table == "ROLES" && i.tx.db.kind == sqliteKind {
			continue // which no Java metastore opens
		}
		switch n := i.number(`SELECT count(*) FROM "` + r.table + `" WHERE ` + r.where); {
		case i.err == nil && n.Int64 == 0:
			i.add(r.table, "", r.what+" is missing", "start a metastore, which makes it, or insert the row")
		case n.Int64 > 1:
			i.add(r.table, "", fmt.Sprintf("%s is there %d times", r.what, n.Int64), "delete the rows but one: the greatest number of a next one, or the row that others refer to")
		}
	}
	if last, next := i.number(`SELECT max("EVENT_ID") FROM "NOTIFICATION_LOG"`), i.number(`SELECT max("NEXT_EVENT_ID") FROM "NOTIFICATION_SEQUENCE"`); next.Valid && last.Int64 >= next.Int64 {
		i.add("NOTIFICATION_SEQUENCE", "", fmt.Sprintf("the next notification would be %d, but %d is there", next.Int64, last.Int64), fmt.Sprintf("set NEXT_EVENT_ID to %d", last.Int64+1))
	}
	if last, next := i.number(`SELECT max("HL_LOCK_EXT_ID") FROM "HIVE_LOCKS"`), i.number(`SELECT max("NL_NEXT") FROM "NEXT_LOCK_ID"`); next.Valid && last.Int64 >= next.Int64 {
		i.add("NEXT_LOCK_ID", "", fmt.Sprintf("the next lock would be %d, but %d is there", next.Int64, last.Int64), fmt.Sprintf("set NL_NEXT to %d", last.Int64+1))
	}
}

// references looks for rows that refer to none: databases keep them only where
// constraints were dropped, or the tables are of an engine without.
func (i *inspection) references() {
	for _, t := range tables(i.tx.db.version) {
		id := t.columns[0].name
		if len(t.primary) > 0 {
			id = t.primary[0]
		}
		for _, f := range t.foreign {
			i.each(t.name, "its "+f.column+" %s is in no row of "+f.table, "delete the row if what it belongs to is gone; otherwise restore "+f.table+" from a backup",
				`SELECT c."`+id+`", c."`+f.column+`" FROM "`+t.name+`" c LEFT JOIN "`+f.table+`" p ON p."`+f.to+`" = c."`+f.column+`" WHERE c."`+f.column+`" IS NOT NULL AND p."`+f.to+`" IS NULL`)
		}
	}
	for _, t := range []struct{ table, id string }{{"TBLS", "TBL_ID"}, {"PARTITIONS", "PART_ID"}} {
		i.each(t.table, "has no storage descriptor", "drop it and make it again", `SELECT "`+t.id+`" FROM "`+t.table+`" WHERE "SD_ID" IS NULL`)
	}
	i.each("TBLS", "is in no database", "delete the row", `SELECT "TBL_ID" FROM "TBLS" WHERE "DB_ID" IS NULL`)
	i.each("PARTITIONS", "is of no table", "delete the row", `SELECT "PART_ID" FROM "PARTITIONS" WHERE "TBL_ID" IS NULL`)
	i.each("SDS", "has no SerDe", "drop what it belongs to and make it again", `SELECT "SD_ID" FROM "SDS" WHERE "SERDE_ID" IS NULL`)
	i.each("SDS", "has no column descriptor", "drop what it belongs to and make it again", `SELECT "SD_ID" FROM "SDS" WHERE "CD_ID" IS NULL`)
}

// unused looks for rows that nothing refers to.
func (i *inspection) unused() {
	users := map[string][]string{}
	for _, t := range tables(i.tx.db.version) {
		for _, f := range t.foreign {
			switch t.name {
			case "TBLS", "PARTITIONS", "IDXS", "SDS", "SCHEMA_VERSION": // the others are parts of the row
				users[f.table] = append(users[f.table], `NOT EXISTS (SELECT 1 FROM "`+t.name+`" u WHERE u."`+f.column+`" = r."`+f.to+`")`)
			}
		}
	}
	for _, t := range []struct{ table, id string }{{"SDS", "SD_ID"}, {"SERDES", "SERDE_ID"}, {"CDS", "CD_ID"}} {
		i.each(t.table, "belongs to nothing", "delete the row and those that refer to it; it only takes space",
			`SELECT r."`+t.id+`" FROM "`+t.table+`" r WHERE `+strings.Join(users[t.table], " AND "))
	}
}

// sequences looks for ids that would be given twice.
func (i *inspection) sequences() {
	for _, s := range []sequence{databaseIDs, tableIDs, partitionIDs, storageIDs, serdeIDs, columnsIDs, functionIDs, tableStatIDs, partStatIDs, notificationIDs, roleIDs} {
		last := i.number(`SELECT max("` + s.column + `") FROM "` + s.table + `"`)
		next := i.number(`SELECT max("NEXT_VAL") FROM "SEQUENCE_TABLE" WHERE "SEQUENCE_NAME" = '` + s.name() + `'`)
		if i.err == nil && next.Valid && last.Int64 >= next.Int64 {
			i.add("SEQUENCE_TABLE", s.name(), fmt.Sprintf("the next id would be %d, but %s has %d", next.Int64, s.table, last.Int64),
				fmt.Sprintf("stop all metastores on the database and set NEXT_VAL to %d", last.Int64+1))
		}
	}
}

// names looks for names that no metastore finds, and for those that are there
// more than once.
func (i *inspection) names() {
	for _, c := range []struct{ table, id, name string }{
		{"DBS", "DB_ID", "NAME"}, {"TBLS", "TBL_ID", "TBL_NAME"}, {"COLUMNS_V2", "CD_ID", "COLUMN_NAME"}, {"PARTITION_KEYS", "TBL_ID", "PKEY_NAME"}, {"FUNCS", "FUNC_ID", "FUNC_NAME"},
	} {
		i.each(c.table, c.name+" %s is not in lower case, in which metastores look for it", "write it in lower case, unless that name is there already",
			`SELECT "`+c.id+`", "`+c.name+`" FROM "`+c.table+`" WHERE "`+c.name+`" <> lower("`+c.name+`")`)
	}
	for _, c := range []struct{ table, id, within, name string }{
		{"DBS", "DB_ID", "CTLG_NAME", "NAME"}, {"TBLS", "TBL_ID", "DB_ID", "TBL_NAME"}, {"PARTITIONS", "PART_ID", "TBL_ID", "PART_NAME"}, {"FUNCS", "FUNC_ID", "DB_ID", "FUNC_NAME"},
	} {
		i.each(c.table, c.name+" %s is there more than once", "drop all but one of them",
			`SELECT min("`+c.id+`"), min("`+c.name+`") FROM "`+c.table+`" GROUP BY "`+c.within+`", "`+c.name+`" HAVING count(*) > 1`)
	}
	i.each("COLUMNS_V2", "column %s is also a partition key of its table", "remove it from the table's columns",
		`SELECT c."CD_ID", c."COLUMN_NAME" FROM "TBLS" t JOIN "SDS" s ON s."SD_ID" = t."SD_ID" JOIN "COLUMNS_V2" c ON c."CD_ID" = s."CD_ID"
		JOIN "PARTITION_KEYS" k ON k."TBL_ID" = t."TBL_ID" AND k."PKEY_NAME" = c."COLUMN_NAME"`)
}

// tables looks at what tables are.
func (i *inspection) tables() {
	i.each("TBLS", "its TBL_TYPE %s is unknown", "set it to MANAGED_TABLE, EXTERNAL_TABLE or VIRTUAL_VIEW",
		`SELECT "TBL_ID", "TBL_TYPE" FROM "TBLS" WHERE "TBL_TYPE" IS NULL OR "TBL_TYPE" NOT IN ('MANAGED_TABLE', 'EXTERNAL_TABLE', 'VIRTUAL_VIEW', 'MATERIALIZED_VIEW', 'INDEX_TABLE')`)
	i.each("TBLS", "is an EXTERNAL_TABLE without the parameter EXTERNAL, by which a metastore takes it for its own and drops the files with it", "set the table's parameter EXTERNAL to TRUE",
		`SELECT t."TBL_ID" FROM "TBLS" t WHERE t."TBL_TYPE" = 'EXTERNAL_TABLE' AND NOT EXISTS
		(SELECT 1 FROM "TABLE_PARAMS" p WHERE p."TBL_ID" = t."TBL_ID" AND p."PARAM_KEY" = 'EXTERNAL' AND upper(p."PARAM_VALUE") = 'TRUE')`)
	const empty = `(s."LOCATION" IS NULL OR s."LOCATION" = '')`
	i.each("SDS", noLocation+" (table %s)", "alter the table's location",
		`SELECT s."SD_ID", t."TBL_NAME" FROM "TBLS" t JOIN "SDS" s ON s."SD_ID" = t."SD_ID" WHERE t."TBL_TYPE" <> 'VIRTUAL_VIEW' AND `+empty)
	i.each("SDS", noLocation+" (partition %s)", "alter the partition's location",
		`SELECT s."SD_ID", p."PART_NAME" FROM "PARTITIONS" p JOIN "SDS" s ON s."SD_ID" = p."SD_ID" WHERE `+empty)
}

const noLocation = "has no location"

// orders looks at lists, whose rows count from 0.
func (i *inspection) orders() {
	for _, l := range []struct{ table, id string }{
		{"COLUMNS_V2", "CD_ID"}, {"PARTITION_KEYS", "TBL_ID"}, {"PARTITION_KEY_VALS", "PART_ID"}, {"BUCKETING_COLS", "SD_ID"}, {"SORT_COLS", "SD_ID"}, {"FUNC_RU", "FUNC_ID"},
	} {
		i.each(l.table, "INTEGER_IDX does not count from 0 without gaps", "number the rows of this "+l.id+" anew, in their order",
			`SELECT "`+l.id+`" FROM "`+l.table+`" GROUP BY "`+l.id+`" HAVING min("INTEGER_IDX") <> 0 OR max("INTEGER_IDX") <> count(*) - 1 OR count(DISTINCT "INTEGER_IDX") <> count(*)`)
	}
}

// partitions compares the names of partitions with their values.
func (i *inspection) partitions() {
	if i.err != nil {
		return
	}
	rows, err := i.tx.QueryContext(i.ctx, `SELECT p."PART_ID", p."PART_NAME", k."PKEY_NAME", v."PART_KEY_VAL" FROM "PARTITIONS" p
		JOIN "PARTITION_KEYS" k ON k."TBL_ID" = p."TBL_ID" LEFT JOIN "PARTITION_KEY_VALS" v ON v."PART_ID" = p."PART_ID" AND v."INTEGER_IDX" = k."INTEGER_IDX"
		ORDER BY p."PART_ID", k."INTEGER_IDX"`)
	if err != nil {
		i.err = err
		return
	}
	defer rows.Close()
	var id int64
	var name string
	var keys []catalog.Column
	var values []string
	wrong := 0
	judge := func() {
		want := catalog.PartitionName(keys, values)
		if id == 0 || want == name {
			return
		}
		if wrong++; wrong <= findingsOfOne {
			i.add("PARTITIONS", fmt.Sprint(id), fmt.Sprintf("its name is %s, its values make %s", name, want), "drop the partition and add it again; its files stay")
		}
	}
	for rows.Next() {
		var next int64
		var nextName, key, value sql.NullString
		if i.err = rows.Scan(&next, &nextName, &key, &value); i.err != nil {
			return
		}
		if next != id {
			judge()
			id, name, keys, values = next, nextName.String, keys[:0], values[:0]
		}
		keys, values = append(keys, catalog.Column{Name: key.String}), append(values, value.String)
	}
	judge()
	i.err = rows.Err()
	i.each("PARTITION_KEY_VALS", "has a value for no partition key of its table", "drop the partition and add it again; its files stay",
		`SELECT p."PART_ID" FROM "PARTITIONS" p JOIN "PARTITION_KEY_VALS" v ON v."PART_ID" = p."PART_ID"
		LEFT JOIN "PARTITION_KEYS" k ON k."TBL_ID" = p."TBL_ID" AND k."INTEGER_IDX" = v."INTEGER_IDX" WHERE k."TBL_ID" IS NULL`)
}
