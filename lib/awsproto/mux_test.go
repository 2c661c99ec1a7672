package awsproto_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe/lib/awsproto"
	"lethe/lib/sigv4"
)

var (
	errOwn    = errors.New("a service's own error")
	errSecret = errors.New("the state database is at /secret/path")
)

// lake is a server with an Athena and an RDS whose operations do what their input
// names, and an S3 that echoes.
type lake struct {
	*httptest.Server
	log bytes.Buffer
}

func newLake(t *testing.T) *lake {
	t.Helper()
	options := awsproto.Options{
		Authorize: func(_ context.Context, operation string, input any) error {
			if in, ok := input.(*athena.StartQueryExecutionInput); ok && aws.ToString(in.WorkGroup) == "forbidden" {
				return &awsproto.Error{Code: "AccessDeniedException", Message: "not authorized to perform: athena:" + operation}
			}
			return nil
		},
		MapError: func(err error) error {
			if errors.Is(err, errOwn) {
				return &awsproto.Error{Code: "TooManyRequestsException", Status: 429, Message: "mapped"}
			}
			return err
		},
		Invalid: func(message string) error {
			return &awsproto.Error{Code: "InvalidRequestException", Message: message, Members: []awsproto.Member{{Name: "AthenaErrorCode", Value: "INVALID_INPUT"}}}
		},
		MaxBody: 100_000,
	}
	a, err := awsproto.New(athenaModel, options)
	if err != nil {
		t.Fatal(err)
	}
	awsproto.Handle(a, func(ctx context.Context, in *athena.StartQueryExecutionInput) (*athena.StartQueryExecutionOutput, error) {
		switch aws.ToString(in.QueryString) {
		case "panic":
			panic("on purpose")
		case "internal":
			return nil, errSecret
		case "own":
			return nil, fmt.Errorf("wrapped: %w", errOwn)
		case "modelled":
			return nil, &athenatypes.InvalidRequestException{AthenaErrorCode: aws.String("INVALID_INPUT"), Message: aws.String("line 1:1: no \"table\"")}
		case "fault":
			return nil, &athenatypes.InternalServerException{Message: aws.String("try again")}
		}
		return &athena.StartQueryExecutionOutput{QueryExecutionId: aws.String(awsproto.RequestID(ctx))}, nil
	})
	awsproto.Handle(a, func(context.Context, *athena.StopQueryExecutionInput) (*athena.StopQueryExecutionOutput, error) {
		return nil, nil
	})
	r, err := awsproto.New(rdsModel, awsproto.Options{Authorize: options.Authorize})
	if err != nil {
		t.Fatal(err)
	}
	awsproto.Handle(r, func(_ context.Context, in *rds.DescribeDBInstancesInput) (*rds.DescribeDBInstancesOutput, error) {
		if id := aws.ToString(in.DBInstanceIdentifier); id == "none" {
			return nil, &rdstypes.DBInstanceNotFoundFault{Message: aws.String("DBInstance <none> not found.")}
		}
		return &rds.DescribeDBInstancesOutput{Marker: in.DBInstanceIdentifier}, nil
	})

	l := &lake{}
	verifier := sigv4.Verifier{Lookup: func(_ context.Context, id string) (sigv4.Key, bool, error) {
		return sigv4.Key{Secret: "secret"}, id == "AKID", nil
	}}
	mux, err := awsproto.NewMux(awsproto.MuxOptions{
		Authenticate: func(r *http.Request, body []byte) (context.Context, error) {
			_, err := verifier.Verify(r, body)
			return r.Context(), err
		},
		S3: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "s3 %s %s %s", r.Method, r.RequestURI, body)
		}),
		Log:       slog.New(slog.NewTextHandler(&l.log, nil)),
		RequestID: func() string { return "id-1" },
	}, a, r)
	if err != nil {
		t.Fatal(err)
	}
	l.Server = httptest.NewServer(mux)
	t.Cleanup(l.Close)
	return l
}

// request is one HTTP request; service "" leaves it unsigned.
type request struct {
	method, path, target, contentType, body string
	key, service                            string
}

func (l *lake) send(t *testing.T, q request) (status int, header http.Header, body string) {
	t.Helper()
	r, err := http.NewRequest(q.method, l.URL+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	if q.target != "" {
		r.Header.Set("X-Amz-Target", q.target)
	}
	if q.contentType != "" {
		r.Header.Set("Content-Type", q.contentType)
	}
	if q.service != "" {
		hash := sha256.Sum256([]byte(q.body))
		key := aws.Credentials{AccessKeyID: q.key, SecretAccessKey: "secret"}
		if q.key == "" {
			key.AccessKeyID = "AKID"
		}
		if err := v4.NewSigner().SignHTTP(context.Background(), key, r, hex.EncodeToString(hash[:]), q.service, "eu-central-1", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

const form = "application/x-www-form-urlencoded; charset=utf-8"

func start(body string) request {
	return request{method: "POST", path: "/", target: "AmazonAthena.StartQueryExecution", body: body, service: "athena"}
}

func describe(params string) request {
	return request{method: "POST", path: "/", contentType: form, body: params, service: "rds"}
}

func TestMux(t *testing.T) {
	anonymous := func(q request) request { q.service = ""; return q }
	target := func(q request, target string) request { q.target = target; return q }
	service := func(q request, service string) request { q.service = service; return q }
	stranger := func(q request) request { q.key = "AKNOBODY"; return q }
	s3 := func(method, path, body, service string) request {
		return request{method: method, path: path, body: body, service: service}
	}
	for _, c := range []struct {
		name   string
		send   request
		status int
		body   string
	}{
		{"json", start(`{"QueryString":"SELECT 1"}`), 200, `{"QueryExecutionId":"id-1"}`},
		{"json, unknown member", start(`{"QueryString":"SELECT 1","New":{"a":[1]}}`), 200, `{"QueryExecutionId":"id-1"}`},
		{"json, empty output", target(start(`{"QueryExecutionId":"q"}`), "AmazonAthena.StopQueryExecution"), 200, `{}`},
		{"json, invalid", start(`{}`), 400, `{"__type":"InvalidRequestException","AthenaErrorCode":"INVALID_INPUT","message":"1 validation error detected: Value null at 'queryString' failed to satisfy constraint: Member must not be null"}`},
		{"json, empty body", start(``), 400, `{"__type":"InvalidRequestException","AthenaErrorCode":"INVALID_INPUT","message":"1 validation error detected: Value null at 'queryString' failed to satisfy constraint: Member must not be null"}`},
		{"json, wrong type", start(`{"QueryString":1}`), 400, `{"__type":"SerializationException","message":"NUMBER_VALUE can not be converted to a String at 'QueryString'"}`},
		{"json, not JSON", start(`{"QueryString":`), 400, `{"__type":"SerializationException","message":"The body is not JSON: unexpected EOF."}`},
		{"json, two objects", start(`{} {}`), 400, `{"__type":"SerializationException","message":"The body has something after its JSON object."}`},
		{"json, not an object", start(`[]`), 400, `{"__type":"SerializationException","message":"The body is not a JSON object."}`},
		{"json, not authorized", start(`{"QueryString":"x","WorkGroup":"forbidden"}`), 400, `{"__type":"AccessDeniedException","message":"not authorized to perform: athena:StartQueryExecution"}`},
		{"json, modelled error", start(`{"QueryString":"modelled"}`), 400, `{"__type":"InvalidRequestException","Message":"line 1:1: no \"table\"","AthenaErrorCode":"INVALID_INPUT"}`},
		{"json, modelled fault", start(`{"QueryString":"fault"}`), 500, `{"__type":"InternalServerException","Message":"try again"}`},
		{"json, mapped error", start(`{"QueryString":"own"}`), 429, `{"__type":"TooManyRequestsException","message":"mapped"}`},
		{"json, internal error", start(`{"QueryString":"internal"}`), 500, `{"__type":"InternalFailure","message":"The request processing has failed because of an internal error; the server's log has its cause under this request's id."}`},
		{"json, panic", start(`{"QueryString":"panic"}`), 500, `{"__type":"InternalFailure","message":"The request processing has failed because of an internal error; the server's log has its cause under this request's id."}`},
		{"json, not implemented", target(start(`{}`), "AmazonAthena.CreateNotebook"), 501, `{"__type":"NotImplemented","message":"athena:CreateNotebook is not implemented by this server."}`},
		{"json, unknown operation", target(start(`{}`), "AmazonAthena.Frobnicate"), 400, `{"__type":"UnknownOperationException","message":"Could not find operation \"Frobnicate\" for version 2017-05-18."}`},
		{"json, no target", target(start(`{}`), ""), 400, `{"__type":"UnknownOperationException","message":"Send a POST with X-Amz-Target: AmazonAthena.\u003coperation\u003e."}`},
		{"json, another's target", target(start(`{}`), "AWSGlue.GetTable"), 400, `{"__type":"UnknownOperationException",`},
		{"json, too large", start(`{"QueryString":"` + strings.Repeat("x", 100_000) + `"}`), 413, `{"__type":"RequestEntityTooLargeException","message":"The body is larger than 100000 bytes."}`},
		{"json, unsigned", anonymous(start(`{}`)), 400, `{"__type":"MissingAuthenticationTokenException","message":"Request is missing Authentication Token"}`},
		{"json, unknown key", stranger(start(`{}`)), 400, `{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid: access key \"AKNOBODY\" does not exist or is not active."}`},
		{"json, unknown operation, unknown key", stranger(target(start(`{}`), "AmazonAthena.Frobnicate")), 400, `{"__type":"UnrecognizedClientException",`},
		{"json, service not here", service(start(`{}`), "dynamodb"), 400, `{"__type":"UnknownOperationException","message":"There is no service \"dynamodb\" here."}`},

		{"query", describe("Action=DescribeDBInstances&Version=2014-10-31&DBInstanceIdentifier=a%26b"), 200, `<DescribeDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBInstancesResult><Marker>a&amp;b</Marker></DescribeDBInstancesResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></DescribeDBInstancesResponse>`},
		{"query, GET", request{method: "GET", path: "/?Action=DescribeDBInstances&Version=2014-10-31", service: "rds"}, 200, `<DescribeDBInstancesResponse `},
		{"query, modelled error", describe("Action=DescribeDBInstances&Version=2014-10-31&DBInstanceIdentifier=none"), 404, `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>DBInstanceNotFound</Code><Message>DBInstance &lt;none&gt; not found.</Message></Error><RequestId>id-1</RequestId></ErrorResponse>`},
		{"query, wrong type", describe("Action=DescribeDBInstances&Version=2014-10-31&MaxRecords=ten"), 400, `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>MalformedInput</Code><Message>Value 'ten' at 'MaxRecords' is not an Integer</Message>`},
		{"query, invalid", describe("Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Values.Value.1=x"), 400, `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>1 validation error detected: Value null at 'filters.1.member.name' failed`},
		{"query, not implemented", describe("Action=CreateDBCluster&Version=2014-10-31"), 501, `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Receiver</Type><Code>NotImplemented</Code>`},
		{"query, unknown operation", describe("Action=Frobnicate&Version=2014-10-31"), 400, `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>InvalidAction</Code>`},
		{"query, other version", describe("Action=DescribeDBInstances&Version=2012-01-01"), 400, `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>InvalidAction</Code>`},
		{"query, no action", describe("Version=2014-10-31"), 400, `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>MissingAction</Code>`},
		{"query, malformed", describe("Action=%zz"), 400, `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>MalformedQueryString</Code>`},
		{"query, unsigned", anonymous(describe("Action=DescribeDBInstances&Version=2014-10-31")), 403, `<ErrorResponse><Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code>`},
		{"query, unsigned GET", request{method: "GET", path: "/?Action=DescribeDBInstances&Version=2014-10-31"}, 403, `<ErrorResponse><Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code>`},
		{"query, unknown key", stranger(describe("Action=DescribeDBInstances&Version=2014-10-31")), 403, `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>`},
		{"query, service not here", service(describe("Action=Publish&Version=2010-03-31"), "sns"), 400, `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code>`},

		{"s3, signed", s3("PUT", "/bucket/a%20b//c?tagging=", "content", "s3"), 200, `s3 PUT /bucket/a%20b//c?tagging= content`},
		{"s3, anonymous", s3("GET", "/bucket/key?Action=x", "", ""), 200, `s3 GET /bucket/key?Action=x `},
		{"s3, list buckets", s3("GET", "/", "", ""), 200, `s3 GET / `},
		{"s3, form", request{method: "POST", path: "/bucket", contentType: form, body: "a=b"}, 200, `s3 POST /bucket a=b`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, header, body := newLake(t).send(t, c.send)
			want := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(c.body)
			whole := strings.HasSuffix(want, "}") || strings.HasSuffix(want, "Response>")
			if status != c.status || !strings.HasPrefix(body, want) || whole && body != want {
				t.Errorf("got  %d %s\nwant %d %s", status, body, c.status, want)
			}
			if !strings.HasPrefix(c.name, "s3") && header.Get("X-Amzn-Requestid") != "id-1" {
				t.Errorf("request id is %q", header.Get("X-Amzn-Requestid"))
			}
		})
	}
}

// What the client is not told stands in the log, with the id that the client has.
func TestLog(t *testing.T) {
	l := newLake(t)
	l.send(t, start(`{"QueryString":"internal"}`))
	if log := l.log.String(); !strings.Contains(log, errSecret.Error()) || !strings.Contains(log, "request_id=id-1") {
		t.Errorf("internal: %q", log)
	}
	l.log.Reset()
	l.send(t, start(`{"QueryString":"panic"}`))
	if log := l.log.String(); !strings.Contains(log, "on purpose") || !strings.Contains(log, "mux_test.go") {
		t.Errorf("panic: %q", log)
	}
	l.log.Reset()
	l.send(t, start(`{"QueryString":"modelled"}`))
	l.send(t, start(`{`))
	if log := l.log.String(); log != "" {
		t.Errorf("a client's mistake is logged as the server's: %q", log)
	}
}

func TestBadSignature(t *testing.T) {
	l := newLake(t)
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   string
	}{
		"signature": {func(r *http.Request) {
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", a[:len(a)-3]+"000")
		}, "InvalidSignatureException"},
		"expired": {func(r *http.Request) { resign(r, time.Now().Add(-time.Hour)) }, "InvalidSignatureException"},
		"no date": {func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "IncompleteSignatureException"},
		"scope":   {func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID") }, "IncompleteSignatureException"},
	} {
		r, _ := http.NewRequest("POST", l.URL, nil)
		r.Header.Set("X-Amz-Target", "AmazonAthena.StartQueryExecution")
		resign(r, time.Now())
		c.change(r)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 400 || !strings.Contains(string(body), c.want) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
}

func resign(r *http.Request, at time.Time) {
	empty := sha256.Sum256(nil)
	err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, r, hex.EncodeToString(empty[:]), "athena", "eu-central-1", at)
	if err != nil {
		panic(err)
	}
}

func TestNewRefuses(t *testing.T) {
	allow := awsproto.Options{Authorize: func(context.Context, string, any) error { return nil }}
	for name, c := range map[string]struct {
		model string
		o     awsproto.Options
	}{
		"no authorization": {string(athenaModel), awsproto.Options{}},
		"no JSON":          {`{`, allow},
		"protocol":         {`{"metadata":{"signingName":"x","protocol":"rest-xml"}}`, allow},
		"missing shape":    {`{"metadata":{"protocol":"json"},"operations":{"A":{"input":{"shape":"B"}}}}`, allow},
		"missing member":   {`{"metadata":{"protocol":"json"},"shapes":{"A":{"type":"list"}}}`, allow},
		"bad pattern":      {`{"metadata":{"protocol":"json"},"shapes":{"A":{"type":"string","pattern":"("}}}`, allow},
	} {
		if _, err := awsproto.New([]byte(c.model), c.o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := awsproto.NewMux(awsproto.MuxOptions{}); err == nil {
		t.Error("a mux without authentication is accepted")
	}
}

func TestUnhandled(t *testing.T) {
	s, err := awsproto.New(athenaModel, awsproto.Options{Authorize: func(context.Context, string, any) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	n := len(s.Unhandled())
	awsproto.Handle(s, func(context.Context, *athena.StopQueryExecutionInput) (*athena.StopQueryExecutionOutput, error) {
		return nil, nil
	})
	if len(s.Unhandled()) != n-1 {
		t.Error(s.Unhandled())
	}
	for name, register := range map[string]func(){
		"twice": func() {
			awsproto.Handle(s, func(context.Context, *athena.StopQueryExecutionInput) (*athena.StopQueryExecutionOutput, error) {
				return nil, nil
			})
		},
		"not described": func() {
			awsproto.Handle(s, func(context.Context, *athena.CreateNotebookInput) (*athena.CreateNotebookOutput, error) {
				return nil, nil
			})
		},
		"not an input": func() {
			awsproto.Handle(s, func(context.Context, *athena.Options) (*athena.Options, error) { return nil, nil })
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			register()
		}()
	}
}
