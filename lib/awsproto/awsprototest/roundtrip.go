// Package awsprototest tests a service's model against the SDK's client.
package awsprototest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"lethe/lib/awsproto"
)

// RoundTrip calls every operation that the model describes, with every member of its
// input filled, through the SDK's client, and answers with every member of its output
// filled. Both must arrive as they were sent.
//
// client makes the service's client. Constraints of the model are left out, because
// the values are made up.
func RoundTrip(t *testing.T, model []byte, client func(aws.Config) any) {
	m := unconstrained(t, model)
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := awsproto.New(text, awsproto.Options{Authorize: func(context.Context, string, any) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	mux, err := awsproto.NewMux(awsproto.MuxOptions{
		Authenticate: func(r *http.Request, _ []byte) (context.Context, error) { return r.Context(), nil },
	}, svc)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mux)
	defer server.Close()

	c := reflect.ValueOf(client(aws.Config{
		Region:       "eu-central-1",
		HTTPClient:   HTTPClient,
		BaseEndpoint: aws.String(server.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
		}),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}))
	for _, name := range slices.Sorted(maps.Keys(m.Operations)) {
		op := m.Operations[name]
		if op == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			method := c.MethodByName(name)
			if !method.IsValid() {
				t.Fatal("the SDK's client has no such operation; it is older than the model")
			}
			input := reflect.New(method.Type().In(1).Elem())
			output := reflect.New(method.Type().Out(0).Elem())
			f := filler{t: t, model: m}
			f.fill(input.Elem(), op.Input)
			f.fill(output.Elem(), op.Output)

			var received any
			svc.HandleType(name, input.Type().Elem(), func(_ context.Context, in any) (any, error) {
				received = in
				return output.Interface(), nil
			})
			results := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), input})
			if err, _ := results[1].Interface().(error); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(received, input.Interface()) {
				t.Errorf("the input differs at %s", difference(input, reflect.ValueOf(received)))
			}
			results[0].Elem().FieldByName("ResultMetadata").SetZero()
			if !reflect.DeepEqual(results[0].Interface(), output.Interface()) {
				t.Errorf("the output differs at %s", difference(output, results[0]))
			}
		})
	}
}

// HTTPClient is the client for the SDK in tests that call a server in their own process
// and do not retry: it does not cut its connections.
var HTTPClient = &http.Client{Transport: detached{http.DefaultTransport}}

// detached sends requests whose bodies are its own copies. The SDK closes its
// body as soon as a response begins; the transport may not have seen the body's
// end by then, takes the close for a failed write and cuts the connection, and
// with it the rest of the response. Only a server as near as this one is that fast.
type detached struct{ http.RoundTripper }

func (d detached) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(b))
	}
	return d.RoundTripper.RoundTrip(r)
}

// unconstrained reads the model without what validation would check.
func unconstrained(t *testing.T, model []byte) *awsproto.Model {
	m, err := awsproto.ParseModel(model)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range m.Shapes {
		s.Required, s.Enum, s.Min, s.Max, s.Pattern = nil, nil, nil, nil, ""
	}
	return m
}

// filler makes values, each different from the others.
type filler struct {
	t     *testing.T
	model *awsproto.Model
	n     int64
	path  []string // structures that are being filled
}

func (f *filler) fill(v reflect.Value, r *awsproto.Ref) {
	if r == nil {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	f.n++
	s := f.model.Shapes[r.Shape]
	switch s.Type {
	case "structure":
		f.fillStructure(v, r.Shape, s)
	case "list":
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0), s.Member)
		f.fill(v.Index(1), s.Member)
	case "map":
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key, s.Key)
			f.fill(value, s.Value)
			v.SetMapIndex(key, value)
		}
	case "string", "character":
		v.SetString(fmt.Sprintf("%d <&>\"é€😀'\\\t\n end ", f.n))
	case "boolean":
		v.SetBool(f.n%2 == 0)
	case "integer", "long":
		v.SetInt(f.n)
	case "double", "float":
		v.SetFloat(float64(f.n) + 0.25)
	case "timestamp":
		v.Set(reflect.ValueOf(time.UnixMilli(1_700_000_000_123 + 1000*f.n).UTC()))
	case "blob":
		v.SetBytes([]byte{0, 1, 0xff, byte(f.n)})
	default:
		f.t.Fatalf("%s is a %s, which cannot be filled", r.Shape, s.Type)
	}
}

func (f *filler) fillStructure(v reflect.Value, name string, s *awsproto.Shape) {
	if slices.Contains(f.path, name) {
		return // once around is enough
	}
	f.path = append(f.path, name)
	defer func() { f.path = f.path[:len(f.path)-1] }()
	for _, member := range slices.Sorted(maps.Keys(s.Members)) {
		r := s.Members[member]
		goName := strings.ToUpper(member[:1]) + member[1:]
		field := v.FieldByName(goName)
		if !field.IsValid() {
			field = v.FieldByName(goName + "_")
		}
		if !field.IsValid() {
			f.t.Logf("the SDK is older than the model: %v has no %s", v.Type(), goName)
			continue
		}
		f.fill(field, r)
	}
}

// difference says where two values first differ.
func difference(want, got reflect.Value) string {
	if !got.IsValid() || want.Type() != got.Type() {
		return "its type"
	}
	switch want.Kind() {
	case reflect.Pointer:
		if want.IsNil() || got.IsNil() {
			break
		}
		return difference(want.Elem(), got.Elem())
	case reflect.Struct:
		for i := range want.NumField() {
			w, g := want.Field(i), got.Field(i)
			if want.Type().Field(i).IsExported() && !reflect.DeepEqual(w.Interface(), g.Interface()) {
				return "." + want.Type().Field(i).Name + difference(w, g)
			}
		}
	case reflect.Slice:
		for i := range min(want.Len(), got.Len()) {
			if w, g := want.Index(i), got.Index(i); !reflect.DeepEqual(w.Interface(), g.Interface()) {
				return fmt.Sprintf("[%d]%s", i, difference(w, g))
			}
		}
	}
	return fmt.Sprintf(": sent %+v, arrived %+v", want, got)
}
