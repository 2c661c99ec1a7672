// Package s3server runs the project's own S3 server for tests of its clients: an
// object/disk store behind the wire, over HTTP on a loopback port.
package s3server

import (
	"context"
	"net/http/httptest"
	"testing"

	"lethe"
	"lethe/access"
	"lethe/object/disk"
	wire "lethe/wire/s3"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The credentials of every server here.
const (
	AccessKeyID     = "LETHETESTKEY00000000"
	SecretAccessKey = "secret-of-a-server-for-tests"
)

// Server is a running server.
type Server struct {
	URL   string
	Store *disk.Store
}

type keys struct{}

func (keys) Key(_ context.Context, id string) (access.Key, error) {
	if id != AccessKeyID {
		return access.Key{}, lethe.Errorf(lethe.NotFound, "no access key %s", id)
	}
	return access.Key{Secret: SecretAccessKey, Principal: lethe.Principal{Name: "tester", Administrator: true}}, nil
}

func (keys) Used(string, string, string) {}

type everything struct{}

func (everything) Decide(context.Context, lethe.Principal, string, string) error { return nil }

// Start serves a new store in the folder dir until the test ends.
func Start(t testing.TB, dir string, o disk.Options) *Server {
	t.Helper()
	store, err := disk.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return &Server{URL: Serve(t, store), Store: store}
}

// Serve serves a store until the test ends and returns the URL.
func Serve(t testing.TB, store *disk.Store) string {
	t.Helper()
	g, err := wire.New(wire.Config{Backend: store.Gateway(), Settings: store, Keys: keys{}, Decider: everything{}})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(g.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		front.Close()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the S3 server ended with %v", err)
		}
	})
	return front.URL
}

// Client returns an SDK client of a server.
func Client(url string) *s3.Client {
	return s3.New(s3.Options{BaseEndpoint: &url, Region: lethe.DefaultRegion, UsePathStyle: true, HTTPClient: awshttp.NewBuildableClient(),
		Credentials:                credentials.NewStaticCredentialsProvider(AccessKeyID, SecretAccessKey, ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported, ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported})
}
