// Package remote is an object store on any other S3: Amazon's, MinIO, Ceph, or a
// second lethe.
//
// # What it promises
//
// All of object.Store, except what S3 has no request for:
//
//   - A Commit of several objects is not atomic. Its bytes are sent first, large
//     objects as multipart uploads that are not completed yet, so nothing of it
//     is to be seen; then the objects appear one after the other, the first last,
//     and then the deletes are made. If it fails in between, what appeared stays.
//   - A Link fetches the object. The file has the bytes of the ETag asked for, or
//     there is no file.
//   - A conditional Delete succeeds where there is no object any more.
//   - A conditional write whose answer was lost, and which the SDK repeated, may
//     answer Conflict although it was made. It never overwrites another's.
//   - A listing is of one moment only as far as a page of the store, of 1,000
//     entries, is.
//
// Conditions (If-Match, If-None-Match) are checked by the store, also when a
// multipart upload is completed, so a concurrent write is never lost. Stores that
// ignore conditions lose them silently; therefore the first conditional write asks
// with a condition that cannot hold, and a store that does not refuse it is not
// written to under conditions at all ([Store.Splice] and such a Put answer
// Unsupported).
//
// # What it leaves behind
//
// Nothing. Every multipart upload that is begun is noted in the folder Config.Dir
// before a byte of it is sent, and the note is removed when the upload is
// completed or aborted. [Store.Sweep] aborts what a killed process left; the
// program calls it at its start. A rule of the bucket that aborts old uploads does
// no harm and is good advice.
//
// # Memory, time and repetition
//
// A write holds at most four parts in memory, 8 MiB each for objects below 16 GB.
// Requests are repeated by the SDK (Config.Attempts, with backoff); reads of a
// body that break off go on where they were, at the same ETag. Waiting ends with
// the caller's context.
package remote

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lethe"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Config says which store it is and how to reach it.
type Config struct {
	// Name is what messages call the store.
	Name string
	// Endpoint is its URL; "" means Amazon's of the region.
	Endpoint string
	Region   string
	// PathStyle puts the bucket into the path and not before the host's name.
	PathStyle bool

	// AccessKeyID and SecretAccessKey, with SessionToken for temporary ones, are
	// the credentials. Without them they come from Profile of the shared AWS
	// files, or without that from where AWS's tools look for them: environment,
	// files, the machine's role.
	AccessKeyID, SecretAccessKey, SessionToken string
	Profile                                    string

	// NoChecksums sends and asks for no checksums but those that S3 demands, for
	// stores that know none.
	NoChecksums bool
	// Attempts is how often a request is tried; 0 means 5.
	Attempts int

	// Dir is a folder of this process: staged bytes wait there for their commit,
	// and uploads are noted.
	Dir string
	// Client sends the requests; nil means a client of its own.
	Client aws.HTTPClient
}

// Store is an object store behind S3.
type Store struct {
	name   string
	dir    string
	client *s3.Client
	sums   bool

	left []os.DirEntry // notes of an earlier process

	probe struct { // whether conditions hold
		sync.Mutex
		done bool
		err  error
	}
}

var _ object.Store = (*Store)(nil)

// New makes a store. It sends no request.
func New(ctx context.Context, c Config) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(c.Dir, "uploads"), 0o700); err != nil {
		return nil, lethe.Errorf(lethe.Internal, "store %s: %w", c.Name, err)
	}
	left, err := os.ReadDir(filepath.Join(c.Dir, "uploads"))
	if err != nil {
		return nil, lethe.Errorf(lethe.Internal, "store %s: %w", c.Name, err)
	}
	if c.Client == nil {
		// Not a plain http.Client: to that the SDK cannot add the certificates
		// of AWS_CA_BUNDLE, and says so.
		c.Client = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost = 64
			t.ResponseHeaderTimeout = 10 * time.Minute // a large upload takes its time to be completed
		})
	}
	if c.Attempts == 0 {
		c.Attempts = 5
	}
	o := s3.Options{
		Region: c.Region, UsePathStyle: c.PathStyle, HTTPClient: c.Client,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = c.Attempts }),
		// Explicitly: the zero value of these means no checksums at all.
		RequestChecksumCalculation:                aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation:                aws.ResponseChecksumValidationWhenSupported,
		DisableLogOutputChecksumValidationSkipped: true,
	}
	if c.NoChecksums {
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	}
	if c.Endpoint != "" {
		o.BaseEndpoint = &c.Endpoint
	}
	if c.AccessKeyID != "" {
		o.Credentials = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	} else {
		load := []func(*awsconfig.LoadOptions) error{awsconfig.WithRegion(c.Region), awsconfig.WithHTTPClient(c.Client)}
		if c.Profile != "" {
			load = append(load, awsconfig.WithSharedConfigProfile(c.Profile))
		}
		shared, err := awsconfig.LoadDefaultConfig(ctx, load...)
		if err != nil {
			return nil, lethe.Errorf(lethe.Invalid, "store %s: its credentials cannot be loaded: %w", c.Name, err)
		}
		o.Credentials = shared.Credentials
	}
	return &Store{name: c.Name, dir: c.Dir, left: left, client: s3.New(o), sums: !c.NoChecksums}, nil
}

// Name is what the store is called.
func (s *Store) Name() string { return s.name }

// String names the store in messages.
func (s *Store) String() string { return fmt.Sprintf("store %s", s.name) }
