package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestInstances(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   func(*Instances)
		field string // of the error
	}{
		{"as they are", func(*Instances) {}, ""},
		{"all of local", func(i *Instances) {
			*i = Instances{Provider: "local", Dir: "/srv/db", Host: "db1.example", User: "lethe-db", MemoryScale: 0.125, Memory: 1 << 30, Stop: true}
		}, ""},
		{"aws", func(i *Instances) {
			i.Provider, i.Profile, i.Endpoint = "aws", "prod", "http://127.0.0.1:5000"
		}, ""},
		{"provider", func(i *Instances) { i.Provider = "gcp" }, "instances.provider"},
		{"a port", func(i *Instances) { i.Host = "127.0.0.1:5432" }, "instances.host"},
		{"no host", func(i *Instances) { i.Host = "" }, "instances.host"},
		{"root", func(i *Instances) { i.User = "root" }, "instances.user"},
		{"a user with a space", func(i *Instances) { i.User = "a b" }, "instances.user"},
		{"below zero", func(i *Instances) { i.MemoryScale = -1 }, "instances.memory_scale"},
		{"too much", func(i *Instances) { i.MemoryScale = 17 }, "instances.memory_scale"},
		{"a profile for this host", func(i *Instances) { i.Profile = "x" }, "instances.profile"},
		{"an endpoint for this host", func(i *Instances) { i.Endpoint = "http://x" }, "instances.endpoint"},
		{"an endpoint that is none", func(i *Instances) { i.Provider, i.Endpoint = "aws", "x" }, "instances.endpoint"},
	} {
		i := DefaultInstances()
		c.set(&i)
		err := i.check("/data")
		var wrong *Error
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &wrong) || wrong.Field != c.field) {
			t.Errorf("%s: %v, want an error of %q", c.name, err, c.field)
		}
		if err == nil && !filepath.IsAbs(i.Dir) {
			t.Errorf("%s: the folder is %s", c.name, i.Dir)
		}
	}
}

// A share may be written as a fraction, and what is none is said.
func TestScale(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lethe.yaml")
	load := func(value string) (Config, error) {
		if err := os.WriteFile(file, []byte("instances:\n  memory_scale: "+value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(file)
	}
	for value, want := range map[string]Scale{"1/8": 0.125, "0.5": 0.5, "2": 2, "3 / 4": 0.75} {
		c, err := load(value)
		if err != nil || c.Instances.MemoryScale != want || c.Instances.Host == "" {
			t.Errorf("%s: %v, %v", value, c.Instances, err)
		}
	}
	for _, value := range []string{"a", "1/0", "0/0", "1/2/3", "NaN"} {
		if c, err := load(value); err == nil {
			t.Errorf("%s is %v", value, c.Instances.MemoryScale)
		}
	}
}
