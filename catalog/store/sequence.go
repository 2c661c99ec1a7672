package store

import (
	"context"
	"database/sql"
	"errors"
)

// sequence names a class of rows with ids, as Hive's object mapper does, and
// where the ids are.
type sequence struct{ class, table, column string }

var (
	databaseIDs  = sequence{"MDatabase", "DBS", "DB_ID"}
	tableIDs     = sequence{"MTable", "TBLS", "TBL_ID"}
	partitionIDs = sequence{"MPartition", "PARTITIONS", "PART_ID"}
	storageIDs   = sequence{"MStorageDescriptor", "SDS", "SD_ID"}
	serdeIDs     = sequence{"MSerDeInfo", "SERDES", "SERDE_ID"}
	functionIDs  = sequence{"MFunction", "FUNCS", "FUNC_ID"}
	tableStatIDs = sequence{"MTableColumnStatistics", "TAB_COL_STATS", "CS_ID"}
	partStatIDs  = sequence{"MPartitionColumnStatistics", "PART_COL_STATS", "CS_ID"}
	columnsIDs   = sequence{"MColumnDescriptor", "CDS", "CD_ID"}
)

// take reserves n ids and returns the first. A sequence without a row begins
// after the greatest id in its table, never lower: a metastore that handed out
// an id twice would mix two tables' rows.
func (s sequence) take(ctx context.Context, tx *sql.Tx, n int) (int64, error) {
	name := "org.apache.hadoop.hive.metastore.model." + s.class
	var next int64
	err := tx.QueryRowContext(ctx, `SELECT "NEXT_VAL" FROM "SEQUENCE_TABLE" WHERE "SEQUENCE_NAME" = $1`, name).Scan(&next)
	if errors.Is(err, sql.ErrNoRows) {
		var last sql.NullInt64
		err = tx.QueryRowContext(ctx, `SELECT max("`+s.column+`") FROM "`+s.table+`"`).Scan(&last)
		if err != nil {
			return 0, err
		}
		next = last.Int64 + 1
		_, err = tx.ExecContext(ctx, `INSERT INTO "SEQUENCE_TABLE" ("SEQUENCE_NAME", "NEXT_VAL") VALUES ($1, $2)`, name, next)
	}
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE "SEQUENCE_TABLE" SET "NEXT_VAL" = $1 WHERE "SEQUENCE_NAME" = $2`, next+int64(n), name)
	return next, err
}
