//go:build nightly

package e2e_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe/test/lake"
	"lethe/test/need"
)

// TestInstancesKilled kills lethe at moments spread over everything that is done to
// instances, with real servers: after a restart each thing is done or undone, what was
// committed is there, and nothing belongs to nobody.
func TestInstancesKilled(t *testing.T) {
	need.Command(t, "pg_lsclusters", "apt-get install postgresql")
	need.Command(t, "mariadbd", "apt-get install mariadb-server mariadb-backup")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, engine := range []string{"postgres", "mariadb"} {
		t.Run(engine, func(t *testing.T) { killInstances(t, engine, rand.New(rand.NewPCG(seed, 0))) })
	}
}

func killInstances(t *testing.T, engine string, random *rand.Rand) {
	data := reachable(t)
	t.Cleanup(func() { endServers(t, data) })
	file := filepath.Join(data, "lethe.yaml")
	if err := os.WriteFile(file, []byte("instances: {memory_scale: 1/16}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := lake.Start(t, data, "serve", "--config", file)
	// Of this test and not of a part of it, which would end the lake with itself.
	kill := func() {
		l.Kill()
		l = lake.Start(t, data, "serve", "--config", file)
	}
	client := func() *rds.Client { return rds.NewFromConfig(l.AWSConfig(t)) }
	id := func(name string) *string { return &name }
	create := func(name string) error {
		_, err := client().CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: &name, DBInstanceClass: id("db.m6g.large"), Engine: &engine,
			AllocatedStorage: aws.Int32(20), MasterUsername: id("seb"), MasterUserPassword: id("Graviton2-rocks")})
		return err
	}
	remove := func(name string) {
		t.Helper()
		if _, err := client().DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &name, SkipFinalSnapshot: aws.Bool(true)}); err != nil {
			t.Fatal(err)
		}
		if err := rds.NewDBInstanceDeletedWaiter(client(), func(o *rds.DBInstanceDeletedWaiterOptions) { o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second }).
			Wait(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name}, 3*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if err := create("shop"); err != nil {
		t.Fatal(err)
	}
	is := func(name string) types.DBInstance {
		t.Helper()
		d, ok := settled(t, client())[name]
		if !ok || *d.DBInstanceStatus != "available" {
			t.Fatalf("%s is %+v", name, d)
		}
		return d
	}
	is("shop")
	class := []string{"db.r6g.large", "db.m6g.large"}
	deeds := []struct {
		name   string
		begin  func() error
		settle func() // what must be so, and back to how it was
	}{
		{"create", func() error { return create("second") }, func() { is("second"); remove("second") }},
		{"modify", func() error {
			class[0], class[1] = class[1], class[0]
			_, err := client().ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: id("shop"), DBInstanceClass: &class[1], ApplyImmediately: aws.Bool(true)})
			return err
		}, func() {
			if d := is("shop"); *d.DBInstanceClass != class[1] {
				t.Errorf("the class is %s", *d.DBInstanceClass)
			}
		}},
		{"snapshot", func() error {
			_, err := client().CreateDBSnapshot(t.Context(), &rds.CreateDBSnapshotInput{DBInstanceIdentifier: id("shop"), DBSnapshotIdentifier: id("saved")})
			return err
		}, func() {
			is("shop")
			if _, err := client().DeleteDBSnapshot(t.Context(), &rds.DeleteDBSnapshotInput{DBSnapshotIdentifier: id("saved")}); err != nil {
				t.Error(err)
			}
		}},
		{"restore", func() error {
			_, err := client().RestoreDBInstanceToPointInTime(t.Context(), &rds.RestoreDBInstanceToPointInTimeInput{SourceDBInstanceIdentifier: id("shop"), TargetDBInstanceIdentifier: id("second"), UseLatestRestorableTime: aws.Bool(true)})
			return err
		}, func() { is("second"); remove("second") }},
		{"standby", func() error {
			_, err := client().ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: id("shop"), MultiAZ: aws.Bool(true), ApplyImmediately: aws.Bool(true)})
			return err
		}, func() { is("shop") }},
		{"failover", func() error {
			_, err := client().RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: id("shop"), ForceFailover: aws.Bool(true)})
			return err
		}, func() { is("shop") }},
	}
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			const times = 6
			took := time.Duration(0)
			for n := range times {
				began := time.Now()
				if err := d.begin(); err != nil {
					t.Fatal(err)
				}
				if n > 0 && d.name == "standby" {
					break // it is there
				}
				if n == 0 && d.name != "standby" {
					settled(t, client())
					took = time.Since(began)
				} else {
					time.Sleep(time.Duration(random.Int64N(int64(max(took, 500*time.Millisecond)))))
					kill()
				}
				d.settle()
				whole(t, data, client())
			}
			t.Logf("by itself it takes %s", took)
		})
	}
	remove("shop")
	nothingLeft(t, l, data)
	if t.Failed() {
		t.Log(l.Output())
	}
}
