// Package lambda shows a lake's connectors as AWS Lambda shows functions, which is
// what they are in AWS: the two readings that clients do before they make a data
// catalog, ListFunctions and GetFunction (AWS Lambda API Reference, version
// 2015-03-31). Functions cannot be made, changed or invoked here.
package lambda

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto"
	"lethe/query"
)

// Connectors finds connectors. *query.Service is one.
type Connectors interface {
	Connectors(ctx context.Context) ([]query.Connector, error)
	Connector(ctx context.Context, name string) (query.Connector, error)
}

// Config introduces the service to its neighbours.
type Config struct {
	Connectors Connectors
	Access     access.Decider
	Region     string
}

type api struct{ Config }

// New returns the service.
func New(c Config) *awsproto.RESTService {
	a := api{c}
	return &awsproto.RESTService{Name: "lambda", Handler: a.serve, MapError: mapError}
}

// root is the path below which functions are.
const root = "/2015-03-31/functions"

// serve answers one of the two operations.
func (a api) serve(ctx context.Context, r *http.Request) (any, error) {
	// The name may be an ARN, with its colons and slashes escaped.
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), root)
	if !ok || r.Method != http.MethodGet {
		return nil, notImplemented(r)
	}
	escaped, ok := strings.CutPrefix(strings.TrimSuffix(path, "/"), "/")
	if !ok {
		return a.list(ctx, r.URL.Query())
	}
	name, err := url.PathUnescape(escaped)
	if err != nil || strings.Contains(escaped, "/") {
		return nil, notImplemented(r)
	}
	return a.get(ctx, name)
}

func notImplemented(r *http.Request) error {
	return &awsproto.Error{Code: "NotImplemented", Status: http.StatusNotImplemented,
		Message: r.Method + " " + r.URL.Path + " is not implemented by this server: it has ListFunctions and GetFunction."}
}

// function is Lambda's FunctionConfiguration, as far as a connector has one.
type function struct {
	FunctionName string
	FunctionArn  string
	Description  string
	Role         string `json:",omitempty"` // ARN of the role that it acts by; a connector may have none
	Version      string
	State        string
	PackageType  string
	Runtime      string
	Handler      string
	Timeout      int32 // seconds
	LastModified string
	Environment  struct{ Variables map[string]string }
}

func (a api) function(c query.Connector) function {
	f := function{FunctionName: c.Name, FunctionArn: lethe.FunctionARN(a.Region, c.Name), Description: c.Description, Role: c.Role,
		Version: "$LATEST", State: "Active", PackageType: "Zip", Runtime: "provided.al2023", Handler: "lethe", Timeout: 900,
		LastModified: c.Changed.UTC().Format("2006-01-02T15:04:05.000+0000")}
	// The name that Athena's own connector for Hive gives this setting.
	f.Environment.Variables = map[string]string{"HMS_URIS": strings.Join(c.URIs, ",")}
	return f
}

// The bounds of a page (ListFunctions, MaxItems).
const (
	pageSize = 50
	maxItems = 10_000
)

func (a api) list(ctx context.Context, q url.Values) (any, error) {
	if err := a.Access.Decide(ctx, lethe.PrincipalOf(ctx), "lambda:ListFunctions", "*"); err != nil {
		return nil, err
	}
	size := pageSize
	if s := q.Get("MaxItems"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxItems {
			return nil, lethe.Errorf(lethe.Invalid, "MaxItems is %q; it must be a number from 1 to %d", s, maxItems)
		}
		size = min(n, pageSize)
	}
	after, err := base64.RawURLEncoding.DecodeString(q.Get("Marker"))
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "Marker %q is not one that ListFunctions gave", q.Get("Marker"))
	}
	all, err := a.Connectors.Connectors(ctx)
	if err != nil {
		return nil, err
	}
	first, _ := slices.BinarySearchFunc(all, string(after)+"\x00", func(c query.Connector, name string) int { return strings.Compare(c.Name, name) })
	if len(after) == 0 {
		first = 0
	}
	out := struct {
		Functions  []function
		NextMarker string `json:",omitempty"`
	}{Functions: []function{}}
	for _, c := range all[first:] {
		if len(out.Functions) == size {
			out.NextMarker = base64.RawURLEncoding.EncodeToString([]byte(out.Functions[size-1].FunctionName))
			break
		}
		out.Functions = append(out.Functions, a.function(c))
	}
	return out, nil
}

// get finds a function by name, partial ARN (account:function:name) or ARN, with or
// without a qualifier.
func (a api) get(ctx context.Context, name string) (any, error) {
	arn := lethe.FunctionARN(a.Region, "")
	short := name
	for _, prefix := range []string{arn, lethe.Account + ":function:", "function:"} {
		short = strings.TrimPrefix(short, prefix)
	}
	short = strings.TrimSuffix(short, ":$LATEST")
	if err := a.Access.Decide(ctx, lethe.PrincipalOf(ctx), "lambda:GetFunction", arn+short); err != nil {
		return nil, err
	}
	c, err := a.Connectors.Connector(ctx, short)
	if lethe.Is(err, lethe.NotFound) {
		return nil, lethe.Errorf(lethe.NotFound, "Function not found: %s", arn+short)
	}
	if err != nil {
		return nil, err
	}
	return struct{ Configuration function }{a.function(c)}, nil
}

// mapError puts errors into Lambda's words.
func mapError(err error) error {
	switch lethe.KindOf(err) {
	case lethe.Denied:
		return &awsproto.Error{Code: "AccessDeniedException", Status: http.StatusForbidden, Message: err.Error()}
	case lethe.NotFound:
		return &awsproto.Error{Code: "ResourceNotFoundException", Status: http.StatusNotFound, Message: err.Error()}
	case lethe.Invalid:
		return &awsproto.Error{Code: "InvalidParameterValueException", Message: err.Error()}
	}
	return err
}
