package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"lethe/catalog"
)

// descriptor is a storage descriptor and the ids of its rows.
type descriptor struct {
	sd, serde, cd int64
	storage       *catalog.Storage
}

// The columns of a storage descriptor in a query, and what a row's scan fills.
const selectStorage = `s."SD_ID", s."CD_ID", s."LOCATION", s."INPUT_FORMAT", s."OUTPUT_FORMAT", s."IS_COMPRESSED", s."NUM_BUCKETS", e."SERDE_ID", e."NAME", e."SLIB"`

// storageRow receives the columns of selectStorage.
type storageRow struct {
	sd, cd, serde                          sql.NullInt64
	location, input, output, name, library sql.NullString
	compressed                             flag
	buckets                                sql.NullInt64
}

func (r *storageRow) targets() []any {
	return []any{&r.sd, &r.cd, &r.location, &r.input, &r.output, &r.compressed, &r.buckets, &r.serde, &r.name, &r.library}
}

func (r *storageRow) descriptor(s *catalog.Storage) descriptor {
	*s = catalog.Storage{
		Location:     r.location.String,
		InputFormat:  r.input.String,
		OutputFormat: r.output.String,
		Compressed:   bool(r.compressed),
		BucketCount:  int(r.buckets.Int64),
		SerDe:        catalog.SerDe{Name: r.name.String, Library: r.library.String},
	}
	return descriptor{sd: r.sd.Int64, serde: r.serde.Int64, cd: r.cd.Int64, storage: s}
}

// readDescriptors fills what storage descriptors have in other tables, and reads the
// listings of what they are of. Columns are left out where the column descriptor is skip.
func readDescriptors(ctx context.Context, tx *transaction, ds []descriptor, skip int64, more ...listing) error {
	sds, serdes := make([]int64, 0, len(ds)), make([]int64, 0, len(ds))
	bySD, bySerDe, byCD := make(map[int64]*catalog.Storage, len(ds)), make(map[int64]*catalog.Storage, len(ds)), map[int64][]catalog.Column{}
	for _, d := range ds {
		if d.sd != 0 {
			bySD[d.sd], sds = d.storage, append(sds, d.sd)
		}
		if d.serde != 0 {
			bySerDe[d.serde], serdes = d.storage, append(serdes, d.serde)
		}
		if d.cd != 0 && d.cd != skip {
			byCD[d.cd] = nil
		}
	}
	err := readListings(ctx, tx, append(more,
		parametersOf("SD_PARAMS", "SD_ID", sds, func(id int64) *map[string]string { return &bySD[id].Parameters }),
		parametersOf("SERDE_PARAMS", "SERDE_ID", serdes, func(id int64) *map[string]string { return &bySerDe[id].SerDe.Parameters }),
		listing{table: "BUCKETING_COLS", id: "SD_ID", position: "INTEGER_IDX", texts: [3]string{`"BUCKET_COL_NAME"`}, ids: sds, add: func(i item) {
			s := bySD[i.id]
			s.BucketColumns = append(s.BucketColumns, i.texts[0].String)
		}},
		listing{table: "SORT_COLS", id: "SD_ID", position: "INTEGER_IDX", texts: [3]string{`"COLUMN_NAME"`, `CAST("ORDER" AS CHAR(1))`}, ids: sds, add: func(i item) {
			s := bySD[i.id]
			s.SortColumns = append(s.SortColumns, catalog.SortColumn{Column: i.texts[0].String, Ascending: i.texts[1].String == "1"})
		}},
		columnsOf(byCD))...)
	for _, d := range ds {
		d.storage.Columns = slices.Clone(byCD[d.cd])
	}
	return err
}

// columnsOf are the columns of the descriptors that are the map's keys.
func columnsOf(byCD map[int64][]catalog.Column) listing {
	return listing{table: "COLUMNS_V2", id: "CD_ID", position: "INTEGER_IDX", texts: [3]string{`"COLUMN_NAME"`, `"TYPE_NAME"`, `"COMMENT"`},
		ids: slices.Collect(maps.Keys(byCD)), add: func(i item) { byCD[i.id] = append(byCD[i.id], i.column()) }}
}

// storageBatches are the rows of new storage descriptors.
type storageBatches struct {
	serdes, serdeParameters, sds, sdParameters, buckets, sorts *batch
}

func newStorageBatches() storageBatches {
	return storageBatches{
		serdes:          into("SERDES", "SERDE_ID", "NAME", "SLIB"),
		serdeParameters: into("SERDE_PARAMS", "SERDE_ID", "PARAM_KEY", "PARAM_VALUE"),
		sds:             into("SDS", "SD_ID", "INPUT_FORMAT", "IS_COMPRESSED", "LOCATION", "NUM_BUCKETS", "OUTPUT_FORMAT", "SERDE_ID", "CD_ID", "IS_STOREDASSUBDIRECTORIES"),
		sdParameters:    into("SD_PARAMS", "SD_ID", "PARAM_KEY", "PARAM_VALUE"),
		buckets:         into("BUCKETING_COLS", "SD_ID", "BUCKET_COL_NAME", "INTEGER_IDX"),
		sorts:           into("SORT_COLS", "SD_ID", "COLUMN_NAME", "ORDER", "INTEGER_IDX"),
	}
}

func (b *storageBatches) add(d descriptor) {
	s := d.storage
	b.serdes.add(d.serde, null(s.SerDe.Name), null(s.SerDe.Library))
	addParameters(b.serdeParameters, d.serde, s.SerDe.Parameters)
	b.sds.add(d.sd, null(s.InputFormat), s.Compressed, null(s.Location), bucketCount(s), null(s.OutputFormat), d.serde, d.cd, false)
	addParameters(b.sdParameters, d.sd, s.Parameters)
	b.addLists(d)
}

func (b *storageBatches) addLists(d descriptor) {
	for i, c := range d.storage.BucketColumns {
		b.buckets.add(d.sd, c, i)
	}
	for i, c := range d.storage.SortColumns {
		order := 0 // descending, as Hive has it
		if c.Ascending {
			order = 1
		}
		b.sorts.add(d.sd, c.Column, order, i)
	}
}

func (b *storageBatches) insert(ctx context.Context, tx *transaction) error {
	return insertAll(ctx, tx, b.serdes, b.serdeParameters, b.sds, b.sdParameters, b.buckets, b.sorts)
}

// bucketCount is -1 without buckets, as in Hive.
func bucketCount(s *catalog.Storage) int {
	if len(s.BucketColumns) == 0 && s.BucketCount == 0 {
		return -1
	}
	return s.BucketCount
}

// updateStorage replaces the content of an existing storage descriptor. Its
// skew, which a catalog.Storage does not have, stays.
func updateStorage(ctx context.Context, tx *transaction, d descriptor) error {
	s := d.storage
	_, err := tx.ExecContext(ctx, `UPDATE "SERDES" SET "NAME" = $1, "SLIB" = $2 WHERE "SERDE_ID" = $3`, null(s.SerDe.Name), null(s.SerDe.Library), d.serde)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE "SDS" SET "INPUT_FORMAT" = $1, "IS_COMPRESSED" = $2, "LOCATION" = $3, "NUM_BUCKETS" = $4, "OUTPUT_FORMAT" = $5, "CD_ID" = $6 WHERE "SD_ID" = $7`,
		null(s.InputFormat), s.Compressed, null(s.Location), bucketCount(s), null(s.OutputFormat), d.cd, d.sd)
	if err != nil {
		return err
	}
	if err := replaceParameters(ctx, tx, "SERDE_PARAMS", "SERDE_ID", d.serde, s.SerDe.Parameters); err != nil {
		return err
	}
	if err := replaceParameters(ctx, tx, "SD_PARAMS", "SD_ID", d.sd, s.Parameters); err != nil {
		return err
	}
	for _, table := range []string{"BUCKETING_COLS", "SORT_COLS"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM "`+table+`" WHERE "SD_ID" = $1`, d.sd); err != nil {
			return err
		}
	}
	b := newStorageBatches()
	b.addLists(d)
	return b.insert(ctx, tx)
}

// insertColumns makes a column descriptor.
func insertColumns(ctx context.Context, tx *transaction, columns []catalog.Column) (int64, error) {
	id, err := columnsIDs.take(ctx, tx, 1)
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO "CDS" ("CD_ID") VALUES ($1)`, id); err != nil {
		return 0, err
	}
	b := into("COLUMNS_V2", "CD_ID", "COMMENT", "COLUMN_NAME", "TYPE_NAME", "INTEGER_IDX")
	for i, c := range columns {
		b.add(id, null(c.Comment), c.Name, c.Type, i)
	}
	return id, b.insert(ctx, tx)
}

// dropStorage removes storage descriptors that nothing refers to any more, and
// their column descriptors if these were the last to use them.
func dropStorage(ctx context.Context, tx *transaction, sds, serdes, cds []int64) error {
	for _, table := range []string{"SD_PARAMS", "BUCKETING_COLS", "SORT_COLS", "SKEWED_COL_NAMES"} {
		if err := deleteWhere(ctx, tx, table, "SD_ID", sds); err != nil {
			return err
		}
	}
	if err := dropSkew(ctx, tx, sds); err != nil {
		return err
	}
	if err := deleteWhere(ctx, tx, "SDS", "SD_ID", sds); err != nil {
		return err
	}
	if err := deleteWhere(ctx, tx, "SERDE_PARAMS", "SERDE_ID", serdes); err != nil {
		return err
	}
	if err := deleteWhere(ctx, tx, "SERDES", "SERDE_ID", serdes); err != nil {
		return err
	}
	return dropColumns(ctx, tx, cds)
}

// dropSkew removes the skewed values of storage descriptors.
func dropSkew(ctx context.Context, tx *transaction, sds []int64) error {
	var lists []int64
	for chunk := range slices.Chunk(sds, idsAtOnce) {
		found, err := readIDs(ctx, tx, `SELECT "STRING_LIST_ID_EID" FROM "SKEWED_VALUES" WHERE `+among(`"SD_ID_OID"`, "$1")+
			` UNION SELECT "STRING_LIST_ID_KID" FROM "SKEWED_COL_VALUE_LOC_MAP" WHERE `+among(`"SD_ID"`, "$2"), list(chunk), list(chunk))
		if err != nil {
			return err
		}
		lists = append(lists, found[0]...)
	}
	for _, t := range []struct {
		table, column string
		ids           []int64
	}{
		{"SKEWED_VALUES", "SD_ID_OID", sds},
		{"SKEWED_COL_VALUE_LOC_MAP", "SD_ID", sds},
		{"SKEWED_STRING_LIST_VALUES", "STRING_LIST_ID", lists},
		{"SKEWED_STRING_LIST", "STRING_LIST_ID", lists},
	} {
		if err := deleteWhere(ctx, tx, t.table, t.column, t.ids); err != nil {
			return err
		}
	}
	return nil
}

// dropColumns removes those of the column descriptors that nothing uses.
func dropColumns(ctx context.Context, tx *transaction, cds []int64) error {
	cds = slices.Compact(slices.Sorted(slices.Values(cds)))
	for chunk := range slices.Chunk(cds, idsAtOnce) {
		unused, err := readIDs(ctx, tx, `SELECT "CD_ID" FROM "CDS" c WHERE `+among(`"CD_ID"`, "$1")+
			` AND NOT EXISTS (SELECT 1 FROM "SDS" s WHERE s."CD_ID" = c."CD_ID")
			AND NOT EXISTS (SELECT 1 FROM "SCHEMA_VERSION" v WHERE v."CD_ID" = c."CD_ID")`, list(chunk))
		if err != nil {
			return err
		}
		for _, table := range []string{"COLUMNS_V2", "CDS"} {
			if err := deleteWhere(ctx, tx, table, "CD_ID", unused[0]); err != nil {
				return err
			}
		}
	}
	return nil
}
