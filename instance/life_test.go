package instance

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
	"lethe/lib/awsproto"
	"lethe/lib/seal"
	"lethe/lib/state"
	"lethe/workflow"
	"lethe/workflow/journal"
)

// bench is a machine, and lethe on it, which can be killed and started again.
type bench struct {
	*machine
	t   *testing.T
	dir string
	db  *state.DB
	key *seal.Keyring

	*Local
	cancel context.CancelFunc
	ended  chan struct{}
	points atomic.Int64 // that were passed
	killAt atomic.Int64 // the point at which lethe is killed, if it is above 0
	dead   chan struct{}
	die    *sync.Once
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{machine: newMachine(), t: t, dir: t.TempDir()}
	var err error
	if b.db, err = state.Open(t.Context(), filepath.Join(b.dir, "state.db")); err != nil {
		t.Fatal(err)
	}
	if b.key, err = seal.Open(t.Context(), b.db, seal.File(filepath.Join(b.dir, "key"))); err != nil {
		t.Fatal(err)
	}
	b.start()
	t.Cleanup(func() {
		b.stopLethe()
		b.db.Close()
	})
	return b
}

// start begins an incarnation of lethe.
func (b *bench) start() {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel, b.dead, b.die = cancel, make(chan struct{}), new(sync.Once)
	dead, die := b.dead, b.die
	b.points.Store(0)
	var l *Local
	point := func(string) error {
		if n := b.points.Add(1); n == b.killAt.Load() {
			die.Do(func() {
				cancel()
				l.stop()
				close(dead)
			})
		}
		select {
		case <-dead:
			return context.Canceled
		default:
			return nil
		}
	}
	g := workflow.NewRegistry()
	e := &fakeEngine{b.machine, point}
	engine, err := journal.Open(ctx, journal.Config{State: b.db, Registry: g, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.t.Fatal(err)
	}
	l, err = NewLocal(ctx, Options{
		DB: b.db, Keys: b.key, Workflow: engine, Engines: []Engine{e}, Backups: fakeBackups{e}, Secrets: fakeSecrets{b.machine},
		Dir: filepath.Join(b.dir, "servers"), Host: "127.0.0.1", Region: "eu-central-1", Scale: 0.125, Memory: 64 << 30, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { _ = point("now"); return b.machine.now() },
	})
	if err != nil {
		b.t.Fatal(err)
	}
	l.onCommit = func() { _ = point("commit") }
	l.Register(g)
	b.Local, b.ended = l, make(chan struct{})
	ended := b.ended
	go func() {
		defer close(ended)
		if err := engine.Run(ctx); err != nil {
			b.t.Error(err)
		}
	}()
	if err := l.Start(ctx); err != nil && ctx.Err() == nil {
		b.t.Fatal(err)
	}
}

func (b *bench) stopLethe() {
	b.cancel()
	b.Local.stop()
	<-b.ended
	if err := b.Local.Close(context.Background(), false); err != nil {
		b.t.Error(err)
	}
}

// again ends lethe as a kill would, with the servers left as they are, and starts it.
func (b *bench) again() {
	b.t.Helper()
	b.stopLethe()
	b.killAt.Store(0)
	b.start()
}

// get describes an instance; nil if there is none.
func (b *bench) get(name string) *types.DBInstance {
	b.t.Helper()
	out, err := b.DescribeDBInstances(context.Background(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return &out.DBInstances[0]
}

// until waits for something that will be.
func (b *bench) until(what string, f func() bool) {
	b.t.Helper()
	for end := time.Now().Add(60 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// is waits until an instance is in a state; "" until it is gone.
func (b *bench) is(name, status string) *types.DBInstance {
	b.t.Helper()
	var d *types.DBInstance
	last := ""
	b.until(name+" is "+status, func() bool {
		if d = b.get(name); d == nil {
			return status == ""
		}
		if *d.DBInstanceStatus != last {
			last = *d.DBInstanceStatus
			b.t.Logf("%s is %s", name, last)
		}
		return last == status
	})
	return d
}

func (b *bench) create(name string, f func(*rds.CreateDBInstanceInput)) *types.DBInstance {
	b.t.Helper()
	if _, err := b.CreateDBInstance(context.Background(), newInstance(name, f)); err != nil {
		b.t.Fatal(err)
	}
	return b.is(name, available)
}

func newInstance(name string, f func(*rds.CreateDBInstanceInput)) *rds.CreateDBInstanceInput {
	in := &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: &name, DBInstanceClass: ptr("db.m6g.large"), Engine: ptr("postgres"), EngineVersion: ptr("15.18"), AllocatedStorage: ptr(int32(20)),
		MasterUsername: ptr("newsblog"), MasterUserPassword: ptr("correct horse"[:7] + "-horse"),
	}
	if f != nil {
		f(in)
	}
	return in
}

// events are the messages about an instance, the oldest first.
func (b *bench) events(name string) (all []string) {
	b.t.Helper()
	err := b.DB.View(context.Background(), func(tx *sql.Tx) error {
		rows, err := tx.Query(`SELECT message FROM instance_events WHERE kind = $1 AND name = $2 ORDER BY id`, kindInstance, name)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var m string
			if err := rows.Scan(&m); err != nil {
				return err
			}
			all = append(all, m)
		}
		return rows.Err()
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func (b *bench) said(name, text string) bool {
	return slices.ContainsFunc(b.events(name), func(m string) bool { return strings.Contains(m, text) })
}

// refused checks that an error has a code.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	var own *awsproto.Error
	var modelled interface{ ErrorCode() string }
	got := ""
	switch {
	case errors.As(err, &own):
		got = own.Code
	case errors.As(err, &modelled):
		got = modelled.ErrorCode()
	}
	if got != code {
		t.Errorf("the answer is %v, want %s", err, code)
	}
}

func TestCreate(t *testing.T) {
	b := newBench(t)
	out, err := b.CreateDBInstance(t.Context(), newInstance("NewsBlog", nil))
	if err != nil {
		t.Fatal(err)
	}
	if d := out.DBInstance; *d.DBInstanceStatus != creating || *d.DBInstanceIdentifier != "newsblog" || d.Endpoint != nil || d.InstanceCreateTime != nil {
		t.Errorf("while it is created: %s, endpoint %v", *d.DBInstanceStatus, d.Endpoint)
	}
	d := b.is("newsblog", available)
	if d.Endpoint == nil || *d.Endpoint.Address != "127.0.0.1" || d.InstanceCreateTime == nil || d.LatestRestorableTime == nil {
		t.Errorf("endpoint %v, created %v, restorable %v", d.Endpoint, d.InstanceCreateTime, d.LatestRestorableTime)
	}
	if got := *d.DBParameterGroups[0].DBParameterGroupName + " " + *d.DBParameterGroups[0].ParameterApplyStatus; got != "default.postgres15 in-sync" {
		t.Errorf("parameter group %s", got)
	}
	s := b.on(*d.DbiResourceId)
	if s.password != "correct-horse" || s.user != "newsblog" {
		t.Errorf("the first user is %s with %s", s.user, s.password)
	}
	// 8 GiB at an eighth.
	if got := s.settings["max_connections"]; got != "112" {
		t.Errorf("max_connections is %s", got)
	}
	var doc string
	if err := b.DB.View(t.Context(), func(tx *sql.Tx) error { return tx.QueryRow(`SELECT doc FROM instance_records`).Scan(&doc) }); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(doc, `"Password"`) {
		t.Error("the password is kept though the server has it")
	}
	if _, err := b.CreateDBInstance(t.Context(), newInstance("newsblog", nil)); err == nil {
		t.Error("a second instance got the name")
	} else {
		refused(t, err, "DBInstanceAlreadyExists")
	}
	// Another region has names of its own, and the same host its ports.
	if _, err := b.CreateDBInstance(t.Context(), newInstance("newsblog", nil), func(o *rds.Options) { o.Region = "us-west-2" }); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateDBInstance(t.Context(), newInstance("other", func(in *rds.CreateDBInstanceInput) { in.Port = d.Endpoint.Port })); err == nil {
		t.Error("two instances have a port")
	} else {
		refused(t, err, "InvalidParameterCombination")
	}
	if _, err := b.CreateDBInstance(t.Context(), newInstance("huge", func(in *rds.CreateDBInstanceInput) { in.DBInstanceClass = ptr("db.r5.24xlarge") })); err == nil {
		t.Error("the host carries more than it has")
	} else {
		refused(t, err, "InsufficientDBInstanceCapacity")
	}
	if _, err := b.CreateDBInstance(t.Context(), newInstance("old", func(in *rds.CreateDBInstanceInput) { in.EngineVersion = ptr("12.3") })); err == nil {
		t.Error("a version is there that is not installed")
	} else if refused(t, err, "InvalidParameterCombination"); !strings.Contains(err.Error(), "15.18") {
		t.Errorf("it is not said what is installed: %v", err)
	}
}

func TestModify(t *testing.T) {
	b := newBench(t)
	d := b.create("shop", func(in *rds.CreateDBInstanceInput) {
		in.PreferredMaintenanceWindow = ptr("tue:03:00-tue:04:00")
		in.PreferredBackupWindow = ptr("20:00-20:30")
	})
	id := *d.DbiResourceId
	if err := b.write(int(*d.Endpoint.Port), "kept"); err != nil {
		t.Fatal(err)
	}
	modify := func(in *rds.ModifyDBInstanceInput) *types.DBInstance {
		t.Helper()
		in.DBInstanceIdentifier = ptr("shop")
		out, err := b.ModifyDBInstance(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return out.DBInstance
	}
	m := modify(&rds.ModifyDBInstanceInput{DBInstanceClass: ptr("db.r6g.large"), AllocatedStorage: ptr(int32(21)), DeletionProtection: ptr(true)})
	if *m.DBInstanceStatus != available || aws.ToString(m.PendingModifiedValues.DBInstanceClass) != "db.r6g.large" || !*m.DeletionProtection {
		t.Errorf("%s with %v pending", *m.DBInstanceStatus, m.PendingModifiedValues)
	}
	if got := aws.ToInt32(m.PendingModifiedValues.AllocatedStorage); got != 22 {
		t.Errorf("21 GiB is less than a tenth more, and became %d", got)
	}
	// The window is on the next day.
	tend := func() {
		t.Helper()
		if err := b.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	tend()
	if d := b.is("shop", available); *d.DBInstanceClass != "db.m6g.large" {
		t.Error("it was changed outside of its window")
	}
	b.pass(15*time.Hour + 30*time.Minute)
	tend()
	b.until("the window's changes are done", func() bool { return *b.get("shop").DBInstanceClass == "db.r6g.large" })
	d = b.is("shop", available)
	if *d.AllocatedStorage != 22 || !empty(*d.PendingModifiedValues) {
		t.Errorf("%d GiB, pending %v", *d.AllocatedStorage, d.PendingModifiedValues)
	}
	if got := b.on(id).settings["max_connections"]; got != "225" {
		t.Errorf("max_connections is %s", got)
	}
	if !b.said("shop", "from db.m6g.large to db.r6g.large; clients were not served for ") {
		t.Errorf("events: %q", b.events("shop"))
	}
	// A password never waits, and is not shown.
	m = modify(&rds.ModifyDBInstanceInput{MasterUserPassword: ptr("another-horse"), DBInstanceClass: ptr("db.m6g.xlarge")})
	if *m.DBInstanceStatus != settingPassword || aws.ToString(m.PendingModifiedValues.MasterUserPassword) != hidden {
		t.Errorf("%s with %v pending", *m.DBInstanceStatus, aws.ToString(m.PendingModifiedValues.MasterUserPassword))
	}
	d = b.is("shop", available)
	if b.on(id).password != "another-horse" || d.PendingModifiedValues.MasterUserPassword != nil || *d.DBInstanceClass != "db.r6g.large" {
		t.Error("the password was not changed alone")
	}
	// ApplyImmediately flushes what waits.
	m = modify(&rds.ModifyDBInstanceInput{NewDBInstanceIdentifier: ptr("Store"), ApplyImmediately: ptr(true)})
	if *m.DBInstanceStatus != renaming {
		t.Errorf("it is %s", *m.DBInstanceStatus)
	}
	b.until("it is renamed", func() bool { return b.get("store") != nil })
	d = b.is("store", available)
	if *d.DBInstanceClass != "db.m6g.xlarge" || b.get("shop") != nil {
		t.Errorf("class %s", *d.DBInstanceClass)
	}
	if got, err := b.read(int(*d.Endpoint.Port)); err != nil || !slices.Equal(got, []string{"kept"}) {
		t.Errorf("it has %q, %v", got, err)
	}
	for _, bad := range []struct {
		code string
		in   rds.ModifyDBInstanceInput
	}{
		{"InvalidParameterValue", rds.ModifyDBInstanceInput{DBInstanceClass: ptr("db.z9.large")}},
		{"InvalidParameterCombination", rds.ModifyDBInstanceInput{AllocatedStorage: ptr(int32(5))}},
		{"InvalidParameterCombination", rds.ModifyDBInstanceInput{EngineVersion: ptr("12.3")}},
		{"InvalidParameterCombination", rds.ModifyDBInstanceInput{EngineVersion: ptr("14.9")}},
		{"InvalidParameterValue", rds.ModifyDBInstanceInput{MasterUserPassword: ptr("short")}},
		{"InvalidParameterValue", rds.ModifyDBInstanceInput{PreferredMaintenanceWindow: ptr("mon:20:00-mon:21:00")}},
		{"InvalidParameterValue", rds.ModifyDBInstanceInput{DBPortNumber: ptr(int32(80))}},
		{"DBParameterGroupNotFound", rds.ModifyDBInstanceInput{DBParameterGroupName: ptr("none")}},
		{"InsufficientDBInstanceCapacity", rds.ModifyDBInstanceInput{DBInstanceClass: ptr("db.r5.24xlarge")}},
		{"DBInstanceNotFound", rds.ModifyDBInstanceInput{DBInstanceIdentifier: ptr("shop")}},
	} {
		if bad.in.DBInstanceIdentifier == nil {
			bad.in.DBInstanceIdentifier = ptr("store")
		}
		bad.in.ApplyImmediately = ptr(true)
		_, err := b.ModifyDBInstance(t.Context(), &bad.in)
		refused(t, err, bad.code)
	}
}

func TestParameters(t *testing.T) {
	b := newBench(t)
	d := b.create("shop", nil)
	id := *d.DbiResourceId
	if _, err := b.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{DBParameterGroupName: ptr("mine"), DBParameterGroupFamily: ptr("postgres15"), Description: ptr("mine")}); err != nil {
		t.Fatal(err)
	}
	status := func() string { return *b.get("shop").DBParameterGroups[0].ParameterApplyStatus }
	change := func(name, value string, method types.ApplyMethod) {
		t.Helper()
		if _, err := b.ModifyDBParameterGroup(t.Context(), &rds.ModifyDBParameterGroupInput{DBParameterGroupName: ptr("mine"),
			Parameters: []types.Parameter{{ParameterName: &name, ParameterValue: &value, ApplyMethod: method}}}); err != nil {
			t.Fatal(err)
		}
	}
	reboot := func() {
		t.Helper()
		if _, err := b.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: ptr("shop")}); err != nil {
			t.Fatal(err)
		}
		b.is("shop", available)
	}
	change("work_mem", "1000", types.ApplyMethodImmediate)
	if _, err := b.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: ptr("shop"), DBParameterGroupName: ptr("mine"), ApplyImmediately: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	if status() != "pending-reboot" || b.on(id).settings["work_mem"] == "1000" {
		t.Errorf("a group is in effect before the reboot: %s", status())
	}
	reboot()
	if status() != "in-sync" || b.on(id).settings["work_mem"] != "1000" {
		t.Errorf("a group is not in effect after the reboot: %s", status())
	}
	change("work_mem", "2000", types.ApplyMethodImmediate)
	if status() != "in-sync" || b.on(id).settings["work_mem"] != "2000" {
		t.Errorf("work_mem is %s, %s", b.on(id).settings["work_mem"], status())
	}
	change("work_mem", "3000", types.ApplyMethodPendingReboot)
	if status() != "pending-reboot" || b.on(id).settings["work_mem"] != "2000" {
		t.Errorf("work_mem is %s, %s", b.on(id).settings["work_mem"], status())
	}
	change("max_connections", "50", types.ApplyMethodPendingReboot)
	reboot()
	if s := b.on(id).settings; status() != "in-sync" || s["work_mem"] != "3000" || s["max_connections"] != "50" {
		t.Errorf("%v, %s", s, status())
	}
	// A value that the server refuses.
	change("max_connections", "7", types.ApplyMethodPendingReboot)
	if _, err := b.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: ptr("shop")}); err != nil {
		t.Fatal(err)
	}
	b.is("shop", badParameters)
	change("max_connections", "60", types.ApplyMethodPendingReboot)
	b.until("it can be rebooted", func() bool {
		_, err := b.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: ptr("shop")})
		return err == nil || b.get("shop") != nil && *b.get("shop").DBInstanceStatus == available
	})
	b.is("shop", available)
	b.until("it has the value", func() bool {
		b.machine.mu.Lock()
		defer b.machine.mu.Unlock()
		return b.on(id).settings["max_connections"] == "60"
	})
}

func TestPower(t *testing.T) {
	b := newBench(t)
	d := b.create("shop", nil)
	port := int(*d.Endpoint.Port)
	if err := b.write(port, "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.StopDBInstance(t.Context(), &rds.StopDBInstanceInput{DBInstanceIdentifier: ptr("shop"), DBSnapshotIdentifier: ptr("before-night")}); err != nil {
		t.Fatal(err)
	}
	d = b.is("shop", stopped)
	if d.AutomaticRestartTime == nil {
		t.Error("it is not said when it is started again")
	}
	if _, err := b.read(port); err == nil {
		t.Error("a stopped instance answers")
	}
	_, err := b.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: ptr("shop"), DBInstanceClass: ptr("db.r6g.large")})
	refused(t, err, "InvalidDBInstanceState")
	b.again() // which does not start it
	b.is("shop", stopped)
	b.pass(stoppedDays * 24 * time.Hour)
	if err := b.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.until("it runs again", func() bool { v, err := b.read(port); return err == nil && len(v) == 1 })
	b.is("shop", available)

	// A server that dies is started again, one that dies while lethe is not there too.
	b.crash(*d.DbiResourceId)
	b.until("it is started again", func() bool { return b.said("shop", "ended unexpectedly") })
	b.until("it answers", func() bool { _, err := b.read(port); return err == nil })
	b.stopLethe()
	b.crash(*d.DbiResourceId)
	b.start()
	b.until("it answers", func() bool { _, err := b.read(port); return err == nil })
	if _, err := b.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: ptr("shop")}); err == nil {
		t.Error("it is deleted without a word of its final snapshot")
	}
	if _, err := b.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: ptr("shop"), FinalDBSnapshotIdentifier: ptr("final")}); err != nil {
		t.Fatal(err)
	}
	b.is("shop", "")
	b.tidy()
	out, err := b.DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{})
	if err != nil || len(out.DBSnapshots) != 2 || *out.DBSnapshots[1].DBSnapshotIdentifier != "final" || *out.DBSnapshots[1].Status != available {
		t.Errorf("snapshots: %v, %v", len(out.DBSnapshots), err)
	}
}

// tidy checks that there is nothing on the machine but what belongs to instances and
// snapshots, and that what should run does.
func (b *bench) tidy() {
	b.t.Helper()
	rs, err := b.all(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	known, run := map[string]bool{}, map[string]bool{}
	for _, r := range rs {
		known[r.servers()[0]], run[r.servers()[0]] = true, r.up()
		if r.Standby != 0 {
			known[r.servers()[1]], run[r.servers()[1]] = true, r.up()
		}
		if !r.steady() {
			b.t.Errorf("%s is still %s", r.Name, r.Status)
		}
	}
	entries, err := os.ReadDir(b.Dir)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			b.t.Errorf("the folder %s is left", e.Name())
		}
	}
	b.machine.mu.Lock()
	defer b.machine.mu.Unlock()
	for _, dir := range slices.Collect(maps.Keys(b.servers)) {
		s := b.find(dir)
		if s == nil {
			continue
		}
		id := filepath.Base(dir)
		if running := s.running != nil; running != run[id] {
			b.t.Errorf("server %s runs: %v, and should: %v", id, running, run[id])
		}
	}
	keys := map[string]bool{}
	if err := b.DB.View(context.Background(), func(tx *sql.Tx) error {
		rows, err := tx.Query(`SELECT bytes FROM instance_snapshots UNION SELECT bytes FROM instance_logs`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k string
			if err := rows.Scan(&k); err != nil {
				return err
			}
			keys[k] = true
		}
		return rows.Err()
	}); err != nil {
		b.t.Fatal(err)
	}
	for k := range b.kept {
		if !keys[k] {
			b.t.Errorf("%s is left in the backups", k)
		}
	}
	for k := range keys {
		if b.kept[k] == nil {
			b.t.Errorf("%s is not in the backups", k)
		}
	}
}

// TestBackups goes through days of an instance's backups.
func TestBackups(t *testing.T) {
	b := newBench(t)
	d := b.create("shop", func(in *rds.CreateDBInstanceInput) {
		in.PreferredBackupWindow, in.PreferredMaintenanceWindow, in.BackupRetentionPeriod = ptr("03:00-03:30"), ptr("sun:10:00-sun:10:30"), ptr(int32(2))
	})
	port, id := int(*d.Endpoint.Port), *d.DbiResourceId
	tend := func() {
		t.Helper()
		if err := b.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.until("backups are made", func() bool {
			rs, err := b.all(t.Context())
			return err == nil && !slices.ContainsFunc(rs, func(r record) bool { return !r.steady() })
		})
	}
	snapshots := func() (names []string) {
		t.Helper()
		out, err := b.DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{SnapshotType: ptr(automated)})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range out.DBSnapshots {
			names = append(names, *s.DBSnapshotIdentifier)
		}
		return names
	}
	var moments []time.Time
	for day := range 5 {
		b.pass(time.Minute)
		if err := b.write(port, strings.Repeat("x", day+1)); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Minute)
		moments = append(moments, b.machine.now())
		b.pass(15*time.Hour + 13*time.Minute) // 03:15 on the first day
		tend()
		tend() // once in a window
		b.pass(8*time.Hour + 45*time.Minute)
		tend()
	}
	if got := snapshots(); len(got) != 3 || got[2] != "rds:shop-2026-11-28-03-15" {
		t.Errorf("of five days with two of retention there are %q", got)
	}
	b.tidy()
	restore := func(at time.Time) error {
		_, err := b.RestoreDBInstanceToPointInTime(t.Context(), &rds.RestoreDBInstanceToPointInTimeInput{SourceDbiResourceId: &id, TargetDBInstanceIdentifier: ptr("again"), RestoreTime: &at})
		return err
	}
	// Without any days there are no backups, and with some again there is one at once.
	days := func(n int32) {
		t.Helper()
		if _, err := b.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: ptr("other"), BackupRetentionPeriod: &n, ApplyImmediately: ptr(true)}); err != nil {
			t.Fatal(err)
		}
		b.is("other", available)
		tend()
	}
	b.create("other", nil)
	days(0)
	if got := snapshots(); len(got) != 3 || b.get("other").LatestRestorableTime != nil {
		t.Errorf("without days there are %q", got)
	}
	days(3)
	if got := snapshots(); len(got) != 4 || b.get("other").LatestRestorableTime == nil {
		t.Errorf("with days again there are %q", got)
	}
	refused(t, restore(moments[0]), "InvalidParameterValue")
	refused(t, restore(b.machine.now().Add(time.Hour)), "InvalidParameterValue")

	// The backups of an instance outlive it, if that is asked for.
	if _, err := b.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: ptr("shop"), SkipFinalSnapshot: ptr(true), DeleteAutomatedBackups: ptr(false)}); err != nil {
		t.Fatal(err)
	}
	b.is("shop", "")
	all, err := b.DescribeDBInstanceAutomatedBackups(t.Context(), &rds.DescribeDBInstanceAutomatedBackupsInput{DBInstanceIdentifier: ptr("shop")})
	if err != nil || len(all.DBInstanceAutomatedBackups) != 1 || *all.DBInstanceAutomatedBackups[0].Status != "retained" {
		t.Fatalf("retained: %v, %v", all, err)
	}
	if err := restore(moments[4]); err != nil {
		t.Fatal(err)
	}
	again := b.is("again", available)
	if v, err := b.read(int(*again.Endpoint.Port)); err != nil || len(v) != 5 {
		t.Errorf("the restored instance has %q, %v", v, err)
	}
	b.pass(3 * 24 * time.Hour)
	tend()
	if all, err = b.DescribeDBInstanceAutomatedBackups(t.Context(), &rds.DescribeDBInstanceAutomatedBackupsInput{DBInstanceIdentifier: ptr("shop")}); err != nil || len(all.DBInstanceAutomatedBackups) != 0 {
		t.Errorf("after their days: %v, %v", len(all.DBInstanceAutomatedBackups), err)
	}
	b.tidy()
}

// TestFull fills the storage of one of two instances.
func TestFull(t *testing.T) {
	b := newBench(t)
	shop := b.create("shop", nil)
	grows := b.create("grows", func(in *rds.CreateDBInstanceInput) { in.MaxAllocatedStorage = ptr(int32(40)) })
	b.machine.mu.Lock()
	b.on(*shop.DbiResourceId).bytes, b.on(*grows.DbiResourceId).bytes = 20*gib, 19*gib
	b.machine.mu.Unlock()
	if err := b.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.is("shop", storageFull)
	if d := b.is("grows", available); *d.AllocatedStorage != 25 {
		t.Errorf("it grew to %d GiB", *d.AllocatedStorage)
	}
	if _, err := b.read(int(*grows.Endpoint.Port)); err != nil {
		t.Error("another instance is harmed")
	}
	b.again() // which does not start the server
	b.tidy()
	if _, err := b.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: ptr("shop"), AllocatedStorage: ptr(int32(40)), ApplyImmediately: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	b.is("shop", available)
	b.until("it answers", func() bool { _, err := b.read(int(*shop.Endpoint.Port)); return err == nil })

	// The host's disk is full: a server does not start, and does when there is room.
	b.machine.fail("start", lethe.Errorf(lethe.Exhausted, "no space left on device"))
	b.crash(*shop.DbiResourceId)
	b.is("shop", storageFull)
	b.machine.fail("start", nil)
	b.is("shop", available)
}

// TestManagedPassword lets the password be kept as a secret.
func TestManagedPassword(t *testing.T) {
	b := newBench(t)
	d := b.create("shop", func(in *rds.CreateDBInstanceInput) {
		in.MasterUserPassword, in.ManageMasterUserPassword = nil, ptr(true)
	})
	id := *d.DbiResourceId
	secret := func() string {
		b.machine.mu.Lock()
		defer b.machine.mu.Unlock()
		var v struct{ Username, Password string }
		if err := json.Unmarshal([]byte(b.secrets["eu-central-1/rds!"+id]), &v); err != nil {
			return ""
		}
		return v.Username + " " + v.Password
	}
	if d.MasterUserSecret == nil || secret() != "newsblog "+b.on(id).password || len(b.on(id).password) < 8 {
		t.Errorf("the secret has %s", secret())
	}
	old := secret()
	if _, err := b.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: ptr("shop"), RotateMasterUserPassword: ptr(true), ApplyImmediately: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	b.is("shop", available)
	if secret() == old || secret() != "newsblog "+b.on(id).password {
		t.Errorf("after the rotation the secret has %s", secret())
	}
	if _, err := b.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: ptr("shop"), ManageMasterUserPassword: ptr(false), MasterUserPassword: ptr("my-own-horse"), ApplyImmediately: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	if d = b.is("shop", available); secret() != "" || d.MasterUserSecret != nil || b.on(id).password != "my-own-horse" {
		t.Errorf("the secret is left: %s", secret())
	}
}
