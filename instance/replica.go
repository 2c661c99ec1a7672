package instance

import (
	"context"
	"database/sql"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
)

// CreateDBInstanceReadReplica implements Provider.
func (l *Local) CreateDBInstanceReadReplica(ctx context.Context, in *rds.CreateDBInstanceReadReplicaInput, opts ...func(*rds.Options)) (*rds.CreateDBInstanceReadReplicaOutput, error) {
	region := l.region(opts)
	if in.SourceDBInstanceIdentifier == nil {
		return nil, invalidCombination("SourceDBInstanceIdentifier must be specified.")
	}
	var of *record
	if err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		of, err = l.lookup(ctx, tx, region, *in.SourceDBInstanceIdentifier)
		return err
	}); err != nil {
		return nil, err
	}
	r, err := l.heir(region, in.DBInstanceIdentifier, of, nil, in.DBInstanceClass, ptr(int32(0)), placement{
		storage: in.AllocatedStorage, maxStorage: in.MaxAllocatedStorage, storageType: in.StorageType, iops: in.Iops, throughput: in.StorageThroughput,
		port: in.Port, group: in.DBParameterGroupName, options: in.OptionGroupName, subnets: in.DBSubnetGroupName, security: in.VpcSecurityGroupIds,
		zone: in.AvailabilityZone, authority: in.CACertificateIdentifier, network: in.NetworkType, key: in.KmsKeyId,
		logs: in.EnableCloudwatchLogsExports, multiAZ: in.MultiAZ, public: in.PubliclyAccessible, protected: in.DeletionProtection,
		minor: in.AutoMinorVersionUpgrade, copyTags: in.CopyTagsToSnapshot, iam: in.EnableIAMDatabaseAuthentication, dedicatedLog: in.DedicatedLogVolume,
		monitoring: in.MonitoringInterval, monitor: in.MonitoringRoleArn, insights: in.DatabaseInsightsMode, insightDays: in.PerformanceInsightsRetentionPeriod,
	})
	if err != nil {
		return nil, err
	}
	if r.MultiAZ {
		return nil, invalidCombination("A read replica cannot be a Multi-AZ instance on this host. Promote it first.")
	}
	if r.Group == "" && region == of.Region {
		r.Group = of.Group
	}
	r.Source = of.ID
	r.Status, r.Job = creating, &job{ID: "instance-" + lethe.NewOrderedID(), Kind: jobReplicate, Before: creating, From: of.ID}
	if err := l.admit(ctx, r, in.Tags, func(tx *sql.Tx) error {
		of, err := l.load(ctx, tx, of.ID)
		if err != nil {
			return err
		}
		switch {
		case of == nil:
			return notFound(*in.SourceDBInstanceIdentifier)
		case !of.steady() || of.Status != available:
			return &types.InvalidDBInstanceStateFault{Message: ptr("The source " + of.Name + " is not available: it is " + of.Status + ".")}
		case of.Source != "":
			return invalidCombination("A replica of a read replica is not supported on this host.")
		case of.Retention == 0:
			return &types.InvalidDBInstanceStateFault{Message: ptr("Automated backups are not enabled for this database instance. To enable automated backups, use ModifyDBInstance to set the backup retention period to a non-zero value.")}
		}
		rs, err := l.replicas(ctx, tx, of.ID)
		if err == nil && len(rs) >= mostReplicas {
			err = &types.InstanceQuotaExceededFault{Message: ptr("An instance has 15 read replicas at most.")}
		}
		return err
	}); err != nil {
		return nil, err
	}
	d, err := l.view(ctx, r)
	return &rds.CreateDBInstanceReadReplicaOutput{DBInstance: d}, err
}

// mostReplicas is how many read replicas an instance may have (Amazon RDS User Guide,
// "Quotas and constraints").
const mostReplicas = 15

// PromoteReadReplica implements Provider.
func (l *Local) PromoteReadReplica(ctx context.Context, in *rds.PromoteReadReplicaInput, opts ...func(*rds.Options)) (*rds.PromoteReadReplicaOutput, error) {
	r, err := l.request(ctx, l.region(opts), aws.ToString(in.DBInstanceIdentifier), func(_ *sql.Tx, r *record) error {
		if r.Source == "" {
			return &types.InvalidDBInstanceStateFault{Message: ptr("DB Instance " + r.Name + " is not a read replica.")}
		}
		if err := invalidState(r, available); err != nil {
			return err
		}
		days := int32(1)
		set(&days, in.BackupRetentionPeriod)
		if err := CheckRetention(days, false); err != nil {
			return err
		}
		if in.PreferredBackupWindow != nil {
			b, err := ParseBackupWindow(*in.PreferredBackupWindow)
			if err != nil {
				return err
			}
			m, err := ParseMaintenanceWindow(r.Maintenance)
			if err != nil {
				return err
			}
			if err := CheckWindows(b, m); err != nil {
				return err
			}
			r.BackupWindow = b.String()
		}
		r.Retention = days
		r.begin(modifying, job{Kind: jobPromote, From: r.Source})
		return nil
	})
	if err != nil {
		return nil, err
	}
	d, err := l.view(ctx, r)
	return &rds.PromoteReadReplicaOutput{DBInstance: d}, err
}

// SwitchoverReadReplica implements Provider: RDS has it for Oracle alone.
func (l *Local) SwitchoverReadReplica(ctx context.Context, in *rds.SwitchoverReadReplicaInput, opts ...func(*rds.Options)) (*rds.SwitchoverReadReplicaOutput, error) {
	return nil, invalidCombination("SwitchoverReadReplica is not supported for the engines of this host.")
}

// replicas are the read replicas of an instance.
func (l *Local) replicas(ctx context.Context, tx *sql.Tx, id string) ([]record, error) {
	all, err := l.records(ctx, tx, "")
	return slices.DeleteFunc(all, func(r record) bool { return r.Source != id }), err
}

// sourceOf is the instance that a replica is of; nil if there is none any more.
func (l *Local) sourceOf(ctx context.Context, r *record) (of *record, err error) {
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		of, err = l.load(ctx, tx, r.Source)
		return err
	})
	return of, err
}

// followSource makes the replica's data from its source's.
func (l *Local) followSource(ctx context.Context, r *record) error {
	if err := l.activate(ctx, r); err != nil {
		return err
	}
	of, err := l.sourceOf(ctx, r)
	if err != nil {
		return err
	}
	if of == nil {
		return lethe.Errorf(lethe.NotFound, "the source of the replica %s was deleted", r.Name)
	}
	e, s, err := l.server(r)
	if err != nil {
		return err
	}
	_, server, err := l.server(of)
	if err != nil {
		return err
	}
	if err := e.Follow(ctx, s, server, false); err != nil {
		return err
	}
	n, err := l.revise(ctx, r.ID, func(_ *sql.Tx, r *record) error {
		r.Follows = of.Failovers
		return nil
	})
	if err == nil {
		*r = *n
	}
	return err
}

// checkSource has a read replica made anew whose source failed over: it may have what the
// server before had not told anybody, and knows that one alone.
func (l *Local) checkSource(ctx context.Context, r *record) (anew bool, err error) {
	of, err := l.sourceOf(ctx, r)
	if err != nil || of == nil || !of.steady() || of.Status != available || of.Failovers == r.Follows {
		return false, err
	}
	return true, l.beginIf(ctx, r.ID, r.Status, func(tx *sql.Tx, r *record) error {
		if r.Source != of.ID {
			return nil
		}
		r.begin(modifying, job{Kind: jobFollow, From: of.ID})
		return l.event(ctx, tx, r.source(), "read replica", "Replication is being set up again, since %s failed over", of.Name)
	})
}

// clearCopy removes a replica's data, which is made again.
func (l *Local) clearCopy(ctx context.Context, r *record) error {
	e, s, err := l.server(r)
	if err != nil {
		return err
	}
	if err := e.Stop(ctx, s); err != nil {
		return err
	}
	return os.RemoveAll(s.Dir)
}

func (l *Local) followed(ctx context.Context, r *record) error {
	return l.finish(ctx, r, func(tx *sql.Tx, r *record) error {
		r.end(available)
		return l.event(ctx, tx, r.source(), "read replica", "The read replica follows its source again")
	})
}

func (l *Local) replicated(ctx context.Context, r *record) error {
	return l.bring(ctx, r, "creation", "DB instance created as a read replica")
}

// promote makes a replica an instance of its own.
func (l *Local) promote(ctx context.Context, r *record) error {
	e, s, err := l.server(r)
	if err != nil {
		return err
	}
	from := time.Now()
	if err := e.Promote(ctx, s); err != nil {
		return err
	}
	if r.Source == "" {
		return l.outage(ctx, r, time.Since(from))
	}
	if err := l.leave(ctx, r, s); err != nil {
		return err
	}
	n, err := l.revise(ctx, r.ID, func(_ *sql.Tx, r *record) error {
		r.Source = ""
		r.Job.Outage += time.Since(from)
		return nil
	})
	if err == nil {
		*r = *n
	}
	return err
}

func (l *Local) promoted(ctx context.Context, r *record) error {
	return l.finish(ctx, r, func(tx *sql.Tx, r *record) error {
		if err := l.event(ctx, tx, r.source(), "availability", "Promoted read replica to a stand-alone database instance; it did not take writes for %d ms", r.Job.Outage.Milliseconds()); err != nil {
			return err
		}
		r.end(available)
		return nil
	})
}
