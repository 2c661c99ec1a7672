package app

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe/backup"
	"lethe/config"
	"lethe/erasure"
	"lethe/lib/state"
)

// region is a region's instances, and what was saved of them.
type region struct {
	instances []types.DBInstance
	backups   []types.DBInstanceAutomatedBackup
	snapshots []types.DBSnapshot
}

// regions answer as RDS does, with one thing a page.
type regions map[string]*region

var errRefused = errors.New("connection refused")

func (rs regions) Regions(context.Context) ([]string, error) {
	if len(rs) == 0 {
		return nil, errRefused
	}
	return []string{"us-east-1", "us-west-2"}, nil
}

func (rs regions) of(opts []func(*rds.Options)) *region {
	var o rds.Options
	for _, f := range opts {
		f(&o)
	}
	return rs[o.Region]
}

func page[T any](all []T, marker *string) ([]T, *string) {
	at := len(aws.ToString(marker))
	if at+1 < len(all) {
		return all[at : at+1], aws.String(strings.Repeat("x", at+1))
	}
	return all[at:], nil
}

func (rs regions) DescribeDBInstances(_ context.Context, in *rds.DescribeDBInstancesInput, opts ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	out := &rds.DescribeDBInstancesOutput{}
	out.DBInstances, out.Marker = page(rs.of(opts).instances, in.Marker)
	return out, nil
}

func (rs regions) DescribeDBInstanceAutomatedBackups(_ context.Context, in *rds.DescribeDBInstanceAutomatedBackupsInput, opts ...func(*rds.Options)) (*rds.DescribeDBInstanceAutomatedBackupsOutput, error) {
	out := &rds.DescribeDBInstanceAutomatedBackupsOutput{}
	out.DBInstanceAutomatedBackups, out.Marker = page(rs.of(opts).backups, in.Marker)
	return out, nil
}

func (rs regions) DescribeDBSnapshots(_ context.Context, in *rds.DescribeDBSnapshotsInput, opts ...func(*rds.Options)) (*rds.DescribeDBSnapshotsOutput, error) {
	out := &rds.DescribeDBSnapshotsOutput{}
	out.DBSnapshots, out.Marker = page(rs.of(opts).snapshots, in.Marker)
	return out, nil
}

func instanceAt(id, name, host string, port int32) types.DBInstance {
	return types.DBInstance{DbiResourceId: &id, DBInstanceIdentifier: &name, Endpoint: &types.Endpoint{Address: &host, Port: &port}}
}

func snapshotOf(id, name, typ string, at *time.Time) types.DBSnapshot {
	return types.DBSnapshot{DbiResourceId: &id, DBInstanceIdentifier: aws.String("shop"), DBSnapshotIdentifier: &name, SnapshotType: &typ, SnapshotCreateTime: at}
}

func backupsOf(id, status string, days int32, latest time.Time) types.DBInstanceAutomatedBackup {
	return types.DBInstanceAutomatedBackup{DbiResourceId: &id, Status: &status, BackupRetentionPeriod: &days, RestoreWindow: &types.RestoreWindow{LatestTime: &latest}}
}

// crm is a mapped database.
type crm struct {
	servers []string
	erased  []bool // by call: whether the person was u1
	fails   error
}

func (d *crm) Name() string      { return "postgres:crm" }
func (d *crm) Servers() []string { return d.servers }
func (d *crm) Locate(context.Context, erasure.Person) ([]erasure.Holding, error) {
	return nil, nil
}

func (d *crm) Erase(_ context.Context, p erasure.Person) ([]erasure.Holding, error) {
	d.erased = append(d.erased, p.Erased("user_id", []string{"u1"}) && !p.Erased("user_id", []string{"u2"}))
	return []erasure.Holding{{Place: "people", Records: 2}, {Place: "backups and logs", Reason: "they stay"}}, d.fails
}

func openLedger(t *testing.T) (*state.DB, *backup.Ledger) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	l, err := backup.OpenLedger(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return db, l
}

// TestInstancesSaved: what was saved of an instance in which a mapped database is, or was,
// stands in each request until it is gone.
func TestInstancesSaved(t *testing.T) {
	_, ledger := openLedger(t)
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	evening := noon.Add(8 * time.Hour)
	replica := instanceAt("db-B", "shop-copy", "127.0.0.1", 5502)
	replica.ReadReplicaSourceDBInstanceIdentifier = aws.String("shop")
	east, west := &region{}, &region{
		instances: []types.DBInstance{instanceAt("db-A", "shop", "127.0.0.1", 5501), replica, instanceAt("db-C", "other", "127.0.0.1", 5503), {DbiResourceId: aws.String("db-D")}},
		backups:   []types.DBInstanceAutomatedBackup{backupsOf("db-A", "active", 7, evening), backupsOf("db-C", "active", 7, evening)},
		snapshots: []types.DBSnapshot{
			snapshotOf("db-A", "before-christmas", "manual", &noon), snapshotOf("db-A", "rds:1", automated, &noon), snapshotOf("db-A", "rds:2", automated, &evening),
			snapshotOf("db-B", "copied", "awsbackup", nil), snapshotOf("db-C", "others", "manual", &noon),
		},
	}
	cloud := regions{"us-east-1": east, "us-west-2": west}
	d := &crm{servers: []string{"elsewhere.invalid:5501", "localhost:5501"}}
	h := instanceHolder{ledger: ledger, instances: func() describedInstances { return cloud }, databases: func() []mappedDatabase { return []mappedDatabase{d} }}
	want := func(places ...string) []erasure.Holding {
		t.Helper()
		hs, err := h.Locate(t.Context(), erasure.Person{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range hs {
			name := strings.TrimPrefix(x.Place, "snapshot ")
			name, rest, _ := strings.Cut(name, " ")
			if rest != "of the database instance shop in us-west-2" || x.Reason == "" || x.Records != 0 {
				t.Errorf("%+v", x)
			}
			if !x.Until.IsZero() {
				name += " " + x.Until.Format(time.DateTime)
			}
			got = append(got, name)
			if there, err := h.Remains(t.Context(), x); err != nil || !there {
				t.Errorf("%s is not there: %v", x.Place, err)
			}
		}
		if !slices.Equal(got, places) {
			t.Errorf("%q, not %q", got, places)
		}
		return hs
	}
	// The first automated one goes when the second is seven days old.
	all := want("before-christmas", "copied", "rds:1 2026-03-11 22:00:00", "rds:2 2026-03-12 22:00:00")

	// Neither a mapping that is gone nor an instance that is keeps it from being told.
	d.servers = []string{"127.0.0.1:9"}
	want("before-christmas", "copied", "rds:1 2026-03-11 22:00:00", "rds:2 2026-03-12 22:00:00")
	west.instances, west.backups = nil, []types.DBInstanceAutomatedBackup{backupsOf("db-A", "retained", 7, noon.Add(24*time.Hour))}
	want("before-christmas", "copied", "rds:1 2026-03-12 14:00:00", "rds:2 2026-03-12 14:00:00")
	west.backups = nil
	want("before-christmas", "copied", "rds:1", "rds:2")

	// It cannot be taken for nothing that nobody answers.
	cloud = nil
	hs, err := h.Erase(t.Context(), erasure.Person{})
	if err != nil || len(hs) != 1 || !strings.Contains(hs[0].Reason, "connection refused") || !hs[0].Until.IsZero() {
		t.Errorf("%+v, %v", hs, err)
	}
	if there, err := h.Remains(t.Context(), all[0]); err != nil || !there {
		t.Errorf("what cannot be asked is not there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Locate(ctx, erasure.Person{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}

	// What is gone with all that was saved of it is forgotten.
	cloud = regions{"us-east-1": east, "us-west-2": west}
	if there, err := h.Remains(t.Context(), hs[0]); err != nil || !there {
		t.Errorf("what could not be asked is not there: %v", err)
	}
	west.snapshots = nil
	want()
	if there, err := h.Remains(t.Context(), all[0]); err != nil || there {
		t.Errorf("what was deleted is there: %v", err)
	}
	if left, err := ledger.Instances(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}
}

// TestInstancesReplayed: from a database that is in an instance where it was not before, as
// after a restore, those are erased who were erased already; once, and again until it is done.
func TestInstancesReplayed(t *testing.T) {
	db, ledger := openLedger(t)
	key, err := erasure.NewHashKey([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	var audited []string
	a := &App{Log: slog.New(slog.DiscardHandler)}
	open := func() {
		t.Helper()
		c := erasure.Config{DB: db, Key: key, Audit: func(_ context.Context, x erasure.Audited) error {
			audited = append(audited, x.Resource+" "+x.Detail)
			return nil
		}}
		if a.Erasure, err = erasure.Open(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	open()
	if err := a.Erasure.PutType(t.Context(), erasure.IdentifierType{Name: "user_id", Form: erasure.Exact}); err != nil {
		t.Fatal(err)
	}
	west := &region{instances: []types.DBInstance{instanceAt("db-A", "shop", "127.0.0.1", 5501)}}
	d := &crm{servers: []string{"127.0.0.1:5501"}}
	h := instanceHolder{ledger: ledger, databases: func() []mappedDatabase { return []mappedDatabase{d} },
		instances: func() describedInstances { return regions{"us-east-1": {}, "us-west-2": west} }}
	replay := func(wrong bool, erased ...bool) {
		t.Helper()
		for range 2 {
			if err := a.replayIn(t.Context(), h); (err != nil) != wrong {
				t.Error(err)
			}
		}
		if !slices.Equal(d.erased, erased) {
			t.Errorf("it was erased from: %v, not %v", d.erased, erased)
		}
	}
	replay(false) // nobody was erased yet

	u1 := key.Hash("user_id", "u1")
	if err := db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO erasure_suppressed (hash, request, since) VALUES ($1, 'r', 1)`, u1[:])
		return err
	}); err != nil {
		t.Fatal(err)
	}
	open()
	replay(false)
	west.instances[0] = instanceAt("db-B", "shop", "127.0.0.1", 5501) // restored, and renamed
	d.fails = errRefused
	replay(true, true, true)
	d.fails = nil
	replay(false, true, true, true)
	if want := []string{"arn:lethe:erasure:::holder/postgres:crm replayed in the database instance shop (db-B) in us-west-2: 2 rows"}; !slices.Equal(audited, want) {
		t.Errorf("%q", audited)
	}

	// What a hold keeps stays, and goes when it has ended.
	a.Erasure.Holders = []erasure.Holder{d}
	hold, err := a.Erasure.Hold(t.Context(), erasure.Hold{Kind: erasure.LegalHold, Mapping: d.Name(), Reason: "a court asks for it"})
	if err != nil {
		t.Fatal(err)
	}
	west.instances[0] = instanceAt("db-C", "shop", "127.0.0.1", 5501)
	replay(false, true, true, true)
	if err := a.Erasure.Release(t.Context(), hold.ID); err != nil {
		t.Fatal(err)
	}
	replay(false, true, true, true, true)
}

// TestInstancesOfTheLake: what is saved of an instance in which the lake keeps its catalog or
// its erasure index stands in each request too, and a catalog that was restored loses the
// partitions of whoever was erased.
func TestInstancesOfTheLake(t *testing.T) {
	db, ledger := openLedger(t)
	key, err := erasure.NewHashKey([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	var audited []string
	a := &App{Log: slog.New(slog.DiscardHandler)}
	a.Erasure, err = erasure.Open(t.Context(), erasure.Config{DB: db, Key: key, Audit: func(_ context.Context, x erasure.Audited) error {
		audited = append(audited, x.Resource+" "+x.Detail)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for name, url := range map[string]string{"catalog": "postgres://u@127.0.0.1:5501/metastore", "erasure index": "postgres://u@127.0.0.1:5502/index"} {
		var erase func(context.Context) (int, error)
		if name == "catalog" {
			erase = func(context.Context) (int, error) { dropped++; return 3, nil }
		}
		if err := a.keepsIn(name, url, erase); err != nil {
			t.Fatal(err)
		}
	}
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	west := &region{
		instances: []types.DBInstance{instanceAt("db-A", "shop", "127.0.0.1", 5501), instanceAt("db-B", "shop", "127.0.0.1", 5502), instanceAt("db-C", "shop", "127.0.0.1", 5503)},
		backups:   []types.DBInstanceAutomatedBackup{backupsOf("db-A", "active", 7, noon)},
		snapshots: []types.DBSnapshot{snapshotOf("db-A", "rds:1", automated, &noon), snapshotOf("db-B", "by-hand", "manual", &noon), snapshotOf("db-C", "others", "manual", &noon)},
	}
	h := instanceHolder{ledger: ledger, databases: a.mappedDatabases, instances: func() describedInstances { return regions{"us-east-1": {}, "us-west-2": west} }}
	hs, err := h.Locate(t.Context(), erasure.Person{})
	if err != nil || len(hs) != 2 || !strings.Contains(hs[0].Place, "by-hand") || !hs[0].Until.IsZero() ||
		!strings.Contains(hs[1].Place, "rds:1") || hs[1].Until.IsZero() || hs[1].Reason == "" {
		t.Errorf("%+v, %v", hs, err)
	}

	u1 := key.Hash("user_id", "u1")
	if err := db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO erasure_suppressed (hash, request, since) VALUES ($1, 'r', 1)`, u1[:])
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if a.Erasure, err = erasure.Open(t.Context(), erasure.Config{DB: db, Key: key, Audit: a.Erasure.Config.Audit}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := a.replayIn(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(audited)
	want := []string{
		"arn:lethe:erasure:::holder/catalog replayed in the database instance shop (db-A) in us-west-2: 3 rows",
		"arn:lethe:erasure:::holder/erasure index replayed in the database instance shop (db-B) in us-west-2: 0 rows",
	}
	if dropped != 1 || !slices.Equal(audited, want) {
		t.Errorf("%d, %q", dropped, audited)
	}
}

// TestDatabaseBackups: logs and backups of a database that the lake uses are told of by what
// is configured, unless it is in an instance, of which the snapshots are known.
func TestDatabaseBackups(t *testing.T) {
	for name, c := range map[string]struct {
		catalog, index string
		keep           time.Duration
		want           int
	}{
		"files":                     {},
		"servers of others":         {"postgres://u@db/metastore", "postgres://u@db/index", 0, 2},
		"instances":                 {"instance:shop/metastore", "instance:shop/index", 0, 0},
		"instances, with a setting": {"instance:shop/metastore", "instance:shop/index", time.Hour, 2},
	} {
		a := &App{}
		a.Config.Metastore.Database, a.Config.Metastore.DatabaseBackups = c.catalog, c.keep
		a.Config.Erasure.Index, a.Config.Erasure.IndexBackups = config.Secret(c.index), c.keep
		hs := a.databaseBackups()
		if len(hs) != c.want {
			t.Errorf("%s: %+v", name, hs)
		}
		for _, x := range hs {
			if x.Reason == "" || x.Until.IsZero() != (c.keep == 0) {
				t.Errorf("%s: %+v", name, x)
			}
			past := x
			past.Until = time.Now().Add(-time.Second)
			for at, want := range map[*erasure.Holding]bool{&x: true, &past: false} {
				if there, err := (backupHolder{}).Remains(t.Context(), *at); err != nil || there != want {
					t.Errorf("%s: until %v it remains: %v, %v", name, at.Until, there, err)
				}
			}
		}
	}
}
