package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	athenasdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"lethe/test/lake"
	"lethe/test/need"
)

// resultBucket is where the workgroup primary keeps results.
const resultBucket = "aws-athena-query-results-000000000000-eu-central-1"

// person runs an AWS command line as one of the sample lake's people.
type person struct {
	l         *lake.Lake
	aws, name string
}

func (p person) try(args ...string) (string, error) {
	return p.l.Try(p.aws, append([]string{"--endpoint-url", p.l.AWS, "--profile", p.name, "--output", "json"}, args...)...)
}

func (p person) can(t *testing.T, args ...string) string {
	t.Helper()
	out, err := p.try(args...)
	if err != nil {
		t.Fatalf("%s: aws %s: %s", p.name, strings.Join(args, " "), out)
	}
	return out
}

// cannot returns what the person is told.
func (p person) cannot(t *testing.T, args ...string) string {
	t.Helper()
	out, err := p.try(args...)
	if err == nil {
		t.Errorf("%s may: aws %s: %s", p.name, strings.Join(args, " "), out)
	} else if !strings.Contains(out, "AccessDenied") && !strings.Contains(out, "403") {
		t.Errorf("%s is refused aws %s otherwise: %s", p.name, strings.Join(args, " "), out)
	}
	return out
}

// runs starts a statement and returns its execution when that has ended.
func (p person) runs(t *testing.T, statement string) (id, state, reason string) {
	t.Helper()
	id = strings.Trim(p.can(t, "athena", "start-query-execution", "--query-string", statement, "--query", "QueryExecutionId"), "\" \n")
	for {
		var got struct {
			QueryExecution struct {
				Status struct{ State, StateChangeReason string }
			}
		}
		if err := json.Unmarshal([]byte(p.can(t, "athena", "get-query-execution", "--query-execution-id", id)), &got); err != nil {
			t.Fatal(err)
		}
		if s := got.QueryExecution.Status; s.State != "QUEUED" && s.State != "RUNNING" {
			return id, s.State, s.StateChangeReason
		}
		time.Sleep(50 * time.Millisecond) // between polls of a client
	}
}

// The second half of the walk-through: both people hold AmazonAthenaFullAccess,
// and two policies part them.
func TestEngineerAndSales(t *testing.T) {
	l := lake.Start(t, t.TempDir(), "demo", "--covid", covid(t))
	aws := need.DebianAWS(t)
	engineer, sales, admin := person{l, aws, "engineer"}, person{l, aws, "sales"}, person{l, aws, "lethe"}

	t.Run("the engineer runs the query", func(t *testing.T) {
		id, state, reason := engineer.runs(t, walkthrough)
		if state != "SUCCEEDED" {
			t.Fatal(reason)
		}
		file := filepath.Join(t.TempDir(), "result.csv")
		engineer.can(t, "s3", "cp", "--quiet", "s3://"+resultBucket+"/"+id+".csv", file)
		checkWalkthrough(t, file)
		if out := engineer.can(t, "lambda", "list-functions", "--query", "Functions[].FunctionName"); !strings.Contains(out, "lethe-hive-metastore") {
			t.Error(out)
		}
		if out := engineer.can(t, "lambda", "get-function", "--function-name", "lethe-hive-metastore"); !strings.Contains(out, "function:lethe-hive-metastore") {
			t.Error(out)
		}
	})

	t.Run("the salesperson is refused and sees no table", func(t *testing.T) {
		if _, state, reason := sales.runs(t, walkthrough); state != "FAILED" || !strings.Contains(reason, "not authorized to perform: lambda:InvokeFunction") {
			t.Error(state, reason)
		}
		sales.cannot(t, "athena", "list-databases", "--catalog-name", "demo_hive_metastore")
		sales.cannot(t, "athena", "list-table-metadata", "--catalog-name", "demo_hive_metastore", "--database-name", "default")
		sales.cannot(t, "athena", "get-table-metadata", "--catalog-name", "demo_hive_metastore", "--database-name", "default", "--table-name", "covid_confirmed_cases")
		sales.cannot(t, "lambda", "list-functions")
		sales.cannot(t, "lambda", "get-function", "--function-name", "lethe-hive-metastore")
		if out := sales.can(t, "athena", "list-table-metadata", "--catalog-name", "AwsDataCatalog", "--database-name", "default", "--query", "TableMetadataList[].Name"); strings.Contains(out, "covid") {
			t.Error(out)
		}
	})

	t.Run("and finds no way round", func(t *testing.T) {
		// What is there is refused in the words for what is not.
		client := athenasdk.NewFromConfig(l.As(t, "sales"))
		for _, s := range []string{
			"SELECT count(*) FROM %s", "DESCRIBE %s", "SHOW CREATE TABLE %s", "SHOW COLUMNS IN %s", "SHOW PARTITIONS %s", "DROP TABLE %s",
			"ALTER TABLE %s ADD PARTITION (d = '1')", "MSCK REPAIR TABLE %s", "EXPLAIN SELECT * FROM %s", "CREATE TABLE copy AS SELECT * FROM %s",
			"CREATE VIEW peek AS SELECT * FROM %s", "PREPARE p FROM SELECT * FROM %s",
		} {
			refused := map[string]string{}
			for _, table := range []string{"covid_death_cases", "absent_death_cases"} {
				state, reason, _ := ends(t, client, strings.ReplaceAll(s, "%s", table))
				if state == "SUCCEEDED" {
					t.Error(strings.ReplaceAll(s, "%s", table))
				}
				refused[table] = strings.ReplaceAll(reason, table, "x")
			}
			if refused["covid_death_cases"] != refused["absent_death_cases"] {
				t.Errorf("%s tells what is there: %q", s, refused)
			}
		}
		state, reason, id := ends(t, client, "SHOW TABLES")
		if state != "SUCCEEDED" {
			t.Fatal(reason)
		}
		page, err := client.GetQueryResults(t.Context(), &athenasdk.GetQueryResultsInput{QueryExecutionId: &id})
		if err != nil || len(page.ResultSet.Rows) > 0 {
			t.Error(page, err)
		}

		// The tables are where they were, and their results the engineer's.
		state, reason, id = ends(t, athenasdk.NewFromConfig(l.As(t, "engineer")), "SELECT count(*) FROM covid_death_cases")
		if state != "SUCCEEDED" {
			t.Fatal(reason)
		}
		denied := func(what string, err error) {
			t.Helper()
			var e smithy.APIError
			if !errors.As(err, &e) || !strings.HasPrefix(e.ErrorCode(), "AccessDenied") {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err = client.GetQueryResults(t.Context(), &athenasdk.GetQueryResultsInput{QueryExecutionId: &id})
		denied("the engineer's result", err)
		store := s3.NewFromConfig(l.As(t, "sales"), func(o *s3.Options) { o.UsePathStyle = true })
		for bucket, key := range map[string]string{resultBucket: id + ".csv", "lethe-demo": "covid_data/csv/time_series_covid19_deaths_global.csv"} {
			_, err = store.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
			denied("get "+key, err)
			to, from := "mine.csv", bucket+"/"+key
			own := resultBucket
			_, err = store.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &own, Key: &to, CopySource: &from})
			denied("copy "+key, err)
			signed, err := s3.NewPresignClient(store).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			got, err := http.Get(signed.URL)
			if err != nil {
				t.Fatal(err)
			}
			got.Body.Close()
			if got.StatusCode != http.StatusForbidden {
				t.Errorf("presigned %s: %s", key, got.Status)
			}
		}
		// A table over the results, which sales may make, opens none of others.
		state, reason, _ = ends(t, client, "CREATE EXTERNAL TABLE results (line string) LOCATION 's3://"+resultBucket+"/'")
		if state != "SUCCEEDED" {
			t.Fatal(reason)
		}
		if state, reason, _ = ends(t, client, "SELECT * FROM results"); state != "FAILED" || !strings.Contains(reason, "not authorized to perform: s3:GetObject") {
			t.Error(state, reason)
		}
		companion, bucket := id+".csv.metadata", resultBucket
		_, err = store.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &companion})
		denied("get "+companion, err)
		if _, err := l.S3(t).GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &companion}); err != nil {
			t.Errorf("the administrator reads results: %v", err)
		}
		sales.cannot(t, "iam", "create-access-key", "--user-name", "engineer")
		sales.cannot(t, "iam", "add-user-to-group", "--group-name", "DataEngineerGroup", "--user-name", "sales")
	})

	t.Run("the engineer has the dashboard, and the salesperson has not", func(t *testing.T) { checkPictures(t, l, covid(t)) })

	t.Run("a change of policies counts at once", func(t *testing.T) {
		admin.can(t, "iam", "add-user-to-group", "--group-name", "DataEngineerGroup", "--user-name", "sales")
		if _, state, reason := sales.runs(t, walkthrough); state != "SUCCEEDED" {
			t.Error(reason)
		}
		admin.can(t, "iam", "remove-user-from-group", "--group-name", "DataEngineerGroup", "--user-name", "sales")
		if _, state, _ := sales.runs(t, walkthrough); state != "FAILED" {
			t.Error("still allowed")
		}
	})

	t.Run("both read their passwords in secrets, and log in to the console", func(t *testing.T) {
		for user, secret := range map[string]string{"engineer": "DataEngineerUserCreds", "sales": "SalesUserCreds"} {
			read := func(p person) string {
				var creds struct{ Username, Password string }
				text := p.can(t, "secretsmanager", "get-secret-value", "--secret-id", secret, "--query", "SecretString")
				if err := json.Unmarshal([]byte(text), &text); err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal([]byte(text), &creds); err != nil || creds.Username != user || creds.Password == "" {
					t.Fatal(creds.Username, err)
				}
				return creds.Password
			}
			logsIn := func(password string) (status int) {
				body, err := json.Marshal(map[string]any{"name": user, "password": password, "token": true})
				if err != nil {
					t.Fatal(err)
				}
				resp, err := http.Post(l.Console+"/api/v1/session", "application/json", bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				return resp.StatusCode
			}
			first := read(admin)
			if first != read(person{l, aws, user}) {
				t.Error("they read different passwords")
			}
			if status := logsIn(first); status != http.StatusCreated {
				t.Errorf("%s logs in: %d", user, status)
			}
			admin.can(t, "secretsmanager", "rotate-secret", "--secret-id", secret)
			if status := logsIn(first); status != http.StatusUnauthorized {
				t.Errorf("%s logs in with the password before: %d", user, status)
			}
			if status := logsIn(read(admin)); status != http.StatusCreated {
				t.Errorf("%s logs in with the next password: %d", user, status)
			}
		}
		sales.cannot(t, "secretsmanager", "get-secret-value", "--secret-id", "DataEngineerUserCreds")
		sales.cannot(t, "secretsmanager", "get-secret-value", "--secret-id", "AdministratorUserCreds")
		sales.cannot(t, "secretsmanager", "rotate-secret", "--secret-id", "SalesUserCreds")
		sales.cannot(t, "secretsmanager", "list-secrets")
		if out := admin.can(t, "secretsmanager", "get-secret-value", "--secret-id", "AdministratorUserCreds"); !strings.Contains(out, "admin") {
			t.Error(out)
		}
		if out := l.Output(); !strings.Contains(out, "get-secret-value --secret-id DataEngineerUserCreds") {
			t.Error(out)
		}
	})

	t.Run("the files for clients hold all three", func(t *testing.T) {
		text, err := os.ReadFile(filepath.Join(l.Data, "aws", "credentials"))
		if err != nil || strings.Count(string(text), "aws_secret_access_key") != 3 {
			t.Error(err)
		}
	})
}

// ends runs a statement and returns how it ended; one that is refused at once has
// failed.
func ends(t *testing.T, c *athenasdk.Client, statement string) (state, reason, id string) {
	t.Helper()
	started, err := c.StartQueryExecution(t.Context(), &athenasdk.StartQueryExecutionInput{QueryString: &statement})
	var e smithy.APIError
	if errors.As(err, &e) {
		return "FAILED", e.ErrorMessage(), ""
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		got, err := c.GetQueryExecution(t.Context(), &athenasdk.GetQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
		if err != nil {
			t.Fatal(err)
		}
		if s := got.QueryExecution.Status; s.State != types.QueryExecutionStateQueued && s.State != types.QueryExecutionStateRunning {
			if s.StateChangeReason != nil {
				reason = *s.StateChangeReason
			}
			return string(s.State), reason, *started.QueryExecutionId
		}
		time.Sleep(20 * time.Millisecond) // between polls of a client
	}
}
