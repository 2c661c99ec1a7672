package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5"

	"lethe/test/lake"
	"lethe/test/need"
)

// TestInstances runs the commands of the article on instances (AWS News Blog, "New -
// Amazon RDS on Graviton2 Processors") on a server of this host, with both AWS command
// lines: only the endpoint and the version are others.
func TestInstances(t *testing.T) {
	debian, newer := need.DebianAWS(t), need.Venv(t, "aws")
	need.Command(t, "pg_lsclusters", "apt-get install postgresql")
	data := reachable(t)
	t.Cleanup(func() { endServers(t, data) }) // after the lake is gone
	file := filepath.Join(data, "lethe.yaml")
	if err := os.WriteFile(file, []byte("instances: {memory_scale: 1/8}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := lake.Start(t, data, "serve", "--config", file)
	const user = "seb"
	password := "Graviton2-rocks"
	run := func(cli string, args ...string) string {
		t.Helper()
		return l.Run(t, cli, append([]string{"--endpoint-url", l.AWS, "--region", "us-west-2", "--output", "json", "rds"}, args...)...)
	}
	create := []string{"create-db-instance", "--db-instance-identifier", "newsblog", "--db-instance-class", "db.m6g.large", "--engine", "postgres",
		"--allocated-storage", "20", "--master-username", user, "--master-user-password", password}

	// The article's version is not installed: the answer names those that are.
	out, err := l.Try(debian, slices.Concat([]string{"--endpoint-url", l.AWS, "--region", "us-west-2", "rds"}, create, []string{"--engine-version", "12.3"})...)
	if err == nil || !strings.Contains(out, "InvalidParameterCombination") || !strings.Contains(out, "Cannot find version 12.3 for postgres") {
		t.Fatalf("%v\n%s", err, out)
	}
	var versions rds.DescribeDBEngineVersionsOutput
	decode(t, run(newer, "describe-db-engine-versions", "--engine", "postgres"), &versions)
	if len(versions.DBEngineVersions) == 0 || !strings.Contains(out, *versions.DBEngineVersions[0].EngineVersion) {
		t.Fatalf("%+v\n%s", versions, out)
	}
	var made rds.CreateDBInstanceOutput
	decode(t, run(debian, append(create, "--engine-version", *versions.DBEngineVersions[0].EngineVersion)...), &made)
	if d := made.DBInstance; *d.DBInstanceStatus != "creating" || *d.DBInstanceIdentifier != "newsblog" || *d.DBInstanceClass != "db.m6g.large" || *d.Engine != "postgres" {
		t.Errorf("%+v", d)
	}
	killed := func() {
		l.Kill()
		l = lake.Start(t, data, "serve", "--config", file)
	}
	killed() // while it is being made
	client := func() *rds.Client {
		return rds.NewFromConfig(l.AWSConfig(t), func(o *rds.Options) { o.Region = "us-west-2" })
	}
	until := func(what string, f func(types.DBInstance) bool) types.DBInstance {
		t.Helper()
		var d types.DBInstance
		c := client()
		for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			out, err := c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String("newsblog")})
			if err != nil {
				t.Fatal(err)
			}
			if d = out.DBInstances[0]; f(d) {
				return d
			}
		}
		t.Fatalf("%s does not come: it is %s, %+v", what, *d.DBInstanceStatus, d.PendingModifiedValues)
		return d
	}
	available := func(d types.DBInstance) bool { return *d.DBInstanceStatus == "available" }
	d := until("available", available)
	run(debian, "wait", "db-instance-available", "--db-instance-identifier", "newsblog")

	// Clients believe the server by the lake's authority, and no other.
	database := "postgres"
	query := func(text string, before ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: *d.Endpoint.Address + ":" + strconv.Itoa(int(*d.Endpoint.Port)), Path: "/" + database,
			RawQuery: url.Values{"sslmode": {"verify-full"}, "sslrootcert": {filepath.Join(data, "instances-ca.pem")}}.Encode()}
		c, err := pgx.Connect(ctx, u.String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		for _, b := range before {
			if _, err := c.Exec(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		var answer string
		if err := c.QueryRow(ctx, text).Scan(&answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	query("SELECT 'begun'", "CREATE TABLE posts AS SELECT 1 AS id")
	small := query("SELECT setting FROM pg_settings WHERE name = 'shared_buffers'")

	// Without --apply-immediately the class waits for the window; with it, it is changed.
	modify := []string{"modify-db-instance", "--db-instance-identifier", "newsblog", "--db-instance-class", "db.r6g.large"}
	var changed rds.ModifyDBInstanceOutput
	decode(t, run(newer, modify...), &changed)
	if d := changed.DBInstance; *d.DBInstanceClass != "db.m6g.large" || aws.ToString(d.PendingModifiedValues.DBInstanceClass) != "db.r6g.large" {
		t.Errorf("%+v", d)
	}
	run(debian, append(modify, "--apply-immediately")...)
	killed()
	until("the class", func(d types.DBInstance) bool { return available(d) && *d.DBInstanceClass == "db.r6g.large" })
	s, err := strconv.Atoi(small)
	if err != nil {
		t.Fatal(err)
	}
	if large := query("SELECT setting FROM pg_settings WHERE name = 'shared_buffers'"); large != strconv.Itoa(2*s) {
		t.Errorf("shared_buffers went from %s to %s", small, large)
	}

	// The lake can keep its own catalog and index in the instance, whose password it manages.
	c, name := client(), aws.String("newsblog")
	if _, err := c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: name, ManageMasterUserPassword: aws.Bool(true), ApplyImmediately: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	d = until("a managed password", func(d types.DBInstance) bool { return available(d) && d.MasterUserSecret != nil })
	var managed struct{ Password string }
	secret, err := secretsmanager.NewFromConfig(l.AWSConfig(t)).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: d.MasterUserSecret.SecretArn})
	if err != nil {
		t.Fatal(err)
	}
	decode(t, *secret.SecretString, &managed)
	password = managed.Password
	query("SELECT 'made'", "CREATE DATABASE hive")
	const at = "instance:newsblog/hive?region=us-west-2"
	uses := "instances: {memory_scale: 1/8}\nmetastore: {database: '" + at + "'}\nerasure: {index: '" + at + "'}\n"
	if err := os.WriteFile(file, []byte(uses), 0o600); err != nil {
		t.Fatal(err)
	}

	// The server does not notice that lethe dies, and is taken up again.
	started := query("SELECT pg_postmaster_start_time()::text")
	l.Kill()
	if again := query("SELECT pg_postmaster_start_time()::text"); again != started {
		t.Errorf("the server was started at %s, and at %s", started, again)
	}
	l = lake.Start(t, data, "serve", "--config", file)
	until("available", available)
	whole(t, data, client())
	if again := query("SELECT pg_postmaster_start_time()::text || (SELECT count(*) FROM posts)"); again != started+"1" {
		t.Errorf("the server was started at %s, and at %s", started, again)
	}

	// What the lake uses is not taken from it.
	l.SQL(t, "CREATE DATABASE kept")
	database = "hive"
	if n := query(`SELECT (SELECT count(*) FROM "DBS" WHERE "NAME" = 'kept') + (SELECT count(*) FROM pg_namespace WHERE nspname = 'lethe_index') || ''`); n != "2" {
		t.Errorf("catalog and index are not in the instance: %s", n)
	}
	c = client()
	_, deleted := c.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: name, SkipFinalSnapshot: aws.Bool(true)})
	_, stopped := c.StopDBInstance(t.Context(), &rds.StopDBInstanceInput{DBInstanceIdentifier: name})
	_, moved := c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: name, DBPortNumber: aws.Int32(15999)})
	_, renamed := c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: name, NewDBInstanceIdentifier: aws.String("other")})
	_, locked := c.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: name, RotateMasterUserPassword: aws.Bool(true), ApplyImmediately: aws.Bool(true)})
	for _, err := range []error{deleted, stopped, moved, renamed, locked} {
		if refused := new(types.InvalidDBInstanceStateFault); !errors.As(err, &refused) || !strings.Contains(err.Error(), "metastore.database") {
			t.Error(err)
		}
	}
	l.Stop(t)
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(uses, "newsblog", "nobody")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = l.Try(lake.Binary(t), "serve", "--data", data, "--config", file, "--aws-addr", "127.0.0.1:0", "--console-addr", "127.0.0.1:0", "--hms-addr", "127.0.0.1:0")
	if err == nil || !strings.Contains(out, file+":2: configuration metastore.database: there is no database instance nobody in the region us-west-2") {
		t.Errorf("%v\n%s", err, out)
	}
	if err := os.WriteFile(file, []byte("instances: {memory_scale: 1/8}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l = lake.Start(t, data, "serve", "--config", file)

	// What is being saved when lethe dies is saved afterwards, or not at all.
	saved := aws.String("saved")
	if _, err := client().CreateDBSnapshot(t.Context(), &rds.CreateDBSnapshotInput{DBInstanceIdentifier: name, DBSnapshotIdentifier: saved}); err != nil {
		t.Fatal(err)
	}
	killed()
	until("available", available)
	if _, err := client().DeleteDBSnapshot(t.Context(), &rds.DeleteDBSnapshotInput{DBSnapshotIdentifier: saved}); err != nil {
		t.Error(err)
	}

	run(newer, "delete-db-instance", "--db-instance-identifier", "newsblog", "--skip-final-snapshot")
	if err := rds.NewDBInstanceDeletedWaiter(client(), func(o *rds.DBInstanceDeletedWaiterOptions) { o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second }).
		Wait(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String("newsblog")}, 3*time.Minute); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, l, data)
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// reachable is a folder for a test that the engines' user can go through, which those of
// testing are not.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lethe-instances")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// endServers ends the servers that a test has left.
func endServers(t *testing.T, data string) {
	for _, pids := range processes(t, data) {
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGQUIT); err == nil {
				for end := time.Now().Add(time.Minute); time.Now().Before(end) && syscall.Kill(pid, 0) == nil; {
					time.Sleep(20 * time.Millisecond)
				}
			}
		}
	}
}
