package hive

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/hms"
	"lethe/lib/thrift"
)

// fake is a node that answers as a test wants.
type fake struct {
	net.Listener
	// answer returns a method's answer; nil closes the connection. The status is
	// told before it is asked.
	answer func(method string) thrift.Struct

	mu     sync.Mutex
	calls  []string
	opened int
	open   int
}

func newFake(t *testing.T, answer func(string) thrift.Struct) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{Listener: l, answer: answer}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { f.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return f
}

func (f *fake) uri() string { return "thrift://" + f.Addr().String() }

func (f *fake) count(method string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if c == method {
			n++
		}
	}
	return n
}

func (f *fake) conns() (opened, open int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opened, f.open
}

func (f *fake) serve(nc net.Conn) {
	f.mu.Lock()
	f.opened++
	f.open++
	f.mu.Unlock()
	defer func() {
		nc.Close()
		f.mu.Lock()
		f.open--
		f.mu.Unlock()
	}()
	c := thrift.Accept(nc)
	for {
		m, err := c.Receive()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.calls = append(f.calls, m.Name)
		f.mu.Unlock()
		var body thrift.Struct = &hms.GetStatusReply{}
		if m.Name != "getStatus" {
			if body = f.answer(m.Name); body == nil {
				return
			}
		}
		kind := thrift.REPLY
		if _, ok := body.(*thrift.ApplicationError); ok {
			kind = thrift.EXCEPTION
		}
		if c.Send(thrift.Header{Name: m.Name, Kind: kind, Seq: m.Seq}, body) != nil {
			return
		}
	}
}

// normal answers what the tests ask for.
func normal(method string) thrift.Struct {
	table := &hms.Table{DbName: "d", TableName: "t", TableType: "MANAGED_TABLE", Sd: &hms.StorageDescriptor{}, Parameters: map[string]string{"a": "b"}}
	switch method {
	case "get_table":
		return &hms.GetTableReply{Success: table}
	case "get_table_req":
		return &hms.GetTableReqReply{Success: &hms.GetTableResult{Table: table}}
	case "get_table_objects_by_name":
		return &hms.GetTableObjectsByNameReply{Success: []*hms.Table{table}}
	case "get_table_objects_by_name_req":
		return &hms.GetTableObjectsByNameReqReply{Success: &hms.GetTablesResult{Tables: []*hms.Table{table}}}
	case "get_all_tables":
		return &hms.GetAllTablesReply{Success: []string{"t"}}
	case "drop_table":
		return &hms.DropTableReply{}
	}
	return &thrift.ApplicationError{Message: "Invalid method name: '" + method + "'", Code: thrift.UnknownMethod}
}

// silent listens and never answers, as a process that was stopped.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "thrift://" + l.Addr().String()
}

func opened(t *testing.T, age time.Duration, uris ...string) *Catalog {
	t.Helper()
	c, err := Open(Config{URIs: uris, Age: age})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for began := time.Now(); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("not after a minute: " + what)
		}
	}
}

func TestURIs(t *testing.T) {
	for uri, addr := range map[string]string{"thrift://a:1": "a:1", "thrift://a": "a:9083", " thrift://a/": "a:9083", "thrift://[::1]:2": "[::1]:2", "thrift://[::1]": "[::1]:9083",
		"": "", "a:1": "", "http://a:1": "", "thrift://": "", "thrift://a:1/x": "", "thrift://u@a:1": "", "thrift://a:1,thrift://b:1": ""} {
		c, err := Open(Config{URIs: []string{uri}})
		if addr == "" {
			if !lethe.Is(err, lethe.Invalid) {
				t.Errorf("%q: %v", uri, err)
			}
			continue
		}
		if err != nil || c.nodes[0].addr != addr {
			t.Errorf("%q: %v, %v", uri, c, err)
		}
	}
	if _, err := Open(Config{}); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("no URI: %v", err)
	}
}

// A change whose bytes have left is not made again at another node.
func TestChangeIsSentOnce(t *testing.T) {
	lost := newFake(t, func(string) thrift.Struct { return nil })
	other := newFake(t, normal)
	c := opened(t, -1, lost.uri(), other.uri())
	err := c.DropTable(t.Context(), "d", "t")
	if !lethe.Is(err, lethe.Exhausted) || !strings.Contains(err.Error(), "not known whether it was made") || !strings.Contains(err.Error(), lost.uri()) {
		t.Errorf("error is %v", err)
	}
	if lost.count("drop_table") != 1 || other.count("drop_table") != 0 {
		t.Errorf("the change was sent %d and %d times", lost.count("drop_table"), other.count("drop_table"))
	}
	// The next goes to the node that is good.
	if err := c.DropTable(t.Context(), "d", "t"); err != nil || other.count("drop_table") != 1 {
		t.Errorf("%v, sent %d times", err, other.count("drop_table"))
	}
}

// A node that does not tell its status is passed over by changes.
func TestChangePassesOver(t *testing.T) {
	gone := silent(t)
	other := newFake(t, normal)
	c := opened(t, -1, gone, other.uri())
	if err := c.DropTable(t.Context(), "d", "t"); err != nil || other.count("drop_table") != 1 {
		t.Errorf("%v, sent %d times", err, other.count("drop_table"))
	}
	if n := c.Nodes(); n[0].Good || !n[1].Good {
		t.Errorf("%+v", n)
	}
}

// Connections that the node has closed while they were idle cost no call.
func TestIdleConnectionsThatBroke(t *testing.T) {
	f := newFake(t, normal)
	c := opened(t, -1, f.uri())
	for _, call := range []func() error{
		func() error { _, err := c.Table(t.Context(), "d", "t"); return err },
		func() error { return c.DropTable(t.Context(), "d", "t") },
	} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		n := c.nodes[0]
		n.mu.Lock()
		for _, cn := range n.idle {
			cn.net.(*net.TCPConn).CloseRead() // as if the node's FIN had come
		}
		n.mu.Unlock()
		if err := call(); err != nil {
			t.Fatal(err)
		}
		if s := c.Nodes()[0]; !s.Good {
			t.Errorf("%+v", s)
		}
	}
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	f := newFake(t, normal)
	c := opened(t, -1, f.uri())
	c.idle = 20 * time.Millisecond
	for range 2 {
		if _, err := c.Table(t.Context(), "d", "t"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "no connection is open", func() bool { _, open := f.conns(); return open == 0 })
	}
}

// Reads use one connection, one after the other.
func TestConnectionsAreKept(t *testing.T) {
	f := newFake(t, normal)
	c := opened(t, -1, f.uri())
	for range 20 {
		if _, err := c.Table(t.Context(), "d", "t"); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := f.conns(); n != 1 {
		t.Errorf("%d connections for 20 reads", n)
	}
}

// A read is sent to the next node when the first is silent, which is then known.
func TestHedge(t *testing.T) {
	f := newFake(t, normal)
	c := opened(t, -1, silent(t), f.uri())
	for range 3 {
		if _, err := c.Table(t.Context(), "d", "t"); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.Nodes(); n[0].Good || !strings.Contains(n[0].LastError, f.uri()) || !n[1].Good {
		t.Errorf("%+v", n)
	}
}

func TestCancel(t *testing.T) {
	c := opened(t, -1, silent(t))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Table(ctx, "d", "t"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a read: %v", err)
	}
	if err := c.DropTable(ctx, "d", "t"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a change: %v", err)
	}
	if n := c.Nodes()[0]; !n.Good {
		t.Errorf("who gives up says nothing about the node: %+v", n)
	}
}

// Metastores since 4.0.1 lack methods, older ones what is in their place; which
// it is is remembered.
func TestMethodsThatAreMissing(t *testing.T) {
	missing := []string{"get_table", "get_table_objects_by_name"}
	f := newFake(t, func(m string) thrift.Struct {
		if slices.Contains(missing, m) {
			return normal("none")
		}
		return normal(m)
	})
	c := opened(t, -1, f.uri())
	for range 3 {
		got, err := c.Table(t.Context(), "d", "t")
		if err != nil || got.Name != "t" {
			t.Fatalf("%+v, %v", got, err)
		}
		list, err := c.Tables(t.Context(), "d")
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
	}
	for _, m := range missing {
		if n := f.count(m); n != 1 {
			t.Errorf("%s was called %d times", m, n)
		}
	}
}

func TestCache(t *testing.T) {
	f := newFake(t, normal)
	c := opened(t, time.Hour, f.uri())
	get := func() catalog.Table {
		t.Helper()
		got, err := c.Table(t.Context(), "D", "T")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := get()
	got.Parameters["a"] = "changed"
	if again := get(); again.Parameters["a"] != "b" || f.count("get_table") != 1 {
		t.Errorf("a kept table is %+v, asked for %d times", again, f.count("get_table"))
	}
	if err := c.DropTable(t.Context(), "d", "other"); err != nil {
		t.Fatal(err)
	}
	if get(); f.count("get_table") != 2 {
		t.Errorf("asked %d times after a change", f.count("get_table"))
	}
	young := opened(t, time.Nanosecond, f.uri())
	for range 2 {
		if _, err := young.Table(t.Context(), "d", "t"); err != nil {
			t.Fatal(err)
		}
	}
	if f.count("get_table") != 4 {
		t.Errorf("asked %d times, and what was kept is older than it may be", f.count("get_table"))
	}
}

// What was asked for before a change is not kept after it.
func TestCacheAcrossChange(t *testing.T) {
	c := &cache{age: time.Hour}
	k := key{"table", "d", "t"}
	before := c.seen()
	c.clear()
	if c.put(k, 1, time.Now(), before); len(c.entries) != 0 {
		t.Error("an answer from before a change was kept")
	}
	c.put(k, 2, time.Now(), c.seen())
	if v, ok := c.get(k); !ok || v != 2 {
		t.Errorf("%v, %v", v, ok)
	}
}

func TestKinds(t *testing.T) {
	for _, test := range []struct {
		err  error
		kind lethe.Kind
	}{
		{&hms.NoSuchObjectException{Message: "x"}, lethe.NotFound},
		{&hms.UnknownDBException{}, lethe.NotFound},
		{&hms.AlreadyExistsException{}, lethe.Exists},
		{&hms.InvalidObjectException{}, lethe.Invalid},
		{&hms.InvalidOperationException{}, lethe.Conflict},
		{&hms.MetaException{Message: "ada is not authorized to perform: glue:GetTable"}, lethe.Denied},
		{&hms.MetaException{Message: "Permission denied: user [ada] does not have [SELECT] privilege"}, lethe.Denied},
		{&hms.MetaException{Message: "Timeout when executing method"}, lethe.Conflict},
		{&thrift.ApplicationError{Code: thrift.UnknownMethod}, lethe.Unsupported},
		{&thrift.ApplicationError{Code: thrift.InternalError, Message: "Internal error processing get_table"}, lethe.Exhausted},
	} {
		err := translate(test.err)
		if !lethe.Is(err, test.kind) || !errors.Is(err, test.err) || !strings.HasPrefix(err.Error(), "metastore: ") {
			t.Errorf("%T %v is %v, %v; want %v", test.err, test.err, err, lethe.KindOf(err), test.kind)
		}
	}
	if translate(nil) != nil {
		t.Error("no error is one")
	}
}
