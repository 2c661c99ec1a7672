package mariadb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"lethe"
	"lethe/instance"
)

func TestTheFirstUserIsNoSuperuser(t *testing.T) {
	t.Parallel()
	e, v := engine(t)
	s := place(t, e, v)
	s.master = instance.Master{User: "o'dd\"`\\", Password: `';DROP DATABASE mysql;-- "\`, Database: "a`b'c;\\d"}
	if err := e.Create(t.Context(), s.Server, s.master); err != nil {
		t.Fatal(err)
	}
	if err := e.Create(t.Context(), s.Server, s.master); err != nil {
		t.Errorf("created twice: %v", err)
	}
	s.start(t)
	s.exec(t, "CREATE DATABASE other", "CREATE USER bob@'%' IDENTIFIED BY 'x'", "GRANT SELECT ON other.* TO bob@'%'", "CREATE TABLE t (i INT)")
	db := s.db(t)
	for _, q := range []string{
		"SET GLOBAL max_connections = 7", "SHUTDOWN", "RESET MASTER", "PURGE BINARY LOGS BEFORE NOW()", "SET SESSION sql_log_bin = 0",
		"SELECT 1 INTO OUTFILE '" + filepath.Join(s.Dir, "tmp", "x") + "'", "LOAD DATA INFILE '" + at(s.Server).config() + "' INTO TABLE t",
		"SET timestamp = 4", "CHANGE MASTER TO MASTER_HOST = 'elsewhere'", "SET GLOBAL read_only = 1", "GRANT SUPER ON *.* TO bob@'%'",
	} {
		if _, err := db.ExecContext(t.Context(), q); err == nil {
			t.Errorf("%s: the first user may", q)
		}
	}
	if got := s.one(t, "SELECT GROUP_CONCAT(User ORDER BY User) FROM mysql.global_priv"); got != "bob,mariadb.sys,"+s.master.User+",rdsadmin" {
		t.Errorf("users %s", got)
	}
	if got := s.one(t, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'test'"); got != "0" {
		t.Error("there is a database test")
	}
	// Nobody comes as lethe's own user by the network.
	secret, err := at(s.Server).password()
	if err != nil {
		t.Fatal(err)
	}
	own := *s
	own.master = instance.Master{User: admin, Password: secret}
	if err := own.db(t).PingContext(t.Context()); err == nil {
		t.Errorf("%s may connect by the network", admin)
	}

	old := s.master
	s.master.Password = "ünlike \x00\n' OR 1=1"
	s.exec2(t, old, "REVOKE CREATE USER ON *.* FROM CURRENT_USER")
	if err := e.SetPassword(t.Context(), s.Server, s.master); err != nil {
		t.Fatal(err)
	}
	s.exec(t, "CREATE USER eve@'%'")
	if s.master, old = old, s.master; s.db(t).PingContext(t.Context()) == nil {
		t.Error("the old password is good")
	}
	for _, m := range []instance.Master{{User: "rdsadmin"}, {User: "rdsrepl-x"}, {User: ""}, {User: "a\nb"}, {User: "a", Database: "\x00"}} {
		if err := e.SetPassword(t.Context(), s.Server, m); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%q: %v", m.User, err)
		}
		if err := e.Create(t.Context(), place(t, e, v).Server, m); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%q: %v", m.User, err)
		}
	}
}

func (s *server) exec2(t testing.TB, m instance.Master, q string) {
	t.Helper()
	as := *s
	as.master = m
	as.exec(t, q)
}

func TestParametersComeIntoEffect(t *testing.T) {
	t.Parallel()
	e, v := engine(t)
	all, err := e.Parameters(v.Family)
	if err != nil {
		t.Fatal(err)
	}
	find := func(name string) instance.Parameter {
		i := slices.IndexFunc(all, func(p instance.Parameter) bool { return p.Name == name })
		if i < 0 {
			t.Fatalf("no parameter %s", name)
		}
		return all[i]
	}
	for _, want := range []instance.Parameter{
		{Name: "innodb_buffer_pool_size", Value: "{DBInstanceClassMemory*3/4}", Type: "integer"},
		{Name: "max_connections", Value: "LEAST({DBInstanceClassMemory/25165760},12000)", Type: "integer", Allowed: "10-100000"},
		{Name: "binlog_format", Type: "string", Allowed: "MIXED,STATEMENT,ROW"},
		{Name: "innodb_log_buffer_size", Type: "integer", Static: true},
		{Name: "long_query_time", Type: "float", Allowed: "0-31536000"},
		{Name: "slow_query_log", Type: "boolean", Allowed: "0,1,ON,OFF"},
		{Name: "time_zone", Type: "string"},
		{Name: "require_secure_transport", Type: "boolean", Allowed: "0,1,ON,OFF"},
		{Name: "datadir", Type: "string", Static: true, Fixed: true},
		{Name: "read_only", Type: "boolean", Allowed: "0,1,ON,OFF", Fixed: true},
	} {
		got := find(want.Name)
		if want.Allowed == "" {
			got.Allowed = ""
		}
		if got.Description == "" {
			t.Errorf("%s has no description", want.Name)
		}
		if got.Description = ""; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if _, err := e.Parameters("mariadb5.5"); !lethe.Is(err, lethe.NotFound) {
		t.Error(err)
	}

	s := fresh(t, e, v)
	pid := e.process(s.Server).PID()
	set := func(more map[string]string, want ...string) {
		t.Helper()
		s.Settings = more
		pending, err := e.Apply(t.Context(), s.Server)
		if err != nil || !slices.Equal(pending, want) {
			t.Errorf("%v: pending %v, want %v: %v", more, pending, want, err)
		}
	}
	value := func(name, want string) {
		t.Helper()
		if got := s.one(t, "SELECT @@GLOBAL."+name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	set(map[string]string{
		"innodb_buffer_pool_size": "100663296", "max_connections": "77", "time_zone": "+02:00", "slow_query_log": "1",
		"sql_mode": "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "init_connect": `DO 1 /* ";#b\' = [x] */`, "back_log": "66", "require_secure_transport": "ON",
	}, "back_log")
	check := func() {
		t.Helper()
		value("innodb_buffer_pool_size", "100663296")
		value("max_connections", "77")
		value("time_zone", "+02:00")
		value("slow_query_log", "1")
		value("sql_mode", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES")
		value("init_connect", `DO 1 /* ";#b\' = [x] */`)
		value("require_secure_transport", "1")
	}
	check()
	if e.process(s.Server).PID() != pid {
		t.Error("it was started again")
	}
	if err := e.Stop(t.Context(), s.Server); err != nil {
		t.Fatal(err)
	}
	if pending, err := e.Apply(t.Context(), s.Server); err != nil || len(pending) > 0 {
		t.Errorf("stopped: %v, %v", pending, err)
	}
	s.start(t)
	check()
	value("back_log", "66")
	set(s.Settings)
	set(map[string]string{"innodb_buffer_pool_size": "96M"}, "back_log")
	value("max_connections", "151")
	value("init_connect", "")
	value("sql_mode", find2(t, e, v, "sql_mode"))

	for name, settings := range map[string]map[string]string{
		"unknown": {"no_such": "1"}, "fixed": {"datadir": "/"}, "lines": {"init_connect": "a\n[mariadbd]\nuser=root"}, "no value": {"binlog_format": "ODD"},
	} {
		s.Settings = settings
		if _, err := e.Apply(t.Context(), s.Server); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := e.Stop(t.Context(), s.Server); err != nil {
		t.Fatal(err)
	}
	s.Settings = map[string]string{"binlog_format": "ODD"}
	if err := e.Start(t.Context(), s.Server); !lethe.Is(err, lethe.Invalid) || !strings.Contains(err.Error(), "ODD") {
		t.Errorf("started with a value that is none: %v", err)
	}
	other := place(t, e, v)
	if err := e.Create(t.Context(), other.Server, other.master); err != nil {
		t.Fatal(err)
	}
	s.Settings = nil
	s.start(t)
	other.Port = s.Port
	if err := e.Start(t.Context(), other.Server); !lethe.Is(err, lethe.Conflict) {
		t.Errorf("started at a port that is in use: %v", err)
	}
}

// find2 is the engine's own value of a parameter.
func find2(t *testing.T, e *Engine, v instance.Version, name string) string {
	t.Helper()
	all, err := e.described(v.Number)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(p parameter) bool { return p.Name == name })
	return all[i].Default
}

func TestErrorsHaveTheirKind(t *testing.T) {
	for _, c := range []struct {
		err  error
		want lethe.Kind
	}{
		{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, lethe.Exhausted},
		{errors.New("mbstream: exit status 1: Error writing file './ibdata1' (Errcode: 28 \"No space left on device\")"), lethe.Exhausted},
		{errors.New("Error 1114 (HY000): The table 't' is full; Got error 28 from storage engine"), lethe.Exhausted},
		{context.Canceled, lethe.Canceled},
		{errors.New("exit status 1"), lethe.Internal},
		{nil, ""},
	} {
		if got := kind(c.err); c.err == nil && got != nil || c.err != nil && lethe.KindOf(got) != c.want {
			t.Errorf("%v is of kind %q, want %q", c.err, lethe.KindOf(got), c.want)
		}
	}
	if _, err := New(Options{Dir: t.TempDir(), Bin: t.TempDir()}).Versions(t.Context()); !lethe.Is(err, lethe.Unsupported) || !strings.Contains(err.Error(), "mariadb-server") {
		t.Errorf("without MariaDB: %v", err)
	}
}

func ExampleEngine() {
	e := New(Options{Dir: "/var/lib/lethe/instances/.mariadb"})
	s := instance.Server{ID: "db-1", Dir: "/var/lib/lethe/instances/db-1", Version: "10.11.19", Host: "127.0.0.1", Port: 3306}
	ctx := context.Background()
	if err := e.Create(ctx, s, instance.Master{User: "admin", Password: "...", Database: "shop"}); err != nil {
		fmt.Println(err)
		return
	}
	if err := e.Start(ctx, s); err != nil {
		fmt.Println(err)
	}
}
