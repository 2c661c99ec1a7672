//go:build bench

package bench

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lethe/lib/hms"
	"lethe/lib/thrift"
	"lethe/test/lake"
	"lethe/test/need"
)

// metastorePartitions are those of the table that is asked for, and metastoreSeconds
// how long each is asked in each round; METASTORE_PARTITIONS and METASTORE_SECONDS
// take other numbers.
var (
	metastorePartitions = max(number("METASTORE_PARTITIONS", 100_000), 1000) / 1000 * 1000
	metastoreSeconds    = number("METASTORE_SECONDS", 3)
)

// metastoreRounds are those that count; one before them warms Java's compiler up.
const metastoreRounds = 3

func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

// peer is a metastore that is measured.
type peer struct {
	name, addr string
	pid        int
	found      map[string][]float64 // of each figure, what the rounds found
}

func (p *peer) median(what string) float64 {
	all := slices.Sorted(slices.Values(p.found[what]))
	return all[len(all)/2]
}

func (p *peer) is(what string, figure float64) { p.found[what] = append(p.found[what], figure) }

// TestMetastoreAgainstJava measures the metastore and Hive's own, 3.1.3, on one
// PostgreSQL database, with one client, by turns: what else the machine does meets
// both. The 100,000 partitions are written by ours, as the schema is Java's.
func TestMetastoreAgainstJava(t *testing.T) {
	need.JavaMetastore(t)
	database := need.Postgres(t)
	t.Cleanup(need.StopServers)
	place := "file:" + t.TempDir()

	ours, java := &peer{name: "ours", found: map[string][]float64{}}, &peer{name: "java", found: map[string][]float64{}}
	data := t.TempDir()
	stopOurs := ours.startOurs(t, data, database) // makes the tables, so it does not count
	c := dialMetastore(t, ours.addr)
	table := metastoreTable("events", place)
	metastoreCall(t, c, "create_table", &hms.CreateTableArgs{Tbl: table}, &hms.CreateTableReply{})
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	analyze := func() { // which a server does by itself, a little later
		if _, err := db.Exec("VACUUM ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	for n := 0; n < metastorePartitions; n += 1000 {
		if n == 5000 {
			analyze()
		}
		addThousand(t, c, table, n, place)
	}
	t.Logf("%d partitions added in %v", metastorePartitions, time.Since(began).Round(time.Second))
	for _, p := range []*peer{ours, java} {
		metastoreCall(t, c, "create_table", &hms.CreateTableArgs{Tbl: metastoreTable("added_"+p.name, place)}, &hms.CreateTableReply{})
	}
	stopOurs()
	analyze()

	const start = "start to first answer, ms"
	var stopJava func()
	for i := range metastoreRounds {
		if i > 0 {
			stopOurs()
			stopJava()
		}
		began := time.Now()
		stopOurs = ours.startOurs(t, data, database)
		ours.is(start, ms(time.Since(began)))
		began = time.Now()
		stopJava = java.startJava(t, database)
		java.is(start, ms(time.Since(began)))
	}
	defer stopJava()
	defer stopOurs()

	const before, after = "resident before the work, MB", "resident after it, MB"
	peers := []*peer{ours, java}
	for _, p := range peers {
		p.is(before, resident(t, p.pid))
	}
	figures := []string{before, start}
	during := time.Duration(metastoreSeconds) * time.Second
	for _, m := range []struct {
		what    string
		clients int
		call    func(t *testing.T, c *thrift.Client, i int)
	}{
		{"get_table, calls/s", 1, askTable},
		{"get_table by 16 clients, calls/s", 16, askTable},
		{"get_partitions_by_names(1,000), calls/s", 1, askByNames},
		{"filter on the first key, calls/s", 1, askByFilter},
	} {
		for round := range metastoreRounds + 1 {
			for _, p := range peers {
				if n := callsPerSecond(t, p.addr, m.clients, during, m.call); round > 0 {
					p.is(m.what, n)
				}
			}
		}
		figures = append(figures, m.what)
		t.Logf("%s: %.1f, Java %.1f", m.what, ours.found[m.what], java.found[m.what])
	}
	const added = "add 1,000 partitions, ms"
	for round := range metastoreRounds + 1 {
		for _, p := range peers {
			c := dialMetastore(t, p.addr)
			began := time.Now()
			addThousand(t, c, metastoreTable("added_"+p.name, place), round*1000, place)
			if round > 0 {
				p.is(added, ms(time.Since(began)))
			}
		}
	}
	for _, p := range peers {
		p.is(after, resident(t, p.pid))
	}

	t.Logf("| %d partitions | lethe | Java 3.1.3 | |", metastorePartitions)
	for _, what := range append(figures, added, after) {
		ratio := ours.median(what) / java.median(what)
		if !strings.HasSuffix(what, "calls/s") {
			ratio = 1 / ratio
		}
		t.Logf("| %s | %.1f | %.1f | %.1f |", what, ours.median(what), java.median(what), ratio)
		t.Logf("  %.1f, %.1f", ours.found[what], java.found[what])
	}
}

// startOurs runs a lake whose catalog is the database, until it answers.
func (p *peer) startOurs(t *testing.T, data, database string) (stop func()) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "lethe.yaml")
	if err := os.WriteFile(config, []byte("metastore:\n  anonymous: admin\n  database: "+database+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := lake.Start(t, data, "serve", "--config", config)
	p.pid, p.addr = l.Process(), strings.TrimPrefix(l.HMS, "thrift://")
	dialMetastore(t, p.addr)
	return func() { l.Stop(t) }
}

func dialMetastore(t *testing.T, addr string) *thrift.Client {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			k := thrift.NewClient(c, thrift.Transport{})
			if err = k.Call("get_all_databases", &hms.GetAllDatabasesArgs{}, &hms.GetAllDatabasesReply{}); err == nil {
				t.Cleanup(func() { c.Close() })
				return k
			}
			c.Close()
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// startJava runs a Java metastore on the database, until it answers.
func (p *peer) startJava(t *testing.T, database string) (stop func()) {
	t.Helper()
	java := need.StartJavaMetastore(t, need.JavaMetastore(t), database)
	p.pid, p.addr = java.Pid, strings.TrimPrefix(java.URI, "thrift://")
	dialMetastore(t, p.addr)
	return func() {
		java.Kill()
		<-java.Ended
	}
}

func metastoreCall(t *testing.T, c *thrift.Client, name string, args thrift.Struct, reply thrift.Result) {
	if err := c.Call(name, args, reply); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func metastoreTable(name, place string) *hms.Table {
	columns := make([]*hms.FieldSchema, 10)
	for i := range columns {
		columns[i] = &hms.FieldSchema{Name: fmt.Sprint("c", i), Type: "string"}
	}
	return &hms.Table{DbName: "default", TableName: name, TableType: "EXTERNAL_TABLE", Parameters: map[string]string{"EXTERNAL": "TRUE"},
		PartitionKeys: []*hms.FieldSchema{{Name: "dt", Type: "string"}, {Name: "n", Type: "string"}}, Sd: metastoreStorage(columns, place)}
}

func metastoreStorage(columns []*hms.FieldSchema, place string) *hms.StorageDescriptor {
	return &hms.StorageDescriptor{Cols: columns, Location: place, InputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
		OutputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat", NumBuckets: -1,
		SerdeInfo: &hms.SerDeInfo{SerializationLib: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", Parameters: map[string]string{"serialization.format": "1"}}}
}

// metastorePartition is the n-th; a day has 100.
func metastorePartition(n int) []string {
	return []string{time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n/100).Format(time.DateOnly), fmt.Sprint(n % 100)}
}

func addThousand(t *testing.T, c *thrift.Client, table *hms.Table, from int, place string) {
	q := &hms.AddPartitionsRequest{DbName: "default", TblName: table.TableName, NeedResult: new(bool)}
	for i := range 1000 {
		q.Parts = append(q.Parts, &hms.Partition{DbName: "default", TableName: table.TableName, Values: metastorePartition(from + i), Sd: metastoreStorage(table.Sd.Cols, place),
			Parameters: map[string]string{"numFiles": "1", "numRows": "1000", "rawDataSize": "1000", "totalSize": "123456", "DO_NOT_UPDATE_STATS": "true"}})
	}
	metastoreCall(t, c, "add_partitions_req", &hms.AddPartitionsReqArgs{Request: q}, &hms.AddPartitionsReqReply{})
}

// callsPerSecond calls for a while, by some clients at once, and returns calls per second.
func callsPerSecond(t *testing.T, addr string, clients int, during time.Duration, call func(t *testing.T, c *thrift.Client, i int)) float64 {
	var all sync.WaitGroup
	var done atomic.Int64
	conns := make([]*thrift.Client, clients)
	for i := range conns {
		conns[i] = dialMetastore(t, addr)
	}
	began := time.Now()
	for _, c := range conns {
		all.Go(func() {
			for n := 0; time.Since(began) < during && !t.Failed(); n++ {
				call(t, c, n)
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds()
}

func askTable(t *testing.T, c *thrift.Client, _ int) {
	metastoreCall(t, c, "get_table", &hms.GetTableArgs{Dbname: "default", TblName: "events"}, &hms.GetTableReply{})
}

func askByNames(t *testing.T, c *thrift.Client, i int) {
	names := make([]string, 1000)
	for k := range names {
		v := metastorePartition((i*1000 + k) % metastorePartitions)
		names[k] = "dt=" + v[0] + "/n=" + v[1]
	}
	var r counted
	metastoreCall(t, c, "get_partitions_by_names", &hms.GetPartitionsByNamesArgs{DbName: "default", TblName: "events", Names: names}, &r)
	if r != 1000 {
		t.Errorf("%d partitions", r)
	}
}

func askByFilter(t *testing.T, c *thrift.Client, i int) {
	var r counted
	day := metastorePartition(i * 100 % metastorePartitions)[0]
	metastoreCall(t, c, "get_partitions_by_filter", &hms.GetPartitionsByFilterArgs{DbName: "default", TblName: "events", Filter: `dt = "` + day + `"`, MaxParts: -1}, &r)
	if r != 100 {
		t.Errorf("%d partitions", r)
	}
}

// counted is an answer of which no more is read than how many items it has: what is
// measured is the server, with which the client shares two cores.
type counted int

func (*counted) Write(*thrift.Writer) {}

func (*counted) Err() error { return nil }

func (n *counted) Read(r *thrift.Reader) {
	for r.Begin(); ; {
		switch t, id := r.Field(); {
		case t == thrift.STOP:
			return
		case t == thrift.LIST && id == 0:
			*n = counted(r.List(thrift.STRUCT))
			for range *n {
				r.Skip(thrift.STRUCT)
			}
		default:
			r.Skip(t)
		}
	}
}

// resident reads a process's memory in megabytes.
func resident(t *testing.T, pid int) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var kb float64
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			fmt.Sscan(rest, &kb)
		}
	}
	return kb / 1024
}
