// Package e2e tests the program from outside, with the clients that its users have.
package e2e

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lethe/test/lake"
	"lethe/test/need"
)

// walkthrough is the statement of the article that the sample lake comes from,
// as it is printed there.
const walkthrough = `SELECT *
    FROM demo_hive_metastore.default.covid_confirmed_cases
    WHERE country = 'US'
            OR country = 'Italy'
            OR country = 'India'
            OR country = 'Brazil'
            OR country = 'Spain'
            OR country = 'United Kingdom'`

// cliClients are the AWS command lines that must work.
func cliClients(t *testing.T) map[string]string {
	return map[string]string{"Debian": need.DebianAWS(t), "current": need.Venv(t, "aws")}
}

// athena runs a statement through an AWS command line and returns the id of its
// execution, which has succeeded.
func athena(t *testing.T, l *lake.Lake, aws, statement string) string {
	t.Helper()
	id := strings.TrimSpace(l.Run(t, aws, "--endpoint-url", l.AWS, "athena", "start-query-execution",
		"--query-string", statement, "--query", "QueryExecutionId", "--output", "text"))
	for {
		var got struct {
			QueryExecution struct {
				Status struct{ State, StateChangeReason string }
			}
		}
		out := l.Run(t, aws, "--endpoint-url", l.AWS, "athena", "get-query-execution", "--query-execution-id", id)
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		switch s := got.QueryExecution.Status; s.State {
		case "SUCCEEDED":
			return id
		case "FAILED", "CANCELLED":
			t.Fatalf("%s: %s", s.State, s.StateChangeReason)
		}
		time.Sleep(50 * time.Millisecond) // between polls of a client
	}
}

// covid is the folder of the published series.
func covid(t *testing.T) string { return need.Shared(t, "data", "covid19") }

func TestTheWalkThroughWithTheRealCommandLines(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "demo", "--covid", covid(t))
	for name, aws := range cliClients(t) {
		t.Run(name, func(t *testing.T) {
			id := athena(t, l, aws, walkthrough)
			dir := t.TempDir()
			file := filepath.Join(dir, "result.csv")
			l.Run(t, aws, "--endpoint-url", l.AWS, "s3", "cp", "--quiet", "s3://"+resultBucket+"/"+id+".csv", file)
			checkWalkthrough(t, file)
			out := l.Run(t, aws, "--endpoint-url", l.AWS, "athena", "get-query-results", "--query-execution-id", id, "--max-items", "3", "--output", "json")
			var page struct {
				ResultSet struct {
					Rows []struct {
						Data []struct{ VarCharValue string }
					}
					ResultSetMetadata struct{ ColumnInfo []struct{ Name, Type string } }
				}
			}
			if err := json.Unmarshal([]byte(out), &page); err != nil {
				t.Fatal(err)
			}
			if r := page.ResultSet.Rows; len(r) != 3 || r[0].Data[1].VarCharValue != "country" {
				t.Errorf("%s", out)
			}
			var columns []string
			for _, c := range page.ResultSet.ResultSetMetadata.ColumnInfo {
				columns = append(columns, c.Name+" "+c.Type)
			}
			if got := strings.Join(columns, ", "); got != "state varchar, country varchar, lat double, lon double, date varchar, confirmed bigint" {
				t.Error(got)
			}
		})
	}
	t.Run("sums of the world", func(t *testing.T) {
		for table, want := range map[string]string{
			"covid_confirmed_cases": "confirmed|28227493", "covid_death_cases": "deaths|972736", "covid_recovered_cases": "recovered|19004538",
		} {
			column, sum, _ := strings.Cut(want, "|")
			out := l.Run(t, lake.Binary(t), "sql", "--data", l.Data, "--format", "csv", "SELECT sum("+column+") AS n FROM "+table+" WHERE date = '2020-09-10'")
			if out != "n\n"+sum+"\n" {
				t.Errorf("%s: %q", table, out)
			}
		}
	})
	t.Run("originals and Parquet lie where the article has them", func(t *testing.T) {
		out := l.Run(t, need.DebianAWS(t), "--endpoint-url", l.AWS, "s3", "ls", "s3://lethe-demo/covid_data/")
		if !strings.Contains(out, "PRE csv/") || !strings.Contains(out, "PRE parquet/") {
			t.Error(out)
		}
	})
}

// checkWalkthrough compares the sums for 2020-09-10 with the published ones.
func checkWalkthrough(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]int{}
	for _, r := range rows[1:] {
		if r[4] == "2020-09-10" {
			n, err := strconv.Atoi(r[5])
			if err != nil {
				t.Fatal(err)
			}
			sums[r[1]] += n
		}
	}
	want := map[string]int{"US": 6420040, "India": 4562414, "Brazil": 4246638, "Spain": 554143, "United Kingdom": 360545, "Italy": 283180}
	for country, n := range want {
		if sums[country] != n {
			t.Errorf("%s: %d, published are %d", country, sums[country], n)
		}
	}
	if len(sums) != len(want) {
		t.Errorf("%d countries: %v", len(sums), sums)
	}
}
