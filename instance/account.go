package instance

import (
	"context"
	"database/sql"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// unbounded is the quota of what the host alone bounds.
const unbounded = 1 << 31

// DescribeAccountAttributes says how much there is of everything. There are no quotas
// here but those of the host.
func (l *Local) DescribeAccountAttributes(ctx context.Context, _ *rds.DescribeAccountAttributesInput, opts ...func(*rds.Options)) (*rds.DescribeAccountAttributesOutput, error) {
	region := l.region(opts)
	var instances, storage, snapshots int64
	used := map[string]int64{}
	err := l.DB.View(ctx, func(tx *sql.Tx) error {
		all, err := l.records(ctx, tx, region)
		if err != nil {
			return err
		}
		for _, r := range all {
			instances++
			storage += int64(r.Storage)
		}
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM instance_snapshots WHERE region = $1`, region).Scan(&snapshots); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT kind, COUNT(*) FROM instance_groups WHERE region = $1 GROUP BY kind`, region)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var kind string
			var n int64
			if err := rows.Scan(&kind, &n); err != nil {
				return err
			}
			used[kind] = n
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	quota := func(name string, used int64) types.AccountQuota {
		return types.AccountQuota{AccountQuotaName: &name, Used: aws.Int64(used), Max: aws.Int64(unbounded)}
	}
	return &rds.DescribeAccountAttributesOutput{AccountQuotas: []types.AccountQuota{
		quota("DBInstances", instances), quota("AllocatedStorage", storage), quota("ManualSnapshots", snapshots),
		quota("DBParameterGroups", used[kindGroup]), quota("DBSubnetGroups", used[kindSubnets]), quota("OptionGroups", used[kindOptions]), quota("EventSubscriptions", used[kindEvents]),
	}}, nil
}

// DescribeSourceRegions lists the regions from which snapshots can be copied and
// replicas made: all in which something is, as they are on one host.
func (l *Local) DescribeSourceRegions(ctx context.Context, in *rds.DescribeSourceRegionsInput, opts ...func(*rds.Options)) (*rds.DescribeSourceRegionsOutput, error) {
	own := l.region(opts)
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	names := slices.Clone(gravitonRegions)
	err := l.DB.View(ctx, func(tx *sql.Tx) error {
		all, err := l.records(ctx, tx, "")
		for _, r := range all {
			names = append(names, r.Region)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(n string) bool {
		return n == own || in.RegionName != nil && n != *in.RegionName
	})
	page, next, err := paged(names, in.Marker, in.MaxRecords, func(n string) string { return n })
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeSourceRegionsOutput{Marker: next, SourceRegions: []types.SourceRegion{}}
	for _, n := range page {
		out.SourceRegions = append(out.SourceRegions, types.SourceRegion{RegionName: &n, Status: ptr(available), SupportsDBInstanceAutomatedBackupsReplication: ptr(false)})
	}
	return out, nil
}
