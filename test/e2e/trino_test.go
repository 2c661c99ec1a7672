package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lethe/test/lake"
	"lethe/test/need"
)

// trino is a server of Trino with a catalog hive, which is the lake's metastore
// and store.
type trino struct{ url string }

func startTrino(t *testing.T, l *lake.Lake) *trino {
	t.Helper()
	home, start := need.Trino(t)
	id, secret := administratorKey(t, l.Data)
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := port.Addr().String()
	port.Close() // Trino takes no listener; the kernel gives the port to nobody else soon
	dir := t.TempDir()
	number := addr[strings.LastIndex(addr, ":")+1:]
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.properties", fmt.Sprintf(`node.environment=test
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=%s
node.internal-address=127.0.0.1
node.bind-ip=127.0.0.1
discovery.uri=http://%s
plugin.dir=%s
catalog.config-dir=%s
query.max-memory=256MB
query.max-memory-per-node=256MB
memory.heap-headroom-per-node=128MB
`, number, addr, filepath.Join(home, "plugin"), filepath.Join(dir, "catalog")))
	write("catalog/hive.properties", fmt.Sprintf(`connector.name=hive
hive.metastore.uri=%s
hive.non-managed-table-writes-enabled=true
hive.hive-views.enabled=true
hive.security=allow-all
fs.hadoop.enabled=false
fs.native-s3.enabled=true
s3.endpoint=%s
s3.region=%s
s3.path-style-access=true
s3.aws-access-key=%s
s3.aws-secret-key=%s
`, l.HMS, l.AWS, l.Region, id, secret))
	cmd := exec.Command(need.Java(t), "-Xmx1g", "-XX:TieredStopAtLevel=1", "-Djdk.attach.allowAttachSelf=true", "-Duser.timezone=UTC",
		"-Dconfig="+filepath.Join(dir, "config.properties"), "-cp", filepath.Join(home, "lib", "*"), "groovy.ui.GroovyMain", "-e", start)
	cmd.Dir = dir
	out, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		out.Close()
	})
	e := &trino{"http://" + addr}
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if _, err = e.query("SELECT 1"); err == nil {
			return e
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(out.Name())
			t.Fatalf("Trino does not answer: %v\n%s", err, text[max(0, len(text)-4000):])
		}
	}
}

// query runs a statement and returns its rows, values joined by |.
func (e *trino) query(statement string) ([]string, error) {
	method, url, body := "POST", e.url+"/v1/statement", statement
	rows := []string{}
	for url != "" {
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("X-Trino-User", "trino")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return nil, err
		}
		if res.StatusCode == http.StatusServiceUnavailable && method == "GET" {
			continue
		}
		var page struct {
			NextURI string
			Data    [][]any
			Error   *struct{ Message string }
		}
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		if err := d.Decode(&page); err != nil {
			return nil, fmt.Errorf("%s: %s", res.Status, text)
		}
		if page.Error != nil {
			return nil, errors.New(page.Error.Message)
		}
		for _, row := range page.Data {
			values := make([]string, len(row))
			for i, v := range row {
				if values[i] = fmt.Sprint(v); v == nil {
					values[i] = "NULL"
				}
			}
			rows = append(rows, strings.Join(values, "|"))
		}
		method, url, body = "GET", page.NextURI, ""
	}
	return rows, nil
}

// TestTrinoSparkAndSQLReadEachOther: what one of them writes, the others read. Of
// Trino the registry has the Hive connector and not the Iceberg connector.
func TestTrinoSparkAndSQLReadEachOther(t *testing.T) {
	python, jars := need.Spark(t, "3.5")
	l := open(t)
	l.Bucket(t, "spark")
	e := startTrino(t, l)
	id, secret := administratorKey(t, l.Data)
	converse(t, l, map[string]func(string) ([]string, error){"TRINO": e.query}, python, "spark_trino.py", l.HMS, l.AWS, l.Region, id, secret, jars)
}
