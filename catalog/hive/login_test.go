package hive_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/wire/hms"
)

// guarded serves a metastore by TLS to who logs in as ada with the password secret,
// and returns its certificate as PEM.
func guarded(t *testing.T) (uri, roots string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s := hms.New(hms.Config{Catalog: newStore(t), Access: known{}, Region: "eu-central-1", Warehouse: "s3://warehouse", Log: slog.New(slog.DiscardHandler),
		TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		Login: func(_ context.Context, name, password string) (lethe.Principal, error) {
			if name == "ada" && password == "secret" {
				return lethe.Principal{ID: "AIDAADA", Name: "ada", ARN: lethe.UserARN("ada")}, nil
			}
			return lethe.Principal{}, lethe.Errorf(lethe.Denied, "name or password is wrong")
		}})
	l, done := listen(t), make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := errors.Join(s.Shutdown(ctx), <-done); err != nil {
			t.Error(err)
		}
	})
	return "thrift://" + l.Addr().String(), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// known allows everything to who has logged in.
type known struct{}

func (known) Decide(_ context.Context, p lethe.Principal, _, _ string) error {
	if p.Zero() {
		return lethe.Errorf(lethe.Denied, "nobody is not authorized")
	}
	return nil
}

func TestConnections(t *testing.T) {
	uri, roots := guarded(t)
	open := func(c catalog.Connection) *hive.Catalog {
		return open(t, hive.Config{URIs: []string{uri}, Connection: c})
	}
	ctx := t.Context()
	k := open(catalog.Connection{TLS: true, Roots: roots, User: "ada", Password: "secret"})
	if err := k.CreateTable(ctx, catalog.Table{Database: "default", Name: "t", Type: catalog.ExternalTable,
		Storage: catalog.Storage{Location: "s3://b/t", Columns: []catalog.Column{{Name: "a", Type: "int"}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Table(ctx, "default", "t"); err != nil {
		t.Error(err)
	}
	k = open(catalog.Connection{TLS: true, Roots: roots, User: "ada", Password: "guess"})
	if _, err := k.Databases(ctx); !lethe.Is(err, lethe.Exhausted) || !strings.Contains(err.Error(), "login as ada was refused") || !strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
	k = open(catalog.Connection{TLS: true, Roots: roots})
	if _, err := k.Databases(ctx); !lethe.Is(err, lethe.Denied) {
		t.Errorf("without a login: %v", err)
	}
	k = open(catalog.Connection{TLS: true, User: "ada", Password: "secret"})
	if _, err := k.Databases(ctx); !lethe.Is(err, lethe.Exhausted) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody trusts: %v", err)
	}
	k = open(catalog.Connection{User: "ada", Password: "secret"})
	if _, err := k.Databases(ctx); !lethe.Is(err, lethe.Exhausted) {
		t.Errorf("without TLS: %v", err)
	}
	if _, err := hive.Open(hive.Config{URIs: []string{uri}, Connection: catalog.Connection{TLS: true, Roots: "none"}}); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("roots that are no PEM: %v", err)
	}

	// Without a login, messages are sent as asked.
	plain, _ := serve(t, newStore(t), listen(t))
	for _, c := range []catalog.Connection{{}, {Framed: true}, {Compact: true}, {Framed: true, Compact: true}} {
		k, err := hive.Open(hive.Config{URIs: []string{plain}, Connection: c})
		if err != nil {
			t.Fatal(err)
		}
		if ds, err := k.Databases(ctx); err != nil || len(ds) != 1 {
			t.Errorf("%+v: %v, %v", c, ds, err)
		}
		k.Close()
	}
}
