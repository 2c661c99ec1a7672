package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInstanceReferences(t *testing.T) {
	for text, want := range map[string]InstanceRef{
		"instance:newsblog/hive":                          {Name: "newsblog", Database: "hive"},
		"instance:Newsblog/hive":                          {Name: "newsblog", Database: "hive"},
		"instance:reader@news-blog/hive?region=us-west-2": {Name: "news-blog", Database: "hive", User: "reader", Region: "us-west-2"},
	} {
		c := Default()
		c.Metastore.Database, c.Erasure.Index = text, Secret(text)
		c.Erasure.Databases = []ErasureDatabase{{Name: "crm", DSN: Secret(text), Tables: []ErasureTable{{Table: "public.people"}}}}
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		at, err := c.Erasure.IndexAt()
		if err != nil || *at.Instance != want || *c.Metastore.Instance() != want || *c.Erasure.Databases[0].Instance() != want {
			t.Errorf("%s is %+v, %v", text, at.Instance, err)
		}
	}
	for _, text := range []string{
		"instance:", "instance:newsblog", "instance:newsblog/", "instance:/hive", "instance:news_blog/hive", "instance:newsblog/a/b", "instance:a b/c",
		"instance:seb:geheim@newsblog/hive", "instance:newsblog/hive?password=geheim", "instance:newsblog/hive?region=US West", "instance:newsblog:5432/hive", "instance://newsblog/hive",
	} {
		for field, change := range map[string]func(*Config){
			"metastore.database":       func(c *Config) { c.Metastore.Database = text },
			"erasure.index":            func(c *Config) { c.Erasure.Index = Secret(text) },
			"erasure.databases[0].dsn": func(c *Config) { c.Erasure.Databases = []ErasureDatabase{{Name: "crm", DSN: Secret(text)}} },
			"data":                     func(c *Config) { c.Data = text },
		} {
			c := Default()
			change(&c)
			err := c.Check()
			var wrong *Error
			if !errors.As(err, &wrong) || wrong.Field != field || strings.Contains(err.Error(), "geheim") {
				t.Errorf("%s: %s: %v", field, text, err)
			}
		}
	}
}

// An error says where in the file it is: on the line of the field, or of what lacks it.
func TestErrorsHaveLines(t *testing.T) {
	const before = "log:\n  level: info\nerasure:\n  databases:\n  - name: crm\n    tables:\n    - table: people\n"
	path := filepath.Join(t.TempDir(), "lethe.yaml")
	for text, line := range map[string]string{
		before + "    dsn: instance:crm\n":                                    "8",
		before + "    dsn: instance:crm/people\ninstances: {provider: aws}\n": "8",
		before + "    timeout: 1s\n":                                          "5",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		var wrong *Error
		if err := c.Check(); !errors.As(err, &wrong) || wrong.Field != "erasure.databases[0].dsn" || !strings.HasPrefix(err.Error(), path+":"+line+": configuration ") {
			t.Errorf("%q, want line %s: %v", text, line, err)
		}
	}
}
