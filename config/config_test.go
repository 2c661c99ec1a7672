package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefaultsAreUsable(t *testing.T) {
	c := Default()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
}

func TestErrorsNameFieldAndValue(t *testing.T) {
	for field, change := range map[string]func(*Config){
		"data":              func(c *Config) { c.Data = "" },
		"aws.addr":          func(c *Config) { c.AWS.Addr = "localhost" },
		"console.addr":      func(c *Config) { c.Console.Addr = "localhost:99999" },
		"aws.region":        func(c *Config) { c.AWS.Region = "EU Central" },
		"query.memory":      func(c *Config) { c.Query.Memory = 1 },
		"query.concurrency": func(c *Config) { c.Query.Concurrency = 0 },
		"query.timeout":     func(c *Config) { c.Query.Timeout = -1 },
		"query.output":      func(c *Config) { c.Query.Output = "/tmp" },
		"extracts.memory":   func(c *Config) { c.Extracts.Memory = 1 },
		"extracts.sessions": func(c *Config) { c.Extracts.Sessions = 0 },
		"extracts.idle":     func(c *Config) { c.Extracts.Idle = 0 },
		"log.level":         func(c *Config) { c.Log.Level = "loud" },
		"log.format":        func(c *Config) { c.Log.Format = "xml" },
	} {
		c := Default()
		change(&c)
		var e *Error
		if err := c.Check(); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lethe.yaml")
	write := func(s string) {
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("aws:\n  addr: 127.0.0.1:0\nquery:\n  memory: 512MiB\n  timeout: 45m\n")
	c, err := Load(path)
	if err != nil || c.AWS.Addr != "127.0.0.1:0" || c.Query.Memory != 512<<20 || c.Query.Timeout.Minutes() != 45 || c.Console.Addr != Default().Console.Addr {
		t.Fatalf("%+v %v", c, err)
	}
	write("aws:\n  adr: x\n")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "adr") {
		t.Fatal(err)
	}
	write("")
	if _, err := Load(path); err != nil {
		t.Fatal("an empty file means the defaults:", err)
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]Bytes{"0": 0, "1024": 1024, "2GiB": 2 << 30, "3 MB": 3e6} {
		var b Bytes
		if err := b.Set(text); err != nil || b != want {
			t.Errorf("%s: %d %v", text, b, err)
		}
	}
	for _, text := range []string{"", "-1", "GiB", "1.5GiB", "9999999999999TiB"} {
		var b Bytes
		if b.Set(text) == nil {
			t.Errorf("%q is accepted as %d", text, b)
		}
	}
	if s := Bytes(2 << 30).String(); s != "2GiB" {
		t.Error(s)
	}
}
