package hms

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/hms"
	"lethe/lib/thrift"
)

// Every method decides before it works, except those that touch nothing of
// anybody's, or decide by what their arguments name.
func TestEveryMethodDecides(t *testing.T) {
	s := serve(t, func(c *Config) { c.Anonymous = nil })
	c := s.dial(t, thrift.Transport{})
	without := strings.Fields(`aliveSince check_lock create_role drop_role flushCache getCounters getMetaConf getName getStatus getStatusDetails getVersion
		get_all_functions get_config_value get_principals_in_role get_privilege_set get_role_grants_for_principal get_role_names grant_privileges grant_revoke_privileges
		grant_revoke_role grant_role heartbeat list_privileges list_roles lock partition_name_has_valid_characters partition_name_to_spec partition_name_to_vals
		revoke_privileges revoke_role setMetaConf set_ugi unlock`)
	var open []string
	for name, md := range s.methods {
		if md.action == "" {
			open = append(open, name)
			continue
		}
		if !strings.HasPrefix(md.action, "glue:") || md.on == onNothing {
			t.Errorf("%s: %s on %q", name, md.action, md.on)
		}
		err := c.Call(name, hms.Methods[name].Args(), hms.Methods[name].Result())
		if err == nil || !strings.Contains(err.Error(), "is not authorized") {
			t.Errorf("%s answers nobody: %v", name, err)
		}
	}
	slices.Sort(open)
	if !slices.Equal(open, without) {
		t.Errorf("undecided:\n%q\nwant\n%q", open, without)
	}
	lock := &hms.LockArgs{Rqst: &hms.LockRequest{Component: []*hms.LockComponent{{Type: hms.LockTypeExclusive, Dbname: "default", Tablename: "t"}}}}
	if err := c.Call("lock", lock, &hms.LockReply{}); err == nil || !strings.Contains(err.Error(), "glue:UpdateTable") {
		t.Errorf("lock: %v", err)
	}
}

func TestDecisionsAreOfTheTarget(t *testing.T) {
	s := serve(t)
	c := s.dial(t, thrift.Transport{})
	table := events()
	must[hms.CreateTableReply](t, c, "create_table", &hms.CreateTableArgs{Tbl: table})
	table.TableName = "secrets"
	must[hms.CreateTableReply](t, c, "create_table", &hms.CreateTableArgs{Tbl: table})
	must[hms.CreateDatabaseReply](t, c, "create_database", &hms.CreateDatabaseArgs{Database: &hms.Database{Name: "hidden"}})
	s.decider.mu.Lock()
	s.decider.asked = nil
	s.decider.deny = func(_, resource string) bool {
		return strings.HasSuffix(resource, "/secrets") || strings.HasSuffix(resource, "/hidden") || strings.HasSuffix(resource, "table/default/stolen")
	}
	s.decider.mu.Unlock()

	must[hms.GetTableReply](t, c, "get_table", &hms.GetTableArgs{Dbname: "@hive#DEFAULT", TblName: "Events"})
	s.decider.mu.Lock()
	if want := "glue:GetTable " + lethe.TableARN(region, "default", "events"); !slices.Equal(s.decider.asked, []string{want}) {
		t.Errorf("asked %q, want %q", s.decider.asked, want)
	}
	s.decider.mu.Unlock()
	throws(t, try(t, c, "get_table", &hms.GetTableArgs{Dbname: "default", TblName: "SECRETS"}), &hms.MetaException{}, "not authorized to perform: glue:GetTable")
	throws(t, try(t, c, "drop_table", &hms.DropTableArgs{Dbname: "default", Name: "secrets"}), &hms.MetaException{}, "glue:DeleteTable")
	throws(t, try(t, c, "get_database", &hms.GetDatabaseArgs{Name: "hidden"}), &hms.MetaException{}, "glue:GetDatabase")
	// Listings leave out what the client may not see.
	if l := must[hms.GetAllTablesReply](t, c, "get_all_tables", &hms.GetAllTablesArgs{DbName: "default"}).Success; !slices.Equal(l, []string{"events"}) {
		t.Errorf("tables %q", l)
	}
	if l := must[hms.GetAllDatabasesReply](t, c, "get_all_databases", &hms.GetAllDatabasesArgs{}).Success; !slices.Equal(l, []string{"default"}) {
		t.Errorf("databases %q", l)
	}
	if l := must[hms.GetTableObjectsByNameReply](t, c, "get_table_objects_by_name", &hms.GetTableObjectsByNameArgs{Dbname: "default", TblNames: []string{"secrets", "events"}}).Success; len(l) != 1 {
		t.Errorf("%d tables", len(l))
	}
	if l := must[hms.GetTableMetaReply](t, c, "get_table_meta", &hms.GetTableMetaArgs{DbPatterns: "*", TblPatterns: "*"}).Success; len(l) != 1 {
		t.Errorf("%d tables", len(l))
	}
	// A new name must be allowed as well as the old one.
	table.TableName = "stolen"
	throws(t, try(t, c, "alter_table", &hms.AlterTableArgs{Dbname: "default", TblName: "events", NewTbl: table}), &hms.MetaException{}, "glue:CreateTable")
}

func saslPlain(t *testing.T, c net.Conn, mechanism, user, password string) (status byte, text string) {
	t.Helper()
	if err := errors.Join(writeSASL(c, saslStart, []byte(mechanism)), writeSASL(c, saslComplete, []byte("\x00"+user+"\x00"+password))); err != nil {
		t.Fatal(err)
	}
	status, payload, err := readSASL(c)
	if err != nil {
		t.Fatal(err)
	}
	return status, string(payload)
}

func TestLoginByPlain(t *testing.T) {
	s := serve(t, func(c *Config) {
		c.Anonymous = nil
		c.Login = func(_ context.Context, name, password string) (lethe.Principal, error) {
			if name == "ada" && password == "secret" {
				return ada, nil
			}
			return lethe.Principal{}, lethe.Errorf(lethe.Denied, "name or password is wrong")
		}
	})
	for _, x := range []struct {
		mechanism, user, password string
		status                    byte
	}{{"PLAIN", "ada", "secret", saslComplete}, {"PLAIN", "ada", "guess", saslError}, {"PLAIN", "ada\x00x", "secret", saslBad}, {"GSSAPI", "ada", "secret", saslBad}} {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		status, text := saslPlain(t, c, x.mechanism, x.user, x.password)
		if status != x.status {
			t.Errorf("%+v: status %d %q", x, status, text)
		}
		if status == saslComplete {
			must[hms.GetAllDatabasesReply](t, thrift.NewClient(c, thrift.Transport{Framed: true}), "get_all_databases", &hms.GetAllDatabasesArgs{})
		}
		c.Close()
	}
	throws(t, try(t, s.dial(t, thrift.Transport{}), "get_all_databases", &hms.GetAllDatabasesArgs{}), &hms.MetaException{}, "not authorized")
}

func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"metastore"}}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, func(c *Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	})
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	c, err := tls.Dial("tcp", s.addr, &tls.Config{RootCAs: pool, ServerName: "metastore"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	must[hms.GetAllDatabasesReply](t, thrift.NewClient(c, thrift.Transport{}), "get_all_databases", &hms.GetAllDatabasesArgs{})
	plain := s.dial(t, thrift.Transport{})
	if err := plain.Call("getName", &hms.GetNameArgs{}, &hms.GetNameReply{}); err == nil {
		t.Error("a client without TLS is answered")
	}
}

func TestPanicIsOneCallsMisfortune(t *testing.T) {
	s := serve(t)
	s.methods["get_catalogs"].call = func(context.Context, *conn, *thrift.Reader) (thrift.Struct, error) { panic("oh") }
	c := s.dial(t, thrift.Transport{})
	err := c.Call("get_catalogs", &hms.GetCatalogsArgs{}, &hms.GetCatalogsReply{})
	var app *thrift.ApplicationError
	if !errors.As(err, &app) || app.Code != thrift.InternalError || app.Message != "Internal error processing get_catalogs" {
		t.Errorf("%v", err)
	}
	must[hms.GetNameReply](t, c, "getName", &hms.GetNameArgs{})
}

func TestHostileClients(t *testing.T) {
	s := serve(t, func(c *Config) { c.MaxMessage = 8 << 20 })
	head := []byte("\x80\x01\x00\x01\x00\x00\x00\x09get_table\x00\x00\x00\x01")
	for name, in := range map[string][]byte{
		"garbage":         []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"negative length": append(slices.Clone(head), 11, 0, 1, 0xff, 0xff, 0xff, 0xff),
		"2 GB string":     append(slices.Clone(head), 11, 0, 1, 0x7f, 0xff, 0xff, 0xff),
		"nested structs":  append(slices.Clone(head), bytes.Repeat([]byte{12, 0, 1}, 100_000)...),
		"2 GB frame":      append([]byte{0x7f, 0xff, 0xff, 0xff}, head...),
		"huge login":      {1, 0x7f, 0xff, 0xff, 0xff},
		"reply":           []byte("\x80\x01\x00\x02\x00\x00\x00\x01x\x00\x00\x00\x01\x00"),
	} {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		go func() {
			c.Write(in)
			c.(*net.TCPConn).CloseWrite()
		}()
		if n, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) || n != 0 {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		c.Close()
	}
	// A message too long for what it means: arguments as many empty structs.
	w := thrift.NewWriter(nil, false)
	w.Begin()
	w.List(1, thrift.STRUCT, 7<<20)
	c := s.dial(t, thrift.Transport{})
	body := append(w.Bytes(), make([]byte, 7<<20+1)...)
	err := c.Call("add_partitions", raw(body), &hms.AddPartitionsReply{})
	var app *thrift.ApplicationError
	if !errors.As(err, &app) || app.Code != thrift.ProtocolError || !strings.Contains(app.Message, "too large") {
		t.Errorf("%v", err)
	}
	must[hms.GetNameReply](t, c, "getName", &hms.GetNameArgs{})
	if n := s.memory.Load(); n > 1<<20 {
		t.Errorf("%d bytes are reserved", n)
	}
}

// raw writes bytes as they are.
type raw []byte

func (b raw) Write(w *thrift.Writer) {
	for _, x := range b {
		w.ElemI8(int8(x))
	}
}
func (raw) Read(*thrift.Reader) {}

func TestStrangersSendLittle(t *testing.T) {
	s := serve(t, func(c *Config) { c.Anonymous = nil })
	c := s.dial(t, thrift.Transport{})
	err := c.Call("get_table", &hms.GetTableArgs{Dbname: strings.Repeat("x", 2*stranger)}, &hms.GetTableReply{})
	var lost *thrift.CallError
	if !errors.As(err, &lost) {
		t.Errorf("%v", err)
	}
}

func TestShutdownLetsCallsEnd(t *testing.T) {
	s := serve(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	inner := s.methods["getName"].call
	s.methods["getName"].call = func(ctx context.Context, c *conn, r *thrift.Reader) (thrift.Struct, error) {
		close(entered)
		<-leave
		return inner(ctx, c, r)
	}
	idle, busy := s.dial(t, thrift.Transport{}), s.dial(t, thrift.Transport{})
	must[hms.GetStatusReply](t, idle, "getStatus", &hms.GetStatusArgs{})
	answered := make(chan error, 1)
	go func() { answered <- busy.Call("getName", &hms.GetNameArgs{}, &hms.GetNameReply{}) }()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background()) }()
	if err := idle.Call("getStatus", &hms.GetStatusArgs{}, &hms.GetStatusReply{}); err == nil {
		// The idle connection may answer once more if it was not closed yet.
		for err == nil {
			err = idle.Call("getStatus", &hms.GetStatusArgs{}, &hms.GetStatusReply{})
		}
	}
	close(leave)
	if err := errors.Join(<-answered, <-stopped); err != nil {
		t.Error(err)
	}
}

// fill makes a table of n partitions: 1,000 days of n/1000 hours.
func (s *server) fill(t testing.TB, n int) {
	t.Helper()
	c := s.dial(t, thrift.Transport{})
	must[hms.CreateTableReply](t, c, "create_table", &hms.CreateTableArgs{Tbl: events()})
	var ps []catalog.Partition
	for i := range n {
		day, hour := fmt.Sprintf("d%03d", i%1000), fmt.Sprint(i/1000)
		ps = append(ps, catalog.Partition{Values: []string{day, hour}, Storage: catalog.Storage{Location: "s3://lake/events/" + day + "/" + hour,
			InputFormat: catalog.Parquet.InputFormat, OutputFormat: catalog.Parquet.OutputFormat, SerDe: catalog.SerDe{Library: catalog.Parquet.SerDe}},
			Parameters: map[string]string{"numFiles": "1", "totalSize": "100"}})
	}
	for chunk := range slices.Chunk(ps, 5000) {
		if err := s.catalog.AddPartitions(context.Background(), "default", "events", chunk, false); err != nil {
			t.Fatal(err)
		}
	}
}

func TestManyPartitions(t *testing.T) {
	n := 20_000
	s := serve(t, func(c *Config) { c.MaxPartitions = 10_000 })
	s.fill(t, n)
	c := s.dial(t, thrift.Transport{Framed: true})
	took := func(what string, began time.Time) { t.Logf("%s: %v", what, time.Since(began).Round(time.Millisecond)) }
	began := time.Now()
	if l := must[hms.GetPartitionNamesReply](t, c, "get_partition_names", &hms.GetPartitionNamesArgs{DbName: "default", TblName: "events", MaxParts: -1}).Success; len(l) != n {
		t.Errorf("%d names", len(l))
	}
	took("names", began)
	began = time.Now()
	if l := must[hms.GetPartitionsByFilterReply](t, c, "get_partitions_by_filter", &hms.GetPartitionsByFilterArgs{DbName: "default", TblName: "events", Filter: `dt = "d500"`, MaxParts: -1}).Success; len(l) != n/1000 {
		t.Errorf("%d partitions of the day", len(l))
	}
	took("filter on the first key", began)
	began = time.Now()
	if l := must[hms.GetPartitionsByFilterReply](t, c, "get_partitions_by_filter", &hms.GetPartitionsByFilterArgs{DbName: "default", TblName: "events", Filter: `hour = 3 and dt like "d..5"`, MaxParts: -1}).Success; len(l) != 100 {
		t.Errorf("%d partitions of the hour", len(l))
	}
	took("filter on the second key", began)
	throws(t, try(t, c, "get_partitions", &hms.GetPartitionsArgs{DbName: "default", TblName: "events", MaxParts: -1}), &hms.MetaException{}, "exceeds limit (=10000)")
	if l := must[hms.GetPartitionsReply](t, c, "get_partitions", &hms.GetPartitionsArgs{DbName: "default", TblName: "events", MaxParts: 5000}).Success; len(l) != 5000 {
		t.Errorf("%d partitions", len(l))
	}
}

func TestIdleConnectionsAreSmall(t *testing.T) {
	n := 1000
	s := serve(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	conns := make([]net.Conn, n)
	call := []byte("\x80\x01\x00\x01\x00\x00\x00\x07getName\x00\x00\x00\x01\x00")
	for i := range conns {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute))
		conns[i] = c
		if _, err := c.Write(call); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 100)); err != nil || n == 0 {
			t.Fatalf("connection %d: %d, %v", i, n, err)
		}
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapInuse+after.StackInuse) - int64(before.HeapInuse+before.StackInuse)) / int64(n)
	t.Logf("%d bytes a connection, both ends", each)
	if each > 32<<10 {
		t.Errorf("an idle connection takes %d bytes", each)
	}
	if s.Connections() != n {
		t.Errorf("%d connections", s.Connections())
	}
}
