package app

import (
	"strings"
	"testing"

	"lethe/config"
)

func TestHolders(t *testing.T) {
	table := config.ErasureTable{Table: "public.people", Identifiers: []config.ErasureIdentifier{{Type: "mail", Columns: []string{"mail"}}}}
	open := func(e config.Erasure) ([]string, error) {
		a := &App{Config: config.Config{Erasure: e}}
		defer func() {
			for _, f := range a.stop {
				if err := f(); err != nil {
					t.Error(err)
				}
			}
		}()
		var names []string
		hs, err := a.holders(t.Context())
		for _, h := range hs {
			names = append(names, h.Name())
		}
		return names, err
	}
	names, err := open(config.Erasure{
		Databases: []config.ErasureDatabase{
			{Name: "crm", DSN: "postgres://u:secret@h/d", Tables: []config.ErasureTable{table}}, {Name: "shop", DSN: "mysql://u:secret@h/d", Tables: []config.ErasureTable{table}},
		},
		Hooks: []config.ErasureHook{{Name: "mailer", URL: "https://h/", Secret: "s"}},
	})
	if got := strings.Join(names, " "); err != nil || got != "postgres:crm mysql:shop hook:mailer" {
		t.Errorf("%s, %v", got, err)
	}
	wrong := table
	wrong.Mode = "drop"
	for want, e := range map[string]config.Erasure{
		"configuration erasure.databases[0].tables[1].mode must be": {Databases: []config.ErasureDatabase{{Name: "crm", DSN: "mysql://u@h/d", Tables: []config.ErasureTable{table, wrong}}}},
		"configuration erasure.databases[0].dsn cannot be read":     {Databases: []config.ErasureDatabase{{Name: "crm", DSN: "mysql://u:secret@h", Tables: []config.ErasureTable{table}}}},
		"configuration erasure.hooks[0].secret: ":                   {Hooks: []config.ErasureHook{{Name: "h", URL: "https://h/", Secret: "whsec_secret!"}}},
		"configuration erasure.hooks[0].ca_file":                    {Hooks: []config.ErasureHook{{Name: "h", URL: "https://h/", Secret: "s", CAFile: "/nowhere"}}},
	} {
		if _, err := open(e); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
