//go:build bench

package bench

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lethe/lib/hms"
	"lethe/lib/thrift"
	"lethe/test/lake"
	"lethe/test/need"
)

// metastorePartitions are those of the table that is asked for, and metastoreSeconds
// for how long; METASTORE_PARTITIONS and METASTORE_SECONDS take other numbers.
var (
	metastorePartitions = max(number("METASTORE_PARTITIONS", 100_000), 1000) / 1000 * 1000
	metastoreSeconds    = number("METASTORE_SECONDS", 4)
)

func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

// TestMetastoreAgainstJava measures the metastore and Hive's own, 3.1.3, one after
// the other on the same PostgreSQL database, with the same client.
func TestMetastoreAgainstJava(t *testing.T) {
	need.JavaMetastore(t)
	database := need.Postgres(t)
	t.Cleanup(need.StopServers)
	place := "file:" + t.TempDir()

	config := filepath.Join(t.TempDir(), "lethe.yaml")
	if err := os.WriteFile(config, []byte("metastore:\n  anonymous: admin\n  database: "+database+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	l := lake.Start(t, t.TempDir(), "serve", "--config", config)
	addr := strings.TrimPrefix(l.HMS, "thrift://")
	dialMetastore(t, addr)
	ours := map[string]float64{"start to first answer, ms": ms(time.Since(began))}
	fillMetastore(t, addr, place)
	measureMetastore(t, addr, l.Process(), place, "ours", ours)
	l.Stop(t)

	began = time.Now()
	pid, addr := startJavaMetastore(t, database)
	java := map[string]float64{"start to first answer, ms": ms(time.Since(began))}
	measureMetastore(t, addr, pid, place, "java", java)

	t.Logf("%d partitions", metastorePartitions)
	for _, what := range []string{"get_table, calls/s", "get_table by 16 clients, calls/s", "get_partitions_by_names(1,000), calls/s", "filter on the first key, calls/s",
		"add 1,000 partitions, ms", "resident before the work, MB", "resident after it, MB", "start to first answer, ms"} {
		ratio := ours[what] / java[what]
		if !strings.HasSuffix(what, "calls/s") {
			ratio = java[what] / ours[what]
		}
		t.Logf("| %s | %.1f | %.1f | %.1f |", what, ours[what], java[what], ratio)
	}
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

func startJavaMetastore(t *testing.T, database string) (pid int, addr string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var site strings.Builder
	site.WriteString("<configuration>\n")
	for _, p := range [][2]string{
		{"javax.jdo.option.ConnectionURL", "jdbc:postgresql://" + u.Host + u.Path},
		{"javax.jdo.option.ConnectionDriverName", "org.postgresql.Driver"},
		{"javax.jdo.option.ConnectionUserName", u.User.Username()},
		{"javax.jdo.option.ConnectionPassword", "none"},
		{"metastore.warehouse.dir", filepath.Join(dir, "warehouse")},
		{"metastore.task.threads.always", "org.apache.hadoop.hive.metastore.events.EventCleanerTask"},
		{"metastore.expression.proxy", "org.apache.hadoop.hive.metastore.DefaultPartitionExpressionProxy"},
		{"datanucleus.schema.autoCreateAll", "false"},
	} {
		fmt.Fprintf(&site, "<property><name>%s</name><value>%s</value></property>\n", p[0], p[1])
	}
	site.WriteString("</configuration>\n")
	if err := os.WriteFile(filepath.Join(dir, "metastore-site.xml"), []byte(site.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(need.Java(t), "-Xmx1g", "-cp", strings.Join(append([]string{dir}, need.JavaMetastore(t)...), ":"), "org.apache.hadoop.hive.metastore.HiveMetaStore", "-p", port)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	dialMetastore(t, addr)
	return cmd.Process.Pid, addr
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

func fillMetastore(t *testing.T, addr, place string) {
	c := dialMetastore(t, addr)
	table := metastoreTable("events", place)
	metastoreCall(t, c, "create_table", &hms.CreateTableArgs{Tbl: table}, &hms.CreateTableReply{})
	for n := 0; n < metastorePartitions; n += 1000 {
		addThousand(t, c, table, n, place)
	}
}

// callsPerSecond calls for a while, by some clients at once, and returns calls per second.
func callsPerSecond(t *testing.T, addr string, clients int, call func(c *thrift.Client, i int)) float64 {
	during := time.Duration(metastoreSeconds) * time.Second
	var all sync.WaitGroup
	var mu sync.Mutex
	done := 0
	conns := make([]*thrift.Client, clients)
	for i := range conns {
		conns[i] = dialMetastore(t, addr)
	}
	began := time.Now()
	for _, c := range conns {
		all.Go(func() {
			n := 0
			for ; time.Since(began) < during && !t.Failed(); n++ {
				call(c, n)
			}
			mu.Lock()
			done += n
			mu.Unlock()
		})
	}
	all.Wait()
	return float64(done) / time.Since(began).Seconds()
}

func measureMetastore(t *testing.T, addr string, pid int, place, name string, out map[string]float64) {
	table := func(c *thrift.Client, _ int) {
		metastoreCall(t, c, "get_table", &hms.GetTableArgs{Dbname: "default", TblName: "events"}, &hms.GetTableReply{})
	}
	named := func(c *thrift.Client, i int) {
		names := make([]string, 1000)
		for k := range names {
			v := metastorePartition((i*1000 + k) % metastorePartitions)
			names[k] = "dt=" + v[0] + "/n=" + v[1]
		}
		var r hms.GetPartitionsByNamesReply
		metastoreCall(t, c, "get_partitions_by_names", &hms.GetPartitionsByNamesArgs{DbName: "default", TblName: "events", Names: names}, &r)
		if len(r.Success) != 1000 {
			t.Errorf("%d partitions", len(r.Success))
		}
	}
	filtered := func(c *thrift.Client, i int) {
		var r hms.GetPartitionsByFilterReply
		day := metastorePartition(i * 100 % metastorePartitions)[0]
		metastoreCall(t, c, "get_partitions_by_filter", &hms.GetPartitionsByFilterArgs{DbName: "default", TblName: "events", Filter: `dt = "` + day + `"`, MaxParts: -1}, &r)
		if len(r.Success) != 100 {
			t.Errorf("%d partitions", len(r.Success))
		}
	}
	out["resident before the work, MB"] = resident(t, pid)
	for range 2 { // the first is the warming up that Java needs
		out["get_table, calls/s"] = callsPerSecond(t, addr, 1, table)
		out["get_table by 16 clients, calls/s"] = callsPerSecond(t, addr, 16, table)
		out["get_partitions_by_names(1,000), calls/s"] = callsPerSecond(t, addr, 1, named)
		out["filter on the first key, calls/s"] = callsPerSecond(t, addr, 1, filtered)
	}
	c := dialMetastore(t, addr)
	into := metastoreTable("added_"+name, place)
	metastoreCall(t, c, "create_table", &hms.CreateTableArgs{Tbl: into}, &hms.CreateTableReply{})
	var took []time.Duration
	for i := range 3 {
		began := time.Now()
		addThousand(t, c, into, i*1000, place)
		took = append(took, time.Since(began))
	}
	out["add 1,000 partitions, ms"] = ms(median(took))
	out["resident after it, MB"] = resident(t, pid)
	t.Logf("%s: %v", name, out)
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
