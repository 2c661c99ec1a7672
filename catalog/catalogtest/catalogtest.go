// Package catalogtest holds the tests that every catalog.Catalog must pass.
//
//	func TestCatalog(t *testing.T) {
//		catalogtest.Run(t, func(t *testing.T) catalog.Catalog { return newEmptyCatalog(t) })
//	}
package catalogtest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
)

// Run tests catalogs that open makes. Each must be empty but for the database
// "default", and is closed by its maker.
func Run(t *testing.T, open func(t *testing.T) catalog.Catalog) {
	RunCases(t, open)
	t.Run("Model", func(t *testing.T) { testModel(t, open) })
}

// RunCases is Run without the random changes that are compared with a model.
func RunCases(t *testing.T, open func(t *testing.T) catalog.Catalog) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, catalog.Catalog)
	}{
		{"Databases", testDatabases},
		{"Tables", testTables},
		{"RoundTrip", testRoundTrip},
		{"AlterTable", testAlterTable},
		{"InvalidTables", testInvalidTables},
		{"Partitions", testPartitions},
		{"PartitionPages", testPartitionPages},
		{"PartitionExpressions", testPartitionExpressions},
		{"AlterPartition", testAlterPartition},
		{"InvalidPartitions", testInvalidPartitions},
		{"FollowTable", testFollowTable},
		{"Concurrency", testConcurrency},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// OwnTimes is implemented by catalogs that say themselves when databases and
// tables were made, whatever time CreateDatabase and CreateTable are given.
type OwnTimes interface{ OwnTimes() }

// NoDatabaseTimes is implemented by catalogs that may not know when databases
// were made, as Hive before 4.0 does not.
type NoDatabaseTimes interface{ NoDatabaseTimes() bool }

func databaseTimes(c catalog.Catalog) bool {
	n, ok := c.(NoDatabaseTimes)
	return !ok || !n.NoDatabaseTimes()
}

// want fails unless err is of the kind.
func want(t *testing.T, err error, kind lethe.Kind) {
	t.Helper()
	if !lethe.Is(err, kind) {
		t.Errorf("error is %v, want kind %q", err, kind)
		return
	}
	var e *lethe.Error
	if !errors.As(err, &e) || strings.TrimSpace(e.Message) == "" {
		t.Errorf("error %#v is not made for people", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// table returns a small external table of Parquet files.
func table(database, name string, keys ...string) catalog.Table {
	t := catalog.Table{
		Database: database,
		Name:     name,
		Type:     catalog.ExternalTable,
		Storage: catalog.Storage{
			Columns:      []catalog.Column{{Name: "id", Type: "bigint"}, {Name: "note", Type: "string", Comment: "what it is"}},
			Location:     "s3://lake/" + database + "/" + name,
			InputFormat:  catalog.Parquet.InputFormat,
			OutputFormat: catalog.Parquet.OutputFormat,
			SerDe:        catalog.SerDe{Library: catalog.Parquet.SerDe, Parameters: map[string]string{"serialization.format": "1"}},
			BucketCount:  -1,
		},
	}
	for _, k := range keys {
		t.Partitions = append(t.Partitions, catalog.Column{Name: k, Type: "string"})
	}
	return t
}

// partition returns a partition of t.
func partition(t catalog.Table, values ...string) catalog.Partition {
	s := t.Storage
	s.Columns = nil
	s.Location += "/" + catalog.PartitionName(t.Partitions, values)
	return catalog.Partition{Values: values, Storage: s, Parameters: map[string]string{"numRows": "7"}}
}

// comparable returns a definition without what a catalog may add or choose:
// the parameters EXTERNAL and transient_lastDdlTime, the time it was made, and
// empty lists and maps instead of none.
func comparable(t catalog.Table) catalog.Table {
	t.Created = time.Time{}
	t.Parameters = without(t.Parameters, "EXTERNAL", "transient_lastDdlTime")
	t.Storage = comparableStorage(t.Storage)
	t.Partitions = emptyNil(t.Partitions)
	return t
}

func comparableStorage(s catalog.Storage) catalog.Storage {
	s.Columns = emptyNil(s.Columns)
	s.BucketColumns = emptyNil(s.BucketColumns)
	s.SortColumns = emptyNil(s.SortColumns)
	s.Parameters = without(s.Parameters)
	s.SerDe.Parameters = without(s.SerDe.Parameters)
	if len(s.BucketColumns) == 0 && s.BucketCount == 0 {
		s.BucketCount = -1
	}
	return s
}

func comparablePartition(p catalog.Partition) catalog.Partition {
	p.Created = time.Time{}
	p.Parameters = without(p.Parameters, "transient_lastDdlTime")
	p.Storage = comparableStorage(p.Storage)
	return p
}

func emptyNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

func without(m map[string]string, keys ...string) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		if !slices.Contains(keys, k) {
			out[k] = v
		}
	}
	return out
}
