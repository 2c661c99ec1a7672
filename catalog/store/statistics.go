package store

import (
	"context"
	"slices"
	"strings"

	"lethe"
	"lethe/catalog"
)

// The columns that both tables of statistics have, beside those that name what
// the statistics are of.
var statColumns = []string{"COLUMN_NAME", "COLUMN_TYPE", "LONG_LOW_VALUE", "LONG_HIGH_VALUE", "DOUBLE_LOW_VALUE", "DOUBLE_HIGH_VALUE",
	"BIG_DECIMAL_LOW_VALUE", "BIG_DECIMAL_HIGH_VALUE", "NUM_NULLS", "NUM_DISTINCTS", "BIT_VECTOR", "AVG_COL_LEN", "MAX_COL_LEN", "NUM_TRUES", "NUM_FALSES", "LAST_ANALYZED"}

// statNames returns the columns, and their values, in which a schema repeats what
// statistics are of, and for which engine they are: since 4.0 engines have their
// own, and this package keeps those of Hive and of all that speak its protocol.
func statNames(tx *transaction, table string, t row, partition string) (columns []string, values []any) {
	for _, c := range []struct{ column, value string }{
		{"CAT_NAME", hive}, {"DB_NAME", t.table.Database}, {"TABLE_NAME", t.table.Name}, {"PARTITION_NAME", partition}, {"ENGINE", hive},
	} {
		if tx.db.has[table+"."+c.column] {
			columns, values = append(columns, c.column), append(values, c.value)
		}
	}
	return columns, values
}

// ofEngine selects the statistics of Hive's engine, where there are others.
func ofEngine(tx *transaction, table, alias string) string {
	if !tx.db.has[table+".ENGINE"] {
		return ""
	}
	return " AND " + alias + `"ENGINE" = '` + hive + `'`
}

func statValues(c *catalog.ColumnStatistics) []any {
	return []any{c.Column, c.Type, c.Low, c.High, c.DoubleLow, c.DoubleHigh, c.DecimalLow, c.DecimalHigh, c.Nulls, c.Distinct, c.Sketch,
		c.AverageLength, c.MaxLength, c.Trues, c.Falses, seconds(c.Analyzed)}
}

// scanStatistics reads rows of a name and statColumns.
func scanStatistics(ctx context.Context, tx *transaction, query string, args []any, fn func(name string, c catalog.ColumnStatistics)) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var c catalog.ColumnStatistics
		var analyzed int64
		err := rows.Scan(&name, &c.Column, &c.Type, &c.Low, &c.High, &c.DoubleLow, &c.DoubleHigh, &c.DecimalLow, &c.DecimalHigh, &c.Nulls, &c.Distinct, &c.Sketch,
			&c.AverageLength, &c.MaxLength, &c.Trues, &c.Falses, &analyzed)
		if err != nil {
			return err
		}
		c.Analyzed = fromSeconds(analyzed)
		fn(name, c)
	}
	return rows.Err()
}

func lowered(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strings.ToLower(n)
	}
	return out
}

// checkStatistics returns statistics as they are stored: of columns that exist,
// in the spelling of their table.
func checkStatistics(t catalog.Table, s []catalog.ColumnStatistics) ([]catalog.ColumnStatistics, error) {
	out := slices.Clone(s)
	for i, c := range out {
		c.Column = strings.ToLower(c.Column)
		if !slices.ContainsFunc(t.Columns(), func(d catalog.Column) bool { return d.Name == c.Column }) {
			return nil, lethe.Errorf(lethe.NotFound, "table %s.%s has no column %.100s", t.Database, t.Name, c.Column)
		}
		if err := checkText("statistics of column "+c.Column, "type", c.Type, maxType); err != nil {
			return nil, err
		}
		for _, d := range []*string{c.DecimalLow, c.DecimalHigh} {
			if d != nil {
				if err := checkText("statistics of column "+c.Column, "decimal", *d, maxText); err != nil {
					return nil, err
				}
			}
		}
		if len(c.Sketch) > maxLongText {
			return nil, lethe.Errorf(lethe.Invalid, "statistics of column %s: the sketch has %d bytes", c.Column, len(c.Sketch))
		}
		out[i] = c
	}
	return out, nil
}

// TableStatistics returns what is known of a table's columns.
func (s *Store) TableStatistics(ctx context.Context, database, table string, columns []string) (out []catalog.ColumnStatistics, err error) {
	err = s.db.View(ctx, func(tx *transaction) error {
		id, err := tableID(ctx, tx, strings.ToLower(database), strings.ToLower(table))
		if err != nil {
			return err
		}
		query, args := `SELECT '', "`+strings.Join(statColumns, `", "`)+`" FROM "TAB_COL_STATS" WHERE "TBL_ID" = $1`+ofEngine(tx, "TAB_COL_STATS", ""), []any{id}
		if columns != nil {
			query, args = query+" AND "+among(`"COLUMN_NAME"`, "$2"), append(args, list(lowered(columns)))
		}
		return scanStatistics(ctx, tx, query+` ORDER BY "COLUMN_NAME" {BYTES}`, args, func(_ string, c catalog.ColumnStatistics) { out = append(out, c) })
	})
	return out, err
}

// SetTableStatistics replaces what is known of some columns.
func (s *Store) SetTableStatistics(ctx context.Context, database, table string, stats []catalog.ColumnStatistics) error {
	return s.db.Tx(ctx, func(tx *transaction) error {
		t, err := lockTable(ctx, tx, database, table)
		if err != nil {
			return err
		}
		if stats, err = checkStatistics(t.table, stats); err != nil || len(stats) == 0 {
			return err
		}
		id, err := tableStatIDs.take(ctx, tx, len(stats))
		if err != nil {
			return err
		}
		names, of := statNames(tx, "TAB_COL_STATS", t, "")
		b := into("TAB_COL_STATS", append(append([]string{"CS_ID", "TBL_ID"}, names...), statColumns...)...)
		var columns []string
		for i := range stats {
			columns = append(columns, stats[i].Column)
			b.add(append(append([]any{id + int64(i), t.id}, of...), statValues(&stats[i])...)...)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM "TAB_COL_STATS" WHERE "TBL_ID" = $1 AND `+among(`"COLUMN_NAME"`, "$2")+ofEngine(tx, "TAB_COL_STATS", ""), t.id, list(columns)); err != nil {
			return err
		}
		return b.insert(ctx, tx)
	})
}

// DeleteTableStatistics forgets a column, or all.
func (s *Store) DeleteTableStatistics(ctx context.Context, database, table, column string) error {
	return s.db.Tx(ctx, func(tx *transaction) error {
		id, err := lockTableID(ctx, tx, strings.ToLower(database), strings.ToLower(table))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM "TAB_COL_STATS" WHERE "TBL_ID" = $1 AND $2 IN ('', "COLUMN_NAME")`+ofEngine(tx, "TAB_COL_STATS", ""), id, strings.ToLower(column))
		return err
	})
}

// PartitionStatistics returns what is known of the columns of partitions.
func (s *Store) PartitionStatistics(ctx context.Context, database, table string, partitions, columns []string) (map[string][]catalog.ColumnStatistics, error) {
	out := map[string][]catalog.ColumnStatistics{}
	err := s.db.View(ctx, func(tx *transaction) error {
		id, err := tableID(ctx, tx, strings.ToLower(database), strings.ToLower(table))
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(partitions, idsAtOnce) {
			query, args := `SELECT p."PART_NAME", s."`+strings.Join(statColumns, `", s."`)+`" FROM "PARTITIONS" p JOIN "PART_COL_STATS" s ON s."PART_ID" = p."PART_ID"
				WHERE p."TBL_ID" = $1 AND `+named(`p."PART_NAME"`, "$2")+ofEngine(tx, "PART_COL_STATS", "s."), []any{id, list(chunk)}
			if columns != nil {
				query, args = query+" AND "+among(`s."COLUMN_NAME"`, "$3"), append(args, list(lowered(columns)))
			}
			err := scanStatistics(ctx, tx, query+` ORDER BY p."PART_NAME" {BYTES}, s."COLUMN_NAME" {BYTES}`, args, func(name string, c catalog.ColumnStatistics) { out[name] = append(out[name], c) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// SetPartitionStatistics replaces what is known of some columns of partitions.
func (s *Store) SetPartitionStatistics(ctx context.Context, database, table string, stats map[string][]catalog.ColumnStatistics) error {
	return s.db.Tx(ctx, func(tx *transaction) error {
		t, err := lockTable(ctx, tx, database, table)
		if err != nil {
			return err
		}
		var names []string
		n := 0
		for name, cs := range stats {
			names, n = append(names, name), n+len(cs)
		}
		slices.Sort(names)
		found, err := partitionsNamed(ctx, tx, t.id, names)
		if err != nil || n == 0 {
			return err
		}
		id, err := partStatIDs.take(ctx, tx, n)
		if err != nil {
			return err
		}
		repeated, _ := statNames(tx, "PART_COL_STATS", t, "")
		b := into("PART_COL_STATS", append(append([]string{"CS_ID", "PART_ID"}, repeated...), statColumns...)...)
		for _, name := range names {
			p, ok := found[name]
			if !ok {
				return noPartition(t, name)
			}
			cs, err := checkStatistics(t.table, stats[name])
			if err != nil {
				return err
			}
			_, of := statNames(tx, "PART_COL_STATS", t, name)
			var columns []string
			for i := range cs {
				columns = append(columns, cs[i].Column)
				b.add(append(append([]any{id, p.id}, of...), statValues(&cs[i])...)...)
				id++
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM "PART_COL_STATS" WHERE "PART_ID" = $1 AND `+among(`"COLUMN_NAME"`, "$2")+ofEngine(tx, "PART_COL_STATS", ""), p.id, list(columns)); err != nil {
				return err
			}
		}
		return b.insert(ctx, tx)
	})
}

// DeletePartitionStatistics forgets a column of a partition, or all.
func (s *Store) DeletePartitionStatistics(ctx context.Context, database, table, partition, column string) error {
	return s.db.Tx(ctx, func(tx *transaction) error {
		t, err := lockTable(ctx, tx, database, table)
		if err != nil {
			return err
		}
		found, err := partitionsNamed(ctx, tx, t.id, []string{partition})
		if err != nil {
			return err
		}
		p, ok := found[partition]
		if !ok {
			return noPartition(t, partition)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM "PART_COL_STATS" WHERE "PART_ID" = $1 AND $2 IN ('', "COLUMN_NAME")`+ofEngine(tx, "PART_COL_STATS", ""), p.id, strings.ToLower(column))
		return err
	})
}

// basicStatistics are the parameters in which Hive keeps counts of what is in a table
// or partition, and says whether they are right.
var basicStatistics = []string{"numRows", "rawDataSize", "totalSize", "numFiles", "numFilesErasureCoded", "COLUMN_STATS_ACCURATE"}

// sparkStatistics begins the names of those in which Spark keeps its own, with the
// least and the greatest value of columns.
const sparkStatistics = "spark.sql.statistics."

// ForgetStatistics forgets what all engines have stored of a table's values, or of a
// partition's.
func (s *Store) ForgetStatistics(ctx context.Context, database, table, partition string) (n int64, err error) {
	err = s.db.Tx(ctx, func(tx *transaction) error {
		n = 0
		id, err := lockTableID(ctx, tx, strings.ToLower(database), strings.ToLower(table))
		if err != nil {
			return err
		}
		of, columns, parameters := "TBL_ID", "TAB_COL_STATS", "TABLE_PARAMS"
		if partition != "" {
			found, err := partitionsNamed(ctx, tx, id, []string{partition})
			if err != nil {
				return err
			}
			p, ok := found[partition]
			if !ok {
				return lethe.Errorf(lethe.NotFound, "table %s.%s has no partition %.300s", database, table, partition)
			}
			id, of, columns, parameters = p.id, "PART_ID", "PART_COL_STATS", "PARTITION_PARAMS"
		}
		for _, q := range []struct {
			text string
			args []any
		}{
			{`DELETE FROM "` + columns + `" WHERE "` + of + `" = $1`, []any{id}},
			{`DELETE FROM "` + parameters + `" WHERE "` + of + `" = $1 AND (` + among(`"PARAM_KEY"`, "$2") + ` OR "PARAM_KEY" LIKE $3)`, []any{id, list(basicStatistics), sparkStatistics + "%"}},
		} {
			r, err := tx.ExecContext(ctx, q.text, q.args...)
			if err != nil {
				return err
			}
			k, err := r.RowsAffected()
			if err != nil {
				return err
			}
			n += k
		}
		return nil
	})
	return n, err
}
