package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"lethe/wire/console"
)

// The parts of an OpenAPI document that the tests look at.
type document struct {
	Paths      map[string]map[string]operationDoc
	Components struct{ Schemas map[string]schema }
}

type operationDoc struct {
	OperationID string   `json:"operationId"`
	Actions     []string `json:"x-actions"`
	Parameters  []struct{ Name, In string }
	Responses   map[string]struct {
		Content map[string]struct{ Schema schema }
	}
}

type schema struct {
	Ref                  string            `json:"$ref"`
	Type                 any               `json:"type"`
	Properties           map[string]schema `json:"properties"`
	Items                *schema           `json:"items"`
	AdditionalProperties *schema           `json:"additionalProperties"`
}

func openAPI(t *testing.T) document {
	t.Helper()
	b, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

type operation struct {
	method, path, id string
	doc              operationDoc
}

// example fills the path's parameters with names of nothing in particular.
func (o operation) example() string {
	return strings.NewReplacer("{id}", "no-such-query", "{catalog}", "AwsDataCatalog", "{database}", "default",
		"{table}", "reviews", "{connector}", "old-metastore", "{bucket}", "lake", "{key}", "some/key",
		"{user}", "ada", "{group}", "makers", "{role}", "night", "{policy}", "arn:aws:iam::aws:policy%2FAmazonS3ReadOnlyAccess", "{version}", "v1",
		"{access_key}", "AKIA", "{secret}", "ada%2Fpassword", "{login}", "0011", "{region}", "us-west-2", "{instance}", "newsblog", "{snapshot}", "newsblog-1").Replace(o.path)
}

func operations(t *testing.T) (out []operation) {
	t.Helper()
	for path, methods := range openAPI(t).Paths {
		for method, doc := range methods {
			out = append(out, operation{strings.ToUpper(method), path, doc.OperationID, doc})
		}
	}
	return out
}

func TestTheDescriptionAndTheRoutesAgree(t *testing.T) {
	want := console.Routes()
	var got []string
	for _, o := range operations(t) {
		got = append(got, fmt.Sprintf("%s %s %s", o.method, strings.ReplaceAll(o.path, "{key}", "{key...}"), o.id))
		for _, p := range strings.Split(o.path, "/") {
			name, ok := strings.CutPrefix(p, "{")
			if ok && !slices.ContainsFunc(o.doc.Parameters, func(x struct{ Name, In string }) bool { return x.In == "path" && x.Name+"}" == name }) {
				t.Errorf("%s does not describe %s", o.id, p)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("openapi.json has\n%s\nthe routes are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheDescriptionIsServed(t *testing.T) {
	c := serve(t)
	a := c.do("GET", "/api/v1/openapi.json", "")
	c.want(a, http.StatusOK)
	if decode[struct{ OpenAPI string }](c, a).OpenAPI != "3.1.0" {
		t.Error(a.body)
	}
}

// Every field of an answer stands in the description, with its type.
func TestAnswersAreAsDescribed(t *testing.T) {
	c := serve(t).as("admin")
	id := c.start("SELECT 1 LIMIT 3")
	failed := c.start("SELECT fail")
	c.asDescribed([]described{
		{"getSession", "GET", "/session", ""},
		{"createSession", "POST", "/session", `{"name":"admin","password":"` + password + `","token":true}`},
		{"startQuery", "POST", "/queries", `{"statement":"SELECT 1"}`},
		{"listQueries", "GET", "/queries?limit=1", ""},
		{"getQuery", "GET", "/queries/" + id, ""},
		{"getQuery", "GET", "/queries/" + failed, ""},
		{"stopQuery", "POST", "/queries/" + id + "/stop", ""},
		{"getQueryResults", "GET", "/queries/" + id + "/results?row=1", ""},
		{"getQueryResults", "GET", "/queries/" + id + "/results?limit=1", ""},
		{"listWorkgroups", "GET", "/workgroups", ""},
		{"listCatalogs", "GET", "/catalogs", ""},
		{"listDatabases", "GET", "/catalogs/AwsDataCatalog/databases", ""},
		{"listTables", "GET", "/catalogs/AwsDataCatalog/databases/default/tables?columns=true&limit=1", ""},
		{"getTable", "GET", "/catalogs/AwsDataCatalog/databases/default/tables/covid_death_cases", ""},
		{"listPartitions", "GET", "/catalogs/AwsDataCatalog/databases/default/tables/reviews/partitions?limit=1", ""},
		{"startIngest", "POST", "/ingests", `{"sources":["s3://lake/x.csv"],"table":"t","location":"s3://lake/t/"}`},
		{"listIngests", "GET", "/ingests", ""},
		{"listBackups", "GET", "/backups", ""},
		{"createBackup", "POST", "/backups", `{"to":"/vault","expires":"2999-01-01T00:00:00Z","no_keys":true}`},
		{"getIngest", "GET", "/ingests/i-1?wait_ms=10", ""},
		{"listAudit", "GET", "/audit?limit=2&outcome=denied", ""},
		{"verifyAudit", "GET", "/audit/chain", ""},
		{"listEventReceivers", "GET", "/event-receivers", ""},
		{"listDeadLetters", "GET", "/dead-letters?limit=2", ""},
		{"redeliverEvents", "POST", "/dead-letters/redeliver?receiver=target/audit", ""},
		{"discardEvents", "POST", "/dead-letters/discard?receiver=target/audit", ""},
		{"listTableRules", "GET", "/access/rules", ""},
		{"getTableRule", "GET", "/access/rules/default/orders/germany", ""},
		{"putTableRule", "PUT", "/access/rules/default/orders/germany", `{"principals":["*"],"masks":[{"column":"email","kind":"expression","expression":"'x'"}]}`},
		{"listConnectors", "GET", "/connectors", ""},
		{"putConnector", "PUT", "/connectors/new", `{"description":"x","uris":["thrift://a:9083"],"role":"arn:aws:iam::000000000000:role/hive"}`},
		{"testConnector", "POST", "/connectors/new/test", `{"uris":["thrift://127.0.0.1:1"]}`},
		{"getConnectorPolicy", "GET", "/connectors/new/policy?bucket=lake", ""},
		{"createCatalog", "PUT", "/catalogs/new", `{"connector":"old-metastore"}`},
		{"checkPolicy", "POST", "/policy-check", `{"document":"{}"}`},
		{"checkPolicy", "POST", "/policy-check", `{"document":"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}"}`},
		{"listBuckets", "GET", "/buckets", ""},
		{"createBucket", "PUT", "/buckets/third-lake", ""},
		{"listObjects", "GET", "/buckets/lake/objects?delimiter=/&limit=3", ""},
		{"putObject", "PUT", "/buckets/lake/objects/x", "x"},
		{"previewObject", "GET", "/buckets/lake/preview/x", ""},
		{"previewObject", "GET", "/buckets/lake/preview/covid_data/parquet/covid_confirmed_cases/part-0.parquet", ""},
		{"previewObject", "GET", "/buckets/lake/preview/covid_data/parquet/broken.parquet", ""},
	})
	a := c.do("POST", "/api/v1/queries", `{"statement":"SELECT 1 FORM x"}`)
	openAPI(t).check(t, "an error", schema{Ref: "#/components/schemas/Error"}, decode[any](c, a))
}

// described is a request to an operation.
type described struct{ operation, method, path, body string }

// asDescribed sends requests in order and holds the answers to the description.
func (c *client) asDescribed(requests []described) {
	c.t.Helper()
	d := openAPI(c.t)
	for _, r := range requests {
		a := c.do(r.method, "/api/v1"+r.path, r.body)
		for _, o := range operations(c.t) {
			if o.id != r.operation {
				continue
			}
			s, ok := o.doc.Responses[fmt.Sprint(a.res.StatusCode)]
			if !ok {
				c.t.Errorf("%s answered %d, which is not described: %s", r.operation, a.res.StatusCode, a.body)
				continue
			}
			if a.body != "" {
				d.check(c.t, r.operation, s.Content["application/json"].Schema, decode[any](c, a))
			}
		}
	}
}

func (d document) check(t *testing.T, at string, s schema, v any) {
	t.Helper()
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		s, ok = d.Components.Schemas[name]
		if !ok {
			t.Errorf("%s: there is no schema %s", at, name)
			return
		}
	}
	if s.Type == nil {
		return // described as anything
	}
	var kind string
	switch v := v.(type) {
	case map[string]any:
		kind = "object"
		for k, x := range v {
			p, ok := s.Properties[k]
			if !ok && s.AdditionalProperties != nil {
				p, ok = *s.AdditionalProperties, true
			}
			if !ok {
				t.Errorf("%s.%s is not described", at, k)
				continue
			}
			d.check(t, at+"."+k, p, x)
		}
	case []any:
		kind = "array"
		for _, x := range v {
			if s.Items == nil {
				t.Errorf("%s is not described as an array", at)
				return
			}
			d.check(t, at+"[]", *s.Items, x)
		}
	case string:
		kind = "string"
	case bool:
		kind = "boolean"
	case nil:
		kind = "null"
	case float64:
		kind = "integer"
		if s.Type == "number" {
			kind = "number"
		}
	}
	if types, ok := s.Type.([]any); ok && slices.Contains(types, any(kind)) {
		return
	}
	if s.Type != kind {
		t.Errorf("%s is described as %v and is %s", at, s.Type, kind)
	}
}
