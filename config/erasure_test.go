package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe/config"
)

func TestErasure(t *testing.T) {
	t.Setenv("CRM_DSN", "postgres://u:secret@h/d")
	load := func(text string) (config.Config, error) {
		path := filepath.Join(t.TempDir(), "lethe.yaml")
		if err := os.WriteFile(path, []byte("erasure:\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path)
		if err != nil {
			return c, err
		}
		return c, c.Check()
	}
	c, err := load(`
  databases:
    - name: crm
      dsn: {env: CRM_DSN}
      backups: 840h
      tables:
        - table: public.customers
          identifiers: [{type: mail, columns: [email]}, {type: name, columns: [first, last]}]
          mode: replace
          replace: {email: gone, phone: null}
        - table: public.orders
  hooks:
    - {name: shop, url: "http://127.0.0.1:8000/erase", secret: s}`)
	if err != nil {
		t.Fatal(err)
	}
	if d := c.Erasure.Databases[0]; d.DSN != "postgres://u:secret@h/d" || len(d.Tables) != 2 || d.Tables[0].Identifiers[1].Columns[1] != "last" ||
		d.Tables[0].Replace["phone"] != nil || *d.Tables[0].Replace["email"] != "gone" || d.Backups.Hours() != 840 {
		t.Errorf("%+v", d)
	}
	const table = "tables: [{table: t}]"
	for text, want := range map[string]string{
		`  databases: [{name: "a b", dsn: "mysql://h/d", ` + table + `}]`:                                                 "erasure.databases[0].name",
		`  databases: [{name: a, dsn: "oracle://secret", ` + table + `}]`:                                                 "erasure.databases[0].dsn",
		`  databases: [{name: a, dsn: "mysql://h/d"}]`:                                                                    "erasure.databases[0].tables",
		`  databases: [{name: a, dsn: "mysql://h/d", ` + table + `}, {name: a, dsn: "mysql://h/d", ` + table + `}]`:       "erasure.databases[1].name",
		`  databases: [{name: a, dsn: "mysql://h/d", lock_timeout: -1s, ` + table + `}]`:                                  "erasure.databases[0].lock_timeout",
		`  databases: [{name: a, dsn: "mysql://h/d", tabels: []}]`:                                                        "tabels",
		`  hooks: [{name: a, url: "http://10.0.0.1/", secret: s}]`:                                                        "erasure.hooks[0].url",
		`  hooks: [{name: a, url: "https://u:secret@h:x/", secret: s}]`:                                                   "erasure.hooks[0].url",
		`  hooks: [{name: a, url: "https://h/"}]`:                                                                         "erasure.hooks[0].secret",
		`  hooks: [{name: a, url: "https://h/", secret: s, timeout: -1s}]`:                                                "erasure.hooks[0].timeout",
		`  {databases: [{name: a, dsn: "mysql://h/d", ` + table + `}], hooks: [{name: a, url: "https://h/", secret: s}]}`: "erasure.hooks[0].name",
	} {
		if _, err := load(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
