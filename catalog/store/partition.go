package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"lethe"
	"lethe/catalog"
)

// Partitions returns a table's partitions in the order of their names.
func (s *Store) Partitions(ctx context.Context, database, table string, page catalog.PartitionPage) (ps []catalog.Partition, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		t, err := readTable(ctx, tx, database, table)
		if err != nil {
			return err
		}
		where, args, err := selectPartitions(tx, t, page)
		if err != nil {
			return err
		}
		ps, err = readPartitions(ctx, tx, t, where, args)
		return err
	})
	return ps, err
}

// PartitionsNamed returns those of the named partitions that exist.
func (s *Store) PartitionsNamed(ctx context.Context, database, table string, names []string) (ps []catalog.Partition, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		t, err := readTable(ctx, tx, database, table)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(names))), idsAtOnce) {
			some, err := readPartitions(ctx, tx, t, `WHERE p."TBL_ID" = $1 AND `+named(`p."PART_NAME"`, "$2")+` ORDER BY p."PART_NAME" {BYTES}`, []any{t.id, list(chunk)})
			if err != nil {
				return err
			}
			ps = append(ps, some...)
		}
		return nil
	})
	return ps, err
}

// PartitionNames returns the names of a table's partitions.
func (s *Store) PartitionNames(ctx context.Context, database, table string, page catalog.PartitionPage) (names []string, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		t, err := readTable(ctx, tx, database, table)
		if err != nil {
			return err
		}
		where, args, err := selectPartitions(tx, t, page)
		if err != nil {
			return err
		}
		names, err = readStrings(ctx, tx, `SELECT p."PART_NAME" FROM "PARTITIONS" p `+where, args...)
		return err
	})
	return names, err
}

func readPartitions(ctx context.Context, tx *transaction, t row, where string, args []any) ([]catalog.Partition, error) {
	type partition struct {
		id      int64
		name    string
		created int64
		storage storageRow
	}
	// Rows are collected before the next query: not every database answers two
	// at once within a transaction.
	var found []partition
	rows, err := tx.QueryContext(ctx, `SELECT p."PART_ID", p."PART_NAME", p."CREATE_TIME", `+selectStorage+`
		FROM "PARTITIONS" p LEFT JOIN "SDS" s ON s."SD_ID" = p."SD_ID" LEFT JOIN "SERDES" e ON e."SERDE_ID" = s."SERDE_ID" `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p partition
		if err := rows.Scan(append([]any{&p.id, &p.name, &p.created}, p.storage.targets()...)...); err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()

	out := make([]catalog.Partition, len(found))
	ids, byID, ds := make([]int64, len(found)), make(map[int64]*catalog.Partition, len(found)), make([]descriptor, len(found))
	for i, f := range found {
		p := &out[i]
		p.Values = partitionValues(f.name)
		p.Created = fromSeconds(f.created)
		ids[i], byID[f.id], ds[i] = f.id, p, f.storage.descriptor(&p.Storage)
	}
	err = readDescriptors(ctx, tx, ds, t.cd, parametersOf("PARTITION_PARAMS", "PART_ID", ids, func(id int64) *map[string]string { return &byID[id].Parameters }))
	return out, err
}

// partitionValues reads the values back from a partition's name, which saves a
// query of PARTITION_KEY_VALS.
func partitionValues(name string) []string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		_, v, _ := strings.Cut(p, "=")
		parts[i] = catalog.UnescapePath(v)
	}
	return parts
}

// AddPartitions adds all partitions or none.
func (s *Store) AddPartitions(ctx context.Context, database, table string, ps []catalog.Partition, ifNotExists bool) error {
	return s.change(ctx, func(tx *transaction) error {
		t, err := lockTable(ctx, tx, database, table)
		if err != nil {
			return err
		}
		// Only now are the partition keys known.
		ps, names, err := checkPartitions(t.table, ps)
		if err != nil {
			return err
		}
		taken, err := partitionsNamed(ctx, tx, t.id, names)
		if err != nil {
			return err
		}
		var fresh []catalog.Partition
		var freshNames []string
		for i, name := range names {
			if _, ok := taken[name]; ok {
				if ifNotExists {
					continue
				}
				return lethe.Errorf(lethe.Exists, "partition %s of table %s.%s exists already", name, t.table.Database, t.table.Name)
			}
			taken[name] = partitionRow{}
			fresh, freshNames = append(fresh, ps[i]), append(freshNames, name)
		}
		tx.tellAddPartitions(&t.table, fresh)
		return insertPartitions(ctx, tx, t, fresh, freshNames)
	})
}

func insertPartitions(ctx context.Context, tx *transaction, t row, ps []catalog.Partition, names []string) error {
	if len(ps) == 0 {
		return nil
	}
	first := map[sequence]int64{}
	for _, s := range []sequence{partitionIDs, storageIDs, serdeIDs} {
		id, err := s.take(ctx, tx, len(ps))
		if err != nil {
			return err
		}
		first[s] = id
	}
	storage := newStorageBatches()
	partitions := into("PARTITIONS", "PART_ID", "CREATE_TIME", "LAST_ACCESS_TIME", "PART_NAME", "SD_ID", "TBL_ID")
	values := into("PARTITION_KEY_VALS", "PART_ID", "PART_KEY_VAL", "INTEGER_IDX")
	parameters := into("PARTITION_PARAMS", "PART_ID", "PARAM_KEY", "PARAM_VALUE")
	own := columnSets{table: t}
	for i := range ps {
		p, n := &ps[i], int64(i)
		cd, err := own.descriptor(ctx, tx, p.Storage.Columns)
		if err != nil {
			return err
		}
		d := descriptor{sd: first[storageIDs] + n, serde: first[serdeIDs] + n, cd: cd, storage: &p.Storage}
		storage.add(d)
		id := first[partitionIDs] + n
		partitions.add(id, seconds(p.Created), 0, names[i], d.sd, t.id)
		for k, v := range p.Values {
			values.add(id, v, k)
		}
		addParameters(parameters, id, p.Parameters)
	}
	if err := storage.insert(ctx, tx); err != nil {
		return err
	}
	return insertAll(ctx, tx, partitions, values, parameters)
}

// columnSets gives partitions with equal columns one column descriptor, the
// table's if they are its columns.
type columnSets struct {
	table row
	last  []catalog.Column
	cd    int64
}

func (c *columnSets) descriptor(ctx context.Context, tx *transaction, columns []catalog.Column) (int64, error) {
	if len(columns) == 0 || slices.Equal(columns, c.table.table.Storage.Columns) {
		return c.table.cd, nil
	}
	if c.cd != 0 && slices.Equal(columns, c.last) {
		return c.cd, nil
	}
	cd, err := insertColumns(ctx, tx, columns)
	c.last, c.cd = columns, cd
	return cd, err
}

// partitionRow holds the ids of a partition's rows.
type partitionRow struct{ id, sd, serde, cd int64 }

// partitionsNamed finds those of the partitions that exist.
func partitionsNamed(ctx context.Context, tx *transaction, table int64, names []string) (map[string]partitionRow, error) {
	found := make(map[string]partitionRow)
	for chunk := range slices.Chunk(names, idsAtOnce) {
		if err := findPartitions(ctx, tx, table, chunk, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func findPartitions(ctx context.Context, tx *transaction, table int64, names []string, found map[string]partitionRow) error {
	rows, err := tx.QueryContext(ctx, `SELECT p."PART_NAME", p."PART_ID", s."SD_ID", s."SERDE_ID", s."CD_ID" FROM "PARTITIONS" p
		LEFT JOIN "SDS" s ON s."SD_ID" = p."SD_ID" WHERE p."TBL_ID" = $1 AND `+named(`p."PART_NAME"`, "$2"), table, list(names))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var r partitionRow
		var sd, serde, cd sql.NullInt64
		if err := rows.Scan(&name, &r.id, &sd, &serde, &cd); err != nil {
			return err
		}
		r.sd, r.serde, r.cd = sd.Int64, serde.Int64, cd.Int64
		found[name] = r
	}
	return rows.Err()
}

// DropPartitions drops all or none of the partitions with the given values. The
// data stays.
func (s *Store) DropPartitions(ctx context.Context, database, table string, values [][]string, ifExists bool) error {
	return s.change(ctx, func(tx *transaction) error {
		t, err := lockTable(ctx, tx, database, table)
		if err != nil {
			return err
		}
		names := make([]string, len(values))
		for i, v := range values {
			if names[i], _, err = checkValues(t.table, v); err != nil {
				return err
			}
		}
		found, err := partitionsNamed(ctx, tx, t.id, names)
		if err != nil {
			return err
		}
		var ids []int64
		var dropped [][]string
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
			r, ok := found[name]
			if ok {
				ids, dropped = append(ids, r.id), append(dropped, partitionValues(name))
			} else if !ifExists {
				return noPartition(t, name)
			}
		}
		tx.tellDropPartitions(&t.table, dropped)
		return dropPartitions(ctx, tx, ids)
	})
}

func dropPartitions(ctx context.Context, tx *transaction, ids []int64) error {
	for chunk := range slices.Chunk(ids, idsAtOnce) {
		storage, err := readIDs(ctx, tx, `SELECT s."SD_ID", s."SERDE_ID", s."CD_ID" FROM "PARTITIONS" p JOIN "SDS" s ON s."SD_ID" = p."SD_ID" WHERE `+among(`p."PART_ID"`, "$1"), list(chunk))
		if err != nil {
			return err
		}
		for _, table := range []string{"PARTITION_PARAMS", "PARTITION_KEY_VALS", "PART_COL_STATS", "PART_PRIVS", "PART_COL_PRIVS", "PARTITIONS"} {
			if err := deleteWhere(ctx, tx, table, "PART_ID", chunk); err != nil {
				return err
			}
		}
		if err := dropStorage(ctx, tx, storage[0], storage[1], storage[2]); err != nil {
			return err
		}
	}
	return nil
}

// AlterPartition replaces a partition's definition; with other values in p it
// is renamed, and Exists if there is such a partition.
func (s *Store) AlterPartition(ctx context.Context, database, table string, values []string, p catalog.Partition) error {
	return s.change(ctx, func(tx *transaction) error {
		t, err := lockTable(ctx, tx, database, table)
		if err != nil {
			return err
		}
		return alterPartitions(ctx, tx, t, [][]string{values}, []catalog.Partition{p})
	})
}

// AlterPartitions replaces the definitions of all of the partitions or of none.
func (s *Store) AlterPartitions(ctx context.Context, database, table string, ps []catalog.Partition) error {
	return s.change(ctx, func(tx *transaction) error {
		t, err := lockTable(ctx, tx, database, table)
		if err != nil {
			return err
		}
		values := make([][]string, len(ps))
		for i, p := range ps {
			values[i] = p.Values
		}
		return alterPartitions(ctx, tx, t, values, ps)
	})
}

// alterPartitions alters the partitions with the values, one after the other.
func alterPartitions(ctx context.Context, tx *transaction, t row, values [][]string, ps []catalog.Partition) error {
	names := make([]string, len(ps))
	for i, v := range values {
		var err error
		if names[i], _, err = checkValues(t.table, v); err != nil {
			return err
		}
	}
	before := make(map[string]catalog.Partition, len(ps))
	for chunk := range slices.Chunk(names, idsAtOnce) {
		found, err := readPartitions(ctx, tx, t, `WHERE p."TBL_ID" = $1 AND `+named(`p."PART_NAME"`, "$2"), []any{t.id, list(chunk)})
		if err != nil {
			return err
		}
		for _, p := range found {
			before[catalog.PartitionName(t.table.Partitions, p.Values)] = p
		}
	}
	for i, p := range ps {
		after, err := alterPartition(ctx, tx, t, values[i], p)
		if err != nil {
			return err
		}
		old := before[names[i]]
		if after.Created.IsZero() {
			after.Created = old.Created
		}
		tx.tellAlterPartition(&t.table, &old, &after)
	}
	return nil
}

// alterPartition alters one and returns it as it is stored.
func alterPartition(ctx context.Context, tx *transaction, t row, values []string, p catalog.Partition) (catalog.Partition, error) {
	name, values, err := checkValues(t.table, values)
	if err != nil {
		return p, err
	}
	if p.Values == nil {
		p.Values = values
	}
	ps, names, err := checkPartitions(t.table, []catalog.Partition{p})
	if err != nil {
		return p, err
	}
	p, renamed := ps[0], names[0]
	found, err := partitionsNamed(ctx, tx, t.id, []string{name, renamed})
	if err != nil {
		return p, err
	}
	r, ok := found[name]
	if !ok {
		return p, noPartition(t, name)
	}
	if _, taken := found[renamed]; taken && renamed != name {
		return p, lethe.Errorf(lethe.Exists, "partition %s of table %s.%s exists already", renamed, t.table.Database, t.table.Name)
	}
	if renamed != name {
		if err := renamePartition(ctx, tx, r.id, renamed, p.Values); err != nil {
			return p, err
		}
	}
	if !p.Created.IsZero() {
		if _, err := tx.ExecContext(ctx, `UPDATE "PARTITIONS" SET "CREATE_TIME" = $1 WHERE "PART_ID" = $2`, seconds(p.Created), r.id); err != nil {
			return p, err
		}
	}
	cd, err := alteredColumns(ctx, tx, t, r, p.Storage.Columns)
	if err != nil {
		return p, err
	}
	if err := updateStorage(ctx, tx, descriptor{sd: r.sd, serde: r.serde, cd: cd, storage: &p.Storage}); err != nil {
		return p, err
	}
	if cd != r.cd {
		if err := dropColumns(ctx, tx, []int64{r.cd}); err != nil {
			return p, err
		}
	}
	return p, replaceParameters(ctx, tx, "PARTITION_PARAMS", "PART_ID", r.id, p.Parameters)
}

// alteredColumns keeps a partition's column descriptor if its columns stay.
func alteredColumns(ctx context.Context, tx *transaction, t row, r partitionRow, columns []catalog.Column) (int64, error) {
	own := columnSets{table: t}
	if r.cd != t.cd && !slices.Equal(columns, t.table.Storage.Columns) {
		old := map[int64][]catalog.Column{r.cd: nil}
		if err := readListings(ctx, tx, columnsOf(old)); err != nil {
			return 0, err
		}
		if slices.Equal(old[r.cd], columns) {
			return r.cd, nil
		}
	}
	return own.descriptor(ctx, tx, columns)
}

func renamePartition(ctx context.Context, tx *transaction, id int64, name string, values []string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE "PARTITIONS" SET "PART_NAME" = $1 WHERE "PART_ID" = $2`, name, id); err != nil {
		return err
	}
	if tx.db.has["PART_COL_STATS.PARTITION_NAME"] {
		if _, err := tx.ExecContext(ctx, `UPDATE "PART_COL_STATS" SET "PARTITION_NAME" = $1 WHERE "PART_ID" = $2`, name, id); err != nil {
			return err
		}
	}
	for i, v := range values {
		_, err := tx.ExecContext(ctx, `UPDATE "PARTITION_KEY_VALS" SET "PART_KEY_VAL" = $1 WHERE "PART_ID" = $2 AND "INTEGER_IDX" = $3`, v, id, i)
		if err != nil {
			return err
		}
	}
	return nil
}

func noPartition(t row, name string) error {
	return lethe.Errorf(lethe.NotFound, "partition %s of table %s.%s does not exist", name, t.table.Database, t.table.Name)
}
