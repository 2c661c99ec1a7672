package need

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// dynamoPOM asks for DynamoDB Local, Amazon's DynamoDB for tests.
const dynamoPOM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>lethe</groupId><artifactId>dynamodb</artifactId><version>1</version><dependencies>
<dependency><groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>2.5.2</version></dependency>
</dependencies></project>
`

// dynamoSum is the checksum of the list of its files and their checksums.
const dynamoSum = "e39f0bb319b6e659b1a4f862faee7841a50609f8d3af6c3272f46400105c524b"

// dynamo is the server of this process.
var dynamo struct {
	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
	port  int
}

// DynamoDB starts DynamoDB Local for the tests of this process, once, and returns its
// URL. Its tables are in memory; any credentials will do. TestMain calls StopServers.
func DynamoDB(t testing.TB) string {
	t.Helper()
	dynamo.mu.Lock()
	defer dynamo.mu.Unlock()
	if dynamo.cmd == nil {
		startDynamo(t)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", dynamo.port)
}

func startDynamo(t testing.TB) {
	t.Helper()
	java, lib := Java(t), dynamoLocal(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dynamo.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	var log strings.Builder
	cmd := exec.Command(java, "-Xmx512m", "-XX:TieredStopAtLevel=1", "-Djava.library.path="+lib, "-cp", filepath.Join(lib, "*"),
		"com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-inMemory", "-disableTelemetry", "-port", fmt.Sprint(dynamo.port))
	cmd.Dir, cmd.Stdout, cmd.Stderr = lib, &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// The server ends with the thread that started it, which therefore stays
		// this goroutine's, and ends with the process.
		runtime.LockOSThread()
		started <- cmd.Start()
		cmd.Wait()
		close(ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; {
		// It refuses what is not signed, which is an answer.
		if r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", dynamo.port)); err == nil {
			r.Body.Close()
			break
		}
		select {
		case <-ended:
			t.Fatalf("DynamoDB Local ended: %s", log.String())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			<-ended
			t.Fatalf("DynamoDB Local does not answer: %s", log.String())
		}
	}
	dynamo.cmd, dynamo.ended = cmd, ended
}

func stopDynamo() {
	dynamo.mu.Lock()
	defer dynamo.mu.Unlock()
	if dynamo.cmd != nil {
		dynamo.cmd.Process.Kill() // nothing of it is kept
		<-dynamo.ended
		dynamo.cmd = nil
	}
}

// dynamoLocal returns the folder of DynamoDB Local's jars and libraries.
func dynamoLocal(t testing.TB) string {
	t.Helper()
	dir := peers(t)
	home := filepath.Join(dir, "dynamodb-local-2.5.2")
	lib := filepath.Join(home, "lib")
	if _, err := os.Stat(lib); err == nil { // whole: it got its name at the end
		return lib
	}
	once(t, dir, home, func() error {
		fresh := home + ".new"
		os.RemoveAll(fresh)
		err := os.MkdirAll(fresh, 0o755)
		if err == nil {
			err = os.WriteFile(filepath.Join(fresh, "pom.xml"), []byte(dynamoPOM), 0o644)
		}
		if err == nil {
			err = run("mvn", "-B", "-q", "-f", filepath.Join(fresh, "pom.xml"), "dependency:copy-dependencies", "-DoutputDirectory="+filepath.Join(fresh, "lib"))
		}
		if err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(fresh, "lib", "*"))
		if err != nil {
			return err
		}
		sort.Strings(files)
		list := sha256.New()
		for _, f := range files {
			sum, err := checksum(f)
			if err != nil {
				return err
			}
			fmt.Fprintf(list, "%s  %s\n", sum, filepath.Base(f))
		}
		if got := hex.EncodeToString(list.Sum(nil)); got != dynamoSum {
			return fmt.Errorf("the files of DynamoDB Local have the checksum %s, not %s", got, dynamoSum)
		}
		return os.Rename(fresh, home)
	})
	return lib
}
