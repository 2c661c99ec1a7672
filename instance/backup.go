package instance

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/klauspost/compress/zstd"

	"lethe/lib/state"
)

// save writes the bytes of a snapshot that is being made: a base backup of the server.
func (l *Local) save(ctx context.Context, r *record, id string) error {
	var s *snapshot
	if err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		s, err = snapshotByID(ctx, tx, id)
		return err
	}); err != nil || s == nil || s.Status == available {
		return err
	}
	e, server, err := l.server(r)
	if err != nil {
		return err
	}
	var b Backup
	var berr error
	counted := &counter{}
	from, to := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b, berr = e.Backup(ctx, server, to)
		to.CloseWithError(berr)
	}()
	counted.r = from
	err = l.Backups.Put(ctx, s.Bytes, counted)
	from.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // which ends a backup that is not read on
	<-ended
	if err := errors.Join(berr, err); err != nil {
		return err
	}
	return l.DB.Tx(ctx, func(tx *sql.Tx) error {
		return l.reviseSnapshot(ctx, tx, id, func(s *snapshot) {
			s.Status, s.Backup, s.Stored, s.Created = available, b, counted.n, l.now()
			s.Original = s.Created
		})
	})
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// backs says that an instance has automated backups.
func (l *Local) backs(r *record) bool { return r.Retention > 0 && l.Backups != nil }

// backUpAgain is when an automated backup that failed is tried again.
const backUpAgain = 15 * time.Minute

// backupDue says that it is time for an automated backup: the day's, or one that is needed
// at once.
func (l *Local) backupDue(r *record, now time.Time) bool {
	if !l.backs(r) || now.Before(r.NoBackup) {
		return false
	}
	if r.BackedUp.IsZero() {
		return true
	}
	w, err := ParseBackupWindow(r.BackupWindow)
	return err == nil && r.Source == "" && w.Open(now) && r.BackedUp.Before(w.Opened(now))
}

// beginAutomated begins an automated backup. Those before that failed are forgotten.
func (l *Local) beginAutomated(ctx context.Context, tx *sql.Tx, r *record) error {
	all, err := automatedOf(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Status == failed { // which has no bytes
			if _, err := l.dropSnapshot(ctx, tx, &s); err != nil {
				return err
			}
		}
	}
	s, err := l.newAutomated(ctx, tx, r)
	if err != nil {
		return err
	}
	r.begin(backingUp, job{Kind: jobSnapshot, Snapshot: s.ID})
	return l.event(ctx, tx, r.source(), "backup", "Backing up DB instance")
}

// newAutomated begins to keep an automated backup. Its name has RDS's form.
func (l *Local) newAutomated(ctx context.Context, tx *sql.Tx, r *record) (*snapshot, error) {
	r.BackedUp = l.now()
	name := "rds:" + r.Name + "-" + r.BackedUp.Format("2006-01-02-15-04")
	if _, err := l.lookupSnapshot(ctx, tx, r.Region, name); err == nil {
		name += r.BackedUp.Format("-05.000000") // a second one in a minute, or of an instance that had the name
	}
	return l.newSnapshot(ctx, tx, r, name, automated, nil)
}

// saveFirst makes the first automated backup of an instance that was made: without it
// nothing can be recovered.
func (l *Local) saveFirst(ctx context.Context, r *record) error {
	if !l.backs(r) {
		return nil
	}
	if r.Job.First == "" {
		n, err := l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
			s, err := l.newAutomated(ctx, tx, r)
			if err != nil {
				return err
			}
			r.Status, r.Job.First = backingUp, s.ID
			return nil
		})
		if err != nil {
			return err
		}
		*r = *n
	}
	if err := l.save(ctx, r, r.Job.First); err != nil {
		return err
	}
	return l.restorable(ctx, r.ID, r.Job.First)
}

// restorable keeps that an instance can be restored to the end of its backup.
func (l *Local) restorable(ctx context.Context, id, snapshot string) error {
	_, err := l.revise(ctx, id, func(tx *sql.Tx, r *record) error {
		s, err := snapshotByID(ctx, tx, snapshot)
		if err == nil && s != nil && s.Backup.End.After(r.Restore) {
			r.Restore = s.Backup.End
		}
		return err
	})
	return err
}

// saveBefore makes the snapshot that is asked for before an instance is stopped or
// deleted.
func (l *Local) saveBefore(ctx context.Context, r *record) error {
	if r.Job.Snapshot == "" {
		return nil
	}
	if r.Job.Before == stopped {
		if err := l.boot(ctx, r); err != nil {
			return err
		}
	}
	return l.save(ctx, r, r.Job.Snapshot)
}

func (l *Local) saveSnapshot(ctx context.Context, r *record) error {
	return l.save(ctx, r, r.Job.Snapshot)
}

func (l *Local) snapshotMade(ctx context.Context, r *record) error {
	if err := l.restorable(ctx, r.ID, r.Job.Snapshot); err != nil {
		return err
	}
	return l.finish(ctx, r, func(tx *sql.Tx, r *record) error {
		s, err := snapshotByID(ctx, tx, r.Job.Snapshot)
		if err != nil {
			return err
		}
		r.end(available)
		if s != nil && s.Type == manual {
			return l.event(ctx, tx, s.source(), "creation", "Manual snapshot created")
		}
		return l.event(ctx, tx, r.source(), "backup", "Finished DB instance backup")
	})
}

// ship moves the log files of an instance to the backups. Afterwards it can be restored
// to the moment at which that began.
func (l *Local) ship(ctx context.Context, r *record, rotate bool) error {
	if !l.backs(r) {
		return nil
	}
	l.shipping.RLock()
	defer l.shipping.RUnlock()
	defer l.hold(r.ID + logsSuffix)()
	e, s, err := l.server(r)
	if err != nil {
		return err
	}
	if !runs(e, s) {
		return nil // what it has is shipped when it runs again
	}
	at := l.now()
	logs, err := e.Closed(ctx, s, rotate)
	if err != nil && !runs(e, s) {
		return nil // it ended meanwhile
	}
	if err != nil {
		return err
	}
	for _, g := range logs {
		key := "logs/" + r.ID + "/" + g.Name
		if err := l.shipOne(ctx, key, g.Path); err != nil {
			return err
		}
		if err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO instance_logs (server, name, last, size, bytes) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (server, name) DO UPDATE SET last = excluded.last, size = excluded.size`, r.ID, g.Name, g.Last.UnixMicro(), g.Size, key)
			return err
		}); err != nil {
			return err
		}
		if err := e.Release(ctx, s, g); err != nil {
			return err
		}
	}
	if !rotate {
		return nil
	}
	_, err = l.revise(ctx, r.ID, func(_ *sql.Tx, r *record) error {
		if at.After(r.Restore) {
			r.Restore = at
		}
		return nil
	})
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// shipOne keeps a log file, compressed.
func (l *Local) shipOne(ctx context.Context, key, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("log file: %w", err)
	}
	defer f.Close()
	from, to := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		z, err := zstd.NewWriter(to, zstd.WithEncoderConcurrency(1))
		if err == nil {
			_, err = io.Copy(z, f)
			err = errors.Join(err, z.Close())
		}
		to.CloseWithError(err)
	}()
	err = l.Backups.Put(ctx, key, from)
	from.CloseWithError(io.ErrClosedPipe)
	<-ended
	return err
}

// logFile is a log file that is kept.
type logFile struct {
	name, key string
	last      time.Time
}

// logsOf lists the log files of a server that are kept, in order.
func logsOf(ctx context.Context, tx *sql.Tx, server string) (all []logFile, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT name, bytes, last FROM instance_logs WHERE server = $1 ORDER BY name`, server)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f logFile
		var last int64
		if err := rows.Scan(&f.name, &f.key, &last); err != nil {
			return nil, err
		}
		f.last = time.UnixMicro(last).UTC()
		all = append(all, f)
	}
	return all, rows.Err()
}

// retained are the automated backups of an instance that is deleted.
type retained struct {
	Of      record
	Deleted time.Time
}

func (x *retained) until() time.Time { return x.Deleted.AddDate(0, 0, int(x.Of.Retention)) }

// expire removes automated backups whose days are over.
func (l *Local) expire(ctx context.Context) error {
	if l.Backups == nil {
		return nil
	}
	var dead []string
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		rs, err := l.records(ctx, tx, "")
		if err != nil {
			return err
		}
		inUse := map[string]bool{}
		for _, r := range rs {
			if r.Job != nil {
				inUse[r.Job.Snapshot], inUse[r.Job.First], inUse[r.Job.From] = true, true, true
			}
		}
		for _, r := range rs {
			if inUse[r.ID] {
				continue // it is being restored from
			}
			keys, err := l.expireOne(ctx, tx, &r, inUse)
			if err != nil {
				return err
			}
			dead = append(dead, keys...)
		}
		old, err := state.Documents[retained](ctx, tx, `SELECT doc FROM instance_retained ORDER BY id`)
		if err != nil {
			return err
		}
		for _, x := range old {
			if l.now().Before(x.until()) || inUse[x.Of.ID] {
				continue
			}
			keys, err := l.dropBackups(ctx, tx, x.Of.ID)
			if err != nil {
				return err
			}
			dead = append(dead, keys...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.discard(ctx, dead)
}

// expireOne forgets what is older than an instance's days. The newest backup stays as
// long as there are any days.
func (l *Local) expireOne(ctx context.Context, tx *sql.Tx, r *record, inUse map[string]bool) (dead []string, err error) {
	all, err := automatedOf(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	limit := l.now().AddDate(0, 0, -int(r.Retention))
	whole := slices.DeleteFunc(slices.Clone(all), func(s snapshot) bool { return s.Status != available })
	var oldest time.Time
	for i, s := range whole {
		last := i == len(whole)-1
		// A backup is needed until the next one is older than the days are.
		if r.Retention > 0 && (last || whole[i+1].Created.After(limit)) || inUse[s.ID] {
			if oldest.IsZero() {
				oldest = s.Began
			}
			continue
		}
		keys, err := l.dropSnapshot(ctx, tx, &s)
		if err != nil {
			return nil, err
		}
		dead = append(dead, keys...)
	}
	for _, s := range all {
		if s.Status == failed && s.Began.Before(limit) {
			if _, err := l.dropSnapshot(ctx, tx, &s); err != nil {
				return nil, err
			}
		}
	}
	if oldest.IsZero() && r.Retention > 0 {
		return dead, nil // the first is being made, and needs its logs
	}
	logs, err := logsOf(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	for _, g := range logs {
		if r.Retention > 0 && !g.last.Before(oldest) {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM instance_logs WHERE server = $1 AND name = $2`, r.ID, g.name); err != nil {
			return nil, err
		}
		dead = append(dead, g.key)
	}
	return dead, nil
}

// dropBackups forgets all automated backups of a server.
func (l *Local) dropBackups(ctx context.Context, tx *sql.Tx, server string) (dead []string, err error) {
	all, err := automatedOf(ctx, tx, server)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		keys, err := l.dropSnapshot(ctx, tx, &s)
		if err != nil {
			return nil, err
		}
		dead = append(dead, keys...)
	}
	logs, err := logsOf(ctx, tx, server)
	if err != nil {
		return nil, err
	}
	for _, g := range logs {
		dead = append(dead, g.key)
	}
	for _, q := range []string{`DELETE FROM instance_logs WHERE server = $1`, `DELETE FROM instance_retained WHERE id = $1`} {
		if _, err := tx.ExecContext(ctx, q, server); err != nil {
			return nil, err
		}
	}
	return dead, nil
}

// retain keeps the automated backups of an instance that is deleted.
func (l *Local) retain(ctx context.Context, tx *sql.Tx, r *record) error {
	x := retained{Of: *r, Deleted: l.now()}
	x.Of.Password, x.Of.Cert, x.Of.Job, x.Of.Pending = "", cert{}, nil, types.PendingModifiedValues{}
	raw, err := json.Marshal(x)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO instance_retained (id, region, doc) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`, r.ID, r.Region, string(raw))
	return err
}

// sweepBackups discards what Backups has and nothing here refers to, which crashes leave.
func (l *Local) sweepBackups(ctx context.Context) error {
	if l.Backups == nil {
		return nil
	}
	// Runs of jobs may go on already: snapshots are kept before their bytes, and log files
	// after them, while this lock is held.
	l.shipping.Lock()
	defer l.shipping.Unlock()
	var keys []string
	for _, prefix := range []string{"snapshots/", "logs/"} {
		some, err := l.Backups.List(ctx, prefix)
		if err != nil {
			return err
		}
		keys = append(keys, some...)
	}
	known := map[string]bool{}
	if err := l.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT bytes FROM instance_snapshots UNION SELECT bytes FROM instance_logs`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			known[key] = true
		}
		return rows.Err()
	}); err != nil {
		return err
	}
	return l.discard(ctx, slices.DeleteFunc(keys, func(k string) bool { return known[k] }))
}

// DescribeDBInstanceAutomatedBackups implements Provider.
func (l *Local) DescribeDBInstanceAutomatedBackups(ctx context.Context, in *rds.DescribeDBInstanceAutomatedBackupsInput, opts ...func(*rds.Options)) (*rds.DescribeDBInstanceAutomatedBackupsOutput, error) {
	region := l.region(opts)
	by, err := filtered(in.Filters, "status", "db-instance-id", "dbi-resource-id")
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeDBInstanceAutomatedBackupsOutput{}
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		all, err := l.automatedBackups(ctx, tx, region)
		if err != nil {
			return err
		}
		name, id, by2 := strings.ToLower(aws.ToString(in.DBInstanceIdentifier)), aws.ToString(in.DbiResourceId), aws.ToString(in.DBInstanceAutomatedBackupsArn)
		all = slices.DeleteFunc(all, func(b types.DBInstanceAutomatedBackup) bool {
			if name != "" && *b.DBInstanceIdentifier != name || id != "" && *b.DbiResourceId != id || by2 != "" && *b.DBInstanceAutomatedBackupsArn != by2 {
				return true
			}
			for f, is := range map[string]string{"status": *b.Status, "db-instance-id": *b.DBInstanceIdentifier, "dbi-resource-id": *b.DbiResourceId} {
				if values, ok := by[f]; ok && !slices.Contains(values, is) {
					return true
				}
			}
			return false
		})
		if len(all) == 0 && (id != "" || by2 != "") {
			return backupNotFound(id + by2)
		}
		out.DBInstanceAutomatedBackups, out.Marker, err = paged(all, in.Marker, in.MaxRecords, func(b types.DBInstanceAutomatedBackup) string { return *b.DbiResourceId })
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func backupNotFound(name string) error {
	return &types.DBInstanceAutomatedBackupNotFoundFault{Message: ptr("Automated backup not found: " + name)}
}

// automatedBackups lists those of a region's instances, and of the deleted ones, by
// resource id.
func (l *Local) automatedBackups(ctx context.Context, tx *sql.Tx, region string) (all []types.DBInstanceAutomatedBackup, err error) {
	rs, err := l.records(ctx, tx, region)
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		if !l.backs(&r) || r.Source != "" {
			continue
		}
		status := "active"
		if r.Created.IsZero() {
			status = creating
		}
		b, err := automatedBackup(ctx, tx, &r, status)
		if err != nil {
			return nil, err
		}
		all = append(all, *b)
	}
	old, err := state.Documents[retained](ctx, tx, `SELECT doc FROM instance_retained WHERE region = $1`, region)
	if err != nil {
		return nil, err
	}
	for _, x := range old {
		b, err := automatedBackup(ctx, tx, &x.Of, "retained")
		if err != nil {
			return nil, err
		}
		all = append(all, *b)
	}
	slices.SortFunc(all, func(a, b types.DBInstanceAutomatedBackup) int {
		return strings.Compare(*a.DbiResourceId, *b.DbiResourceId)
	})
	return all, nil
}

func automatedBackup(ctx context.Context, tx *sql.Tx, r *record, status string) (*types.DBInstanceAutomatedBackup, error) {
	b := &types.DBInstanceAutomatedBackup{
		AllocatedStorage: &r.Storage, AvailabilityZone: &r.Zone, BackupRetentionPeriod: &r.Retention, BackupTarget: ptr("region"),
		DBInstanceArn: ptr(r.arn()), DBInstanceAutomatedBackupsArn: ptr(backupARN(r)), DBInstanceIdentifier: &r.Name, DbiResourceId: &r.ID,
		DedicatedLogVolume: &r.DedicatedLog, Encrypted: &r.Encrypted, Engine: &r.Engine, EngineVersion: &r.Version, IAMDatabaseAuthenticationEnabled: &r.IAM,
		Iops: r.Iops, KmsKeyId: optional(r.Key), LicenseModel: &r.License, MasterUsername: &r.User, OptionGroupName: optional(r.Options), Port: ptr(int32(r.Port)),
		PreferredBackupWindow: &r.BackupWindow, Region: &r.Region, Status: &status, StorageThroughput: r.Throughput, StorageType: &r.StorageType, RestoreWindow: &types.RestoreWindow{},
	}
	if !r.Created.IsZero() {
		b.InstanceCreateTime = &r.Created
	}
	earliest, err := earliest(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	if !earliest.IsZero() {
		b.RestoreWindow.EarliestTime, b.RestoreWindow.LatestTime = &earliest, ptr(r.Restore)
	}
	return b, nil
}

// backupARN names the automated backups of an instance.
func backupARN(r *record) string {
	return arn(r.Region, kindBackup, "ab-"+strings.ToLower(strings.TrimPrefix(r.ID, "db-")))
}

// earliest is the first moment to which a server's backups can be recovered.
func earliest(ctx context.Context, tx *sql.Tx, server string) (t time.Time, err error) {
	all, err := automatedOf(ctx, tx, server)
	for _, s := range all {
		if s.Status == available {
			return s.Backup.End.UTC(), err
		}
	}
	return t, err
}

// DeleteDBInstanceAutomatedBackup implements Provider: for those of deleted instances.
func (l *Local) DeleteDBInstanceAutomatedBackup(ctx context.Context, in *rds.DeleteDBInstanceAutomatedBackupInput, opts ...func(*rds.Options)) (*rds.DeleteDBInstanceAutomatedBackupOutput, error) {
	region := l.region(opts)
	var out *types.DBInstanceAutomatedBackup
	var dead []string
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		old, err := state.Documents[retained](ctx, tx, `SELECT doc FROM instance_retained WHERE region = $1`, region)
		if err != nil {
			return err
		}
		for _, x := range old {
			if x.Of.ID != aws.ToString(in.DbiResourceId) && backupARN(&x.Of) != aws.ToString(in.DBInstanceAutomatedBackupsArn) {
				continue
			}
			if out, err = automatedBackup(ctx, tx, &x.Of, deleting); err != nil {
				return err
			}
			dead, err = l.dropBackups(ctx, tx, x.Of.ID)
			return err
		}
		rs, err := l.records(ctx, tx, region)
		if err != nil {
			return err
		}
		for _, r := range rs {
			if r.ID == aws.ToString(in.DbiResourceId) || backupARN(&r) == aws.ToString(in.DBInstanceAutomatedBackupsArn) {
				return &types.InvalidDBInstanceAutomatedBackupStateFault{Message: ptr("The automated backups of " + r.Name + " belong to an instance that is there. Set its BackupRetentionPeriod to 0 to delete them.")}
			}
		}
		return backupNotFound(aws.ToString(in.DbiResourceId) + aws.ToString(in.DBInstanceAutomatedBackupsArn))
	})
	if err != nil {
		return nil, err
	}
	return &rds.DeleteDBInstanceAutomatedBackupOutput{DBInstanceAutomatedBackup: out}, l.discard(ctx, dead)
}
