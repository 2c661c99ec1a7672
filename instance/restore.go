package instance

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/klauspost/compress/zstd"

	"lethe"
	"lethe/lib/state"
)

// RestoreDBInstanceFromDBSnapshot implements Provider.
func (l *Local) RestoreDBInstanceFromDBSnapshot(ctx context.Context, in *rds.RestoreDBInstanceFromDBSnapshotInput, opts ...func(*rds.Options)) (*rds.RestoreDBInstanceFromDBSnapshotOutput, error) {
	region := l.region(opts)
	if in.DBSnapshotIdentifier == nil {
		return nil, invalidValue("The parameter DBSnapshotIdentifier must be provided and must not be blank.")
	}
	var s *snapshot
	if err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		s, err = l.lookupSnapshot(ctx, tx, region, *in.DBSnapshotIdentifier)
		return err
	}); err != nil {
		return nil, err
	}
	if s.Status != available {
		return nil, &types.InvalidDBSnapshotStateFault{Message: ptr("The snapshot " + s.Name + " is not available: it is " + s.Status + ".")}
	}
	r, err := l.heir(region, in.DBInstanceIdentifier, &s.Of, in.Engine, in.DBInstanceClass, in.BackupRetentionPeriod, placement{
		storage: in.AllocatedStorage, storageType: in.StorageType, iops: in.Iops, throughput: in.StorageThroughput,
		port: in.Port, group: in.DBParameterGroupName, options: in.OptionGroupName, subnets: in.DBSubnetGroupName, security: in.VpcSecurityGroupIds,
		zone: in.AvailabilityZone, backup: in.PreferredBackupWindow, license: in.LicenseModel, authority: in.CACertificateIdentifier, network: in.NetworkType,
		logs: in.EnableCloudwatchLogsExports, multiAZ: in.MultiAZ, public: in.PubliclyAccessible, protected: in.DeletionProtection,
		minor: in.AutoMinorVersionUpgrade, copyTags: in.CopyTagsToSnapshot, iam: in.EnableIAMDatabaseAuthentication, dedicatedLog: in.DedicatedLogVolume,
	})
	if err != nil {
		return nil, err
	}
	if err := l.manage(r, aws.ToBool(in.ManageMasterUserPassword)); err != nil {
		return nil, err
	}
	tags := in.Tags
	if len(tags) == 0 && r.CopyTags {
		if err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
			tags, err = l.tags(ctx, tx, s.arn())
			return err
		}); err != nil {
			return nil, err
		}
	}
	r.Status, r.Job = creating, &job{ID: "instance-" + lethe.NewOrderedID(), Kind: jobRestore, Before: creating, Snapshot: s.ID}
	if err := l.admit(ctx, r, tags, func(tx *sql.Tx) error {
		// It may have been deleted meanwhile; from now on the job keeps it.
		if kept, err := snapshotByID(ctx, tx, s.ID); err != nil || kept == nil {
			return errors.Join(err, snapshotNotFound(s.Name))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	d, err := l.view(ctx, r)
	return &rds.RestoreDBInstanceFromDBSnapshotOutput{DBInstance: d}, err
}

// RestoreDBInstanceToPointInTime implements Provider.
func (l *Local) RestoreDBInstanceToPointInTime(ctx context.Context, in *rds.RestoreDBInstanceToPointInTimeInput, opts ...func(*rds.Options)) (*rds.RestoreDBInstanceToPointInTimeOutput, error) {
	region := l.region(opts)
	latest := aws.ToBool(in.UseLatestRestorableTime)
	switch {
	case latest && in.RestoreTime != nil:
		return nil, invalidCombination("RestoreTime can't be specified if UseLatestRestorableTime is true.")
	case !latest && in.RestoreTime == nil:
		return nil, invalidCombination("RestoreTime or UseLatestRestorableTime must be specified.")
	case in.TargetDBInstanceIdentifier == nil:
		return nil, invalidValue("The parameter TargetDBInstanceIdentifier must be provided and must not be blank.")
	}
	of, err := l.restoredFrom(ctx, region, in)
	if err != nil {
		return nil, err
	}
	until := of.Restore
	if !latest {
		// To the second: the moment is its end (a restore is to a second's last commit).
		until = in.RestoreTime.UTC()
	}
	if !latest && until.After(of.Restore) {
		return nil, invalidValue("The instance %s cannot be restored to %s: the latest restorable time is %s.", of.Name, until.Format(time.RFC3339), of.Restore.Format(time.RFC3339))
	}
	r, err := l.heir(region, in.TargetDBInstanceIdentifier, of, in.Engine, in.DBInstanceClass, in.BackupRetentionPeriod, placement{
		storage: in.AllocatedStorage, maxStorage: in.MaxAllocatedStorage, storageType: in.StorageType, iops: in.Iops, throughput: in.StorageThroughput,
		port: in.Port, group: in.DBParameterGroupName, options: in.OptionGroupName, subnets: in.DBSubnetGroupName, security: in.VpcSecurityGroupIds,
		zone: in.AvailabilityZone, backup: in.PreferredBackupWindow, license: in.LicenseModel, authority: in.CACertificateIdentifier, network: in.NetworkType,
		logs: in.EnableCloudwatchLogsExports, multiAZ: in.MultiAZ, public: in.PubliclyAccessible, protected: in.DeletionProtection,
		minor: in.AutoMinorVersionUpgrade, copyTags: in.CopyTagsToSnapshot, iam: in.EnableIAMDatabaseAuthentication, dedicatedLog: in.DedicatedLogVolume,
	})
	if err != nil {
		return nil, err
	}
	if err := l.manage(r, aws.ToBool(in.ManageMasterUserPassword)); err != nil {
		return nil, err
	}
	j := &job{ID: "instance-" + lethe.NewOrderedID(), Kind: jobRestore, Before: creating, From: of.ID}
	if !latest {
		j.Until = until
	}
	r.Status, r.Job = creating, j
	if err := l.admit(ctx, r, in.Tags, func(tx *sql.Tx) error {
		all, err := automatedOf(ctx, tx, of.ID)
		if err != nil {
			return err
		}
		var first time.Time
		for _, s := range all {
			if s.Status != available {
				continue
			}
			if first.IsZero() {
				first = s.Backup.End
			}
			if !s.Backup.End.After(until) {
				j.Snapshot = s.ID
			}
		}
		switch {
		case j.Snapshot == "" && first.IsZero():
			return invalidValue("The instance %s cannot be restored yet: its first backup is not done.", of.Name)
		case j.Snapshot == "":
			return invalidValue("The instance %s cannot be restored to %s: the earliest restorable time is %s.", of.Name, until.Format(time.RFC3339), first.UTC().Format(time.RFC3339))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	d, err := l.view(ctx, r)
	return &rds.RestoreDBInstanceToPointInTimeOutput{DBInstance: d}, err
}

// restoredFrom finds what a point-in-time restore is of: an instance, or what is left of
// one that was deleted. Of an instance that runs all is shipped that has been committed.
func (l *Local) restoredFrom(ctx context.Context, region string, in *rds.RestoreDBInstanceToPointInTimeInput) (of *record, err error) {
	name, id, by := aws.ToString(in.SourceDBInstanceIdentifier), aws.ToString(in.SourceDbiResourceId), aws.ToString(in.SourceDBInstanceAutomatedBackupsArn)
	if name == "" && id == "" && by == "" {
		return nil, invalidCombination("SourceDBInstanceIdentifier, SourceDbiResourceId or SourceDBInstanceAutomatedBackupsArn must be specified.")
	}
	find := func(tx *sql.Tx) error {
		if name != "" {
			of, err = l.lookup(ctx, tx, region, name)
			return err
		}
		rs, err := l.records(ctx, tx, "")
		if err != nil {
			return err
		}
		for _, r := range rs {
			if r.ID == id || backupARN(&r) == by {
				of = &r
				return nil
			}
		}
		old, err := state.Documents[retained](ctx, tx, `SELECT doc FROM instance_retained`)
		if err != nil {
			return err
		}
		for _, x := range old {
			if x.Of.ID == id || backupARN(&x.Of) == by {
				of = &x.Of
				return nil
			}
		}
		return backupNotFound(id + by)
	}
	if err := l.DB.View(ctx, find); err != nil {
		return nil, err
	}
	if !l.backs(of) {
		return nil, &types.PointInTimeRestoreNotEnabledFault{Message: ptr("Point in time restore is not enabled for the instance " + of.Name + ": its BackupRetentionPeriod is 0.")}
	}
	if of.steady() && of.Status == available {
		if err := l.ship(ctx, of, true); err != nil {
			return nil, err
		}
		if err := l.DB.View(ctx, find); err != nil {
			return nil, err
		}
	}
	return of, nil
}

// manage gives a new instance that is restored a password of its own, if it is to be managed.
func (l *Local) manage(r *record, managed bool) error {
	if !managed {
		return nil
	}
	p, err := l.firstPassword(r.Engine, nil, true, nil)
	if err == nil {
		r.Rotate, r.Password = true, l.Keys.Seal([]byte(p), "instance", r.ID, "password")
	}
	return err
}

// heir makes a record of a new instance that has another's data, and its settings where
// the request says none.
func (l *Local) heir(region string, name *string, of *record, engine, class *string, retention *int32, p placement) (*record, error) {
	id, err := CheckIdentifier("DBInstanceIdentifier", aws.ToString(name))
	if err != nil {
		return nil, err
	}
	if engine != nil && *engine != of.Engine {
		return nil, invalidCombination("Cannot restore to the engine %s: the source's is %s.", *engine, of.Engine)
	}
	r := &record{
		ID: newResourceID(), Region: region, Name: id, Engine: of.Engine, Version: of.Version, Class: of.Class, User: of.User, Database: of.Database,
		CharacterSet: of.CharacterSet, Storage: of.Storage, MaxStorage: of.MaxStorage, StorageType: of.StorageType, Iops: of.Iops, Throughput: of.Throughput,
		Retention: of.Retention, MinorUpgrades: of.MinorUpgrades, CopyTags: of.CopyTags, Encrypted: of.Encrypted, Key: of.Key,
	}
	set(&r.Class, class)
	set(&r.Retention, retention)
	if p.storage != nil && *p.storage < of.Storage {
		return nil, invalidValue("The allocated storage size can't be less than the source snapshot or backup size. It is %d GiB.", of.Storage)
	}
	if p.storageType != nil && *p.storageType != of.StorageType {
		r.Iops, r.Throughput = nil, nil
	}
	return r, l.fit(r, p)
}

// logsSuffix ends the folder in which a server's recovery finds log files.
const logsSuffix = ".logs"

// recoverServer makes the server's data from the backup, and the logs if it is to a point
// in time.
func (l *Local) recoverServer(ctx context.Context, r *record) error {
	if err := errors.Join(l.followPackages(ctx, r), l.activate(ctx, r)); err != nil {
		return err
	}
	var s *snapshot
	if err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		s, err = snapshotByID(ctx, tx, r.Job.Snapshot)
		return err
	}); err != nil {
		return err
	}
	if s == nil {
		return lethe.Errorf(lethe.NotFound, "the snapshot that was to be restored is gone")
	}
	how := Recovery{Backup: s.Backup, Until: r.Job.Until}
	if r.Password != "" {
		m, err := l.master(r)
		if err != nil {
			return err
		}
		how.Master = &m
	}
	if r.Job.From != "" {
		how.Logs = l.folder(r.ID) + logsSuffix
		defer func() { _ = os.RemoveAll(how.Logs) }() // what stays is removed when lethe starts
		last, err := l.fetchLogs(ctx, r.Job.From, s.Began, how.Until, how.Logs)
		if err != nil {
			return err
		}
		if !how.Until.IsZero() && last.Before(how.Until) {
			how.Until = time.Time{} // nothing was written after it
		}
	}
	e, server, err := l.server(r)
	if err != nil {
		return err
	}
	in, err := l.Backups.Open(ctx, s.Bytes)
	if err != nil {
		return err
	}
	defer in.Close()
	return e.Restore(ctx, server, in, how)
}

// fetchLogs writes the log files of a server into a folder: those that a backup which
// began at a moment needs, up to the one that has a later moment, or all. It returns up
// to when they reach.
func (l *Local) fetchLogs(ctx context.Context, server string, from, until time.Time, dir string) (last time.Time, err error) {
	var all []logFile
	if err := l.DB.View(ctx, func(tx *sql.Tx) error {
		all, err = logsOf(ctx, tx, server)
		return err
	}); err != nil {
		return last, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return last, err
	}
	// The engine's user reads them; who else is on this host does not list the folder above.
	if err := os.Mkdir(dir, 0o755); err != nil {
		return last, fmt.Errorf("folder of log files: %w", err)
	}
	// Clocks of lethe and of engines may differ a little in what they call now.
	from = from.Add(-time.Minute)
	for _, g := range all {
		if g.last.Before(from) {
			continue
		}
		if err := l.fetchLog(ctx, g.key, filepath.Join(dir, g.name)); err != nil {
			return last, err
		}
		if last = g.last; !until.IsZero() && last.After(until) {
			break
		}
	}
	return last, nil
}

func (l *Local) fetchLog(ctx context.Context, key, path string) (err error) {
	in, err := l.Backups.Open(ctx, key)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, z)
	return err
}

func (l *Local) restored(ctx context.Context, r *record) error {
	return l.bring(ctx, r, "creation", "Restored from snapshot or point in time")
}
