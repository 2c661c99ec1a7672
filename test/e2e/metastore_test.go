package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lethe/test/lake"
	"lethe/test/need"
)

// administratorKey reads the administrator's access key.
func administratorKey(t *testing.T, data string) (id, secret string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "aws", "credentials"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		k, v, _ := strings.Cut(line, "=")
		switch v = strings.TrimSpace(v); strings.TrimSpace(k) {
		case "aws_access_key_id":
			if id == "" {
				id = v
			}
		case "aws_secret_access_key":
			if secret == "" {
				secret = v
			}
		}
	}
	return id, secret
}

// open starts a lake in which anyone on this machine may do everything.
func open(t *testing.T) *lake.Lake {
	t.Helper()
	config := filepath.Join(t.TempDir(), "lethe.yaml")
	if err := os.WriteFile(config, []byte("metastore:\n  anonymous: admin\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return lake.Start(t, t.TempDir(), "serve", "--config", config)
}

// does runs a script that says done when it has done everything.
func does(t *testing.T, l *lake.Lake, python, script string, args ...string) {
	t.Helper()
	id, secret := administratorKey(t, l.Data)
	cmd := exec.Command(python, append([]string{filepath.Join("testdata", script)}, args...)...)
	cmd.Env = append(l.Env(), "KEY="+id, "SECRET="+secret)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil || !strings.HasSuffix(strings.TrimSpace(out.String()), "done") {
		t.Fatalf("%v\n%s", err, out.String())
	}
}

func TestPyIcebergOverTheMetastore(t *testing.T) {
	python := need.Venv(t, "python")
	need.Venv(t, "pyiceberg")
	l := open(t)
	does(t, l, python, "pyiceberg_hive.py", l.HMS)
}

// In the sample lake, clients of this machine read the catalog and change nothing.
func TestSampleLakesMetastoreIsReadOnly(t *testing.T) {
	python := need.Venv(t, "python")
	need.Venv(t, "pyiceberg")
	l := lake.Start(t, t.TempDir(), "demo")
	const script = `
import sys
from pyiceberg.catalog.hive import _HiveClient
from hive_metastore.ttypes import MetaException
with _HiveClient(sys.argv[1]) as m:
    t = m.get_table(dbname="default", tbl_name="covid_confirmed_cases")
    print(t.sd.serdeInfo.serializationLib, [x.name for x in t.sd.cols])
    try:
        m.drop_table(dbname="default", name="covid_confirmed_cases", deleteData=True)
        print("dropped")
    except MetaException as e:
        print("refused", "glue:DeleteTable" in e.message)
`
	out := l.Run(t, python, "-c", script, l.HMS)
	if !strings.Contains(out, "ParquetHiveSerDe ['state', 'country'") || !strings.Contains(out, "refused True") {
		t.Error(out)
	}
}
