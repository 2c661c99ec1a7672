package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lethe/test/lake"
	"lethe/test/need"
)

// converse runs a script that says done when it has done everything. Until then it
// may ask for statements of other engines, as SQL is the lake's: the engine's name
// and the statement as JSON on a line, answered by a line of JSON, the rows or what
// the error says.
func converse(t *testing.T, l *lake.Lake, others map[string]func(statement string) ([]string, error), python, script string, args ...string) {
	t.Helper()
	engines := map[string]func(string) ([]string, error){"SQL": func(statement string) ([]string, error) { return l.Query(t, statement) }}
	maps.Copy(engines, others)
	cmd := exec.Command(python, append([]string{filepath.Join("testdata", script)}, args...)...)
	cmd.Env = append(l.Env(), "SPARK_LOCAL_IP=127.0.0.1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		said = append(said, line)
		name, text, _ := strings.Cut(line, " ")
		engine := engines[name]
		if engine == nil {
			continue
		}
		var statement string
		if err := json.Unmarshal([]byte(text), &statement); err != nil {
			t.Error(err)
		}
		var answer any
		rows, err := engine(statement)
		if answer = rows; err != nil {
			answer = err.Error()
		}
		b, err := json.Marshal(answer)
		if err != nil {
			t.Error(err)
		}
		in.Write(append(b, '\n'))
	}
	if err := cmd.Wait(); err != nil || len(said) == 0 || said[len(said)-1] != "done" {
		t.Fatalf("%v\n%s\n%s", err, strings.Join(said, "\n"), errs.String())
	}
}

// sparkOverS3 lets Spark work with the catalog and the store.
func sparkOverS3(t *testing.T, version, iceberg string) {
	python, jars := need.Spark(t, version)
	l := open(t)
	l.Bucket(t, "spark")
	id, secret := administratorKey(t, l.Data)
	converse(t, l, nil, python, "spark_s3.py", l.HMS, l.AWS, l.Region, id, secret, jars, iceberg)
}

func TestSparkOverTheMetastoreAndS3(t *testing.T) {
	sparkOverS3(t, "3.5", "iceberg")
}
