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
	databaseIDs     = sequence{"MDatabase", "DBS", "DB_ID"}
	tableIDs        = sequence{"MTable", "TBLS", "TBL_ID"}
	partitionIDs    = sequence{"MPartition", "PARTITIONS", "PART_ID"}
	storageIDs      = sequence{"MStorageDescriptor", "SDS", "SD_ID"}
	serdeIDs        = sequence{"MSerDeInfo", "SERDES", "SERDE_ID"}
	functionIDs     = sequence{"MFunction", "FUNCS", "FUNC_ID"}
	tableStatIDs    = sequence{"MTableColumnStatistics", "TAB_COL_STATS", "CS_ID"}
	partStatIDs     = sequence{"MPartitionColumnStatistics", "PART_COL_STATS", "CS_ID"}
	notificationIDs = sequence{"MNotificationLog", "NOTIFICATION_LOG", "NL_ID"}
	roleIDs         = sequence{"MRole", "ROLES", "ROLE_ID"}
	columnsIDs      = sequence{"MColumnDescriptor", "CDS", "CD_ID"}
)

// name is the sequence's in SEQUENCE_TABLE: the mapped class.
func (s sequence) name() string { return "org.apache.hadoop.hive.metastore.model." + s.class }

// take reserves n ids and returns the first. A sequence without a row begins
// after the greatest id in its table, never lower: a metastore that handed out
// an id twice would mix two tables' rows.
//
// On a server it reserves them in a transaction of its own, and some more for the
// next call, as Java metastores do: the sequence's row is locked for a moment and
// not until the transaction of a large change ends. Ids of a change that fails are
// never used.
func (s sequence) take(ctx context.Context, tx *transaction, n int) (int64, error) {
	db := tx.db
	if db.file != nil {
		return s.reserve(ctx, tx, n)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	r := db.ranges[s.class]
	if r.left < n {
		more := max(n, block)
		err := db.reserving().Tx(ctx, func(tx *transaction) (err error) {
			r.next, err = s.reserve(ctx, tx, more)
			return err
		})
		if err != nil {
			return 0, err
		}
		r.left = more
	}
	first := r.next
	r.next, r.left = r.next+int64(n), r.left-n
	db.ranges[s.class] = r
	return first, nil
}

// block is how many ids are reserved at once.
const block = 10

// idRange holds ids that are reserved and not used yet.
type idRange struct {
	next int64
	left int
}

// reserving is the database through the connections that ids are reserved on.
func (db *database) reserving() *database {
	return &database{dialect: db.dialect, pool: db.ids, address: db.address, version: db.version}
}

// reserve moves a sequence on by n and returns where it was.
func (s sequence) reserve(ctx context.Context, tx *transaction, n int) (int64, error) {
	name := s.name()
	var next int64
	err := tx.QueryRowContext(ctx, `SELECT "NEXT_VAL" FROM "SEQUENCE_TABLE" WHERE "SEQUENCE_NAME" = $1 {UPDATE}`, name).Scan(&next)
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
