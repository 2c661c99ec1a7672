package lambda_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/lib/awsproto"
	"lethe/query"
	"lethe/wire/lambda"
)

// connectors are named by their names alone.
type connectors []string

func (c connectors) Connectors(context.Context) (all []query.Connector, err error) {
	for _, name := range c {
		all = append(all, query.Connector{Name: name, URIs: []string{"thrift://a:9083", "thrift://b:9083"}})
	}
	return all, nil
}

func (c connectors) Connector(_ context.Context, name string) (query.Connector, error) {
	if !slices.Contains(c, name) {
		return query.Connector{}, lethe.Errorf(lethe.NotFound, "there is no connector %s", name)
	}
	return query.Connector{Name: name, Role: lethe.IAMARN("role/" + name)}, nil
}

// ask sends a GET as a principal who may do action, and returns the answer.
func ask(t *testing.T, c connectors, action, method, path string) (status int, kind string, body map[string]any) {
	t.Helper()
	decide := func(_ context.Context, _ lethe.Principal, a, resource string) error {
		if a == action {
			return nil
		}
		return lethe.Errorf(lethe.Denied, "%s on %s is denied", a, resource)
	}
	mux, err := awsproto.NewMux(awsproto.MuxOptions{
		REST:         []*awsproto.RESTService{lambda.New(lambda.Config{Connectors: c, Access: decider(decide), Region: "eu-central-1"})},
		Authenticate: func(r *http.Request, _ []byte) (context.Context, error) { return r.Context(), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20261122/eu-central-1/lambda/aws4_request, SignedHeaders=host, Signature=00")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, w.Header().Get("X-Amzn-Errortype"), body
}

type decider func(context.Context, lethe.Principal, string, string) error

func (f decider) Decide(ctx context.Context, p lethe.Principal, action, resource string) error {
	return f(ctx, p, action, resource)
}

func TestListFunctions(t *testing.T) {
	var names connectors
	for _, c := range "abcdefg" {
		names = append(names, strings.Repeat(string(c), 3))
	}
	var got []string
	marker, pages := "", 0
	for {
		status, _, body := ask(t, names, "lambda:ListFunctions", "GET", "/2015-03-31/functions/?MaxItems=3&Marker="+marker)
		if status != http.StatusOK {
			t.Fatal(status, body)
		}
		for _, f := range body["Functions"].([]any) {
			f := f.(map[string]any)
			got = append(got, f["FunctionName"].(string))
			if f["FunctionArn"] != "arn:aws:lambda:eu-central-1:000000000000:function:"+f["FunctionName"].(string) || f["Environment"].(map[string]any)["Variables"].(map[string]any)["HMS_URIS"] != "thrift://a:9083,thrift://b:9083" {
				t.Error(f)
			}
		}
		pages++
		next, more := body["NextMarker"]
		if !more {
			break
		}
		marker = next.(string)
	}
	if !slices.Equal(got, names) || pages != 3 {
		t.Error(got, pages)
	}
	if _, _, body := ask(t, nil, "lambda:ListFunctions", "GET", "/2015-03-31/functions"); len(body["Functions"].([]any)) != 0 {
		t.Error(body)
	}
}

func TestGetFunction(t *testing.T) {
	for _, name := range []string{"hive", "hive:$LATEST", "function:hive", "000000000000:function:hive", "arn%3Aaws%3Alambda%3Aeu-central-1%3A000000000000%3Afunction%3Ahive"} {
		status, _, body := ask(t, connectors{"hive"}, "lambda:GetFunction", "GET", "/2015-03-31/functions/"+name)
		c := body["Configuration"].(map[string]any)
		if status != http.StatusOK || c["FunctionName"] != "hive" || c["Role"] != "arn:aws:iam::000000000000:role/hive" {
			t.Error(name, status, body)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		action, method, path string
		status               int
		kind                 string
	}{
		{"", "GET", "/2015-03-31/functions/", 403, "AccessDeniedException"},
		{"", "GET", "/2015-03-31/functions/hive", 403, "AccessDeniedException"},
		{"", "GET", "/2015-03-31/functions/absent", 403, "AccessDeniedException"}, // as for one that is there
		{"lambda:GetFunction", "GET", "/2015-03-31/functions/absent", 404, "ResourceNotFoundException"},
		{"lambda:ListFunctions", "GET", "/2015-03-31/functions?MaxItems=0", 400, "InvalidParameterValueException"},
		{"lambda:ListFunctions", "GET", "/2015-03-31/functions?Marker=%25", 400, "InvalidParameterValueException"},
		{"lambda:InvokeFunction", "POST", "/2015-03-31/functions/hive/invocations", 501, "NotImplemented"},
		{"lambda:GetFunction", "GET", "/2015-03-31/functions/hive/policy", 501, "NotImplemented"},
		{"lambda:GetFunction", "DELETE", "/2015-03-31/functions/hive", 501, "NotImplemented"},
		{"lambda:ListLayers", "GET", "/2018-10-31/layers", 501, "NotImplemented"},
	} {
		status, kind, body := ask(t, connectors{"hive"}, c.action, c.method, c.path)
		if status != c.status || kind != c.kind || body["Message"] == "" {
			t.Errorf("%s %s: %d %s %v", c.method, c.path, status, kind, body)
		}
	}
}
