package instance

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
	"lethe/lib/state"
)

// snapshot is what is kept of a snapshot, beside its bytes.
type snapshot struct {
	ID           string
	Region, Name string
	Type         string // manual or automated
	Status       string // creating, available, failed
	Began        time.Time
	Created      time.Time
	Original     time.Time // when the first of its copies was made
	Of           record    // the instance as it was; without passwords and keys
	Bytes        string    // the key in Backups, which copies share
	Backup       Backup
	Stored       int64  // bytes in Backups
	CopyOf       string `json:",omitempty"` // the ARN
	Shared       []string
	Options      string
}

// The types of snapshots.
const (
	manual    = "manual"
	automated = "automated"
)

func (s *snapshot) arn() string    { return arn(s.Region, kindSnapshot, s.Name) }
func (s *snapshot) source() source { return source{s.Region, kindSnapshot, s.Name} }

func snapshotNotFound(name string) error {
	return &types.DBSnapshotNotFoundFault{Message: ptr("DBSnapshot not found: " + name)}
}

// lookupSnapshot reads the snapshot of a name, which an ARN may stand for.
func (l *Local) lookupSnapshot(ctx context.Context, tx *sql.Tx, region, name string) (*snapshot, error) {
	name, region = named(name, region, kindSnapshot)
	s, err := one[snapshot](ctx, tx, `SELECT doc FROM instance_snapshots WHERE region = $1 AND name = $2`, region, name)
	if s == nil && err == nil {
		err = snapshotNotFound(name)
	}
	return s, err
}

func snapshotByID(ctx context.Context, tx *sql.Tx, id string) (*snapshot, error) {
	return one[snapshot](ctx, tx, `SELECT doc FROM instance_snapshots WHERE id = $1`, id)
}

// automatedOf reads the automated snapshots of a server, the oldest first.
func automatedOf(ctx context.Context, tx *sql.Tx, server string) ([]snapshot, error) {
	all, err := state.Documents[snapshot](ctx, tx, `SELECT doc FROM instance_snapshots WHERE server = $1`, server)
	all = slices.DeleteFunc(all, func(s snapshot) bool { return s.Type != automated || s.CopyOf != "" })
	slices.SortFunc(all, func(a, b snapshot) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.ID, b.ID)) })
	return all, err
}

// newSnapshot begins to keep a snapshot of an instance. It has bytes when its job is done.
func (l *Local) newSnapshot(ctx context.Context, tx *sql.Tx, r *record, name, typ string, tags []types.Tag) (*snapshot, error) {
	if l.Backups == nil {
		return nil, invalidCombination("Snapshots are not supported: there is no store of backups here.")
	}
	id := lethe.NewOrderedID()
	s := &snapshot{ID: id, Region: r.Region, Name: name, Type: typ, Status: creating, Began: l.now(), Of: *r, Bytes: "snapshots/" + id, Options: r.Options}
	s.Of.Password, s.Of.Cert, s.Of.Job, s.Of.Pending, s.Of.Past = "", cert{}, nil, types.PendingModifiedValues{}, ""
	if r.CopyTags {
		own, err := l.tags(ctx, tx, r.arn())
		if err != nil {
			return nil, err
		}
		for _, t := range own {
			if !slices.ContainsFunc(tags, func(o types.Tag) bool { return aws.ToString(o.Key) == aws.ToString(t.Key) }) {
				tags = append(tags, t)
			}
		}
	}
	return s, l.addSnapshot(ctx, tx, s, tags)
}

// addSnapshot keeps a snapshot whose name must be free.
func (l *Local) addSnapshot(ctx context.Context, tx *sql.Tx, s *snapshot, tags []types.Tag) error {
	if _, err := l.lookupSnapshot(ctx, tx, s.Region, s.Name); err == nil {
		return &types.DBSnapshotAlreadyExistsFault{Message: ptr("Cannot create the snapshot because a snapshot with the identifier " + s.Name + " already exists.")}
	} else if _, ok := errors.AsType[*types.DBSnapshotNotFoundFault](err); !ok {
		return err
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO instance_snapshots (id, region, name, server, bytes, doc) VALUES ($1, $2, $3, $4, $5, $6)`, s.ID, s.Region, s.Name, s.Of.ID, s.Bytes, string(raw)); err != nil {
		return err
	}
	return l.addTags(ctx, tx, s.arn(), tags)
}

// reviseSnapshot changes a snapshot, if it is still there.
func (l *Local) reviseSnapshot(ctx context.Context, tx *sql.Tx, id string, f func(s *snapshot)) error {
	s, err := snapshotByID(ctx, tx, id)
	if err != nil || s == nil {
		return err
	}
	f(s)
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE instance_snapshots SET doc = $1 WHERE id = $2`, string(raw), id)
	return err
}

// CreateDBSnapshot implements Provider.
func (l *Local) CreateDBSnapshot(ctx context.Context, in *rds.CreateDBSnapshotInput, opts ...func(*rds.Options)) (*rds.CreateDBSnapshotOutput, error) {
	name, err := CheckIdentifier("DBSnapshotIdentifier", aws.ToString(in.DBSnapshotIdentifier))
	if err != nil {
		return nil, err
	}
	var s *snapshot
	_, err = l.request(ctx, l.region(opts), aws.ToString(in.DBInstanceIdentifier), func(tx *sql.Tx, r *record) error {
		if err := invalidState(r, available); err != nil {
			return err
		}
		if s, err = l.newSnapshot(ctx, tx, r, name, manual, in.Tags); err != nil {
			return err
		}
		r.begin(backingUp, job{Kind: jobSnapshot, Snapshot: s.ID})
		return l.event(ctx, tx, s.source(), "creation", "Creating manual snapshot")
	})
	if err != nil {
		return nil, err
	}
	d, err := l.viewSnapshot(ctx, s)
	return &rds.CreateDBSnapshotOutput{DBSnapshot: d}, err
}

func (l *Local) viewSnapshot(ctx context.Context, s *snapshot) (d *types.DBSnapshot, err error) {
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		d, err = l.describeSnapshot(ctx, tx, s)
		return err
	})
	return d, err
}

func (l *Local) describeSnapshot(ctx context.Context, tx *sql.Tx, s *snapshot) (*types.DBSnapshot, error) {
	tags, err := l.tags(ctx, tx, s.arn())
	if err != nil {
		return nil, err
	}
	of := &s.Of
	d := &types.DBSnapshot{
		AllocatedStorage: &of.Storage, AvailabilityZone: &of.Zone, BackupRetentionPeriod: &of.Retention, DBInstanceIdentifier: &of.Name,
		DBSnapshotArn: ptr(s.arn()), DBSnapshotIdentifier: &s.Name, DbiResourceId: &of.ID, DedicatedLogVolume: &of.DedicatedLog, Encrypted: &of.Encrypted,
		Engine: &of.Engine, EngineVersion: &of.Version, IAMDatabaseAuthenticationEnabled: &of.IAM, Iops: of.Iops, KmsKeyId: optional(of.Key),
		LicenseModel: &of.License, MasterUsername: &of.User, OptionGroupName: &s.Options,
		Port: ptr(int32(of.Port)), PreferredBackupWindow: &of.BackupWindow, ProcessorFeatures: []types.ProcessorFeature{}, SnapshotTarget: ptr("region"),
		SnapshotType: &s.Type, SourceDBSnapshotIdentifier: optional(s.CopyOf), Status: &s.Status, StorageThroughput: of.Throughput, StorageType: &of.StorageType, TagList: tags,
		PercentProgress: ptr(int32(0)),
	}
	if !of.Created.IsZero() {
		d.InstanceCreateTime = &of.Created
	}
	if s.Status == available {
		d.PercentProgress, d.SnapshotCreateTime, d.OriginalSnapshotCreateTime, d.FullSnapshotSizeInBytes = ptr(int32(100)), &s.Created, &s.Original, &s.Backup.Bytes
		if !s.Backup.End.IsZero() {
			d.SnapshotDatabaseTime = ptr(s.Backup.End.UTC())
		}
		if s.CopyOf != "" {
			_, at := named(s.CopyOf, s.Region, kindSnapshot)
			d.SourceRegion = &at
		}
	}
	return d, nil
}

// DescribeDBSnapshots implements Provider.
func (l *Local) DescribeDBSnapshots(ctx context.Context, in *rds.DescribeDBSnapshotsInput, opts ...func(*rds.Options)) (*rds.DescribeDBSnapshotsOutput, error) {
	region := l.region(opts)
	by, err := filtered(in.Filters, "db-instance-id", "db-snapshot-id", "dbi-resource-id", "snapshot-type", "engine")
	if err != nil {
		return nil, err
	}
	typ := aws.ToString(in.SnapshotType)
	switch typ {
	case "", manual, automated, "shared", "public", "awsbackup":
	default:
		return nil, invalidValue("Invalid snapshot type: %s", typ)
	}
	out := &rds.DescribeDBSnapshotsOutput{DBSnapshots: []types.DBSnapshot{}}
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		var all []snapshot
		if id := aws.ToString(in.DBSnapshotIdentifier); id != "" {
			s, err := l.lookupSnapshot(ctx, tx, region, id)
			if err != nil {
				return err
			}
			all = []snapshot{*s}
		} else if all, err = state.Documents[snapshot](ctx, tx, `SELECT doc FROM instance_snapshots WHERE region = $1 ORDER BY name`, region); err != nil {
			return err
		}
		name := strings.ToLower(aws.ToString(in.DBInstanceIdentifier))
		all = slices.DeleteFunc(all, func(s snapshot) bool {
			return name != "" && s.Of.Name != name || typ != "" && s.Type != typ || aws.ToString(in.DbiResourceId) != "" && s.Of.ID != *in.DbiResourceId || !s.matches(by)
		})
		page, next, err := paged(all, in.Marker, in.MaxRecords, func(s snapshot) string { return s.Name })
		if err != nil {
			return err
		}
		out.Marker = next
		for _, s := range page {
			d, err := l.describeSnapshot(ctx, tx, &s)
			if err != nil {
				return err
			}
			out.DBSnapshots = append(out.DBSnapshots, *d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *snapshot) matches(by map[string][]string) bool {
	for name, values := range by {
		var is []string
		switch name {
		case "db-instance-id":
			is = []string{s.Of.Name, s.Of.arn()}
		case "db-snapshot-id":
			is = []string{s.Name, s.arn()}
		case "dbi-resource-id":
			is = []string{s.Of.ID}
		case "snapshot-type":
			is = []string{s.Type}
		case "engine":
			is = []string{s.Of.Engine}
		}
		if !slices.ContainsFunc(is, func(v string) bool { return slices.Contains(values, v) }) {
			return false
		}
	}
	return true
}

// CopyDBSnapshot implements Provider. A copy shares the bytes of what it is of.
func (l *Local) CopyDBSnapshot(ctx context.Context, in *rds.CopyDBSnapshotInput, opts ...func(*rds.Options)) (*rds.CopyDBSnapshotOutput, error) {
	region := l.region(opts)
	name, err := CheckIdentifier("TargetDBSnapshotIdentifier", aws.ToString(in.TargetDBSnapshotIdentifier))
	if err != nil {
		return nil, err
	}
	var c snapshot
	err = l.DB.Tx(ctx, func(tx *sql.Tx) error {
		s, err := l.lookupSnapshot(ctx, tx, region, aws.ToString(in.SourceDBSnapshotIdentifier))
		if err != nil {
			return err
		}
		if s.Status != available {
			return &types.InvalidDBSnapshotStateFault{Message: ptr("The snapshot " + s.Name + " is not available: it is " + s.Status + ".")}
		}
		c = *s
		c.ID, c.Region, c.Name, c.Type, c.CopyOf, c.Shared = lethe.NewOrderedID(), region, name, manual, s.arn(), nil
		c.Created, c.Original = l.now(), s.Original
		set(&c.Options, in.OptionGroupName)
		set(&c.Of.Key, in.KmsKeyId)
		c.Of.Encrypted = c.Of.Encrypted || in.KmsKeyId != nil
		tags := in.Tags
		if aws.ToBool(in.CopyTags) && len(tags) == 0 {
			if tags, err = l.tags(ctx, tx, s.arn()); err != nil {
				return err
			}
		}
		if err := l.addSnapshot(ctx, tx, &c, tags); err != nil {
			return err
		}
		return l.event(ctx, tx, c.source(), "notification", "Finished copy of snapshot %s from region %s", s.Name, s.Region)
	})
	if err != nil {
		return nil, err
	}
	d, err := l.viewSnapshot(ctx, &c)
	return &rds.CopyDBSnapshotOutput{DBSnapshot: d}, err
}

// ModifyDBSnapshot implements Provider: a snapshot's version stays as it is.
func (l *Local) ModifyDBSnapshot(ctx context.Context, in *rds.ModifyDBSnapshotInput, opts ...func(*rds.Options)) (*rds.ModifyDBSnapshotOutput, error) {
	var d *types.DBSnapshot
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		s, err := l.lookupSnapshot(ctx, tx, l.region(opts), aws.ToString(in.DBSnapshotIdentifier))
		if err != nil {
			return err
		}
		if s.Type != manual {
			return &types.InvalidDBSnapshotStateFault{Message: ptr("Automated snapshots cannot be modified.")}
		}
		if v := aws.ToString(in.EngineVersion); v != "" && v != s.Of.Version {
			return invalidCombination("A snapshot of %s %s cannot be upgraded to %s on this host. It is restored with what is installed.", s.Of.Engine, s.Of.Version, v)
		}
		if err := l.reviseSnapshot(ctx, tx, s.ID, func(s *snapshot) { set(&s.Options, in.OptionGroupName) }); err != nil {
			return err
		}
		set(&s.Options, in.OptionGroupName)
		d, err = l.describeSnapshot(ctx, tx, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &rds.ModifyDBSnapshotOutput{DBSnapshot: d}, nil
}

// DeleteDBSnapshot implements Provider.
func (l *Local) DeleteDBSnapshot(ctx context.Context, in *rds.DeleteDBSnapshotInput, opts ...func(*rds.Options)) (*rds.DeleteDBSnapshotOutput, error) {
	var d *types.DBSnapshot
	var dead []string
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		s, err := l.lookupSnapshot(ctx, tx, l.region(opts), aws.ToString(in.DBSnapshotIdentifier))
		if err != nil {
			return err
		}
		if s.Type == automated {
			return &types.InvalidDBSnapshotStateFault{Message: ptr("The snapshot " + s.Name + " is automated, and is deleted with its days of retention.")}
		}
		if s.Status == creating {
			return &types.InvalidDBSnapshotStateFault{Message: ptr("The snapshot " + s.Name + " is being created.")}
		}
		rs, err := l.records(ctx, tx, "")
		if err != nil {
			return err
		}
		for _, r := range rs {
			if r.Job != nil && r.Job.Snapshot == s.ID {
				return &types.InvalidDBSnapshotStateFault{Message: ptr("The snapshot " + s.Name + " is being restored to the instance " + r.Name + ".")}
			}
		}
		s.Status = "deleted"
		if d, err = l.describeSnapshot(ctx, tx, s); err != nil {
			return err
		}
		if dead, err = l.dropSnapshot(ctx, tx, s); err != nil {
			return err
		}
		return l.event(ctx, tx, s.source(), "deletion", "Deleted user snapshot")
	})
	if err != nil {
		return nil, err
	}
	return &rds.DeleteDBSnapshotOutput{DBSnapshot: d}, l.discard(ctx, dead)
}

// dropSnapshot forgets a snapshot. The keys that it returns have no snapshot any more:
// they are discarded when the transaction is kept.
func (l *Local) dropSnapshot(ctx context.Context, tx *sql.Tx, s *snapshot) (dead []string, err error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM instance_snapshots WHERE id = $1`, s.ID); err != nil {
		return nil, err
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM instance_snapshots WHERE bytes = $1`, s.Bytes).Scan(&n); err != nil {
		return nil, err
	}
	if n == 0 {
		dead = []string{s.Bytes}
	}
	return dead, l.dropTags(ctx, tx, s.arn())
}

// discard deletes keys of Backups. Those that a crash leaves are found when lethe starts.
func (l *Local) discard(ctx context.Context, keys []string) error {
	var errs []error
	for _, k := range keys {
		errs = append(errs, l.Backups.Delete(ctx, k))
	}
	return errors.Join(errs...)
}

// DescribeDBSnapshotAttributes implements Provider.
func (l *Local) DescribeDBSnapshotAttributes(ctx context.Context, in *rds.DescribeDBSnapshotAttributesInput, opts ...func(*rds.Options)) (*rds.DescribeDBSnapshotAttributesOutput, error) {
	var s *snapshot
	err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		s, err = l.lookupSnapshot(ctx, tx, l.region(opts), aws.ToString(in.DBSnapshotIdentifier))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &rds.DescribeDBSnapshotAttributesOutput{DBSnapshotAttributesResult: s.attributes()}, nil
}

func (s *snapshot) attributes() *types.DBSnapshotAttributesResult {
	return &types.DBSnapshotAttributesResult{DBSnapshotIdentifier: &s.Name, DBSnapshotAttributes: []types.DBSnapshotAttribute{
		{AttributeName: ptr("restore"), AttributeValues: append([]string{}, s.Shared...)},
	}}
}

// ModifyDBSnapshotAttribute implements Provider. There is one account here, so that what
// is shared is shared in name.
func (l *Local) ModifyDBSnapshotAttribute(ctx context.Context, in *rds.ModifyDBSnapshotAttributeInput, opts ...func(*rds.Options)) (*rds.ModifyDBSnapshotAttributeOutput, error) {
	if a := aws.ToString(in.AttributeName); a != "restore" {
		return nil, invalidValue("Invalid snapshot attribute: %s. It is restore.", a)
	}
	for _, v := range in.ValuesToAdd {
		if v != "all" && (len(v) != 12 || strings.Trim(v, "0123456789") != "") {
			return nil, invalidValue("Invalid account: %s", v)
		}
	}
	var s *snapshot
	err := l.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if s, err = l.lookupSnapshot(ctx, tx, l.region(opts), aws.ToString(in.DBSnapshotIdentifier)); err != nil {
			return err
		}
		if s.Type != manual {
			return &types.InvalidDBSnapshotStateFault{Message: ptr("Automated snapshots cannot be shared.")}
		}
		for _, v := range in.ValuesToAdd {
			s.Shared = append(without(s.Shared, v), v)
		}
		for _, v := range in.ValuesToRemove {
			s.Shared = without(s.Shared, v)
		}
		slices.Sort(s.Shared)
		if len(s.Shared) > 20 {
			return &types.SharedSnapshotQuotaExceededFault{Message: ptr("A snapshot is shared with 20 accounts at most.")}
		}
		return l.reviseSnapshot(ctx, tx, s.ID, func(n *snapshot) { n.Shared = s.Shared })
	})
	if err != nil {
		return nil, err
	}
	return &rds.ModifyDBSnapshotAttributeOutput{DBSnapshotAttributesResult: s.attributes()}, nil
}
