package instance

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// DescribeDBInstances implements Provider.
func (l *Local) DescribeDBInstances(ctx context.Context, in *rds.DescribeDBInstancesInput, opts ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	region := l.region(opts)
	by, err := filtered(in.Filters, "db-instance-id", "dbi-resource-id", "engine", "db-cluster-id", "domain")
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeDBInstancesOutput{}
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		var all []record
		if id := aws.ToString(in.DBInstanceIdentifier); id != "" {
			r, err := l.lookup(ctx, tx, region, id)
			if err != nil {
				return err
			}
			all = []record{*r}
		} else if all, err = l.records(ctx, tx, region); err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(r record) bool { return !r.matches(by) })
		page, next, err := paged(all, in.Marker, in.MaxRecords, func(r record) string { return r.Name })
		if err != nil {
			return err
		}
		out.Marker = next
		out.DBInstances = []types.DBInstance{}
		for _, r := range page {
			d, err := l.describe(ctx, tx, &r)
			if err != nil {
				return err
			}
			out.DBInstances = append(out.DBInstances, *d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// matches applies filters: all of them, and of each one value.
func (r *record) matches(by map[string][]string) bool {
	for name, values := range by {
		ok := false
		switch name {
		case "db-instance-id":
			ok = slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, r.Name) || v == r.arn() })
		case "dbi-resource-id":
			ok = slices.Contains(values, r.ID)
		case "engine":
			ok = slices.Contains(values, r.Engine)
		}
		if !ok {
			return false
		}
	}
	return true
}

// view describes an instance as requests that changed it answer.
func (l *Local) view(ctx context.Context, r *record) (d *types.DBInstance, err error) {
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		d, err = l.describe(ctx, tx, r)
		return err
	})
	return d, err
}

// hidden stands for passwords in answers.
const hidden = "****"

// describe says of an instance what RDS says.
func (l *Local) describe(ctx context.Context, tx *sql.Tx, r *record) (*types.DBInstance, error) {
	tags, err := l.tags(ctx, tx, r.arn())
	if err != nil {
		return nil, err
	}
	replicas, err := l.replicas(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	subnets, err := l.subnetsOf(ctx, tx, r.Region, r.Subnets)
	if err != nil {
		return nil, err
	}
	pending := r.Pending
	if pending.MasterUserPassword != nil {
		pending.MasterUserPassword = ptr(hidden)
	}
	apply := "in-sync"
	if r.Stale || r.Active != r.Group {
		apply = pendingReboot
	}
	d := &types.DBInstance{
		ActivityStreamStatus: types.ActivityStreamStatusStopped,
		AllocatedStorage:     ptr(r.Storage), AssociatedRoles: []types.DBInstanceRole{}, AutoMinorVersionUpgrade: ptr(r.MinorUpgrades),
		AvailabilityZone: &r.Zone, BackupRetentionPeriod: ptr(r.Retention), BackupTarget: ptr("region"),
		CACertificateIdentifier: optional(r.Cert.Authority), CopyTagsToSnapshot: ptr(r.CopyTags), CustomerOwnedIpEnabled: ptr(false),
		CharacterSetName: optional(r.CharacterSet),
		DBInstanceArn:    ptr(r.arn()), DBInstanceClass: &r.Class, DBInstanceIdentifier: &r.Name, DBInstanceStatus: &r.Status,
		DBName: optional(r.Database), DBParameterGroups: []types.DBParameterGroupStatus{{DBParameterGroupName: &r.Group, ParameterApplyStatus: &apply}},
		DBSecurityGroups: []types.DBSecurityGroupMembership{}, DBSubnetGroup: subnets, DbInstancePort: ptr(int32(0)), DbiResourceId: &r.ID,
		DedicatedLogVolume: ptr(r.DedicatedLog), DeletionProtection: ptr(r.Protected), DomainMemberships: []types.DomainMembership{},
		DatabaseInsightsMode:         cmp.Or(r.Insights, types.DatabaseInsightsModeStandard),
		EnabledCloudwatchLogsExports: r.LogExports, Engine: &r.Engine, EngineVersion: &r.Version, EngineLifecycleSupport: ptr("open-source-rds-extended-support-disabled"),
		IAMDatabaseAuthenticationEnabled: ptr(r.IAM), Iops: r.Iops, KmsKeyId: optional(r.Key), LicenseModel: &r.License,
		MasterUsername: &r.User, MonitoringInterval: ptr(int32(0)), MultiAZ: ptr(r.MultiAZ), NetworkType: &r.Network,
		OptionGroupMemberships: []types.OptionGroupMembership{{OptionGroupName: &r.Options, Status: ptr("in-sync")}},
		PendingModifiedValues:  &pending, PerformanceInsightsEnabled: ptr(r.PerformanceInsights),
		PreferredBackupWindow: &r.BackupWindow, PreferredMaintenanceWindow: &r.Maintenance, PubliclyAccessible: ptr(r.Public),
		ReadReplicaDBInstanceIdentifiers: []string{}, StorageEncrypted: ptr(r.Encrypted), StorageThroughput: r.Throughput, StorageType: &r.StorageType,
		TagList: tags, VpcSecurityGroups: []types.VpcSecurityGroupMembership{},
	}
	if r.Cert.Authority != "" {
		d.CertificateDetails = &types.CertificateDetails{CAIdentifier: &r.Cert.Authority, ValidTill: &r.Cert.Until}
	}
	if !r.Created.IsZero() {
		d.InstanceCreateTime = &r.Created
	}
	// Clients take an endpoint for a sign that they can connect to it.
	if !r.Created.IsZero() || r.Status == backingUp {
		d.Endpoint = &types.Endpoint{Address: &l.Host, Port: ptr(int32(r.Port)), HostedZoneId: ptr("lethe")}
	}
	if r.MaxStorage != 0 {
		d.MaxAllocatedStorage = ptr(r.MaxStorage)
	}
	if r.MultiAZ && r.Standby != 0 {
		d.SecondaryAvailabilityZone = ptr(r.Region + "b")
	}
	for _, g := range r.Security {
		d.VpcSecurityGroups = append(d.VpcSecurityGroups, types.VpcSecurityGroupMembership{VpcSecurityGroupId: &g, Status: ptr("active")})
	}
	if r.Secret != "" {
		d.MasterUserSecret = &types.MasterUserSecret{SecretArn: &r.Secret, SecretStatus: ptr("active"), KmsKeyId: ptr("aws/secretsmanager")}
	}
	if !r.Restore.IsZero() && r.Retention > 0 {
		d.LatestRestorableTime = ptr(r.Restore.Truncate(time.Second))
	}
	if r.Status == stopped {
		d.AutomaticRestartTime = ptr(r.Stopped.AddDate(0, 0, stoppedDays))
	}
	for _, x := range replicas {
		name := x.Name
		if x.Region != r.Region {
			name = x.arn()
		}
		d.ReadReplicaDBInstanceIdentifiers = append(d.ReadReplicaDBInstanceIdentifiers, name)
	}
	if r.Source != "" {
		of, err := l.load(ctx, tx, r.Source)
		if err != nil {
			return nil, err
		}
		if of != nil {
			d.ReadReplicaSourceDBInstanceIdentifier = ptr(of.Name)
			if of.Region != r.Region {
				d.ReadReplicaSourceDBInstanceIdentifier = ptr(of.arn())
			}
			normal := r.Status == available
			d.StatusInfos = []types.DBInstanceStatusInfo{{StatusType: ptr("read replication"), Status: ptr("replicating"), Normal: &normal}}
			if !normal {
				d.StatusInfos[0].Status = ptr("stopped")
			}
		}
	}
	return d, nil
}

// optional is a text that an answer leaves out where there is none.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}

// optionFamily is what default option groups are named by: postgres-15, mariadb-10-11.
func optionFamily(engine, version string) string {
	return engine + "-" + strings.ReplaceAll(strings.TrimPrefix(family(engine, version), engine), ".", "-")
}
