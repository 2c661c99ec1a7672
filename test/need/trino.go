package need

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
)

// TrinoServer is a Trino that runs until its test ends, with one catalog, hive.
type TrinoServer struct{ url string }

// StartTrino starts Trino with the properties of its catalog hive, whose connector is
// Hive's, and returns when it answers.
func StartTrino(t testing.TB, catalog string) *TrinoServer {
	t.Helper()
	home, start := Trino(t)
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
	write("catalog/hive.properties", "connector.name=hive\n"+catalog)
	cmd := exec.Command(Java(t), "-Xmx1g", "-XX:TieredStopAtLevel=1", "-Djdk.attach.allowAttachSelf=true", "-Duser.timezone=UTC",
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
	e := &TrinoServer{"http://" + addr}
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if _, err = e.Query("SELECT 1"); err == nil {
			return e
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(out.Name())
			t.Fatalf("Trino does not answer: %v\n%s", err, text[max(0, len(text)-4000):])
		}
	}
}

// Query runs a statement and returns its rows, values joined by |.
func (e *TrinoServer) Query(statement string) ([]string, error) {
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
			Error   *struct {
				Message     string
				FailureInfo trinoFailure
			}
		}
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		if err := d.Decode(&page); err != nil {
			return nil, fmt.Errorf("%s: %s", res.Status, text)
		}
		if page.Error != nil {
			return nil, errors.New(page.Error.FailureInfo.because(page.Error.Message))
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

// trinoFailure is an exception of Trino's.
type trinoFailure struct {
	Message string
	Cause   *trinoFailure
}

// because is a message with those of what has caused it.
func (f trinoFailure) because(message string) string {
	if f.Cause == nil {
		return message
	}
	return f.Cause.because(message + ": " + f.Cause.Message)
}
