package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStores(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lethe.yaml")
	if err := os.WriteFile(path, []byte(`
stores:
  partner:
    endpoint: https://s3.partner.example
    path_style: true
    access_key_id: KEY
    secret_access_key: very-secret
    buckets: [events, archive]
  aws:
    region: eu-west-1
    profile: lake
    buckets: [raw]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if p := c.Stores["partner"]; p.Region != "us-east-1" || string(p.SecretAccessKey) != "very-secret" || len(p.Buckets) != 2 {
		t.Errorf("%+v", p)
	}
	for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(form, c); strings.Contains(text, "very-secret") {
			t.Errorf("%s shows the secret: %s", form, text)
		}
	}
}

func TestErrorsOfStores(t *testing.T) {
	good := func() ObjectStore {
		return ObjectStore{Endpoint: "https://s3.example", Buckets: []string{"events"}, AccessKeyID: "KEY", SecretAccessKey: "very-secret"}
	}
	for _, x := range []struct {
		field  string
		change func(*ObjectStore)
	}{
		{"endpoint", func(s *ObjectStore) { s.Endpoint = "s3.example:9000" }},
		{"endpoint", func(s *ObjectStore) { s.Endpoint = "https://s3.example/bucket" }},
		{"endpoint", func(s *ObjectStore) { s.Endpoint = "https://key:very-secret@s3.example" }},
		{"region", func(s *ObjectStore) { s.Endpoint = "" }},
		{"region", func(s *ObjectStore) { s.Region = "EU Central" }},
		{"access_key_id", func(s *ObjectStore) { s.AccessKeyID = "" }},
		{"access_key_id", func(s *ObjectStore) { s.SecretAccessKey = "" }},
		{"session_token", func(s *ObjectStore) { s.AccessKeyID, s.SecretAccessKey, s.SessionToken = "", "", "very-secret" }},
		{"profile", func(s *ObjectStore) { s.Profile = "p" }},
		{"buckets", func(s *ObjectStore) { s.Buckets = nil }},
		{"buckets", func(s *ObjectStore) { s.Buckets = []string{"Events"} }},
		{"buckets", func(s *ObjectStore) { s.Buckets = []string{"events", "events"} }},
	} {
		c, s := Default(), good()
		x.change(&s)
		c.Stores = map[string]ObjectStore{"partner": s}
		var e *Error
		if err := c.Check(); !errors.As(err, &e) || e.Field != "stores.partner."+x.field {
			t.Errorf("%s: %v", x.field, err)
		} else if strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%s: the message shows the secret: %v", x.field, err)
		}
	}
	c := Default()
	c.Stores = map[string]ObjectStore{"Partner One": good()}
	if err := c.Check(); err == nil {
		t.Error("a store may be called anything")
	}
	c.Stores = map[string]ObjectStore{"a": good(), "b": good()}
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "in store a already") {
		t.Errorf("a bucket in two stores: %v", err)
	}
}
