package hive_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/catalogtest"
	"lethe/catalog/hive"
	"lethe/catalog/store"
	"lethe/wire/hms"
)

type everybody struct{}

func (everybody) Decide(context.Context, lethe.Principal, string, string) error { return nil }

// serve answers for a catalog on a listener and returns what stops it.
func serve(t testing.TB, cat catalog.Metastore, l net.Listener) (uri string, stop func()) {
	t.Helper()
	s := hms.New(hms.Config{Catalog: cat, Access: everybody{}, Region: "eu-central-1", Warehouse: "s3://warehouse", Log: slog.New(slog.DiscardHandler),
		Anonymous: func(context.Context, net.Addr, string) (lethe.Principal, error) {
			return lethe.Principal{ID: "AIDAADA", Name: "ada", ARN: lethe.UserARN("ada")}, nil
		}})
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := errors.Join(s.Shutdown(ctx), <-done); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return "thrift://" + l.Addr().String(), stop
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newStore(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func open(t testing.TB, c hive.Config) *hive.Catalog {
	t.Helper()
	k, err := hive.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func TestCatalog(t *testing.T) {
	catalogtest.Run(t, func(t *testing.T) catalog.Catalog {
		uri, _ := serve(t, newStore(t), listen(t))
		return nowhere{open(t, hive.Config{URIs: []string{uri}})}
	})
}

// nowhere gives a location to what has none, and takes it away again: a metastore
// chooses one otherwise, where the suite's catalogs leave it empty.
type nowhere struct{ *hive.Catalog }

// OwnTimes tells the suite that the metastore says when something was made.
func (nowhere) OwnTimes() {}

const noLocation = "s3://nowhere"

func in(l string) string {
	if l == "" {
		return noLocation
	}
	return l
}

func out(l string) string {
	if l == noLocation || strings.HasPrefix(l, "s3://warehouse") {
		return ""
	}
	return l
}

func (n nowhere) Databases(ctx context.Context) ([]catalog.Database, error) {
	ds, err := n.Catalog.Databases(ctx)
	for i := range ds {
		ds[i].Location = out(ds[i].Location)
	}
	return ds, err
}

func (n nowhere) Database(ctx context.Context, name string) (catalog.Database, error) {
	d, err := n.Catalog.Database(ctx, name)
	d.Location = out(d.Location)
	return d, err
}

func (n nowhere) CreateDatabase(ctx context.Context, d catalog.Database) error {
	d.Location = in(d.Location)
	return n.Catalog.CreateDatabase(ctx, d)
}

func (n nowhere) AlterDatabase(ctx context.Context, name string, d catalog.Database) error {
	d.Location = in(d.Location)
	return n.Catalog.AlterDatabase(ctx, name, d)
}

func (n nowhere) Tables(ctx context.Context, database string) ([]catalog.Table, error) {
	ts, err := n.Catalog.Tables(ctx, database)
	for i := range ts {
		ts[i].Storage.Location = out(ts[i].Storage.Location)
	}
	return ts, err
}

func (n nowhere) Table(ctx context.Context, database, name string) (catalog.Table, error) {
	t, err := n.Catalog.Table(ctx, database, name)
	t.Storage.Location = out(t.Storage.Location)
	return t, err
}

func (n nowhere) CreateTable(ctx context.Context, t catalog.Table) error {
	t.Storage.Location = in(t.Storage.Location)
	return n.Catalog.CreateTable(ctx, t)
}

func (n nowhere) AlterTable(ctx context.Context, database, name string, t catalog.Table) error {
	t.Storage.Location = in(t.Storage.Location)
	return n.Catalog.AlterTable(ctx, database, name, t)
}

func (n nowhere) Partitions(ctx context.Context, database, table string, page catalog.PartitionPage) ([]catalog.Partition, error) {
	ps, err := n.Catalog.Partitions(ctx, database, table, page)
	for i := range ps {
		ps[i].Storage.Location = out(ps[i].Storage.Location)
	}
	return ps, err
}

func (n nowhere) AddPartitions(ctx context.Context, database, table string, ps []catalog.Partition, ifNotExists bool) error {
	ps = append([]catalog.Partition(nil), ps...)
	for i := range ps {
		ps[i].Storage.Location = in(ps[i].Storage.Location)
	}
	return n.Catalog.AddPartitions(ctx, database, table, ps, ifNotExists)
}

func (n nowhere) AlterPartition(ctx context.Context, database, table string, values []string, p catalog.Partition) error {
	p.Storage.Location = in(p.Storage.Location)
	return n.Catalog.AlterPartition(ctx, database, table, values, p)
}
