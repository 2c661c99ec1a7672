package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
	"lethe/backup"
	"lethe/erasure"
)

// instanceHolder says of each person that what was saved of database instances holds them
// until it expires, where a mapped database is in one of these, or was, or the lake's
// catalog or erasure index. Who was in the
// database when it was saved is not known of those who are not in it now: each snapshot
// counts, and each automated backup.
type instanceHolder struct {
	ledger *backup.Ledger
	// instances are nil in a lake that has none.
	instances func() describedInstances
	databases func() []mappedDatabase
}

// mappedDatabase is a holder that is a database, or one that the lake keeps something in.
type mappedDatabase interface {
	Name() string
	Servers() []string // host:port each
	Erase(ctx context.Context, p erasure.Person) ([]erasure.Holding, error)
}

// describedInstances are what tells of database instances; console.Instances are.
type describedInstances interface {
	Regions(ctx context.Context) ([]string, error)
	rds.DescribeDBInstancesAPIClient
	rds.DescribeDBSnapshotsAPIClient
	rds.DescribeDBInstanceAutomatedBackupsAPIClient
}

const (
	// instancesName is the holder's.
	instancesName = "database instances"
	// unknownSaved is its place where the instances could not be asked.
	unknownSaved = "snapshots and automated backups"
)

// Name implements erasure.Holder.
func (instanceHolder) Name() string { return instancesName }

// Locate implements erasure.Holder.
func (h instanceHolder) Locate(ctx context.Context, _ erasure.Person) ([]erasure.Holding, error) {
	return h.holdings(ctx)
}

// Erase implements erasure.Holder. There is nothing that it can erase.
func (h instanceHolder) Erase(ctx context.Context, _ erasure.Person) ([]erasure.Holding, error) {
	return h.holdings(ctx)
}

// Remains implements erasure.Expiring.
func (h instanceHolder) Remains(ctx context.Context, at erasure.Holding) (bool, error) {
	hs, err := h.saved(ctx)
	if err != nil {
		return true, ctx.Err() // it cannot be looked for
	}
	return slices.ContainsFunc(hs, func(x erasure.Holding) bool { return at.Place == unknownSaved || x.Place == at.Place }), nil
}

// holdings are what is known to be saved. Where that cannot be asked, it says so: neither
// is a request to wait for a service that others run, nor may it be taken for nothing.
func (h instanceHolder) holdings(ctx context.Context) ([]erasure.Holding, error) {
	_, err := h.seen(ctx)
	var hs []erasure.Holding
	if err == nil {
		hs, err = h.saved(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return []erasure.Holding{{Place: unknownSaved, Reason: fmt.Sprintf("which there are could not be asked (%v): those made before hold whoever was in a database of theirs", err)}}, nil
	}
	return hs, nil
}

// inInstance is a mapped database, and the instance that it is in now.
type inInstance struct {
	database mappedDatabase
	backup.Instance
}

// seen finds the instances that the mapped databases are in, and enters them and their
// replicas in the ledger.
func (h instanceHolder) seen(ctx context.Context) (now []inInstance, err error) {
	ds, from := h.databases(), h.instances()
	if len(ds) == 0 || from == nil {
		return nil, nil
	}
	known, err := h.ledger.Instances(ctx)
	if err != nil {
		return nil, err
	}
	enter := func(i backup.Instance) (backup.Instance, error) {
		at := slices.IndexFunc(known, func(k backup.Instance) bool { return k.Holder == i.Holder && k.Region == i.Region && k.ID == i.ID })
		if at >= 0 {
			i.Replayed = known[at].Replayed
			if i == known[at] {
				return i, nil
			}
		}
		return i, h.ledger.PutInstance(ctx, i)
	}
	all, err := instancesOf(ctx, from)
	if err != nil {
		return nil, err
	}
	for _, d := range ds {
		for _, i := range all {
			if !i.serves(ctx, d.Servers()) {
				continue
			}
			is, err := enter(i.of(d))
			if err != nil {
				return nil, err
			}
			now = append(now, inInstance{d, is})
			for _, r := range all {
				if r.replicates(i) || i.replicates(r) {
					if _, err := enter(r.of(d)); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return now, nil
}

// described is an instance in a region.
type described struct {
	region string
	types.DBInstance
}

// in has a request answered in a region.
func in(region string) func(*rds.Options) {
	return func(o *rds.Options) { o.Region = region }
}

// instancesOf lists all instances.
func instancesOf(ctx context.Context, from describedInstances) (all []described, err error) {
	regions, err := from.Regions(ctx)
	if err != nil {
		return nil, err
	}
	for _, region := range regions {
		for pages := rds.NewDescribeDBInstancesPaginator(from, &rds.DescribeDBInstancesInput{}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx, in(region))
			if err != nil {
				return nil, err
			}
			for _, i := range page.DBInstances {
				all = append(all, described{region, i})
			}
		}
	}
	return all, nil
}

func (i described) of(d mappedDatabase) backup.Instance {
	return backup.Instance{Holder: d.Name(), Region: i.region, ID: aws.ToString(i.DbiResourceId), Name: aws.ToString(i.DBInstanceIdentifier)}
}

// replicates says whether an instance is a replica of another.
func (i described) replicates(of described) bool {
	source := aws.ToString(i.ReadReplicaSourceDBInstanceIdentifier)
	return source != "" && (source == aws.ToString(of.DBInstanceArn) || i.region == of.region && source == aws.ToString(of.DBInstanceIdentifier))
}

// serves says whether an instance is one of some servers, host:port each.
func (i described) serves(ctx context.Context, servers []string) bool {
	if i.Endpoint == nil {
		return false
	}
	host, port := aws.ToString(i.Endpoint.Address), strconv.Itoa(int(aws.ToInt32(i.Endpoint.Port)))
	return slices.ContainsFunc(servers, func(s string) bool {
		h, p, err := net.SplitHostPort(s)
		return err == nil && p == port && sameHost(ctx, h, host)
	})
}

// sameHost says whether two names are of one host: they are the same, or have an address in
// common. All of the loopback interface are the host's own.
func sameHost(ctx context.Context, a, b string) bool {
	if strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, ".")) {
		return true
	}
	as, bs := addresses(ctx, a), addresses(ctx, b)
	return slices.ContainsFunc(as, func(x net.IP) bool {
		return slices.ContainsFunc(bs, func(y net.IP) bool { return x.Equal(y) || x.IsLoopback() && y.IsLoopback() })
	})
}

// lookUp bounds how long a host's addresses are asked for.
const lookUp = 5 * time.Second

// addresses of a host; none if it is not known, as that of a server that is gone.
func addresses(ctx context.Context, host string) []net.IP {
	ctx, cancel := context.WithTimeout(ctx, lookUp)
	defer cancel()
	ips, err := net.DefaultResolver.LookupIP(ctx, "ip", host)
	if err != nil {
		return nil
	}
	return ips
}

// saved lists what was saved of the instances in the ledger, and takes out of it those that
// are gone with all that.
func (h instanceHolder) saved(ctx context.Context) (hs []erasure.Holding, err error) {
	known, err := h.ledger.Instances(ctx)
	from := h.instances()
	if err != nil || len(known) == 0 {
		return nil, err
	}
	if from == nil {
		return nil, errors.New("no database instances are configured any more")
	}
	all, err := instancesOf(ctx, from)
	if err != nil {
		return nil, err
	}
	var regions []string
	for _, k := range known {
		if !slices.Contains(regions, k.Region) {
			regions = append(regions, k.Region)
		}
	}
	for _, region := range regions {
		of := func(id *string) bool {
			return slices.ContainsFunc(known, func(k backup.Instance) bool { return k.Region == region && k.ID == aws.ToString(id) })
		}
		some, ids, err := savedIn(ctx, from, region, of)
		if err != nil {
			return nil, err
		}
		hs = append(hs, some...)
		for _, k := range known {
			there := slices.ContainsFunc(all, func(i described) bool { return i.region == k.Region && aws.ToString(i.DbiResourceId) == k.ID })
			if k.Region == region && !there && !slices.Contains(ids, k.ID) {
				if err := h.ledger.DropInstance(ctx, k); err != nil {
					return nil, err
				}
			}
		}
	}
	return hs, nil
}

// savedIn lists what is saved in a region of instances, and the ids of these.
func savedIn(ctx context.Context, from describedInstances, region string, of func(id *string) bool) (hs []erasure.Holding, ids []string, err error) {
	var backups []types.DBInstanceAutomatedBackup
	for pages := rds.NewDescribeDBInstanceAutomatedBackupsPaginator(from, &rds.DescribeDBInstanceAutomatedBackupsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx, in(region))
		if err != nil {
			return nil, nil, err
		}
		for _, b := range page.DBInstanceAutomatedBackups {
			if of(b.DbiResourceId) {
				backups, ids = append(backups, b), append(ids, aws.ToString(b.DbiResourceId))
			}
		}
	}
	var snapshots []types.DBSnapshot
	for pages := rds.NewDescribeDBSnapshotsPaginator(from, &rds.DescribeDBSnapshotsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx, in(region))
		if err != nil {
			return nil, nil, err
		}
		for _, s := range page.DBSnapshots {
			if of(s.DbiResourceId) {
				snapshots, ids = append(snapshots, s), append(ids, aws.ToString(s.DbiResourceId))
			}
		}
	}
	for _, s := range snapshots {
		x := erasure.Holding{Place: fmt.Sprintf("snapshot %s of the database instance %s in %s", aws.ToString(s.DBSnapshotIdentifier), aws.ToString(s.DBInstanceIdentifier), region)}
		if aws.ToString(s.SnapshotType) == automated {
			x.Reason, x.Until = expiring(s, snapshots, backups)
		} else {
			x.Reason = "it " + made(s) + ", holds whoever was in the database then, and stays until somebody deletes it"
		}
		hs = append(hs, x)
	}
	slices.SortFunc(hs, func(a, b erasure.Holding) int { return cmp.Compare(a.Place, b.Place) })
	return hs, ids, nil
}

// automated is the type of snapshots that an instance makes by itself each day.
const automated = "automated"

func made(s types.DBSnapshot) string {
	if at := madeAt(s); !at.IsZero() {
		return "was made on " + at.UTC().Format(time.DateOnly)
	}
	return "is being made"
}

// madeAt is when a snapshot was made; zero of one that is being made.
func madeAt(s types.DBSnapshot) time.Time {
	return aws.ToTime(cmp.Or(s.OriginalSnapshotCreateTime, s.SnapshotCreateTime))
}

const day = 24 * time.Hour

// expiring says how long an automated snapshot stays, and with it the log after it, by
// which a database is recovered to a point in time: until the next is as old as the days
// for which such points are kept. There is one a day.
func expiring(s types.DBSnapshot, all []types.DBSnapshot, backups []types.DBInstanceAutomatedBackup) (reason string, until time.Time) {
	same := func(id *string) bool { return aws.ToString(id) == aws.ToString(s.DbiResourceId) }
	reason = "it " + made(s) + "; with the log after it, it holds whoever was in the database from then on, until "
	at := slices.IndexFunc(backups, func(b types.DBInstanceAutomatedBackup) bool { return same(b.DbiResourceId) })
	if at < 0 {
		return reason + "it is deleted with the automated backups, which were turned off", until
	}
	b := backups[at]
	days := time.Duration(aws.ToInt32(b.BackupRetentionPeriod)) * day
	own := madeAt(s)
	if own.IsZero() {
		own = time.Now()
	}
	next := own.Add(day)
	for _, o := range all {
		if t := madeAt(o); aws.ToString(o.SnapshotType) == automated && same(o.DbiResourceId) && t.After(own) && t.Before(next) {
			next = t
		}
	}
	if aws.ToString(b.Status) == "retained" && b.RestoreWindow != nil && b.RestoreWindow.LatestTime != nil {
		next = *b.RestoreWindow.LatestTime // the instance is deleted, and all go at once
	}
	// Days later the next snapshot and the removal of this one begin, which take their time.
	return reason + fmt.Sprintf("it expires, as such backups are kept for %d days", days/day), next.Add(days + 2*time.Hour).UTC().Truncate(time.Second)
}

// mappedDatabases are the holders that are databases, and those of the lake itself.
func (a *App) mappedDatabases() (ds []mappedDatabase) {
	for _, d := range a.databases {
		ds = append(ds, d)
	}
	for _, h := range a.Erasure.Holders {
		if d, ok := h.(mappedDatabase); ok {
			ds = append(ds, d)
		}
	}
	return ds
}

// savedInstances is the holder of the app.
func (a *App) savedInstances() instanceHolder {
	return instanceHolder{
		ledger: a.Backups.ledger, databases: a.mappedDatabases,
		instances: func() describedInstances {
			if a.Instances == nil {
				return nil
			}
			return a.Instances
		},
	}
}

var _ erasure.Expiring = instanceHolder{}

// replayInstances erases from mapped databases whoever was erased before, where a database
// is in an instance in which it was not seen yet: it was restored from a snapshot or to a
// point in time, or is mapped newly. The audit says how many rows that were.
func (a *App) replayInstances(ctx context.Context) error {
	return a.replayIn(ctx, a.savedInstances())
}

func (a *App) replayIn(ctx context.Context, h instanceHolder) error {
	now, err := h.seen(ctx)
	if err != nil {
		return err
	}
	holds, err := a.Erasure.Holds(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, i := range now {
		name := i.database.Name()
		kept := slices.ContainsFunc(holds, func(x erasure.Hold) bool { return x.Mapping == name || x.Mapping == "" && x.Request == "" })
		if !i.Replayed.IsZero() || kept {
			continue
		}
		if err := a.replayInstance(ctx, h.ledger, i); err != nil {
			errs = append(errs, lethe.Errorf(lethe.KindOf(err), "%s in the instance %s: %w", name, i.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (a *App) replayInstance(ctx context.Context, ledger *backup.Ledger, i inInstance) error {
	began := time.Now().UTC()
	if a.Erasure.Suppresses() {
		everybody, err := a.Erasure.Everybody(ctx)
		if err != nil {
			return err
		}
		did, err := i.database.Erase(ctx, everybody)
		if err != nil {
			return err
		}
		var rows int64
		for _, d := range did {
			if d.Reason == "" {
				rows += d.Records
			}
		}
		if rows > 0 {
			a.Log.Info("Persons who were erased before were in a database instance that was restored or is mapped newly, and were erased again", "database", i.database.Name(), "instance", i.Name, "rows", rows)
		}
		err = a.Erasure.Audit(ctx, erasure.Audited{Step: "erased", Resource: "arn:lethe:erasure:::holder/" + i.database.Name(), By: lethe.System,
			Detail: fmt.Sprintf("replayed in the database instance %s (%s) in %s: %d rows", i.Name, i.ID, i.Region, rows)})
		if err != nil {
			return err
		}
	}
	i.Replayed = began
	return ledger.PutInstance(ctx, i.Instance)
}
