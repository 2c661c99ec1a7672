package hms

import (
	"context"
	"math/big"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/lib/hms"
)

func (r *registry) statistics() {
	type ctxt = context.Context
	const (
		readTable, writeTable, dropTable = "glue:GetColumnStatisticsForTable", "glue:UpdateColumnStatisticsForTable", "glue:DeleteColumnStatisticsForTable"
		readPart, writePart, dropPart    = "glue:GetColumnStatisticsForPartition", "glue:UpdateColumnStatisticsForPartition", "glue:DeleteColumnStatisticsForPartition"
	)
	desc := func(s *hms.ColumnStatistics) target { d := of(of(s).StatsDesc); return target{d.DbName, d.TableName} }
	many := func(q *hms.SetPartitionsStatsRequest) target {
		if len(of(q).ColStats) == 0 {
			return target{}
		}
		return desc(q.ColStats[0])
	}

	add(r, "get_table_statistics_req", readTable, onTable, func(a *hms.GetTableStatisticsReqArgs) target {
		return target{of(a.Request).DbName, of(a.Request).TblName}
	}, func(ctx ctxt, c *conn, t target, a *hms.GetTableStatisticsReqArgs, r *hms.GetTableStatisticsReqReply) error {
		stats, err := c.Catalog.TableStatistics(ctx, t.database, t.table, wanted(of(a.Request).ColNames))
		r.Success = &hms.TableStatsResult{TableStats: toStatistics(stats)}
		return c.missing(t, err)
	})
	add(r, "get_partitions_statistics_req", readPart, onTable, func(a *hms.GetPartitionsStatisticsReqArgs) target {
		return target{of(a.Request).DbName, of(a.Request).TblName}
	}, func(ctx ctxt, c *conn, t target, a *hms.GetPartitionsStatisticsReqArgs, r *hms.GetPartitionsStatisticsReqReply) error {
		q := of(a.Request)
		stats, err := c.Catalog.PartitionStatistics(ctx, t.database, t.table, q.PartNames, wanted(q.ColNames))
		r.Success = &hms.PartitionsStatsResult{PartStats: map[string][]*hms.ColumnStatisticsObj{}}
		for name, s := range stats {
			r.Success.PartStats[name] = toStatistics(s)
		}
		return c.missing(t, err)
	})
	add(r, "get_aggr_stats_for", readPart, onTable, func(a *hms.GetAggrStatsForArgs) target {
		return target{of(a.Request).DbName, of(a.Request).TblName}
	}, func(ctx ctxt, c *conn, t target, a *hms.GetAggrStatsForArgs, r *hms.GetAggrStatsForReply) error {
		q := of(a.Request)
		stats, err := c.Catalog.PartitionStatistics(ctx, t.database, t.table, q.PartNames, wanted(q.ColNames))
		r.Success = aggregate(stats, wanted(q.ColNames))
		return c.missing(t, err)
	})
	add(r, "get_table_column_statistics", readTable, onTable, func(a *hms.GetTableColumnStatisticsArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetTableColumnStatisticsArgs, r *hms.GetTableColumnStatisticsReply) error {
			stats, err := c.Catalog.TableStatistics(ctx, t.database, t.table, []string{a.ColName})
			if err == nil && len(stats) == 0 {
				return lethe.Errorf(lethe.NotFound, "Statistics for dbName=%s, tableName=%s, columnName=%s do not exist", t.database, t.table, a.ColName)
			}
			r.Success = &hms.ColumnStatistics{StatsDesc: &hms.ColumnStatisticsDesc{IsTblLevel: true, DbName: t.database, TableName: t.table, CatName: hive.DefaultCatalog}, StatsObj: toStatistics(stats)}
			return c.missing(t, err)
		})
	add(r, "get_partition_column_statistics", readPart, onTable, func(a *hms.GetPartitionColumnStatisticsArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.GetPartitionColumnStatisticsArgs, r *hms.GetPartitionColumnStatisticsReply) error {
			stats, err := c.Catalog.PartitionStatistics(ctx, t.database, t.table, []string{a.PartName}, []string{a.ColName})
			if err == nil && len(stats) == 0 {
				return lethe.Errorf(lethe.NotFound, "Statistics for dbName=%s, tableName=%s, partName=%s, columnName=%s do not exist", t.database, t.table, a.PartName, a.ColName)
			}
			r.Success = &hms.ColumnStatistics{StatsDesc: &hms.ColumnStatisticsDesc{DbName: t.database, TableName: t.table, PartName: a.PartName, CatName: hive.DefaultCatalog}, StatsObj: toStatistics(stats[a.PartName])}
			return c.missing(t, err)
		})

	add(r, "update_table_column_statistics", writeTable, onTable, func(a *hms.UpdateTableColumnStatisticsArgs) target { return desc(a.StatsObj) },
		func(ctx ctxt, c *conn, t target, a *hms.UpdateTableColumnStatisticsArgs, r *hms.UpdateTableColumnStatisticsReply) error {
			r.Success = ptr(true)
			return c.setStatistics(ctx, t, []*hms.ColumnStatistics{a.StatsObj})
		})
	add(r, "update_partition_column_statistics", writePart, onTable, func(a *hms.UpdatePartitionColumnStatisticsArgs) target { return desc(a.StatsObj) },
		func(ctx ctxt, c *conn, t target, a *hms.UpdatePartitionColumnStatisticsArgs, r *hms.UpdatePartitionColumnStatisticsReply) error {
			r.Success = ptr(true)
			return c.setStatistics(ctx, t, []*hms.ColumnStatistics{a.StatsObj})
		})
	add(r, "update_table_column_statistics_req", writeTable, onTable, func(a *hms.UpdateTableColumnStatisticsReqArgs) target { return many(a.Req) },
		func(ctx ctxt, c *conn, t target, a *hms.UpdateTableColumnStatisticsReqArgs, r *hms.UpdateTableColumnStatisticsReqReply) error {
			r.Success = &hms.SetPartitionsStatsResponse{Result: true}
			return c.setStatistics(ctx, t, of(a.Req).ColStats)
		})
	add(r, "update_partition_column_statistics_req", writePart, onTable, func(a *hms.UpdatePartitionColumnStatisticsReqArgs) target { return many(a.Req) },
		func(ctx ctxt, c *conn, t target, a *hms.UpdatePartitionColumnStatisticsReqArgs, r *hms.UpdatePartitionColumnStatisticsReqReply) error {
			r.Success = &hms.SetPartitionsStatsResponse{Result: true}
			return c.setStatistics(ctx, t, of(a.Req).ColStats)
		})
	add(r, "set_aggr_stats_for", writePart, onTable, func(a *hms.SetAggrStatsForArgs) target { return many(a.Request) },
		func(ctx ctxt, c *conn, t target, a *hms.SetAggrStatsForArgs, r *hms.SetAggrStatsForReply) error {
			r.Success = ptr(true)
			return c.setStatistics(ctx, t, of(a.Request).ColStats)
		})

	add(r, "delete_table_column_statistics", dropTable, onTable, func(a *hms.DeleteTableColumnStatisticsArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.DeleteTableColumnStatisticsArgs, r *hms.DeleteTableColumnStatisticsReply) error {
			r.Success = ptr(true)
			return c.Catalog.DeleteTableStatistics(ctx, t.database, t.table, a.ColName)
		})
	add(r, "delete_partition_column_statistics", dropPart, onTable, func(a *hms.DeletePartitionColumnStatisticsArgs) target { return target{a.DbName, a.TblName} },
		func(ctx ctxt, c *conn, t target, a *hms.DeletePartitionColumnStatisticsArgs, r *hms.DeletePartitionColumnStatisticsReply) error {
			r.Success = ptr(true)
			return c.Catalog.DeletePartitionStatistics(ctx, t.database, t.table, a.PartName, a.ColName)
		})
}

// wanted are the columns that a call asks for; none given means none.
func wanted(columns []string) []string {
	if columns == nil {
		return []string{}
	}
	return columns
}

// setStatistics keeps statistics of one table or of its partitions.
func (c *conn) setStatistics(ctx context.Context, t target, in []*hms.ColumnStatistics) error {
	table := []catalog.ColumnStatistics(nil)
	parts := map[string][]catalog.ColumnStatistics{}
	for _, s := range in {
		d := of(of(s).StatsDesc)
		db, err := database(d.DbName)
		if err != nil {
			return err
		}
		if db != t.database || !strings.EqualFold(d.TableName, t.table) {
			return &hms.InvalidInputException{Message: "the statistics of one call are of one table"}
		}
		var analyzed time.Time
		if d.LastAnalyzed != nil {
			analyzed = time.Unix(*d.LastAnalyzed, 0)
		}
		for _, o := range of(s).StatsObj {
			col, err := fromStatistics(o)
			if err != nil {
				return err
			}
			col.Analyzed = analyzed
			if d.IsTblLevel {
				table = append(table, col)
			} else {
				parts[d.PartName] = append(parts[d.PartName], col)
			}
		}
	}
	if len(table) > 0 && len(parts) > 0 {
		return &hms.InvalidInputException{Message: "the statistics of one call are of a table or of its partitions"}
	}
	if len(parts) > 0 {
		return c.Catalog.SetPartitionStatistics(ctx, t.database, t.table, parts)
	}
	return c.Catalog.SetTableStatistics(ctx, t.database, t.table, table)
}

func toStatistics(stats []catalog.ColumnStatistics) []*hms.ColumnStatisticsObj {
	out := make([]*hms.ColumnStatisticsObj, len(stats))
	for i := range stats {
		s := &stats[i]
		out[i] = &hms.ColumnStatisticsObj{ColName: s.Column, ColType: s.Type, StatsData: toStatData(s)}
	}
	return out
}

// toStatData chooses the statistics' form by the column's type. Timestamps have
// that of numbers, which clients of all versions read.
func toStatData(s *catalog.ColumnStatistics) *hms.ColumnStatisticsData {
	d := &hms.ColumnStatisticsData{}
	typ, _, _ := strings.Cut(strings.ToLower(s.Type), "(")
	distinct := of(s.Distinct)
	switch typ {
	case "boolean":
		d.BooleanStats = &hms.BooleanColumnStatsData{NumTrues: *of(s.Trues), NumFalses: *of(s.Falses), NumNulls: s.Nulls, BitVectors: s.Sketch}
	case "float", "double":
		d.DoubleStats = &hms.DoubleColumnStatsData{LowValue: s.DoubleLow, HighValue: s.DoubleHigh, NumNulls: s.Nulls, NumDVs: *distinct, BitVectors: s.Sketch}
	case "decimal":
		d.DecimalStats = &hms.DecimalColumnStatsData{LowValue: toDecimal(s.DecimalLow), HighValue: toDecimal(s.DecimalHigh), NumNulls: s.Nulls, NumDVs: *distinct, BitVectors: s.Sketch}
	case "date":
		d.DateStats = &hms.DateColumnStatsData{NumNulls: s.Nulls, NumDVs: *distinct, BitVectors: s.Sketch}
		if s.Low != nil {
			d.DateStats.LowValue = &hms.Date{DaysSinceEpoch: *s.Low}
		}
		if s.High != nil {
			d.DateStats.HighValue = &hms.Date{DaysSinceEpoch: *s.High}
		}
	case "binary":
		d.BinaryStats = &hms.BinaryColumnStatsData{MaxColLen: *of(s.MaxLength), AvgColLen: *of(s.AverageLength), NumNulls: s.Nulls, BitVectors: s.Sketch}
	case "string", "varchar", "char":
		d.StringStats = &hms.StringColumnStatsData{MaxColLen: *of(s.MaxLength), AvgColLen: *of(s.AverageLength), NumNulls: s.Nulls, NumDVs: *distinct, BitVectors: s.Sketch}
	default:
		d.LongStats = &hms.LongColumnStatsData{LowValue: s.Low, HighValue: s.High, NumNulls: s.Nulls, NumDVs: *distinct, BitVectors: s.Sketch}
	}
	return d
}

func fromStatistics(o *hms.ColumnStatisticsObj) (catalog.ColumnStatistics, error) {
	s := catalog.ColumnStatistics{Column: o.ColName, Type: o.ColType}
	switch d := of(o.StatsData); {
	case d.BooleanStats != nil:
		x := d.BooleanStats
		s.Trues, s.Falses, s.Nulls, s.Sketch = &x.NumTrues, &x.NumFalses, x.NumNulls, x.BitVectors
	case d.LongStats != nil:
		x := d.LongStats
		s.Low, s.High, s.Nulls, s.Distinct, s.Sketch = x.LowValue, x.HighValue, x.NumNulls, &x.NumDVs, x.BitVectors
	case d.DoubleStats != nil:
		x := d.DoubleStats
		s.DoubleLow, s.DoubleHigh, s.Nulls, s.Distinct, s.Sketch = x.LowValue, x.HighValue, x.NumNulls, &x.NumDVs, x.BitVectors
	case d.StringStats != nil:
		x := d.StringStats
		s.MaxLength, s.AverageLength, s.Nulls, s.Distinct, s.Sketch = &x.MaxColLen, &x.AvgColLen, x.NumNulls, &x.NumDVs, x.BitVectors
	case d.BinaryStats != nil:
		x := d.BinaryStats
		s.MaxLength, s.AverageLength, s.Nulls, s.Sketch = &x.MaxColLen, &x.AvgColLen, x.NumNulls, x.BitVectors
	case d.DecimalStats != nil:
		x := d.DecimalStats
		s.Nulls, s.Distinct, s.Sketch = x.NumNulls, &x.NumDVs, x.BitVectors
		var err error
		if s.DecimalLow, err = fromDecimal(x.LowValue); err != nil {
			return s, err
		}
		if s.DecimalHigh, err = fromDecimal(x.HighValue); err != nil {
			return s, err
		}
	case d.DateStats != nil:
		x := d.DateStats
		s.Nulls, s.Distinct, s.Sketch = x.NumNulls, &x.NumDVs, x.BitVectors
		if x.LowValue != nil {
			s.Low = &x.LowValue.DaysSinceEpoch
		}
		if x.HighValue != nil {
			s.High = &x.HighValue.DaysSinceEpoch
		}
	case d.TimestampStats != nil:
		x := d.TimestampStats
		s.Nulls, s.Distinct, s.Sketch = x.NumNulls, &x.NumDVs, x.BitVectors
		if x.LowValue != nil {
			s.Low = &x.LowValue.SecondsSinceEpoch
		}
		if x.HighValue != nil {
			s.High = &x.HighValue.SecondsSinceEpoch
		}
	default:
		return s, &hms.InvalidObjectException{Message: "the statistics of column " + o.ColName + " have no data"}
	}
	return s, nil
}

// toDecimal makes the unscaled number, in two's complement, and its scale.
func toDecimal(text *string) *hms.Decimal {
	if text == nil {
		return nil
	}
	whole, fraction, _ := strings.Cut(*text, ".")
	n, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return nil // a Java metastore may have written an exponent: better no bound than a wrong one
	}
	d := &hms.Decimal{Scale: int16(len(fraction)), Unscaled: []byte{0}}
	switch n.Sign() {
	case 1:
		if d.Unscaled = n.Bytes(); d.Unscaled[0] >= 0x80 {
			d.Unscaled = append([]byte{0}, d.Unscaled...)
		}
	case -1:
		// -n-1 has the complement's bits.
		m := new(big.Int).Not(n).Bytes()
		if len(m) == 0 || m[0] >= 0x80 {
			m = append([]byte{0}, m...)
		}
		for i := range m {
			m[i] = ^m[i]
		}
		d.Unscaled = m
	}
	return d
}

// maxDecimal bounds the digits of a decimal, of which Hive has 38.
const maxDecimal = 100

func fromDecimal(d *hms.Decimal) (*string, error) {
	if d == nil {
		return nil, nil
	}
	if len(d.Unscaled) > maxDecimal/2 || d.Scale < 0 || d.Scale > maxDecimal {
		return nil, lethe.Errorf(lethe.Invalid, "a decimal of %d bytes and scale %d", len(d.Unscaled), d.Scale)
	}
	n := new(big.Int).SetBytes(d.Unscaled)
	if len(d.Unscaled) > 0 && d.Unscaled[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(d.Unscaled))))
	}
	digits := new(big.Int).Abs(n).String()
	if scale := int(d.Scale); scale > 0 {
		if len(digits) <= scale {
			digits = strings.Repeat("0", scale-len(digits)+1) + digits
		}
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		digits = "-" + digits
	}
	return &digits, nil
}

// aggregate puts the statistics of partitions together. Distinct values of two
// partitions may be the same: the greatest number is what is certain.
func aggregate(stats map[string][]catalog.ColumnStatistics, columns []string) *hms.AggrStats {
	out := &hms.AggrStats{ColStats: []*hms.ColumnStatisticsObj{}}
	all := map[string]*catalog.ColumnStatistics{}
	for _, cs := range stats {
		if len(cs) == len(columns) {
			out.PartsFound++
		}
		for _, s := range cs {
			s.Sketch = nil // of one partition
			if a := all[s.Column]; a == nil {
				all[s.Column] = &s
			} else {
				merge(a, &s)
			}
		}
	}
	for _, name := range columns {
		if s := all[strings.ToLower(name)]; s != nil {
			out.ColStats = append(out.ColStats, toStatistics([]catalog.ColumnStatistics{*s})...)
		}
	}
	return out
}

func merge(a, b *catalog.ColumnStatistics) {
	least(&a.Low, b.Low, func(x, y int64) bool { return x < y })
	least(&a.High, b.High, func(x, y int64) bool { return x > y })
	least(&a.DoubleLow, b.DoubleLow, func(x, y float64) bool { return x < y })
	least(&a.DoubleHigh, b.DoubleHigh, func(x, y float64) bool { return x > y })
	smaller := func(x, y string) bool {
		m, ok1 := number(x)
		n, ok2 := number(y)
		return ok1 && ok2 && m.Cmp(n) < 0
	}
	least(&a.DecimalLow, b.DecimalLow, smaller)
	least(&a.DecimalHigh, b.DecimalHigh, func(x, y string) bool { return smaller(y, x) })
	least(&a.Distinct, b.Distinct, func(x, y int64) bool { return x > y })
	least(&a.MaxLength, b.MaxLength, func(x, y int64) bool { return x > y })
	least(&a.AverageLength, b.AverageLength, func(x, y float64) bool { return x > y })
	a.Nulls += b.Nulls
	for _, s := range []struct{ sum, add **int64 }{{&a.Trues, &b.Trues}, {&a.Falses, &b.Falses}} {
		if *s.sum != nil && *s.add != nil {
			*s.sum = ptr(**s.sum + **s.add)
		}
	}
}

// least keeps the value that comes first.
func least[T any](a **T, b *T, before func(x, y T) bool) {
	if b != nil && (*a == nil || before(*b, **a)) {
		*a = b
	}
}
