//go:build bench

package bench

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog/store"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	"lethe/object"
	"lethe/object/disk"
	"lethe/query"
	"lethe/query/duckdb"
	"lethe/test/lake"
)

// TestQueryChecks measures what deciding and recording cost a small query: against the
// same with a decider that says yes. On a machine that does more than this, the time that
// the server's process takes of the processors tells more than the clock.
func TestQueryChecks(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	db, err := state.Open(ctx, filepath.Join(dir, "state.db"))
	check(t, err)
	defer db.Close()
	audit, err := access.OpenAudit(filepath.Join(dir, "audit.jsonl"))
	check(t, err)
	defer audit.Close()
	who, err := access.Open(ctx, db, sealtest.Keyring(t, db), audit)
	check(t, err)
	defer who.Close()
	u, err := who.CreateUser(ctx, access.NewUser{Name: "ada"})
	check(t, err)
	for _, name := range []string{"AmazonAthenaFullAccess", "AmazonS3FullAccess"} {
		check(t, who.Attach(ctx, access.UserNamed("ada"), "arn:aws:iam::aws:policy/"+name))
	}
	objects, err := disk.Open(filepath.Join(dir, "objects"), disk.Options{NoSync: true})
	check(t, err)
	defer objects.Close()
	check(t, objects.CreateBucket(ctx, "bench"))
	cat, err := store.Open(ctx, filepath.Join(dir, "catalog.db"))
	check(t, err)
	defer cat.Close()
	engine, err := duckdb.New(duckdb.Config{Dir: filepath.Join(dir, "queries"), Store: objects, Pool: 2, Threads: 1, Command: []string{lake.Binary(t), "worker"}})
	check(t, err)
	defer engine.Close()
	services := map[string]*query.Service{}
	for name, d := range map[string]access.Decider{"decided": who, "stubbed": yes{}} {
		own, err := state.Open(ctx, filepath.Join(dir, name+".db"))
		check(t, err)
		defer own.Close()
		s, err := query.Open(ctx, query.Config{DB: own, Store: objects, Catalog: cat, Engine: engine, Access: d, Region: lethe.DefaultRegion, Output: "s3://bench/results/", Log: slog.New(slog.DiscardHandler)})
		check(t, err)
		defer s.Close()
		services[name] = s
	}
	as := lethe.WithPrincipal(ctx, lethe.Principal{ID: u.ID, Name: "ada", ARN: u.ARN()})
	run := func(s *query.Service, statement string) time.Duration {
		began := time.Now()
		id, err := s.Start(as, query.Request{Statement: statement})
		check(t, err)
		x, err := s.Wait(context.WithoutCancel(as), id)
		check(t, err)
		if x.State != query.Succeeded {
			t.Fatal(x.Reason)
		}
		return time.Since(began)
	}
	_, err = objects.Put(ctx, "bench", "t/a.csv", strings.NewReader("1\n2\n3\n"), object.Header{}, object.Condition{})
	check(t, err)
	run(services["stubbed"], "CREATE EXTERNAL TABLE t (id int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://bench/t/'")
	const queries = 60
	took, worked := map[string][]time.Duration{}, map[string][]time.Duration{}
	for range queries {
		for name, s := range services {
			before := processor(t)
			took[name] = append(took[name], run(s, "SELECT sum(id) FROM t"))
			worked[name] = append(worked[name], processor(t)-before)
		}
	}
	for what, of := range map[string]map[string][]time.Duration{"by the clock": took, "of the server's processor time": worked} {
		decided, stubbed := median(of["decided"]), median(of["stubbed"])
		t.Logf("| a query of 3 rows, decided and recorded, %s | %.2f ms | the same with checks stubbed out %.2f ms | %.3f |", what, ms(decided), ms(stubbed), ms(decided)/ms(stubbed))
	}
}

// processor is the time that this process has had of the processors.
func processor(t *testing.T) time.Duration {
	var u syscall.Rusage
	check(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
