package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/object"
	"lethe/wire/console"
)

// client is a browser or a script in front of a console over the doubles.
type client struct {
	t    *testing.T
	lake *lake
	url  string
	http *http.Client
	// cookie and token are what it was given at login.
	cookie *http.Cookie
	token  string
}

func serve(t *testing.T, change ...func(*console.Options)) *client {
	t.Helper()
	l := newLake(slog.New(slog.NewTextHandler(t.Output(), nil)))
	for _, f := range change {
		f(&l.Options)
	}
	srv := httptest.NewServer(console.New(l.Options))
	t.Cleanup(srv.Close)
	return &client{t: t, lake: l, url: srv.URL, http: srv.Client()}
}

// as logs in with a cookie.
func (c *client) as(name string) *client {
	c.t.Helper()
	r := c.do("POST", "/api/v1/session", fmt.Sprintf(`{"name":%q,"password":%q}`, name, password))
	c.want(r, http.StatusCreated)
	for _, k := range r.res.Cookies() {
		c.cookie = k
	}
	return c
}

type answer struct {
	res  *http.Response
	body string
}

// do sends a request; headers are pairs of name and value.
func (c *client) do(method, path, body string, headers ...string) answer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if strings.HasPrefix(body, "{") {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.cookie != nil {
		req.AddCookie(c.cookie)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		if strings.EqualFold(headers[i], "Host") {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{res, string(b)}
}

func (c *client) want(a answer, status int) {
	c.t.Helper()
	if a.res.StatusCode != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", a.res.Request.Method, a.res.Request.URL.Path, a.res.StatusCode, status, a.body)
	}
}

// problem decodes an error and checks its status and kind.
func (c *client) problem(a answer, status int, kind lethe.Kind) (message, hint string) {
	c.t.Helper()
	c.want(a, status)
	var p struct {
		Error struct {
			Kind              lethe.Kind
			Message, Hint, ID string
		}
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		c.t.Fatalf("%q: %v", a.body, err)
	}
	if p.Error.Kind != kind || p.Error.Message == "" || len(p.Error.ID) != 36 {
		c.t.Fatalf("error %+v, want kind %q, a message and an id", p.Error, kind)
	}
	return p.Error.Message, p.Error.Hint
}

func decode[T any](c *client, a answer) T {
	c.t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		c.t.Fatalf("%q: %v", a.body, err)
	}
	return v
}

// public are the operations that need no login: those that lead to one, or out of it,
// and the description.
var public = []string{"createSession", "listLoginProviders", "beginLogin", "finishLogin", "endLogin", "getOpenAPI"}

func TestEveryOperationNeedsALogin(t *testing.T) {
	c := serve(t)
	for _, op := range operations(t) {
		a := c.do(op.method, "/api/v1"+op.example(), "")
		if slices.Contains(public, op.id) {
			if a.res.StatusCode == http.StatusUnauthorized && op.id == "getOpenAPI" {
				t.Errorf("%s is public and answered %d", op.id, a.res.StatusCode)
			}
			continue
		}
		c.problem(a, http.StatusUnauthorized, lethe.Denied)
	}
}

func TestEveryOperationIsDecided(t *testing.T) {
	// A principal whom no policy allows anything gets nothing, whatever it names.
	c := serve(t).as("reader")
	for _, op := range operations(t) {
		if slices.Contains(append(public, "getSession", "deleteSession"), op.id) {
			continue
		}
		body := ""
		switch op.id {
		case "startQuery":
			body = `{"statement":"SELECT 1"}`
		case "startIngest":
			body = `{"sources":["s3://lake/x.csv"],"table":"t","location":"s3://lake/t/"}`
		}
		c.problem(c.do(op.method, "/api/v1"+op.example(), body), http.StatusForbidden, lethe.Denied)
	}
	if len(c.lake.queries.list) != 0 {
		t.Error("a refused query was started")
	}
}

func TestDecisionsAreThoseOfTheAWSWires(t *testing.T) {
	region := lethe.DefaultRegion
	primary := lethe.WorkgroupARN(region, "primary")
	tests := []struct {
		method, path, body string
		want               []string
	}{
		{"PUT", "/session/password", `{"old_password":"` + password + `","new_password":"x"}`, []string{"iam:ChangePassword " + admin.ARN}},
		{"POST", "/queries", `{"statement":"SELECT 1"}`, []string{"athena:StartQueryExecution " + primary}},
		{"POST", "/queries", `{"statement":"SELECT 1","workgroup":"w"}`, []string{"athena:StartQueryExecution " + lethe.WorkgroupARN(region, "w")}},
		{"GET", "/queries", "", []string{"athena:ListQueryExecutions " + primary, "athena:BatchGetQueryExecution " + primary}},
		{"GET", "/queries/ID", "", []string{"athena:GetQueryExecution " + primary}},
		{"POST", "/queries/ID/stop", "", []string{"athena:StopQueryExecution " + primary}},
		{"GET", "/queries/ID/results", "", []string{"athena:GetQueryResults " + primary}},
		{"GET", "/queries/ID/result.csv", "", []string{"athena:GetQueryResults " + primary, "s3:GetObject arn:aws:s3:::lake/results/out.csv"}},
		{"GET", "/catalogs", "", []string{"athena:ListDataCatalogs *"}},
		{"GET", "/catalogs/AwsDataCatalog/databases", "", []string{"glue:GetDatabases " + lethe.CatalogARN(region)}},
		{"GET", "/catalogs/demo_hive_metastore/databases", "", []string{"athena:ListDatabases " + lethe.DataCatalogARN(region, "demo_hive_metastore")}},
		{"GET", "/catalogs/AwsDataCatalog/databases/default/tables", "", []string{"glue:GetTables " + lethe.TableARN(region, "default", "*")}},
		{"GET", "/catalogs/AwsDataCatalog/databases/default/tables/reviews", "", []string{"glue:GetTable " + lethe.TableARN(region, "default", "reviews")}},
		{"GET", "/catalogs/AwsDataCatalog/databases/default/tables/reviews/partitions", "", []string{"glue:GetPartitions " + lethe.TableARN(region, "default", "reviews")}},
		{"POST", "/ingests", `{"sources":["s3://lake/x.csv"],"table":"t","location":"s3://lake/t/"}`, []string{"lethe:StartIngest arn:lethe:ingest:::*"}},
		{"GET", "/ingests", "", []string{"lethe:ListIngests arn:lethe:ingest:::*"}},
		{"GET", "/ingests/i-1", "", []string{"lethe:GetIngest arn:lethe:ingest:::*"}},
		{"POST", "/ingests/i-1/cancel", "", []string{"lethe:CancelIngest arn:lethe:ingest:::*"}},
		{"GET", "/event-receivers", "", []string{"lethe:ListEventReceivers arn:lethe:event:::*"}},
		{"GET", "/dead-letters", "", []string{"lethe:ListDeadLetters arn:lethe:event:::*"}},
		{"POST", "/dead-letters/redeliver?receiver=target/audit", "", []string{"lethe:RedeliverEvents arn:lethe:event:::*"}},
		{"POST", "/dead-letters/discard?receiver=target/audit", "", []string{"lethe:DiscardEvents arn:lethe:event:::*"}},
		{"GET", "/identifier-types", "", []string{"lethe:ListIdentifierTypes arn:lethe:erasure:::*"}},
		{"PUT", "/identifier-types/mail", `{"form":"email"}`, []string{"lethe:PutIdentifierType arn:lethe:erasure:::*"}},
		{"GET", "/mappings", "", []string{"lethe:ListErasureMappings arn:lethe:erasure:::*"}},
		{"POST", "/mappings/preview", `{}`, []string{"lethe:PreviewMapping arn:lethe:erasure:::*"}},
		{"PUT", "/mappings/a", `{}`, []string{"lethe:PutErasureMapping arn:lethe:erasure:::*"}},
		{"DELETE", "/mappings/a", "", []string{"lethe:DeleteErasureMapping arn:lethe:erasure:::*"}},
		{"GET", "/erasure-index", "", []string{"lethe:GetErasureIndex arn:lethe:erasure:::*"}},
		{"POST", "/erasure-index/build", "", []string{"lethe:BuildErasureIndex arn:lethe:erasure:::*"}},
		{"GET", "/erasure-index/unread", "", []string{"lethe:GetErasureIndex arn:lethe:erasure:::*"}},
		{"POST", "/vacuums", `{}`, []string{"lethe:CreateVacuum arn:lethe:erasure:::*"}},
		{"GET", "/vacuums", "", []string{"lethe:ListVacuums arn:lethe:erasure:::*"}},
		{"GET", "/vacuums/v-1", "", []string{"lethe:GetVacuum arn:lethe:erasure:::*"}},
		{"POST", "/requests", `{"identifiers":[{"type":"user_id","values":["u"]}]}`, []string{"lethe:CreateErasureRequest arn:lethe:erasure:::*"}},
		{"GET", "/requests", "", []string{"lethe:ListErasureRequests arn:lethe:erasure:::*"}},
		{"GET", "/requests/r-1", "", []string{"lethe:GetErasureRequest arn:lethe:erasure:::*"}},
		{"GET", "/requests/r-1/report", "", []string{"lethe:GetErasureRequest arn:lethe:erasure:::*"}},
		{"GET", "/requests/r-1/progress?limit=5", "", []string{"lethe:GetErasureRequest arn:lethe:erasure:::*"}},
		{"POST", "/requests/r-1/decision", `{"approve":true,"digest":"d"}`, []string{"lethe:DecideErasureRequest arn:lethe:erasure:::*"}},
		{"POST", "/requests/r-1/retry", "", []string{"lethe:RetryErasureRequest arn:lethe:erasure:::*"}},
		{"GET", "/requests/r-1/certificate", "", []string{"lethe:GetErasureRequest arn:lethe:erasure:::*"}},
		{"GET", "/requests/r-1/certificate.pdf", "", []string{"lethe:GetErasureRequest arn:lethe:erasure:::*"}},
		{"POST", "/requests/r-1/extend", `{"reason":"r"}`, []string{"lethe:ExtendErasureRequest arn:lethe:erasure:::*"}},
		{"GET", "/holds", "", []string{"lethe:ListErasureHolds arn:lethe:erasure:::*"}},
		{"POST", "/holds", `{"kind":"hold","reason":"r"}`, []string{"lethe:CreateErasureHold arn:lethe:erasure:::*"}},
		{"DELETE", "/holds/h-1", "", []string{"lethe:DeleteErasureHold arn:lethe:erasure:::*"}},
		{"GET", "/backups", "", []string{"lethe:ListBackups arn:lethe:backup:::*"}},
		{"POST", "/backups", `{"to":"/vault"}`, []string{"lethe:CreateBackup arn:lethe:backup:::*"}},
		{"POST", "/certificate-check", `{}`, []string{"lethe:CheckErasureCertificate arn:lethe:erasure:::*"}},
		{"GET", "/access/rules", "", []string{"lethe:ListTableRules " + lethe.TableARN(lethe.DefaultRegion, "*", "*")}},
		{"GET", "/access/rules?database=default&table=orders", "", []string{"lethe:ListTableRules " + lethe.TableARN(lethe.DefaultRegion, "default", "orders")}},
		{"GET", "/access/rules/default/orders/germany", "", []string{"lethe:GetTableRule " + lethe.TableARN(lethe.DefaultRegion, "default", "orders")}},
		{"PUT", "/access/rules/default/orders/germany", `{"principals":["*"]}`, []string{"lethe:PutTableRule " + lethe.TableARN(lethe.DefaultRegion, "default", "orders")}},
		{"DELETE", "/access/rules/default/orders/germany", "", []string{"lethe:DeleteTableRule " + lethe.TableARN(lethe.DefaultRegion, "default", "orders")}},
		{"GET", "/secrets", "", []string{"secretsmanager:ListSecrets *"}},
		{"GET", "/secrets/a%2Fb", "", []string{"secretsmanager:DescribeSecret " + lethe.SecretARN(region, "a/b"), "secretsmanager:ListSecretVersionIds " + lethe.SecretARN(region, "a/b")}},
		{"PUT", "/secrets/a%2Fb", `{"value":"x"}`, []string{"secretsmanager:CreateSecret " + lethe.SecretARN(region, "a/b")}},
		{"DELETE", "/secrets/a%2Fb", "", []string{"secretsmanager:DeleteSecret " + lethe.SecretARN(region, "a/b")}},
		{"POST", "/secrets/a%2Fb/restore", "", []string{"secretsmanager:RestoreSecret " + lethe.SecretARN(region, "a/b")}},
		{"GET", "/secrets/a%2Fb/value", "", []string{"secretsmanager:GetSecretValue " + lethe.SecretARN(region, "a/b")}},
		{"PUT", "/secrets/a%2Fb/value", `{"value":"x"}`, []string{"secretsmanager:PutSecretValue " + lethe.SecretARN(region, "a/b")}},
		{"POST", "/secrets/a%2Fb/rotate", "", []string{"secretsmanager:RotateSecret " + lethe.SecretARN(region, "a/b")}},
		{"GET", "/instance-offers", "", []string{"rds:DescribeOrderableDBInstanceOptions *"}},
		{"GET", "/instances", "", []string{"rds:DescribeDBInstances arn:aws:rds:*:000000000000:db:*"}},
		{"PUT", "/instances/us-west-2/other", `{"class":"db.m6g.large"}`, []string{"rds:CreateDBInstance arn:aws:rds:us-west-2:000000000000:db:other"}},
		{"GET", newsblog, "", []string{"rds:DescribeDBInstances arn:aws:rds:us-west-2:000000000000:db:newsblog"}},
		{"PATCH", newsblog, `{}`, []string{"rds:ModifyDBInstance arn:aws:rds:us-west-2:000000000000:db:newsblog"}},
		{"DELETE", newsblog, "", []string{"rds:DeleteDBInstance arn:aws:rds:us-west-2:000000000000:db:newsblog"}},
		{"POST", newsblog + "/stop", "", []string{"rds:StopDBInstance arn:aws:rds:us-west-2:000000000000:db:newsblog"}},
		{"POST", newsblog + "/reboot", "", []string{"rds:RebootDBInstance arn:aws:rds:us-west-2:000000000000:db:newsblog"}},
		{"GET", newsblog + "/metrics", "", []string{"rds:DescribeDBInstances arn:aws:rds:us-west-2:000000000000:db:newsblog"}},
		{"GET", newsblog + "/events", "", []string{"rds:DescribeEvents arn:aws:rds:us-west-2:000000000000:db:newsblog"}},
		{"GET", newsblog + "/logs", "", []string{"rds:DescribeDBLogFiles arn:aws:rds:us-west-2:000000000000:db:newsblog"}},
		{"GET", newsblog + "/log?file=a", "", []string{"rds:DownloadDBLogFilePortion arn:aws:rds:us-west-2:000000000000:db:newsblog"}},
		{"GET", "/snapshots", "", []string{"rds:DescribeDBSnapshots arn:aws:rds:*:000000000000:snapshot:*"}},
		{"PUT", "/snapshots/us-west-2/mine?instance=newsblog", "", []string{"rds:CreateDBSnapshot arn:aws:rds:us-west-2:000000000000:db:newsblog", "rds:CreateDBSnapshot arn:aws:rds:us-west-2:000000000000:snapshot:mine"}},
		{"DELETE", "/snapshots/us-west-2/mine", "", []string{"rds:DeleteDBSnapshot arn:aws:rds:us-west-2:000000000000:snapshot:mine"}},
		{"POST", "/snapshots/us-west-2/mine/restore?instance=again", "", []string{"rds:RestoreDBInstanceFromDBSnapshot arn:aws:rds:us-west-2:000000000000:snapshot:mine", "rds:RestoreDBInstanceFromDBSnapshot arn:aws:rds:us-west-2:000000000000:db:again"}},
		{"GET", "/connectors", "", []string{"lambda:ListFunctions *"}},
		{"PUT", "/connectors/new", `{"uris":["thrift://a:9083"]}`, []string{"lambda:CreateFunction " + lethe.FunctionARN(lethe.DefaultRegion, "new"), "lambda:UpdateFunctionConfiguration " + lethe.FunctionARN(lethe.DefaultRegion, "new")}},
		{"DELETE", "/connectors/old-metastore", "", []string{"lambda:DeleteFunction " + lethe.FunctionARN(lethe.DefaultRegion, "old-metastore")}},
		{"POST", "/connectors/old-metastore/test", `{"uris":["thrift://127.0.0.1:1"]}`, []string{"lambda:CreateFunction " + lethe.FunctionARN(region, "old-metastore"), "lambda:UpdateFunctionConfiguration " + lethe.FunctionARN(region, "old-metastore")}},
		{"GET", "/connectors/old-metastore/policy?bucket=lake", "", []string{"lambda:GetFunction " + lethe.FunctionARN(region, "old-metastore")}},
		{"PUT", "/catalogs/new", `{"connector":"old-metastore"}`, []string{"athena:CreateDataCatalog " + lethe.DataCatalogARN(region, "new")}},
		{"DELETE", "/catalogs/Demo_hive_metastore", "", []string{"athena:DeleteDataCatalog " + lethe.DataCatalogARN(region, "demo_hive_metastore")}},
		{"POST", "/policy-check", `{"document":"{}"}`, []string{"iam:GetContextKeysForCustomPolicy *"}},
		{"GET", "/buckets", "", []string{"s3:ListAllMyBuckets *"}},
		{"PUT", "/buckets/new-bucket", "", []string{"s3:CreateBucket arn:aws:s3:::new-bucket"}},
		{"DELETE", "/buckets/new-bucket", "", []string{"s3:DeleteBucket arn:aws:s3:::new-bucket"}},
		{"GET", "/buckets/lake/objects?prefix=a/", "", []string{"s3:ListBucket arn:aws:s3:::lake"}},
		{"GET", "/buckets/lake/objects/config.json", "", []string{"s3:GetObject arn:aws:s3:::lake/config.json"}},
		{"GET", "/buckets/lake/preview/config.json", "", []string{"s3:GetObject arn:aws:s3:::lake/config.json"}},
		{"PUT", "/buckets/lake/objects/a/b%20c", "x", []string{"s3:PutObject arn:aws:s3:::lake/a/b c"}},
		{"DELETE", "/buckets/lake/objects/a/b%20c", "", []string{"s3:DeleteObject arn:aws:s3:::lake/a/b c"}},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			c := serve(t).as("admin")
			id := c.start("SELECT 1")
			c.lake.policy.asked = nil
			a := c.do(tt.method, "/api/v1"+strings.ReplaceAll(tt.path, "ID", id), tt.body)
			if a.res.StatusCode >= 300 {
				t.Errorf("status %d: %s", a.res.StatusCode, a.body)
			}
			if !slices.Equal(c.lake.policy.asked, tt.want) {
				t.Errorf("decided %q, want %q", c.lake.policy.asked, tt.want)
			}
		})
	}
}

func (c *client) start(statement string) (id string) {
	c.t.Helper()
	a := c.do("POST", "/api/v1/queries", fmt.Sprintf(`{"statement":%q}`, statement))
	c.want(a, http.StatusCreated)
	return decode[struct{ ID string }](c, a).ID
}

func TestOneGrantIsEnoughForOneThing(t *testing.T) {
	c := serve(t).as("reader")
	c.lake.policy.allowed = []string{"s3:GetObject arn:aws:s3:::lake/config.json"}
	c.want(c.do("GET", "/api/v1/buckets/lake/objects/config.json", ""), http.StatusOK)
	c.problem(c.do("GET", "/api/v1/buckets/lake/objects/notes/readme.txt", ""), http.StatusForbidden, lethe.Denied)
	c.problem(c.do("DELETE", "/api/v1/buckets/lake/objects/config.json", ""), http.StatusForbidden, lethe.Denied)
	c.problem(c.do("GET", "/api/v1/buckets/lake/objects", ""), http.StatusForbidden, lethe.Denied)
}

func TestWhetherAQueryExistsIsNotTold(t *testing.T) {
	c := serve(t).as("admin")
	id := c.start("SELECT 1")
	c.problem(c.do("GET", "/api/v1/queries/"+lethe.NewID(), ""), http.StatusNotFound, lethe.NotFound)
	c.as("reader")
	c.problem(c.do("GET", "/api/v1/queries/"+id, ""), http.StatusForbidden, lethe.Denied)
	c.problem(c.do("GET", "/api/v1/queries/"+lethe.NewID(), ""), http.StatusForbidden, lethe.Denied)
}

func TestUnknownOperation(t *testing.T) {
	c := serve(t).as("admin")
	c.problem(c.do("GET", "/api/v1/nothing", ""), http.StatusNotFound, lethe.NotFound)
	c.problem(c.do("POST", "/api/v1/buckets", ""), http.StatusNotFound, lethe.NotFound)
	c.problem(c.do("GET", "/api/v2/buckets", ""), http.StatusNotFound, lethe.NotFound)
}

func TestMalformedRequests(t *testing.T) {
	c := serve(t).as("admin")
	tests := []struct{ name, method, path, body, contentType string }{
		{"no content type", "POST", "/queries", `{"statement":"SELECT 1"}`, "text/plain"},
		{"a form", "POST", "/queries", `statement=1`, "application/x-www-form-urlencoded"},
		{"not JSON", "POST", "/queries", `{"statement":`, "application/json"},
		{"unknown field", "POST", "/queries", `{"statemnt":"SELECT 1"}`, "application/json"},
		{"two values", "POST", "/queries", `{"statement":"SELECT 1"}{}`, "application/json"},
		{"too large", "POST", "/queries", `{"statement":"` + strings.Repeat("x", 3<<20) + `"}`, "application/json"},
		{"limit is no number", "GET", "/queries?limit=many", "", ""},
		{"limit too high", "GET", "/queries?limit=100000", "", ""},
		{"limit zero", "GET", "/buckets/lake/objects?limit=0", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c.t = t
			c.problem(c.do(tt.method, "/api/v1"+tt.path, tt.body, "Content-Type", tt.contentType), http.StatusBadRequest, lethe.Invalid)
		})
	}
}

func TestFaultsOfOurOwnShowNothing(t *testing.T) {
	c := serve(t, func(o *console.Options) { o.Objects = failing{o.Objects} }).as("admin")
	message, hint := c.problem(c.do("GET", "/api/v1/buckets", ""), http.StatusInternalServerError, lethe.Internal)
	if strings.Contains(message+hint, "secret.db") {
		t.Errorf("the answer shows the cause: %s, %s", message, hint)
	}
}

// failing fails as programs do: with an error that was not made for people.
type failing struct{ object.Store }

func (failing) Buckets(context.Context) ([]object.Bucket, error) {
	return nil, errors.New("open /var/lib/lethe/secret.db: input/output error")
}
