package erasure

import (
	"context"
	"database/sql"
	"slices"

	"lethe"
	"lethe/catalog"
)

// Statistics is what a catalog stores of the values in its tables; a catalog.Metastore
// has it.
type Statistics interface {
	ForgetStatistics(ctx context.Context, database, table, partition string) (int64, error)
}

// statistics counts those of a table or partition that were deleted.
func (o Outcome) statistics() (n int64) {
	for _, c := range o.Changes {
		n += c.Statistics
	}
	return n
}

// partitionName is the catalog's name of the partition that a cover is of; "" if the
// table has none.
func (c cover) partitionName() string {
	if c.values == nil {
		return ""
	}
	return catalog.PartitionName(c.table.Partitions, c.values)
}

// forgetStatistics has the catalog forget what it stores of the values in a cover's
// partition and table: the least value of a column may be a person's that is gone, and
// counts are of what was there before. That nothing is known of it is true.
func (s *Service) forgetStatistics(ctx context.Context, c cover) (n int64, err error) {
	if s.Statistics == nil || c.Location != "" {
		return 0, nil
	}
	for _, partition := range slices.Compact([]string{"", c.partitionName()}) {
		k, err := s.Statistics.ForgetStatistics(ctx, c.Database, c.Table, partition)
		if err != nil && !lethe.Is(err, lethe.NotFound) { // it has left the catalog, with all of it
			return n, err
		}
		n += k
	}
	return n, nil
}

// leaveStatistics has the catalog forget what it stores of the values in all tables and
// partitions in which a request's person was found, and keeps that it did.
func (s *Service) leaveStatistics(ctx context.Context, id string) error {
	if s.Statistics == nil {
		return nil
	}
	c, err := s.scope(ctx, false)
	if err != nil {
		return err
	}
	touched := map[string]cover{}
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		return s.eachObject(ctx, tx, id, 0, func(at lethe.Location, erased bool, o Outcome) error {
			if len(o.Changes) == 0 && len(o.Exceptions) > 0 {
				return nil // nothing of it is gone
			}
			for _, v := range c.covers(at.Bucket, at.Key) {
				if v.Location == "" {
					touched[v.Database+"."+v.Table+"/"+v.partitionName()] = v
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, v := range touched {
		n, err := s.forgetStatistics(ctx, v)
		if err != nil || n == 0 {
			if err != nil {
				return err
			}
			continue
		}
		at, err := lethe.ParseLocation(v.storage.Location)
		if err != nil {
			return err
		}
		at = at.Dir()
		out := Outcome{Bucket: at.Bucket, Key: at.Key, Changes: []Change{{Mapping: v.Name, Statistics: n}}}
		if err := s.DB.Tx(ctx, func(tx *sql.Tx) error { return s.keepOutcome(ctx, tx, id, out) }); err != nil {
			return err
		}
	}
	return nil
}
