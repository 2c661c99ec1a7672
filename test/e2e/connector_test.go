package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	awsathena "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"lethe"
	"lethe/query"
	"lethe/test/lake"
)

// console calls the console's API as the administrator.
type console struct {
	t     *testing.T
	at    string
	token string
}

func openConsole(t *testing.T, l *lake.Lake) *console {
	t.Helper()
	password, err := os.ReadFile(filepath.Join(l.Data, "console-password"))
	if err != nil {
		t.Fatal(err)
	}
	c := &console{t: t, at: l.Console}
	var session struct{ Token string }
	c.call("POST", "/session", map[string]any{"name": "admin", "password": strings.TrimSpace(string(password)), "token": true}, &session)
	c.token = session.Token
	return c
}

func (c *console) call(method, path string, in, out any) {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, strings.TrimSuffix(c.at, "/")+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %s, %v: %s", method, path, res.Status, err, text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		c.t.Fatalf("%s %s: %v: %s", method, path, err, text)
	}
}

type connector struct {
	ARN   string
	Nodes []struct {
		URI  string
		Good bool
	}
}

// TestAnotherMetastore: one lake's queries read a table that is in another's
// metastore, through a connector, and go on when its nodes are replaced.
func TestAnotherMetastore(t *testing.T) {
	other := open(t)
	l := lake.Start(t, t.TempDir(), "serve")
	l.Bucket(t, "data")
	l.Put(t, "data", "people/year=1815/a.csv", "ada,36\n")
	l.Put(t, "data", "people/year=1912/b.csv", "alan,41\n")
	other.SQL(t, `CREATE EXTERNAL TABLE people (name string, age int) PARTITIONED BY (year int)
		ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://data/people/'`)

	c := openConsole(t, l)
	var made connector
	// The first node is not there, which nobody notices.
	c.call("PUT", "/connectors/other", map[string]any{"uris": []string{"thrift://127.0.0.1:1", other.HMS}}, &made)
	name := "elsewhere"
	_, err := l.Athena(t).CreateDataCatalog(t.Context(), &awsathena.CreateDataCatalogInput{Name: &name, Type: types.DataCatalogTypeHive,
		Parameters: map[string]string{query.MetadataFunction: made.ARN}})
	if err != nil {
		t.Fatal(err)
	}
	if made.ARN != lethe.FunctionARN(l.Region, "other") {
		t.Errorf("ARN %s", made.ARN)
	}
	if got := l.SQL(t, "SHOW TABLES IN elsewhere.default"); !slices.Equal(got, []string{"people"}) {
		t.Errorf("tables %q", got)
	}
	l.SQL(t, "ALTER TABLE elsewhere.default.people ADD PARTITION (year = 1815) PARTITION (year = 1912)")
	const statement = "SELECT name, age, year FROM elsewhere.default.people WHERE year < 1900"
	if got := l.SQL(t, statement); !slices.Equal(got, []string{"ada|36|1815"}) {
		t.Errorf("rows %q", got)
	}
	if got := other.SQL(t, "SHOW PARTITIONS people"); !slices.Equal(got, []string{"year=1815", "year=1912"}) {
		t.Errorf("partitions in the other lake %q", got)
	}
	var all struct {
		Connectors []struct {
			Name string
			connector
		}
	}
	c.call("GET", "/connectors", nil, &all)
	i := slices.IndexFunc(all.Connectors, func(k struct {
		Name string
		connector
	}) bool {
		return k.Name == "other"
	})
	if i < 0 || len(all.Connectors[i].Nodes) != 2 || all.Connectors[i].Nodes[0].Good || !all.Connectors[i].Nodes[1].Good {
		t.Errorf("connectors %+v", all)
	}

	// Other nodes need no restart.
	c.call("PUT", "/connectors/other", map[string]any{"uris": []string{"thrift://127.0.0.1:1"}}, &made)
	_, err = l.Query(t, statement)
	if err == nil || !strings.Contains(fmt.Sprint(err), "thrift://127.0.0.1:1") {
		t.Errorf("without a node: %v", err)
	}
	c.call("PUT", "/connectors/other", map[string]any{"uris": []string{other.HMS}}, &made)
	if got := l.SQL(t, statement); !slices.Equal(got, []string{"ada|36|1815"}) {
		t.Errorf("rows %q", got)
	}
	ownMetastore(t, l, c)
}

// ownMetastore holds that a lake's metastore, reached as an external one, over
// Thrift, answers what its catalog answers.
func ownMetastore(t *testing.T, l *lake.Lake, c *console) {
	name := "mine"
	_, err := l.Athena(t).CreateDataCatalog(t.Context(), &awsathena.CreateDataCatalogInput{Name: &name, Type: types.DataCatalogTypeHive,
		Parameters: map[string]string{query.MetadataFunction: lethe.FunctionARN(l.Region, query.OwnConnector)}})
	if err != nil {
		t.Fatal(err)
	}
	l.SQL(t, "CREATE EXTERNAL TABLE mine.default.scientists (name string, age int) PARTITIONED BY (year int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://data/people/'")
	l.SQL(t, "MSCK REPAIR TABLE default.scientists")
	for _, statement := range []string{"SELECT name, age, year FROM %s.default.scientists ORDER BY year", "SELECT count(*) FROM %s.default.scientists WHERE year = 1912",
		"SHOW PARTITIONS %s.default.scientists", "SHOW TABLES IN %s.default", "DESCRIBE %s.default.scientists", "SELECT * FROM %s.default.nothing"} {
		want, wantErr := l.Query(t, fmt.Sprintf(statement, lethe.DefaultCatalog))
		got, gotErr := l.Query(t, fmt.Sprintf(statement, name))
		if !slices.Equal(got, want) || (gotErr == nil) != (wantErr == nil) {
			t.Errorf("%s: %q, %v; in the lake's own catalog %q, %v", statement, got, gotErr, want, wantErr)
		}
	}
	var all struct {
		Connectors []struct {
			Name string
			connector
		}
	}
	c.call("GET", "/connectors", nil, &all)
	for _, k := range all.Connectors {
		if k.Name == query.OwnConnector && (len(k.Nodes) != 1 || k.Nodes[0].URI != l.HMS || !k.Nodes[0].Good) {
			t.Errorf("the lake's own metastore: %+v, served at %s", k, l.HMS)
		}
	}
	l.SQL(t, "DROP TABLE mine.default.scientists")
}
