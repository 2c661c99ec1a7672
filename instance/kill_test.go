package instance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"

	"lethe"
)

// deeds are what is done to the instance shop, each with what must be so afterwards.
// Each begins with the instance available, and a server that has the value "kept".
var deeds = []struct {
	name    string
	begin   func(b *bench) error
	check   func(b *bench)
	prepare func(b *bench)
}{
	{"create", func(b *bench) error {
		_, err := b.CreateDBInstance(context.Background(), newInstance("second", nil))
		return err
	}, func(b *bench) {
		d := b.is("second", available)
		b.machine.mu.Lock()
		s := b.on(*d.DbiResourceId)
		b.machine.mu.Unlock()
		if s.password != "correct-horse" {
			b.t.Errorf("the password is %s", s.password)
		}
	}, nil},
	{"modify", func(b *bench) error {
		_, err := b.ModifyDBInstance(context.Background(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: ptr("shop"), DBInstanceClass: ptr("db.r6g.large"),
			DBPortNumber: ptr(int32(15432)), MasterUserPassword: ptr("another-horse"), EngineVersion: ptr("15.20"), ApplyImmediately: ptr(true)})
		return err
	}, func(b *bench) {
		d := b.is("shop", available)
		if *d.DBInstanceClass != "db.r6g.large" || *d.Endpoint.Port != 15432 || *d.EngineVersion != "15.20" || !empty(*d.PendingModifiedValues) {
			b.t.Errorf("class %s, port %d, version %s", *d.DBInstanceClass, *d.Endpoint.Port, *d.EngineVersion)
		}
		b.machine.mu.Lock()
		defer b.machine.mu.Unlock()
		s := b.on(*d.DbiResourceId)
		if s.password != "another-horse" || s.settings["max_connections"] != "225" || s.started.Port != 15432 || s.started.Version != "15.20" {
			b.t.Errorf("the server has %s, %v, port %d", s.password, s.settings, s.started.Port)
		}
	}, nil},
	{"reboot", func(b *bench) error {
		_, err := b.RebootDBInstance(context.Background(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: ptr("shop")})
		return err
	}, func(b *bench) { b.is("shop", available) }, nil},
	{"stop", func(b *bench) error {
		_, err := b.StopDBInstance(context.Background(), &rds.StopDBInstanceInput{DBInstanceIdentifier: ptr("shop"), DBSnapshotIdentifier: ptr("at-stop")})
		return err
	}, func(b *bench) {
		b.is("shop", stopped)
		b.tidy()
		if _, err := b.StartDBInstance(context.Background(), &rds.StartDBInstanceInput{DBInstanceIdentifier: ptr("shop")}); err != nil {
			b.t.Error(err)
		}
		b.is("shop", available)
	}, nil},
	{"snapshot and restore", func(b *bench) error {
		_, err := b.CreateDBSnapshot(context.Background(), &rds.CreateDBSnapshotInput{DBInstanceIdentifier: ptr("shop"), DBSnapshotIdentifier: ptr("now")})
		return err
	}, func(b *bench) {
		b.is("shop", available)
		if _, err := b.RestoreDBInstanceFromDBSnapshot(context.Background(), &rds.RestoreDBInstanceFromDBSnapshotInput{DBInstanceIdentifier: ptr("second"), DBSnapshotIdentifier: ptr("now"), DBInstanceClass: ptr("db.t3.micro")}); err != nil {
			b.t.Fatal(err)
		}
		d := b.is("second", available)
		if v, err := b.read(int(*d.Endpoint.Port)); err != nil || !slices.Equal(v, []string{"kept"}) {
			b.t.Errorf("the restored instance has %q, %v", v, err)
		}
	}, nil},
	{"restore to a point in time", func(b *bench) error {
		until := b.machine.now().Add(-2 * time.Second)
		_, err := b.RestoreDBInstanceToPointInTime(context.Background(), &rds.RestoreDBInstanceToPointInTimeInput{SourceDBInstanceIdentifier: ptr("shop"), TargetDBInstanceIdentifier: ptr("second"), RestoreTime: &until})
		return err
	}, func(b *bench) {
		d := b.is("second", available)
		if v, err := b.read(int(*d.Endpoint.Port)); err != nil || !slices.Equal(v, []string{"kept", "wanted"}) {
			b.t.Errorf("the restored instance has %q, %v", v, err)
		}
	}, func(b *bench) {
		for _, v := range []string{"wanted", "not wanted"} {
			b.pass(time.Second)
			if err := b.write(int(*b.get("shop").Endpoint.Port), v); err != nil {
				b.t.Fatal(err)
			}
		}
		b.pass(time.Second)
	}},
	{"replicate and promote", func(b *bench) error {
		_, err := b.CreateDBInstanceReadReplica(context.Background(), &rds.CreateDBInstanceReadReplicaInput{SourceDBInstanceIdentifier: ptr("shop"), DBInstanceIdentifier: ptr("second")})
		return err
	}, func(b *bench) {
		d := b.is("second", available)
		if err := b.write(int(*b.get("shop").Endpoint.Port), "later"); err != nil {
			b.t.Error(err)
		}
		if v, err := b.read(int(*d.Endpoint.Port)); err != nil || !slices.Equal(v, []string{"kept", "later"}) {
			b.t.Errorf("the replica has %q, %v", v, err)
		}
		if _, err := b.PromoteReadReplica(context.Background(), &rds.PromoteReadReplicaInput{DBInstanceIdentifier: ptr("second")}); err != nil {
			b.t.Fatal(err)
		}
		d = b.is("second", available)
		if err := b.write(int(*d.Endpoint.Port), "own"); err != nil || d.ReadReplicaSourceDBInstanceIdentifier != nil {
			b.t.Errorf("it is no instance of its own: %v", err)
		}
	}, nil},
	{"second server and failover", func(b *bench) error {
		_, err := b.ModifyDBInstance(context.Background(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: ptr("shop"), MultiAZ: ptr(true), ApplyImmediately: ptr(true)})
		return err
	}, func(b *bench) {
		d := b.is("shop", available)
		if !*d.MultiAZ || d.SecondaryAvailabilityZone == nil {
			b.t.Error("it has no standby")
		}
		if err := b.write(int(*d.Endpoint.Port), "later"); err != nil {
			b.t.Error(err)
		}
		if _, err := b.RebootDBInstance(context.Background(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: ptr("shop"), ForceFailover: ptr(true)}); err != nil {
			b.t.Fatal(err)
		}
		e := b.is("shop", available)
		if v, err := b.read(int(*d.Endpoint.Port)); err != nil || !slices.Equal(v, []string{"kept", "later"}) || *e.Endpoint.Port != *d.Endpoint.Port {
			b.t.Errorf("after the failover it has %q, %v", v, err)
		}
		b.machine.mu.Lock()
		first := b.at(int(*d.Endpoint.Port))
		b.machine.mu.Unlock()
		if first.id == *d.DbiResourceId {
			b.t.Error("it is the server of before")
		}
	}, nil},
	{"death of the first server", func(b *bench) error {
		b.machine.mu.Lock()
		id := b.at(int(*b.get("shop").Endpoint.Port)).id
		b.machine.mu.Unlock()
		b.crash(id)
		return nil
	}, func(b *bench) {
		b.until("it answers", func() bool { _, err := b.read(int(*b.get("shop").Endpoint.Port)); return err == nil })
		d := b.is("shop", available)
		if v, err := b.read(int(*d.Endpoint.Port)); err != nil || !slices.Equal(v, []string{"kept", "at both"}) {
			b.t.Errorf("after the death it has %q, %v", v, err)
		}
	}, func(b *bench) {
		if _, err := b.ModifyDBInstance(context.Background(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: ptr("shop"), MultiAZ: ptr(true), ApplyImmediately: ptr(true)}); err != nil {
			b.t.Fatal(err)
		}
		d := b.is("shop", available)
		if err := b.write(int(*d.Endpoint.Port), "at both"); err != nil {
			b.t.Fatal(err)
		}
	}},
	{"delete", func(b *bench) error {
		_, err := b.DeleteDBInstance(context.Background(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: ptr("shop"), FinalDBSnapshotIdentifier: ptr("final")})
		return err
	}, func(b *bench) { b.is("shop", "") }, nil},
}

// TestKill kills lethe at every call of an engine and of the store of backups, and at
// every change that is kept, of everything that is done to instances.
func TestKill(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			points := int64(0)
			try := func(killAt int64) {
				t.Run(fmt.Sprint(killAt), func(t *testing.T) {
					b := newBench(t)
					shop := b.create("shop", nil)
					if err := b.write(int(*shop.Endpoint.Port), "kept"); err != nil {
						t.Fatal(err)
					}
					if d.prepare != nil {
						d.prepare(b)
					}
					// What the upkeep of before leaves is settled: points count from here.
					b.points.Store(0)
					b.killAt.Store(killAt)
					began := d.begin(b)
					if killAt > 0 {
						select {
						case <-b.dead:
						case <-time.After(time.Second):
							// It was done before.
						}
						b.again()
						if began != nil {
							// The request got no answer: it has happened, or not.
							if err := d.begin(b); err != nil {
								t.Logf("the request again: %v", err)
							}
						}
					} else if began != nil {
						t.Fatal(began)
					}
					if killAt == 0 {
						b.until("it is done", func() bool {
							rs, err := b.all(context.Background())
							return err == nil && !slices.ContainsFunc(rs, func(r record) bool { return !r.steady() })
						})
						points = b.points.Load()
					}
					d.check(b)
					b.tidy()
				})
			}
			try(0)
			t.Logf("%d points", points)
			// All of them take long: each run takes some others.
			for _, n := range random.Perm(int(points))[:min(4, int(points))] {
				try(int64(n + 1))
			}
		})
	}
}

// TestStandby kills the server that clients reach.
func TestStandby(t *testing.T) {
	b := newBench(t)
	d := b.create("shop", func(in *rds.CreateDBInstanceInput) { in.MultiAZ = ptr(true) })
	port := int(*d.Endpoint.Port)
	if err := b.write(port, "kept"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateDBInstanceReadReplica(t.Context(), &rds.CreateDBInstanceReadReplicaInput{SourceDBInstanceIdentifier: ptr("shop"), DBInstanceIdentifier: ptr("twin")}); err != nil {
		t.Fatal(err)
	}
	copied := int(*b.is("twin", available).Endpoint.Port)
	// A server that dies before it is watched is started again and not replaced.
	for n := 0; n < 10 && !b.said("shop", "failover completed"); n++ {
		b.machine.mu.Lock()
		first := b.at(port).id
		b.machine.mu.Unlock()
		b.crash(first)
		b.until("clients are served again", func() bool { _, err := b.read(port); return err == nil })
		b.until("it is whole", func() bool {
			rs, err := b.all(t.Context())
			return err == nil && rs[0].steady() && rs[0].Status == available && rs[0].Standby != 0
		})
	}
	if v, err := b.read(port); err != nil || !slices.Equal(v, []string{"kept"}) || !b.said("shop", "failover completed") {
		t.Errorf("after the failover it has %q, %v; %q", v, err, b.events("shop"))
	}
	b.until("its standby runs", func() bool {
		rs, err := b.all(t.Context())
		if err := errors.Join(err, b.Tend(t.Context())); err != nil {
			t.Error(err)
			return true
		}
		b.machine.mu.Lock()
		defer b.machine.mu.Unlock()
		s := b.on(rs[0].servers()[1])
		return rs[0].steady() && s != nil && s.running != nil && s.follows != ""
	})
	b.is("shop", available) // a backup is made after a failover

	// Its read replica follows the server that it is now, at the same port.
	b.until("the read replica follows again", func() bool {
		if err := b.Tend(t.Context()); err != nil {
			t.Error(err)
			return true
		}
		return b.said("twin", "follows its source again") && *b.get("twin").DBInstanceStatus == available
	})
	b.is("shop", available)
	if err := b.write(port, "later"); err != nil {
		t.Fatal(err)
	}
	if v, err := b.read(copied); err != nil || !slices.Equal(v, []string{"kept", "later"}) {
		t.Errorf("the read replica has %q, %v", v, err)
	}
	b.tidy()
}

// TestStandbyBehind: a standby that lacks something does not take the first server's place,
// neither when that dies nor when it is asked for.
func TestStandbyBehind(t *testing.T) {
	b := newBench(t)
	d := b.create("shop", func(in *rds.CreateDBInstanceInput) { in.MultiAZ = ptr(true) })
	port, first := int(*d.Endpoint.Port), *d.DbiResourceId
	write := func(v string) {
		t.Helper()
		if err := b.write(port, v); err != nil {
			t.Fatal(err)
		}
	}
	write("at both")
	b.crash(first + "-b")
	write("at the first") // whose commits wait for a standby only while it is there
	b.crash(first)
	b.until("clients are served again", func() bool { _, err := b.read(port); return err == nil })
	b.until("it was not failed over", func() bool { return b.said("shop", "not failed over") })
	b.is("shop", available)
	if v, err := b.read(port); err != nil || !slices.Equal(v, []string{"at both", "at the first"}) {
		t.Errorf("it has %q, %v", v, err)
	}
	tend := func() {
		t.Helper()
		if err := b.Tend(t.Context()); err != nil {
			t.Error(err)
		}
	}

	// One that runs and is behind is noted, and is waited for again when it has caught up.
	lag := func(n int) {
		b.machine.mu.Lock()
		defer b.machine.mu.Unlock()
		s := b.on(first + "-b")
		if s.commits = s.commits[:n]; n == 0 {
			delete(b.on(first).waits, s.started.Dir)
		}
	}
	b.machine.fail("start", errors.New("it cannot be reached"))
	lag(0)
	if err := b.Tend(t.Context()); err == nil {
		t.Error("a standby that cannot be started is not told of")
	}
	if !b.said("shop", "The standby is behind") {
		t.Errorf("%q", b.events("shop"))
	}
	b.machine.fail("start", nil)
	b.machine.mu.Lock()
	source, standby := b.on(first), b.on(first+"-b")
	standby.commits, source.waits[standby.started.Dir] = slices.Clone(source.commits), true
	b.machine.mu.Unlock()
	tend()
	if !b.said("shop", "committed again") {
		t.Errorf("%q", b.events("shop"))
	}
	b.is("shop", available)
	b.tidy()
}

// TestBackupAgain: an automated backup that failed is made again before the next day's.
func TestBackupAgain(t *testing.T) {
	b := newBench(t)
	b.create("shop", func(in *rds.CreateDBInstanceInput) { in.PreferredBackupWindow = ptr("14:00-14:30") })
	backups := func(status string) (n int) {
		t.Helper()
		out, err := b.DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{DBInstanceIdentifier: ptr("shop"), SnapshotType: ptr("automated")})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range out.DBSnapshots {
			if *s.Status == status {
				n++
			}
		}
		return n
	}
	tend := func() {
		t.Helper()
		if err := b.Tend(t.Context()); err != nil {
			t.Error(err)
		}
		b.is("shop", available)
	}
	b.machine.fail("backup", lethe.Errorf(lethe.Invalid, "the disk is odd"))
	b.pass(2*time.Hour + time.Minute) // into the window
	tend()
	if backups(available) != 1 || backups(failed) != 1 {
		t.Errorf("%d backups, %d failed: %q", backups(available), backups(failed), b.events("shop"))
	}
	b.machine.fail("backup", nil)
	b.pass(time.Minute)
	tend()
	if backups(available) != 1 {
		t.Error("it is tried again without a pause")
	}
	b.pass(backUpAgain)
	tend()
	if backups(available) != 2 || backups(failed) != 0 {
		t.Errorf("after a while %d backups, %d failed", backups(available), backups(failed))
	}
	b.tidy()
}
