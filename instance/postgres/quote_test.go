package postgres

import (
	"strings"
	"testing"

	"lethe"
	"lethe/instance"
)

func TestValue(t *testing.T) {
	for in, want := range map[string]string{
		"":              "''",
		"on":            "'on'",
		"it's":          "'it''s'",
		`a\b`:           `'a\\b'`,
		"1'\nfsync='no": `'1''\nfsync=''no'`,
		"a\r\n":         `'a\r\n'`,
	} {
		if got := value(in); got != want || strings.ContainsAny(got, "\r\n") {
			t.Errorf("value(%q) is %s, want %s", in, got, want)
		}
	}
}

func TestVerifier(t *testing.T) {
	a, err := verifier("secret")
	b, err2 := verifier("secret")
	if err != nil || err2 != nil || a == b || !strings.HasPrefix(a, "SCRAM-SHA-256$4096:") {
		t.Errorf("%s %v, %s %v", a, err, b, err2)
	}
	for _, bad := range []string{"", "a\nb", "\x00", "pässword"} {
		if v, err := verifier(bad); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%q: %s %v", bad, v, err)
		}
	}
}

func TestTold(t *testing.T) {
	s := instance.Server{ID: "db-1", Host: "127.0.0.1", Port: 5432}
	for _, c := range []struct {
		text string
		kind lethe.Kind
		has  string
	}{
		{`2026-11-23 03:46:37 UTC::@:[28852]:LOG:  invalid value for parameter "work_mem": "x"
2026-11-23 03:46:37 UTC::@:[28852]:FATAL:  configuration file "/x" contains errors`, lethe.Invalid, `"work_mem": "x"`},
		{`2026-11-23 03:46:37.436 GMT [28852] FATAL:  3 8kB is outside the valid range for parameter "shared_buffers" (16 8kB .. 1073741823 8kB)`, lethe.Invalid, "shared_buffers"},
		{`FATAL:  could not map anonymous shared memory: Cannot allocate memory
HINT:  This error usually means`, lethe.Invalid, "shared memory"},
		{`LOG:  could not bind IPv4 address "127.0.0.1": Address already in use
FATAL:  could not create any TCP/IP sockets`, lethe.Conflict, "5432"},
		{`PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left on device`, lethe.Exhausted, "room"},
		{`initdb: error: could not create directory "x": No space left on device`, lethe.Exhausted, "room"},
		{`FATAL:  could not locate a valid checkpoint record`, lethe.Internal, "checkpoint record"},
	} {
		if err := told(s, c.text); !lethe.Is(err, c.kind) || !strings.Contains(err.Error(), c.has) {
			t.Errorf("%s:\n%v, want one of kind %s with %s", c.text, err, c.kind, c.has)
		}
	}
	if err := told(s, "nothing in particular"); err != nil {
		t.Error(err)
	}
}

func TestAllowed(t *testing.T) {
	number := instance.Parameter{Name: "n", Type: "integer", Allowed: "-1-100"}
	list := instance.Parameter{Name: "l", Type: "list", Allowed: "a,b"}
	text := instance.Parameter{Name: "t", Type: "string"}
	for _, c := range []struct {
		p     instance.Parameter
		value string
		ok    bool
	}{
		{number, "-1", true}, {number, "100", true}, {number, "101", false}, {number, "-2", false}, {number, "4MB", true},
		{list, "", true}, {list, "a, b", true}, {list, "a,/tmp/evil", false}, {list, "../b", false},
		{text, "x\x00y", false}, {text, strings.Repeat("x", 5000), false}, {text, "it's", true},
	} {
		if err := allowed(c.p, c.value); c.ok != (err == nil) || err != nil && !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%s %q: %v", c.p.Name, c.value, err)
		}
	}
}

// What would have a server load, run or reveal what is not the database's is fixed.
func TestFixed(t *testing.T) {
	for _, k := range []known{
		{Name: "archive_command", Type: "string"}, {Name: "dynamic_library_path", Type: "string"}, {Name: "jit_provider", Type: "string"},
		{Name: "session_preload_libraries", Type: "string"}, {Name: "ssl_passphrase_command", Type: "string"}, {Name: "log_directory", Type: "string"},
		{Name: "primary_conninfo", Type: "string"}, {Name: "fsync", Type: "bool"}, {Name: "full_page_writes", Type: "bool"}, {Name: "port", Type: "integer"},
		{Name: "allow_system_table_mods", Type: "bool", Category: "Developer Options"}, {Name: "block_size", Type: "integer", Context: "internal"},
		{Name: "a_setting_of_the_future", Type: "string"},
	} {
		if !describe(k).Fixed {
			t.Errorf("%s can be changed", k.Name)
		}
	}
	if p := describe(known{Name: "work_mem", Type: "integer", Unit: "kB", Min: "64", Max: "2147483647"}); p.Fixed || p.Allowed != "64-2147483647" {
		t.Errorf("%+v", p)
	}
}

func TestMark(t *testing.T) {
	got, err := mark("pg_basebackup: write-ahead log start point: 1A/3000028 on timeline 2\n", 16<<20)
	if err != nil || got != "000000020000001A00000003" {
		t.Errorf("%s %v", got, err)
	}
	if got, err := mark("", 16<<20); err == nil {
		t.Errorf("%s", got)
	}
}

func TestSlot(t *testing.T) {
	if got := slot(instance.Server{ID: "db-ABC123"}); got != "lethe_db_abc123" {
		t.Error(got)
	}
	if got := slot(instance.Server{ID: strings.Repeat("x", 100)}); len(got) != 63 {
		t.Error(got)
	}
}
