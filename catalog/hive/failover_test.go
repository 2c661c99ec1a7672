package hive_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/catalog/store"
	"lethe/test/need"
)

// TestNode is not a test: it is a metastore in a process of its own, for
// TestFailover, until its standard input ends.
func TestNode(t *testing.T) {
	path, addr, ok := strings.Cut(os.Getenv("HIVE_TEST_NODE"), "|")
	if !ok {
		return
	}
	s, err := store.Open(t.Context(), path) // or the URL of a server's database
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	uri, _ := serve(t, s, l)
	fmt.Println("URI " + uri)
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// node is a metastore in a process of its own.
type node struct {
	uri    string
	signal func(os.Signal) error
	kill   func() // with SIGKILL, and waits
}

// start runs a node of the metastore whose database is path.
func start(t *testing.T, path, addr string) *node {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestNode$")
	cmd.Env = append(os.Environ(), "HIVE_TEST_NODE="+path+"|"+addr)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // it ends with this process
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &node{signal: cmd.Process.Signal, kill: func() {
		cmd.Process.Kill()
		cmd.Wait()
	}}
	t.Cleanup(p.kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if uri, ok := strings.CutPrefix(lines.Text(), "URI "); ok {
			p.uri = uri
			go io.Copy(io.Discard, out)
			return p
		}
		t.Log(lines.Text())
	}
	t.Fatal("a node did not start")
	return nil
}

// startJava runs Hive's own metastore, in Java, on a server's database.
func startJava(t *testing.T, database string) *node {
	t.Helper()
	java := need.StartJavaMetastore(t, need.JavaMetastore(t), database)
	k := open(t, hive.Config{URIs: []string{java.URI}, Age: -1})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for {
		_, err := k.Databases(ctx)
		if err == nil {
			break
		}
		select {
		case <-java.Ended:
			t.Fatal("the Java metastore ended")
		case <-ctx.Done():
			t.Fatalf("the Java metastore does not answer: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return &node{java.URI, java.Signal, func() {
		java.Kill()
		<-java.Ended
	}}
}

func TestMain(m *testing.M) {
	code := m.Run()
	need.StopServers()
	os.Exit(code)
}

// TestFailover kills one of three nodes and stops another while a client reads:
// no read fails, and none takes long. A node that is replaced is used again.
func TestFailover(t *testing.T) {
	t.Run("Ours", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "catalog.db")
		failover(t, path, func() *node { return start(t, path, "127.0.0.1:0") })
	})
	t.Run("BesideJava", func(t *testing.T) {
		need.JavaMetastore(t)
		database := need.Postgres(t)
		failover(t, database, func() *node { return startJava(t, database) })
	})
}

// failover is TestFailover with nodes on one database, of which second makes the
// second; the others are ours.
func failover(t *testing.T, path string, second func() *node) {
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 20 {
		def := catalog.Table{Database: "default", Name: fmt.Sprintf("t%d", i), Type: catalog.ExternalTable}
		if err := s.CreateTable(t.Context(), def); err != nil {
			t.Fatal(err)
		}
	}
	nodes := []*node{start(t, path, "127.0.0.1:0"), second(), start(t, path, "127.0.0.1:0")}
	var uris []string
	for _, n := range nodes {
		uris = append(uris, n.uri)
	}
	k := open(t, hive.Config{URIs: uris, Age: -1})

	reads, longest := 0, time.Duration(0)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	read := func(n int) {
		t.Helper()
		for range n {
			<-tick.C
			began := time.Now()
			if _, err := k.Table(t.Context(), "default", fmt.Sprintf("t%d", reads%20)); err != nil {
				t.Fatalf("read %d: %v", reads, err)
			}
			reads++
			longest = max(longest, time.Since(began))
		}
	}
	read(10)
	nodes[0].kill() // the one that is asked first
	killed := time.Now()
	read(15)
	if n := k.Nodes(); n[0].Good || n[0].LastError == "" || !n[1].Good {
		t.Errorf("after the first was killed: %+v", n)
	}
	nodes[1].signal(syscall.SIGSTOP) // now this one
	read(10)
	if n := k.Nodes(); n[1].InUse || n[1].LastError == "" || !n[2].Good || !n[2].InUse {
		t.Errorf("after the second was stopped: %+v", n)
	}
	nodes[0] = start(t, path, strings.TrimPrefix(uris[0], "thrift://"))
	replaced := time.Now()
	for !k.Nodes()[0].Good {
		if time.Since(replaced) > time.Minute {
			t.Fatalf("a node that was replaced is not used again: %+v", k.Nodes())
		}
		read(1)
	}
	back := time.Since(replaced)
	nodes[2].kill() // only the replaced one is left
	read(15)
	if n := k.Nodes(); !n[0].Good || n[2].Good {
		t.Errorf("after the third was killed: %+v", n)
	}
	nodes[1].signal(syscall.SIGCONT)
	for began := time.Now(); !k.Nodes()[1].Good; {
		if time.Since(began) > time.Minute {
			t.Fatalf("a node that goes on is not used again: %+v", k.Nodes())
		}
		read(1)
	}
	t.Logf("%d reads, longest %v; replaced %v after it was killed, good again %v later", reads, longest.Round(time.Millisecond),
		replaced.Sub(killed).Round(time.Millisecond), back.Round(time.Millisecond))
	if longest > 5*time.Second { // 1.5 s on a quiet machine
		t.Errorf("a read took %v", longest)
	}
	// Without any, the error says of each why.
	nodes[0].kill()
	nodes[1].kill()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = k.Table(ctx, "default", "t1")
	for _, u := range uris {
		if err == nil || !strings.Contains(err.Error(), u+": ") {
			t.Errorf("without any node: %v, which lacks %s", err, u)
		}
	}
}
