package instancetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lethe"
	"lethe/instance"
)

// testLife: made, started, taken up by a program that knows nothing of it, stopped. Each
// call may come twice.
func testLife(t *testing.T, u *under) {
	e, s := u.engine(), u.server(t)
	await(t, e.Ended(s))
	must(t, e.Stop(within(t), s))
	for range 2 {
		must(t, e.Create(within(t), s, master))
	}
	for range 2 {
		must(t, e.Start(within(t), s))
	}
	db := u.open(t, s, master)
	exec(t, db, "CREATE TABLE t (i int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
	if wrong := (instance.Master{User: master.User, Password: master.Password + "x", Database: master.Database}); u.open(t, s, wrong).PingContext(within(t)) == nil {
		t.Error("a wrong password opens the server")
	}
	c, err := db.Conn(within(t))
	must(t, err)
	m, err := e.Metrics(within(t), s)
	must(t, errors.Join(err, c.Close()))
	if m.Connections < 1 || m.Commits < 1 || m.Bytes < 1<<20 || m.MemoryInUse < 1<<20 || m.HasLag || m.Started.IsZero() {
		t.Errorf("metrics %+v", m)
	}

	other := u.engine()
	must(t, other.Start(within(t), s))
	again, err := other.Metrics(within(t), s)
	must(t, err)
	if !again.Started.Equal(m.Started) {
		t.Errorf("started at %s, then adopted: %s", m.Started, again.Started)
	}
	if n := count(t, db, "t"); n != 2 {
		t.Errorf("%d rows", n)
	}
	ended := e.Ended(s)
	select {
	case <-ended:
		t.Error("it has ended")
	default:
	}
	for range 2 {
		must(t, other.Stop(within(t), s))
	}
	await(t, ended)
	await(t, e.Ended(s))
	must(t, e.Start(within(t), s))
	if n := count(t, u.open(t, s, master), "t"); n != 2 {
		t.Errorf("%d rows after a restart", n)
	}
	next := master
	next.Password = "another-one"
	for range 2 {
		must(t, e.SetPassword(within(t), s, next))
	}
	if u.open(t, s, master).PingContext(within(t)) == nil {
		t.Error("the former password opens the server")
	}
	must(t, u.open(t, s, next).PingContext(within(t)))
}

func testSettings(t *testing.T, u *under) {
	e, s, db := u.running(t)
	shown := func(name string) (v string) {
		t.Helper()
		if err := db.QueryRowContext(within(t), fmt.Sprintf(u.Show, name)).Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if got := shown(u.Static.Name); got != u.Static.Shown {
		t.Errorf("%s is %s, want %s", u.Static.Name, got, u.Static.Shown)
	}
	before := shown(u.Dynamic.Name)
	s.Settings = map[string]string{u.Dynamic.Name: u.Dynamic.Value, u.Static.Name: u.Static.Value}
	for range 2 {
		pending, err := e.Apply(within(t), s)
		if err != nil || len(pending) > 0 {
			t.Fatalf("apply: %v %v", pending, err)
		}
	}
	until(t, "the new setting", func() bool { return shown(u.Dynamic.Name) == u.Dynamic.Shown })
	// Away again, and with it one that needs a start.
	s.Settings = nil
	pending, err := e.Apply(within(t), s)
	if err != nil || fmt.Sprint(pending) != fmt.Sprint([]string{u.Static.Name}) {
		t.Errorf("apply: pending %v (%v), want %s", pending, err, u.Static.Name)
	}
	until(t, "the former setting", func() bool { return shown(u.Dynamic.Name) == before })
	for _, bad := range []map[string]string{
		{u.Bad.Name: u.Bad.Value},
		{"no_such_setting": "1"},
		{u.Dynamic.Name: "1'\n" + u.Bad.Name + " = '1"},
	} {
		s.Settings = bad
		if _, err := e.Apply(within(t), s); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%q: %v, want one of kind invalid", bad, err)
		}
	}
	s.Settings = nil
	must(t, e.Stop(within(t), s))
	s.Settings = map[string]string{u.Bad.Name: u.Bad.Value}
	if err := e.Start(within(t), s); !lethe.Is(err, lethe.Invalid) {
		t.Errorf("start: %v, want one of kind invalid", err)
	}
	await(t, e.Ended(s))
	s.Settings = nil
	must(t, e.Start(within(t), s))
	if got := shown(u.Static.Name); got == u.Static.Shown {
		t.Errorf("%s is still %s", u.Static.Name, got)
	}
}

func testParameters(t *testing.T, u *under) {
	all, err := u.engine().Parameters(u.version.Family)
	must(t, err)
	byName := map[string]instance.Parameter{}
	for _, p := range all {
		if _, twice := byName[p.Name]; twice || p.Name == "" || p.Type == "" {
			t.Errorf("twice, or without a name or type: %+v", p)
		}
		byName[p.Name] = p
	}
	if p := byName[u.Static.Name]; !p.Static || p.Fixed {
		t.Errorf("%s: %+v", u.Static.Name, p)
	}
	if p := byName[u.Dynamic.Name]; p.Static || p.Fixed || p.Description == "" {
		t.Errorf("%s: %+v", u.Dynamic.Name, p)
	}
	if p, ok := byName["port"]; ok && !p.Fixed {
		t.Errorf("port can be changed")
	}
	if _, err := u.engine().Parameters("no-family1"); err == nil {
		t.Error("a family that there is not has parameters")
	}
}

// testNames: what is unusual in a name is kept, or refused; it is never a statement.
func testNames(t *testing.T, u *under) {
	for i, m := range []instance.Master{
		{User: "a\x00b", Password: "long-enough", Database: "d"},
		{User: "", Password: "long-enough", Database: "d"},
		{User: "someone", Password: "", Database: "d"},
		{User: "someone", Password: "long-enough", Database: strings.Repeat("d", 100)},
		{User: `o'Hara" \`, Password: `'; DROP TABLE t; -- "\`, Database: "d`'\" \\d"},
	} {
		e, s := u.engine(), u.server(t)
		if err := e.Create(within(t), s, m); err != nil {
			if !lethe.Is(err, lethe.Invalid) {
				t.Errorf("%d: %v, want one of kind invalid", i, err)
			}
			continue
		}
		if i < 4 {
			t.Errorf("%d: created", i)
			continue
		}
		must(t, e.Start(within(t), s))
		must(t, u.open(t, s, m).PingContext(within(t)))
	}
}

// testFolder: an error names the folder that the engine's user cannot enter.
func testFolder(t *testing.T, u *under) {
	if os.Geteuid() != 0 {
		return // the engine's user is this one
	}
	s := u.server(t)
	closed := filepath.Join(folder(t), "closed")
	must(t, os.Mkdir(closed, 0o700))
	s.Dir = filepath.Join(closed, s.ID)
	err := u.engine().Create(within(t), s, master)
	if !lethe.Is(err, lethe.Unsupported) || !strings.Contains(err.Error(), closed) {
		t.Errorf("%v, want one of kind unsupported with %s", err, closed)
	}
}

// testMissing: an error names what is not there.
func testMissing(t *testing.T, u *under) {
	e, s := u.engine(), u.server(t)
	s.Version = "1.2"
	if err := e.Create(within(t), s, master); !lethe.Is(err, lethe.Unsupported) || !strings.Contains(err.Error(), "1") {
		t.Errorf("a version that is not installed: %v", err)
	}
	s = u.server(t)
	if err := e.Start(within(t), s); err == nil {
		t.Error("started what was not created")
	}
}
