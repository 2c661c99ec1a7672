package hms

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/store"
	"lethe/lib/hms"
	"lethe/lib/thrift"
)

const region = "eu-central-1"

// decider allows everything but what deny says, and notes what it was asked.
type decider struct {
	mu    sync.Mutex
	asked []string
	deny  func(action, resource string) bool
}

func (d *decider) Decide(_ context.Context, p lethe.Principal, action, resource string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, action+" "+resource)
	if p.Zero() || d.deny != nil && d.deny(action, resource) {
		return lethe.Errorf(lethe.Denied, "%s is not authorized to perform: %s on resource: %s", p.Name, action, resource)
	}
	return nil
}

var ada = lethe.Principal{ID: "AIDAADA", Name: "ada", ARN: lethe.UserARN("ada")}

type server struct {
	*Server
	*decider
	catalog catalog.Metastore
	addr    string
}

// serve starts a server on a new catalog.
func serve(t testing.TB, change ...func(*Config)) *server {
	t.Helper()
	cat, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cat.Close() })
	d := &decider{}
	c := Config{Catalog: cat, Access: d, Region: region, Warehouse: "s3://warehouse/hive/", Log: slog.New(slog.DiscardHandler),
		Anonymous: func(context.Context, net.Addr, string) (lethe.Principal, error) { return ada, nil }}
	for _, f := range change {
		f(&c)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(c)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := errors.Join(s.Shutdown(ctx), <-done); err != nil {
			t.Error(err)
		}
	})
	return &server{s, d, cat, l.Addr().String()}
}

func (s *server) dial(t testing.TB, tr thrift.Transport) *thrift.Client {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(2 * time.Minute))
	return thrift.NewClient(c, tr)
}

// must calls a method that is answered.
func must[R any, P interface {
	*R
	thrift.Result
}](t testing.TB, c *thrift.Client, name string, args thrift.Struct) *R {
	t.Helper()
	r := P(new(R))
	if err := c.Call(name, args, r); err != nil {
		t.Fatalf("%s: %T %v", name, err, err)
	}
	return (*R)(r)
}

// try calls a method and returns its exception.
func try(t testing.TB, c *thrift.Client, name string, args thrift.Struct) error {
	t.Helper()
	err := c.Call(name, args, hms.Methods[name].Result())
	var lost *thrift.CallError
	if errors.As(err, &lost) {
		t.Fatalf("%s: %v", name, err)
	}
	return err
}

// throws checks an exception's type and what its text holds.
func throws(t testing.TB, err error, want error, text string) {
	t.Helper()
	if reflect.TypeOf(err) != reflect.TypeOf(want) || !strings.Contains(err.Error(), text) {
		t.Errorf("%T %v, want %T with %q", err, err, want, text)
	}
}

func events() *hms.Table {
	return &hms.Table{DbName: "default", TableName: "Events", Owner: "ada", TableType: "EXTERNAL_TABLE", Parameters: map[string]string{"EXTERNAL": "TRUE", "comment": "what happened"},
		PartitionKeys: []*hms.FieldSchema{{Name: "dt", Type: "string"}, {Name: "hour", Type: "int"}},
		Sd: &hms.StorageDescriptor{Cols: []*hms.FieldSchema{{Name: "id", Type: "bigint"}, {Name: "Body", Type: "string", Comment: "text"}}, Location: "s3a://lake/events",
			InputFormat: catalog.Parquet.InputFormat, OutputFormat: catalog.Parquet.OutputFormat, NumBuckets: -1,
			SerdeInfo: &hms.SerDeInfo{SerializationLib: catalog.Parquet.SerDe, Parameters: map[string]string{"serialization.format": "1"}}}}
}

func part(dt, hour string) *hms.Partition {
	return &hms.Partition{DbName: "default", TableName: "events", Values: []string{dt, hour}, Sd: &hms.StorageDescriptor{Cols: events().Sd.Cols, NumBuckets: -1, SerdeInfo: events().Sd.SerdeInfo}}
}

func TestClientsOfEveryTransport(t *testing.T) {
	s := serve(t)
	for _, tr := range []thrift.Transport{{}, {Framed: true}, {Compact: true}, {Framed: true, Compact: true}} {
		c := s.dial(t, tr)
		if r := must[hms.GetAllDatabasesReply](t, c, "get_all_databases", &hms.GetAllDatabasesArgs{}); !slices.Equal(r.Success, []string{"default"}) {
			t.Errorf("%+v: %q", tr, r.Success)
		}
		var app *thrift.ApplicationError
		for _, name := range append([]string{"no_such_method"}, hms.Unanswered...) {
			err := c.Call(name, &hms.GetAllDatabasesArgs{}, &hms.GetAllDatabasesReply{})
			if !errors.As(err, &app) || app.Code != thrift.UnknownMethod || app.Message != "Invalid method name: '"+name+"'" {
				t.Errorf("%+v: %s: %v", tr, name, err)
			}
		}
		must[hms.GetStatusReply](t, c, "getStatus", &hms.GetStatusArgs{}) // the connection is still good
	}
}

func TestDatabases(t *testing.T) {
	s := serve(t)
	c := s.dial(t, thrift.Transport{})
	create := func(d *hms.Database) error { return try(t, c, "create_database", &hms.CreateDatabaseArgs{Database: d}) }
	if err := create(&hms.Database{Name: "Sales", Description: "of sales", OwnerName: "team", OwnerType: hms.PrincipalTypeRole, Parameters: map[string]string{"a": "b"}}); err != nil {
		t.Fatal(err)
	}
	throws(t, create(&hms.Database{Name: "sales"}), &hms.AlreadyExistsException{}, "sales")
	throws(t, create(&hms.Database{Name: "x/y"}), &hms.InvalidObjectException{}, "x/y")
	for _, name := range []string{"sales", "SALES", "@hive#sales"} {
		d := must[hms.GetDatabaseReply](t, c, "get_database", &hms.GetDatabaseArgs{Name: name}).Success
		if d.LocationUri != "s3://warehouse/hive/sales.db" || d.OwnerName != "team" || d.OwnerType != hms.PrincipalTypeRole || d.Parameters["a"] != "b" || d.CatalogName != "hive" {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if d := must[hms.GetDatabaseReply](t, c, "get_database", &hms.GetDatabaseArgs{Name: "default"}).Success; d.LocationUri != "s3://warehouse/hive" {
		t.Errorf("default: %q: clients need a location", d.LocationUri)
	}
	throws(t, try(t, c, "get_database", &hms.GetDatabaseArgs{Name: "none"}), &hms.NoSuchObjectException{}, "none")
	throws(t, try(t, c, "get_database", &hms.GetDatabaseArgs{Name: "@spark#sales"}), &hms.NoSuchObjectException{}, "spark")
	for pattern, want := range map[string][]string{"*": {"default", "sales"}, "s*": {"sales"}, "S*|d*": {"default", "sales"}, ".*": {"default", "sales"}, "x": {}, "@hive#*": {"default", "sales"}, "@hive#!": {}} {
		if got := must[hms.GetDatabasesReply](t, c, "get_databases", &hms.GetDatabasesArgs{Pattern: pattern}).Success; !slices.Equal(got, want) && pattern != "@hive#!" {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
	table := events()
	table.DbName = "@hive#sales"
	must[hms.CreateTableReply](t, c, "create_table", &hms.CreateTableArgs{Tbl: table})
	throws(t, try(t, c, "drop_database", &hms.DropDatabaseArgs{Name: "sales"}), &hms.InvalidOperationException{}, "Database sales is not empty")
	throws(t, try(t, c, "drop_database", &hms.DropDatabaseArgs{Name: "none"}), &hms.NoSuchObjectException{}, "none")
	must[hms.DropDatabaseReqReply](t, c, "drop_database_req", &hms.DropDatabaseReqArgs{Req: &hms.DropDatabaseRequest{Name: "none", IgnoreUnknownDb: true}})
	must[hms.DropDatabaseReply](t, c, "drop_database", &hms.DropDatabaseArgs{Name: "sales", Cascade: true})
}

func TestTables(t *testing.T) {
	s := serve(t)
	c := s.dial(t, thrift.Transport{})
	must[hms.CreateTableWithEnvironmentContextReply](t, c, "create_table_with_environment_context", &hms.CreateTableWithEnvironmentContextArgs{Tbl: events()})
	throws(t, try(t, c, "create_table", &hms.CreateTableArgs{Tbl: events()}), &hms.AlreadyExistsException{}, "default.events")
	throws(t, try(t, c, "create_table", &hms.CreateTableArgs{Tbl: &hms.Table{DbName: "default", TableName: "x"}}), &hms.InvalidObjectException{}, "storage descriptor")
	throws(t, try(t, c, "create_table", &hms.CreateTableArgs{}), &hms.InvalidObjectException{}, "")
	lost := events()
	lost.DbName = "none"
	throws(t, try(t, c, "create_table", &hms.CreateTableArgs{Tbl: lost}), &hms.NoSuchObjectException{}, "none")

	got := must[hms.GetTableReply](t, c, "get_table", &hms.GetTableArgs{Dbname: "@hive#default", TblName: "EVENTS"}).Success
	if got.TableName != "events" || got.TableType != "EXTERNAL_TABLE" || got.CreateTime == 0 || got.Owner != "ada" || got.Sd.Cols[1].Name != "body" || got.Sd.Cols[1].Comment != "text" ||
		got.Sd.SerdeInfo.Parameters["serialization.format"] != "1" || got.PartitionKeys[1].Type != "int" || got.Parameters["transient_lastDdlTime"] == "" ||
		got.Sd.SkewedInfo == nil || got.Sd.BucketCols == nil || got.Sd.SortCols == nil || got.Sd.Parameters == nil {
		t.Errorf("%+v\n%+v", got, got.Sd)
	}
	if r := must[hms.GetTableReqReply](t, c, "get_table_req", &hms.GetTableReqArgs{Req: &hms.GetTableRequest{DbName: "default", TblName: "events"}}); !reflect.DeepEqual(r.Success.Table, got) {
		t.Errorf("get_table_req: %+v", r.Success.Table)
	}
	if l := must[hms.GetTableObjectsByNameReply](t, c, "get_table_objects_by_name", &hms.GetTableObjectsByNameArgs{Dbname: "default", TblNames: []string{"none", "events"}}).Success; len(l) != 1 || !reflect.DeepEqual(l[0], got) {
		t.Errorf("get_table_objects_by_name: %+v", l)
	}
	throws(t, try(t, c, "get_table", &hms.GetTableArgs{Dbname: "default", TblName: "none"}), &hms.NoSuchObjectException{}, "hive.default.none table not found")
	throws(t, try(t, c, "get_table_req", &hms.GetTableReqArgs{}), &hms.NoSuchObjectException{}, "")
	if r := must[hms.GetSchemaReply](t, c, "get_schema", &hms.GetSchemaArgs{DbName: "default", TableName: "events"}); len(r.Success) != 4 {
		t.Errorf("get_schema: %+v", r.Success)
	}
	throws(t, try(t, c, "get_fields", &hms.GetFieldsArgs{DbName: "default", TableName: "none"}), &hms.UnknownTableException{}, "none")

	managed := events()
	managed.TableName, managed.TableType, managed.Parameters, managed.Sd.Location = "kept", "MANAGED_TABLE", nil, ""
	must[hms.CreateTableReply](t, c, "create_table", &hms.CreateTableArgs{Tbl: managed})
	if got := must[hms.GetTableReply](t, c, "get_table", &hms.GetTableArgs{Dbname: "default", TblName: "kept"}).Success; got.Sd.Location != "s3://warehouse/hive/kept" || got.TableType != "MANAGED_TABLE" {
		t.Errorf("%s, %s", got.Sd.Location, got.TableType)
	}
	if l := must[hms.GetTablesByTypeReply](t, c, "get_tables_by_type", &hms.GetTablesByTypeArgs{DbName: "default", Pattern: "*", TableType: "MANAGED_TABLE"}).Success; !slices.Equal(l, []string{"kept"}) {
		t.Errorf("%q", l)
	}
	if l := must[hms.GetTableMetaReply](t, c, "get_table_meta", &hms.GetTableMetaArgs{DbPatterns: "*", TblPatterns: "e*"}).Success; len(l) != 1 || l[0].Comments != "what happened" || l[0].TableType != "EXTERNAL_TABLE" {
		t.Errorf("%+v", l)
	}
	if l := must[hms.GetAllTablesReply](t, c, "get_all_tables", &hms.GetAllTablesArgs{DbName: "none"}).Success; len(l) != 0 {
		t.Errorf("tables of no database: %q", l)
	}
	for filter, want := range map[string]int{`hive_filter_field_params__comment = "what happened"`: 1, `hive_filter_field_params__comment like ".*hap.*"`: 1, `hive_filter_field_owner__ = "ada"`: 2,
		`hive_filter_field_params__none = "x" or hive_filter_field_last_access__ < 5`: 2} {
		if l := must[hms.GetTableNamesByFilterReply](t, c, "get_table_names_by_filter", &hms.GetTableNamesByFilterArgs{Dbname: "default", Filter: filter, MaxTables: -1}).Success; len(l) != want {
			t.Errorf("%s: %q", filter, l)
		}
	}

	// Alter, rename, and the comparison that Iceberg commits with.
	got.Parameters["metadata_location"] = "one"
	alter := func(name string, to *hms.Table, properties map[string]string) error {
		return try(t, c, "alter_table_with_environment_context", &hms.AlterTableWithEnvironmentContextArgs{Dbname: "default", TblName: name, NewTbl: to, EnvironmentContext: &hms.EnvironmentContext{Properties: properties}})
	}
	if err := alter("events", got, nil); err != nil {
		t.Fatal(err)
	}
	got.Parameters["metadata_location"] = "two"
	if err := alter("events", got, map[string]string{"expected_parameter_key": "metadata_location", "expected_parameter_value": "one"}); err != nil {
		t.Fatal(err)
	}
	err := alter("events", got, map[string]string{"expected_parameter_key": "metadata_location", "expected_parameter_value": "one"})
	throws(t, err, &hms.MetaException{}, "The table has been modified. The parameter value for key 'metadata_location' is 'two'")
	got.TableName = "kept"
	throws(t, alter("events", got, nil), &hms.InvalidOperationException{}, "new table default.kept already exists")
	throws(t, alter("none", got, nil), &hms.InvalidOperationException{}, "none")
	got.TableName = "happenings"
	if err := alter("events", got, nil); err != nil {
		t.Fatal(err)
	}
	must[hms.DropTableWithEnvironmentContextReply](t, c, "drop_table_with_environment_context", &hms.DropTableWithEnvironmentContextArgs{Dbname: "default", Name: "happenings"})
	throws(t, try(t, c, "drop_table", &hms.DropTableArgs{Dbname: "default", Name: "happenings"}), &hms.NoSuchObjectException{}, "happenings")
}

func names(ps []*hms.Partition) (out []string) {
	for _, p := range ps {
		out = append(out, strings.Join(p.Values, "/"))
	}
	return out
}

func TestPartitions(t *testing.T) {
	s := serve(t)
	c := s.dial(t, thrift.Transport{})
	must[hms.CreateTableReply](t, c, "create_table", &hms.CreateTableArgs{Tbl: events()})
	all := []*hms.Partition{part("2026-01-01", "1"), part("2026-01-01", "2"), part("2026-01-02", "10"), part("a:b", "3")}
	if n := must[hms.AddPartitionsReply](t, c, "add_partitions", &hms.AddPartitionsArgs{NewParts: all}).Success; *n != 4 {
		t.Errorf("%d added", *n)
	}
	throws(t, try(t, c, "add_partition", &hms.AddPartitionArgs{NewPart: all[0]}), &hms.AlreadyExistsException{}, "dt=2026-01-01/hour=1")
	elsewhere := part("x", "1")
	elsewhere.TableName = "other"
	throws(t, try(t, c, "add_partitions", &hms.AddPartitionsArgs{NewParts: []*hms.Partition{part("y", "1"), elsewhere}}), &hms.MetaException{}, "does not belong")
	r := must[hms.AddPartitionsReqReply](t, c, "add_partitions_req", &hms.AddPartitionsReqArgs{Request: &hms.AddPartitionsRequest{DbName: "default", TblName: "events", IfNotExists: true, Parts: []*hms.Partition{all[0], part("2026-01-03", "0")}}})
	if got := names(r.Success.Partitions); !slices.Equal(got, []string{"2026-01-03/0"}) {
		t.Errorf("added %q", got)
	}
	must[hms.AppendPartitionByNameReply](t, c, "append_partition_by_name", &hms.AppendPartitionByNameArgs{DbName: "default", TblName: "events", PartName: "dt=2026-01-04/hour=5"})

	want := []string{"dt=2026-01-01/hour=1", "dt=2026-01-01/hour=2", "dt=2026-01-02/hour=10", "dt=2026-01-03/hour=0", "dt=2026-01-04/hour=5", "dt=a%3Ab/hour=3"}
	if got := must[hms.GetPartitionNamesReply](t, c, "get_partition_names", &hms.GetPartitionNamesArgs{DbName: "default", TblName: "events", MaxParts: -1}).Success; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := must[hms.GetPartitionNamesReply](t, c, "get_partition_names", &hms.GetPartitionNamesArgs{DbName: "default", TblName: "events", MaxParts: 2}).Success; !slices.Equal(got, want[:2]) {
		t.Errorf("%q", got)
	}
	if got := must[hms.GetPartitionNamesPsReply](t, c, "get_partition_names_ps", &hms.GetPartitionNamesPsArgs{DbName: "default", TblName: "events", PartVals: []string{"", "3"}, MaxParts: -1}).Success; !slices.Equal(got, want[5:]) {
		t.Errorf("%q", got)
	}
	p := must[hms.GetPartitionReply](t, c, "get_partition", &hms.GetPartitionArgs{DbName: "default", TblName: "events", PartVals: []string{"a:b", "3"}}).Success
	if p.Sd.Location != "s3a://lake/events/dt=a%3Ab/hour=3" || len(p.Sd.Cols) != 2 || p.Parameters["transient_lastDdlTime"] == "" || p.CreateTime == 0 {
		t.Errorf("%+v %+v", p, p.Sd)
	}
	throws(t, try(t, c, "get_partition", &hms.GetPartitionArgs{DbName: "default", TblName: "events", PartVals: []string{"x", "3"}}), &hms.NoSuchObjectException{}, "partition values=[x, 3]")
	throws(t, try(t, c, "get_partition", &hms.GetPartitionArgs{DbName: "default", TblName: "events", PartVals: []string{"x"}}), &hms.NoSuchObjectException{}, "")
	throws(t, try(t, c, "get_partitions", &hms.GetPartitionsArgs{DbName: "default", TblName: "none", MaxParts: -1}), &hms.NoSuchObjectException{}, "table not found")
	if got := names(must[hms.GetPartitionsByNamesReply](t, c, "get_partitions_by_names", &hms.GetPartitionsByNamesArgs{DbName: "default", TblName: "events", Names: []string{want[5], want[0], "dt=x/hour=1"}}).Success); !slices.Equal(got, []string{"2026-01-01/1", "a:b/3"}) {
		t.Errorf("%q", got)
	}
	for filter, want := range map[string]string{
		``: "all", `dt = "2026-01-01"`: "2026-01-01/1 2026-01-01/2", `dt='2026-01-01' and hour = 2`: "2026-01-01/2", `hour >= 3 and dt < "b"`: "2026-01-02/10 2026-01-04/5 a:b/3",
		`(dt = "a:b" or hour = 0)`: "2026-01-03/0 a:b/3", `10 <= hour`: "2026-01-02/10", `dt like "2026-01-0[34]"`: "2026-01-03/0 2026-01-04/5",
		`hour in (1, 2) and dt not in ("x")`: "2026-01-01/1 2026-01-01/2", `hour between 4 and 9`: "2026-01-04/5", `dt = 2026-01-03`: "2026-01-03/0", `dt != "a:b" and hour <> 1 and hour not between 2 and 9`: "2026-01-02/10 2026-01-03/0",
	} {
		got := strings.Join(names(must[hms.GetPartitionsByFilterReply](t, c, "get_partitions_by_filter", &hms.GetPartitionsByFilterArgs{DbName: "default", TblName: "events", Filter: filter, MaxParts: -1}).Success), " ")
		if got != want && !(want == "all" && strings.Count(got, " ") == 5) {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	for _, filter := range []string{"dt", "dt =", "none = 1", `hour = "x"`, `dt = "x`, "(((", `dt like "("`, strings.Repeat("(", 100_000), "dt = 1 and", "dt not = 1"} {
		err := try(t, c, "get_partitions_by_filter", &hms.GetPartitionsByFilterArgs{DbName: "default", TblName: "events", Filter: filter, MaxParts: -1})
		throws(t, err, &hms.MetaException{}, "")
	}

	// Change and drop.
	p.Parameters["numRows"] = "7"
	must[hms.AlterPartitionsReqReply](t, c, "alter_partitions_req", &hms.AlterPartitionsReqArgs{Req: &hms.AlterPartitionsRequest{DbName: "default", TableName: "events", Partitions: []*hms.Partition{p}}})
	p.Values = []string{"c", "3"}
	must[hms.RenamePartitionReply](t, c, "rename_partition", &hms.RenamePartitionArgs{DbName: "default", TblName: "events", PartVals: []string{"a:b", "3"}, NewPart: p})
	if p := must[hms.GetPartitionByNameReply](t, c, "get_partition_by_name", &hms.GetPartitionByNameArgs{DbName: "default", TblName: "events", PartName: "dt=c/hour=3"}).Success; p.Parameters["numRows"] != "7" {
		t.Errorf("%+v", p)
	}
	throws(t, try(t, c, "alter_partition", &hms.AlterPartitionArgs{DbName: "default", TblName: "events", NewPart: part("x", "1")}), &hms.InvalidOperationException{}, "alter is not possible")
	must[hms.DropPartitionReply](t, c, "drop_partition", &hms.DropPartitionArgs{DbName: "default", TblName: "events", PartVals: []string{"c", "3"}})
	throws(t, try(t, c, "drop_partition_by_name", &hms.DropPartitionByNameArgs{DbName: "default", TblName: "events", PartName: "dt=c/hour=3"}), &hms.NoSuchObjectException{}, "dt=c")
	d := must[hms.DropPartitionsReqReply](t, c, "drop_partitions_req", &hms.DropPartitionsReqArgs{Req: &hms.DropPartitionsRequest{DbName: "default", TblName: "events", Parts: &hms.RequestPartsSpec{Names: []string{want[0], "dt=z/hour=1"}}}})
	if got := names(d.Success.Partitions); !slices.Equal(got, []string{"2026-01-01/1"}) {
		t.Errorf("dropped %q", got)
	}
	throws(t, try(t, c, "drop_partitions_req", &hms.DropPartitionsReqArgs{Req: &hms.DropPartitionsRequest{DbName: "default", TblName: "events", Parts: &hms.RequestPartsSpec{Exprs: []*hms.DropPartitionsExpr{{}}}}}), &hms.MetaException{}, "by their names")
}

func TestStatistics(t *testing.T) {
	s := serve(t)
	c := s.dial(t, thrift.Transport{})
	table := events()
	for _, typ := range []string{"boolean", "double", "decimal(10,2)", "date", "binary", "timestamp"} {
		table.Sd.Cols = append(table.Sd.Cols, &hms.FieldSchema{Name: "c_" + typ[:4], Type: typ})
	}
	must[hms.CreateTableReply](t, c, "create_table", &hms.CreateTableArgs{Tbl: table})
	obj := func(name, typ string, d *hms.ColumnStatisticsData) *hms.ColumnStatisticsObj {
		return &hms.ColumnStatisticsObj{ColName: name, ColType: typ, StatsData: d}
	}
	long := func(low, high, dvs int64) *hms.ColumnStatisticsData {
		return &hms.ColumnStatisticsData{LongStats: &hms.LongColumnStatsData{LowValue: &low, HighValue: &high, NumDVs: dvs, NumNulls: 1}}
	}
	want := []*hms.ColumnStatisticsObj{
		obj("body", "string", &hms.ColumnStatisticsData{StringStats: &hms.StringColumnStatsData{MaxColLen: 9, AvgColLen: 2.5, NumNulls: 1, NumDVs: 4, BitVectors: []byte{1, 2}}}),
		obj("c_bina", "binary", &hms.ColumnStatisticsData{BinaryStats: &hms.BinaryColumnStatsData{MaxColLen: 9, AvgColLen: 2.5, NumNulls: 1}}),
		obj("c_bool", "boolean", &hms.ColumnStatisticsData{BooleanStats: &hms.BooleanColumnStatsData{NumTrues: 3, NumFalses: 4, NumNulls: 5}}),
		obj("c_date", "date", &hms.ColumnStatisticsData{DateStats: &hms.DateColumnStatsData{LowValue: &hms.Date{DaysSinceEpoch: -3}, HighValue: &hms.Date{DaysSinceEpoch: 20000}, NumDVs: 2}}),
		obj("c_deci", "decimal(10,2)", &hms.ColumnStatisticsData{DecimalStats: &hms.DecimalColumnStatsData{LowValue: &hms.Decimal{Unscaled: []byte{0xff, 0x7f}, Scale: 2}, HighValue: &hms.Decimal{Unscaled: []byte{0, 0x80}, Scale: 2}, NumDVs: 2}}),
		obj("c_doub", "double", &hms.ColumnStatisticsData{DoubleStats: &hms.DoubleColumnStatsData{LowValue: ptr(-1.5), HighValue: ptr(2.5), NumDVs: 2}}),
		obj("c_time", "timestamp", long(1, 2, 3)),
		obj("id", "bigint", long(-5, 5, 10)),
	}
	must[hms.UpdateTableColumnStatisticsReply](t, c, "update_table_column_statistics", &hms.UpdateTableColumnStatisticsArgs{StatsObj: &hms.ColumnStatistics{StatsDesc: &hms.ColumnStatisticsDesc{IsTblLevel: true, DbName: "default", TableName: "events"}, StatsObj: want}})
	var columns []string
	for _, o := range want {
		columns = append(columns, o.ColName)
	}
	got := must[hms.GetTableStatisticsReqReply](t, c, "get_table_statistics_req", &hms.GetTableStatisticsReqArgs{Request: &hms.TableStatsRequest{DbName: "default", TblName: "events", ColNames: columns}}).Success.TableStats
	for i := range want {
		if i >= len(got) || !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s: %+v", want[i].ColName, got)
		}
	}
	throws(t, try(t, c, "update_table_column_statistics", &hms.UpdateTableColumnStatisticsArgs{StatsObj: &hms.ColumnStatistics{StatsDesc: &hms.ColumnStatisticsDesc{IsTblLevel: true, DbName: "default", TableName: "events"},
		StatsObj: []*hms.ColumnStatisticsObj{obj("none", "int", long(1, 1, 1))}}}), &hms.NoSuchObjectException{}, "none")

	must[hms.AddPartitionsReply](t, c, "add_partitions", &hms.AddPartitionsArgs{NewParts: []*hms.Partition{part("a", "1"), part("b", "1")}})
	for i, name := range []string{"dt=a/hour=1", "dt=b/hour=1"} {
		must[hms.UpdatePartitionColumnStatisticsReply](t, c, "update_partition_column_statistics", &hms.UpdatePartitionColumnStatisticsArgs{StatsObj: &hms.ColumnStatistics{
			StatsDesc: &hms.ColumnStatisticsDesc{DbName: "default", TableName: "events", PartName: name}, StatsObj: []*hms.ColumnStatisticsObj{obj("id", "bigint", long(int64(i), int64(10*i+1), int64(i+1)))}}})
	}
	q := &hms.PartitionsStatsRequest{DbName: "default", TblName: "events", ColNames: []string{"id"}, PartNames: []string{"dt=a/hour=1", "dt=b/hour=1", "dt=c/hour=1"}}
	parts := must[hms.GetPartitionsStatisticsReqReply](t, c, "get_partitions_statistics_req", &hms.GetPartitionsStatisticsReqArgs{Request: q}).Success.PartStats
	if len(parts) != 2 || *parts["dt=b/hour=1"][0].StatsData.LongStats.HighValue != 11 {
		t.Errorf("%+v", parts)
	}
	a := must[hms.GetAggrStatsForReply](t, c, "get_aggr_stats_for", &hms.GetAggrStatsForArgs{Request: q}).Success
	if l := a.ColStats[0].StatsData.LongStats; a.PartsFound != 2 || *l.LowValue != 0 || *l.HighValue != 11 || l.NumNulls != 2 || l.NumDVs != 2 {
		t.Errorf("%+v %+v", a, l)
	}
	must[hms.DeletePartitionColumnStatisticsReply](t, c, "delete_partition_column_statistics", &hms.DeletePartitionColumnStatisticsArgs{DbName: "default", TblName: "events", PartName: "dt=a/hour=1", ColName: "id"})
	must[hms.DeleteTableColumnStatisticsReply](t, c, "delete_table_column_statistics", &hms.DeleteTableColumnStatisticsArgs{DbName: "default", TblName: "events"})
	throws(t, try(t, c, "get_table_column_statistics", &hms.GetTableColumnStatisticsArgs{DbName: "default", TblName: "events", ColName: "id"}), &hms.NoSuchObjectException{}, "do not exist")
	must[hms.DropTableReply](t, c, "drop_table", &hms.DropTableArgs{Dbname: "default", Name: "events"})
}

func TestFunctionsLocksAndTheRest(t *testing.T) {
	s := serve(t)
	c := s.dial(t, thrift.Transport{})
	f := &hms.Function{FunctionName: "Shout", DbName: "default", ClassName: "com.example.Shout", OwnerName: "ada", FunctionType: hms.FunctionTypeJava, ResourceUris: []*hms.ResourceUri{{ResourceType: hms.ResourceTypeJar, Uri: "s3a://lake/shout.jar"}}}
	must[hms.CreateFunctionReply](t, c, "create_function", &hms.CreateFunctionArgs{Func: f})
	throws(t, try(t, c, "create_function", &hms.CreateFunctionArgs{Func: f}), &hms.AlreadyExistsException{}, "shout")
	throws(t, try(t, c, "get_function", &hms.GetFunctionArgs{DbName: "default", FuncName: "whisper"}), &hms.NoSuchObjectException{}, "whisper does not exist")
	if got := must[hms.GetAllFunctionsReply](t, c, "get_all_functions", &hms.GetAllFunctionsArgs{}).Success.Functions; len(got) != 1 || got[0].FunctionName != "shout" || got[0].ResourceUris[0].Uri != "s3a://lake/shout.jar" {
		t.Errorf("%+v", got)
	}
	f.FunctionName, f.ClassName = "call", "com.example.Call"
	must[hms.AlterFunctionReply](t, c, "alter_function", &hms.AlterFunctionArgs{DbName: "default", FuncName: "shout", NewFunc: f})
	must[hms.DropFunctionReply](t, c, "drop_function", &hms.DropFunctionArgs{DbName: "default", FuncName: "call"})

	lock := func() *hms.LockResponse {
		return must[hms.LockReply](t, c, "lock", &hms.LockArgs{Rqst: &hms.LockRequest{User: "ada", Hostname: "h", AgentInfo: "test", Component: []*hms.LockComponent{{Type: hms.LockTypeExclusive, Level: hms.LockLevelTable, Dbname: "default", Tablename: "t"}}}}).Success
	}
	check := func(id int64) hms.LockState {
		return must[hms.CheckLockReply](t, c, "check_lock", &hms.CheckLockArgs{Rqst: &hms.CheckLockRequest{Lockid: id}}).Success.State
	}
	a, b := lock(), lock()
	if a.State != hms.LockStateAcquired || b.State != hms.LockStateWaiting || check(b.Lockid) != hms.LockStateWaiting {
		t.Errorf("%+v %+v", a, b)
	}
	if l := must[hms.ShowLocksReply](t, c, "show_locks", &hms.ShowLocksArgs{Rqst: &hms.ShowLocksRequest{Dbname: "default"}}).Success.Locks; len(l) != 2 || l[0].Type != hms.LockTypeExclusive || l[0].AgentInfo != "test" {
		t.Errorf("%+v", l)
	}
	must[hms.HeartbeatReply](t, c, "heartbeat", &hms.HeartbeatArgs{Ids: &hms.HeartbeatRequest{Lockid: &a.Lockid}})
	must[hms.UnlockReply](t, c, "unlock", &hms.UnlockArgs{Rqst: &hms.UnlockRequest{Lockid: a.Lockid}})
	if check(b.Lockid) != hms.LockStateAcquired {
		t.Error("the second lock still waits")
	}
	throws(t, try(t, c, "unlock", &hms.UnlockArgs{Rqst: &hms.UnlockRequest{Lockid: a.Lockid}}), &hms.NoSuchLockException{}, "No such lock")
	throws(t, try(t, c, "heartbeat", &hms.HeartbeatArgs{Ids: &hms.HeartbeatRequest{Lockid: &a.Lockid}}), &hms.NoSuchLockException{}, "No such lock")
	throws(t, try(t, c, "heartbeat", &hms.HeartbeatArgs{Ids: &hms.HeartbeatRequest{Txnid: ptr(int64(7))}}), &hms.NoSuchTxnException{}, "txnid:7")

	if v := must[hms.GetConfigValueReply](t, c, "get_config_value", &hms.GetConfigValueArgs{Name: "hive.none", DefaultValue: "d"}).Success; v != "d" {
		t.Errorf("%q", v)
	}
	throws(t, try(t, c, "get_config_value", &hms.GetConfigValueArgs{Name: "javax.jdo.option.ConnectionPassword"}), &hms.ConfigValSecurityException{}, "cannot be accessed")
	throws(t, try(t, c, "getMetaConf", &hms.GetMetaConfArgs{Key: "none"}), &hms.MetaException{}, "Invalid configuration key")
	throws(t, try(t, c, "create_role", &hms.CreateRoleArgs{Role: &hms.Role{RoleName: "r"}}), &hms.MetaException{}, "policies")
	must[hms.SetUgiReply](t, c, "set_ugi", &hms.SetUgiArgs{UserName: "spark", GroupNames: []string{"g"}})
	if k := must[hms.GetPrimaryKeysReply](t, c, "get_primary_keys", &hms.GetPrimaryKeysArgs{Request: &hms.PrimaryKeysRequest{DbName: "default", TblName: "t"}}).Success; k.PrimaryKeys == nil {
		t.Error("no list of primary keys")
	}
	// A client says good-bye; the server stays.
	c.Send(thrift.Header{Name: "shutdown", Kind: thrift.ONEWAY}, &hms.ShutdownArgs{})
	if _, err := c.Receive(); err != io.EOF {
		t.Errorf("after shutdown: %v", err)
	}
	must[hms.GetNameReply](t, s.dial(t, thrift.Transport{}), "getName", &hms.GetNameArgs{})
}

func TestNotifications(t *testing.T) {
	s := serve(t)
	c := s.dial(t, thrift.Transport{})
	current := func() int64 {
		return must[hms.GetCurrentNotificationEventIdReply](t, c, "get_current_notificationEventId", &hms.GetCurrentNotificationEventIdArgs{}).Success.EventId
	}
	before := current()
	must[hms.CreateTableReply](t, c, "create_table", &hms.CreateTableArgs{Tbl: events()})
	must[hms.AddPartitionReply](t, c, "add_partition", &hms.AddPartitionArgs{NewPart: part("2026-01-01", "1")})
	fired := must[hms.FireListenerEventReply](t, c, "fire_listener_event", &hms.FireListenerEventArgs{Rqst: &hms.FireEventRequest{Successful: true, DbName: "default", TableName: "EVENTS",
		PartitionVals: []string{"2026-01-01", "1"}, Data: &hms.FireEventRequestData{InsertData: &hms.InsertEventRequestData{FilesAdded: []string{"s3://b/f"}, FilesAddedChecksum: []string{"sum"}}}}})
	if last := current(); last != before+3 || !slices.Equal(fired.Success.EventIds, []int64{last}) {
		t.Errorf("last %d after %d, fired %v", last, before, fired.Success.EventIds)
	}
	next := func(q *hms.NotificationEventRequest) (types []string, es []*hms.NotificationEvent) {
		es = must[hms.GetNextNotificationReply](t, c, "get_next_notification", &hms.GetNextNotificationArgs{Rqst: q}).Success.Events
		for _, e := range es {
			types = append(types, e.EventType)
		}
		return types, es
	}
	types, es := next(&hms.NotificationEventRequest{LastEvent: before})
	if !slices.Equal(types, []string{"CREATE_TABLE", "ADD_PARTITION", "INSERT"}) || es[2].DbName != "default" || es[2].TableName != "events" {
		t.Fatalf("events %q", types)
	}
	var insert struct {
		DB, Table, PtnObjJSON, TableObjJSON, Replace string
		Files                                        []string
	}
	if err := json.Unmarshal([]byte(es[2].Message), &insert); err != nil || insert.DB != "default" || insert.Table != "events" || insert.Replace != "false" ||
		!slices.Equal(insert.Files, []string{"s3://b/f###sum"}) || !json.Valid([]byte(insert.PtnObjJSON)) || !json.Valid([]byte(insert.TableObjJSON)) {
		t.Errorf("%v: %s", err, es[2].Message)
	}
	if types, _ := next(&hms.NotificationEventRequest{LastEvent: before, MaxEvents: ptr(int32(1)), EventTypeSkipList: []string{"CREATE_TABLE"}}); !slices.Equal(types, []string{"ADD_PARTITION"}) {
		t.Errorf("without CREATE_TABLE, one at most: %q", types)
	}
	count := must[hms.GetNotificationEventsCountReply](t, c, "get_notification_events_count", &hms.GetNotificationEventsCountArgs{Rqst: &hms.NotificationEventsCountRequest{FromEventId: before, DbName: "default"}})
	if count.Success.EventsCount != 3 {
		t.Errorf("counted %d", count.Success.EventsCount)
	}
	err := try(t, c, "fire_listener_event", &hms.FireListenerEventArgs{Rqst: &hms.FireEventRequest{DbName: "default", TableName: "events", Data: &hms.FireEventRequestData{}}})
	if err == nil || !strings.Contains(err.Error(), "inserts") {
		t.Errorf("nothing to tell of: %v", err)
	}
}

// shelf notes which folders were made and deleted; what is below kept is denied.
type shelf struct {
	mu            sync.Mutex
	made, deleted []string
	kept          string
}

func (f *shelf) Make(_ context.Context, location string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made = append(f.made, location)
	return nil
}

func (f *shelf) Delete(_ context.Context, location string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept != "" && strings.HasPrefix(location, f.kept) {
		return lethe.Errorf(lethe.Denied, "it is kept")
	}
	f.deleted = append(f.deleted, location)
	return nil
}

func TestFoldersOfTables(t *testing.T) {
	f := &shelf{kept: "s3://b/kept"}
	s := serve(t, func(c *Config) { c.Folders = f })
	c := s.dial(t, thrift.Transport{})
	create := func(name, location, typ string) {
		table := events()
		table.TableName, table.TableType, table.Sd.Location, table.Parameters = name, typ, location, map[string]string{}
		if typ == "EXTERNAL_TABLE" {
			table.Parameters["EXTERNAL"] = "TRUE"
		}
		must[hms.CreateTableReply](t, c, "create_table", &hms.CreateTableArgs{Tbl: table})
		for _, l := range []string{location + "/dt=1/hour=1", "s3://other/" + name} {
			p := part(l, "1")
			p.TableName, p.Sd.Location = name, l
			must[hms.AddPartitionReply](t, c, "add_partition", &hms.AddPartitionArgs{NewPart: p})
		}
	}
	create("managed", "s3://b/m", "MANAGED_TABLE")
	create("external", "s3://b/e", "EXTERNAL_TABLE")
	create("kept", "s3://b/kept", "MANAGED_TABLE")
	create("half", "s3://b/h", "MANAGED_TABLE")
	if want := []string{"s3://b/m", "s3://b/e", "s3://b/kept", "s3://b/h"}; !slices.Equal(f.made, want) {
		t.Errorf("made %q", f.made)
	}
	drop := func(name string, data bool) {
		must[hms.DropTableReply](t, c, "drop_table", &hms.DropTableArgs{Dbname: "default", Name: name, DeleteData: data})
	}
	must[hms.DropPartitionReply](t, c, "drop_partition", &hms.DropPartitionArgs{DbName: "default", TblName: "managed", PartVals: []string{"s3://b/m/dt=1/hour=1", "1"}, DeleteData: true})
	must[hms.DropPartitionReply](t, c, "drop_partition", &hms.DropPartitionArgs{DbName: "default", TblName: "external", PartVals: []string{"s3://b/e/dt=1/hour=1", "1"}, DeleteData: true})
	drop("managed", true)
	drop("external", true)
	drop("kept", true) // its files stay, and it is dropped all the same
	drop("half", false)
	if want := []string{"s3://b/m/dt=1/hour=1", "s3://b/m", "s3://other/managed", "s3://other/kept"}; !slices.Equal(f.deleted, want) {
		t.Errorf("deleted %q, want %q", f.deleted, want)
	}
}
