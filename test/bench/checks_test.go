//go:build bench

package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"lethe"
	"lethe/access"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	"lethe/object/disk"
	wire "lethe/wire/s3"
)

// yes allows everything, and records nothing.
type yes struct{}

func (yes) Decide(context.Context, lethe.Principal, string, string) error { return nil }

// TestChecks measures what deciding and recording cost a small GET: against the same
// with a decider that says yes.
func TestChecks(t *testing.T) {
	dir := t.TempDir()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	check(t, err)
	defer db.Close()
	audit, err := access.OpenAudit(filepath.Join(dir, "audit.jsonl"))
	check(t, err)
	defer audit.Close()
	who, err := access.Open(t.Context(), db, sealtest.Keyring(t, db), audit)
	check(t, err)
	defer who.Close()
	var key access.Credentials
	_, err = who.Bootstrap(t.Context(), func(c access.Credentials) error { key = c; return nil })
	check(t, err)
	store, err := disk.Open(filepath.Join(dir, "objects"), disk.Options{NoSync: true})
	check(t, err)
	defer store.Close()

	const gets = 4000
	took := map[string][]time.Duration{}
	clients := map[string]*s3.Client{}
	for name, d := range map[string]access.Decider{"decided": who, "stubbed": yes{}} {
		g, err := wire.New(wire.Config{Backend: store.Gateway(), Settings: store, Keys: who, Decider: d})
		check(t, err)
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- g.Run(ctx) }()
		front := httptest.NewServer(g.Handler())
		defer func() { front.Close(); stop(); check(t, <-done) }()
		clients[name] = s3.New(s3.Options{BaseEndpoint: &front.URL, Region: lethe.DefaultRegion, UsePathStyle: true,
			Credentials: credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.SecretKey, "")})
	}
	_, err = clients["decided"].CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bench")})
	check(t, err)
	for i := range 16 {
		_, err := clients["decided"].PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bench"), Key: aws.String(fmt.Sprint(i)), Body: bytes.NewReader(make([]byte, 4<<10))})
		check(t, err)
	}
	// One after the other, so that what else the machine does slows both.
	for i := range gets {
		for name, c := range clients {
			began := time.Now()
			got, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bench"), Key: aws.String(fmt.Sprint(i % 16))})
			check(t, err)
			_, err = io.Copy(io.Discard, got.Body)
			check(t, errors.Join(err, got.Body.Close()))
			took[name] = append(took[name], time.Since(began))
		}
	}
	decided, stubbed := median(took["decided"]), median(took["stubbed"])
	t.Logf("| GET 4 kB, decided and recorded | %.3f ms | the same with checks stubbed out %.3f ms | %.3f |", ms(decided), ms(stubbed), ms(decided)/ms(stubbed))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
