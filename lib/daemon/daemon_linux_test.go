package daemon

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the server and the program that starts it.
func TestMain(m *testing.M) {
	switch os.Getenv("DAEMON_TEST") {
	case "server":
		serve()
	case "starter":
		start()
	}
	os.Exit(m.Run())
}

// serve tells about itself and stays.
func serve() {
	var open []string
	all, _ := os.ReadDir("/proc/self/fd")
	for _, fd := range all {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && !strings.HasPrefix(to, "anon_inode:") && !strings.HasPrefix(to, "/proc/") && !strings.HasPrefix(to, "/sys/") {
			open = append(open, fd.Name()+" "+to)
		}
	}
	session, _, _ := syscall.Syscall(syscall.SYS_GETSID, 0, 0, 0)
	json.NewEncoder(os.Stdout).Encode(about{os.Getuid(), int(session) == os.Getpid(), open, os.Environ(), os.Args[1:]})
	time.Sleep(10 * time.Minute)
	os.Exit(0)
}

type about struct {
	UID       int
	Leader    bool
	Open      []string
	Env       []string
	Arguments []string
}

// start starts a server and waits to be killed.
func start() {
	var s Spec
	if err := json.Unmarshal([]byte(os.Getenv("SPEC")), &s); err != nil {
		panic(err)
	}
	p, err := Start(context.Background(), s)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(p.PID())
	select {}
}

// spec is a server in a folder of the test's, which ends with the test.
func spec(t *testing.T, env ...string) Spec {
	t.Helper()
	u, err := Choose("", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "daemon-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	exe := filepath.Join(dir, "server")
	copyFile(t, exe)
	if err := errors.Join(os.Chmod(dir, 0o755), u.Own(dir)); err != nil {
		t.Fatal(err)
	}
	s := Spec{Path: exe, Args: []string{"-a", "b c; $HOME", "'\""}, Env: append([]string{"DAEMON_TEST=server"}, env...), Dir: dir, User: u, Log: dir + "/log", PIDFile: dir + "/pid"}
	t.Cleanup(func() {
		if p, err := Adopt(s.PIDFile); err == nil {
			p.Signal(syscall.SIGKILL)
			ended(t, p)
		}
	})
	return s
}

// copyFile puts this binary where every user may run it.
func copyFile(t *testing.T, to string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o755); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, s Spec) *Process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := Start(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ended(t *testing.T, p *Process) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		t.Fatalf("process %d does not end", p.PID())
	}
}

// says returns what the server tells about itself in its log.
func says(t *testing.T, s Spec) (a about) {
	t.Helper()
	until(t, func() bool {
		text, err := os.ReadFile(s.Log)
		return err == nil && json.Unmarshal(text, &a) == nil
	})
	return a
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited for a minute")
		}
	}
}

func TestStart(t *testing.T) {
	s := spec(t)
	p := run(t, s)
	a := says(t, s)
	if a.UID != s.User.UID || !a.Leader {
		t.Errorf("user %d, leader of a session: %v", a.UID, a.Leader)
	}
	want := []string{"0 /dev/null", "1 " + s.Log, "2 " + s.Log, "3 " + s.PIDFile}
	if fmt.Sprint(a.Open) != fmt.Sprint(want) {
		t.Errorf("open files %q, want %q", a.Open, want)
	}
	if fmt.Sprintf("%q", a.Arguments) != fmt.Sprintf("%q", s.Args) {
		t.Errorf("arguments %q, want %q", a.Arguments, s.Args)
	}
	for _, e := range a.Env {
		if name, _, _ := strings.Cut(e, "="); name != "DAEMON_TEST" && name != "PWD" {
			t.Errorf("environment has %s", name)
		}
	}
	if info, err := os.Stat(s.Log); err != nil || info.Mode() != 0o600 || int(info.Sys().(*syscall.Stat_t).Uid) != s.User.UID {
		t.Errorf("log: %v %v", info, err)
	}
	if n, err := p.Memory(); err != nil || n < 1<<20 {
		t.Errorf("memory %d %v", n, err)
	}
	if _, err := Start(context.Background(), s); !errors.Is(err, ErrRunning) {
		t.Errorf("a second start: %v", err)
	}
	if p.Exit() != "" {
		t.Errorf("exit %q", p.Exit())
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	ended(t, p)
	if p.Exit() != "signal: terminated" {
		t.Errorf("exit %q", p.Exit())
	}
	if err := p.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a signal to one that has ended: %v", err)
	}
	if _, err := Adopt(s.PIDFile); !errors.Is(err, ErrNotRunning) {
		t.Errorf("adopting one that has ended: %v", err)
	}
	p = run(t, s)
	p.Signal(syscall.SIGKILL)
	ended(t, p)
}

// A server outlives the program that started it, which is killed, and another takes it
// up.
func TestAdopt(t *testing.T) {
	s := spec(t)
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	starter := exec.Command(os.Args[0])
	starter.Env = append(os.Environ(), "DAEMON_TEST=starter", "SPEC="+string(text))
	starter.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := starter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	syscall.Kill(-starter.Process.Pid, syscall.SIGKILL)
	starter.Wait()
	pid, err2 := strconv.Atoi(strings.TrimSpace(line))
	if err := errors.Join(err, err2); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	says(t, s)
	p, err := Adopt(s.PIDFile)
	if err != nil || p.PID() != pid {
		t.Fatalf("adopted %v, %v; want %d", p, err, pid)
	}
	select {
	case <-p.Done():
		t.Fatal("it has ended")
	default:
	}
	again, err := Adopt(s.PIDFile) // a program may do so as often as it likes
	if err != nil || again != p {
		t.Fatalf("adopted again: %v, %v", again, err)
	}
	if _, err := Start(context.Background(), s); !errors.Is(err, ErrRunning) {
		t.Errorf("a second start: %v", err)
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ended(t, p)
	ended(t, again)
}

// A starter that dies at any line leaves a server that Adopt finds, or none.
func TestStarterDies(t *testing.T) {
	s := spec(t)
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for i := range 25 {
		os.Remove(s.Log)
		starter := exec.Command(os.Args[0])
		starter.Env = append(os.Environ(), "DAEMON_TEST=starter", "SPEC="+string(text))
		if err := starter.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * time.Millisecond)
		starter.Process.Kill()
		starter.Wait()
		p, err := Adopt(s.PIDFile)
		if errors.Is(err, ErrNotRunning) {
			p = run(t, s) // meets nothing
		} else if err != nil {
			t.Fatal(err)
		} else {
			found++
		}
		p.Signal(syscall.SIGKILL)
		ended(t, p)
	}
	t.Logf("%d of 25 had started", found)
}

func TestAdoptsNoOther(t *testing.T) {
	s := spec(t)
	p := run(t, s)
	says(t, s)
	whole, err := os.ReadFile(s.PIDFile)
	if err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(string(whole), "\n")
	var r record
	if err := json.Unmarshal([]byte(first), &r); err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(second)
	line := func(change func(*record)) string {
		c := r
		change(&c)
		b, _ := json.Marshal(c)
		return string(b) + "\n"
	}
	other := append([]string{}, fields...)
	other[21] = "12345"
	self := append([]string{}, fields...)
	self[0] = strconv.Itoa(os.Getpid())
	for name, text := range map[string]string{
		"nothing":              "",
		"no process":           first + "\n",
		"half a process":       first + "\n" + second[:20],
		"another boot":         line(func(r *record) { r.Boot = "x" }) + second,
		"another executable":   line(func(r *record) { r.Path = "/bin/true" }) + second,
		"another user":         line(func(r *record) { r.UID = 4242 }) + second,
		"another start":        first + "\n" + strings.Join(other, " ") + "\n",
		"this very process":    first + "\n" + strings.Join(self, " ") + "\n",
		"an id that is not":    first + "\n" + strings.Join(append([]string{"4194304"}, fields[1:]...), " ") + "\n",
		"something else":       "17\n",
		"something else again": "{}\n1 (x) S\n",
	} {
		path := filepath.Join(s.Dir, "forged")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Adopt(path); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s: %v", name, err)
		}
	}
	link := filepath.Join(s.Dir, "link")
	if err := os.Symlink(s.PIDFile, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Adopt(link); err == nil || errors.Is(err, ErrNotRunning) {
		t.Errorf("a symbolic link: %v", err)
	}
	if os.Geteuid() == 0 {
		theirs := filepath.Join(s.Dir, "theirs")
		if err := errors.Join(os.WriteFile(theirs, whole, 0o600), s.User.Own(theirs)); err != nil {
			t.Fatal(err)
		}
		if _, err := Adopt(theirs); err == nil || errors.Is(err, ErrNotRunning) {
			t.Errorf("a file of the server's user: %v", err)
		}
	}
	if err := p.Signal(0); err != nil {
		t.Error(err)
	}
}

// None is started while children of the former live.
func TestChildrenHold(t *testing.T) {
	s := spec(t)
	s.Path, s.Args = "/bin/sh", []string{"-c", "sleep 600 & echo $!; wait"}
	p := run(t, s)
	var child int
	until(t, func() bool {
		text, _ := os.ReadFile(s.Log)
		child, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return child > 0
	})
	if n, err := p.Memory(); err != nil || n == 0 {
		t.Errorf("memory %d %v", n, err)
	}
	p.Signal(syscall.SIGKILL)
	ended(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, s); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a start beside the child: %v", err)
	}
	syscall.Kill(child, syscall.SIGKILL)
	p = run(t, s)
	until(t, func() bool {
		text, _ := os.ReadFile(s.Log)
		_, second, _ := strings.Cut(string(text), "\n")
		child, _ = strconv.Atoi(strings.TrimSpace(second))
		return child > 0
	})
	p.Signal(syscall.SIGKILL)
	ended(t, p)
	syscall.Kill(child, syscall.SIGKILL)
}

func TestCannotStart(t *testing.T) {
	s := spec(t)
	s.Path = filepath.Join(s.Dir, "missing")
	if _, err := Start(context.Background(), s); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no executable: %v", err)
	}
	s = spec(t)
	s.Log = filepath.Join(s.Dir, "no", "log")
	if _, err := Start(context.Background(), s); err == nil || !strings.Contains(err.Error(), s.Log) {
		t.Errorf("no folder for the log: %v", err)
	}
	s.Log = filepath.Join(s.Dir, "log")
	text := filepath.Join(s.Dir, "text")
	if err := os.WriteFile(text, []byte("\x7fELF, but no more"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.Path = text
	p := run(t, s)
	ended(t, p)
	log, _ := os.ReadFile(s.Log)
	if p.Exit() == "exit status 0" || len(log) == 0 {
		t.Errorf("%q, log %q", p.Exit(), log)
	}
}

func TestChoose(t *testing.T) {
	if _, err := Choose("root", "root"); err == nil {
		t.Error("root is chosen")
	}
	_, err := Choose("no-such-user-here", "nobody")
	if err == nil || !strings.Contains(err.Error(), "no-such-user-here") {
		t.Errorf("a user that is not: %v", err)
	}
	u, err := Choose("", "nobody")
	if err != nil || u.UID == 0 && os.Geteuid() == 0 || u.Name == "" {
		t.Errorf("%+v %v", u, err)
	}
}

func TestReach(t *testing.T) {
	u, err := Choose("", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	top, err := os.MkdirTemp("", "daemon 'reach' ")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(top)
	closed, inner := filepath.Join(top, "closed"), filepath.Join(top, "closed", "in", "ner")
	if err := errors.Join(os.Chmod(top, 0o755), os.MkdirAll(inner, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := u.Reach(inner); err != nil {
		t.Errorf("all open: %v", err)
	}
	var f *FolderError
	if err := u.Reach(filepath.Join(inner, "none", "x")); !errors.As(err, &f) || !f.Missing || f.Dir != filepath.Join(inner, "none") {
		t.Errorf("none: %v", err)
	}
	if err := os.Chmod(closed, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := u.Reach(inner); !errors.As(err, &f) || f.Missing || f.Dir != closed || !strings.Contains(err.Error(), u.Name) {
		t.Errorf("one closed: %v", err)
	}
	os.Chmod(closed, 0o700)
}

func TestCommand(t *testing.T) {
	u, err := Choose("", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	c := Command{Path: "/bin/sh", Args: []string{"-c", "id -u; cat; echo bad >&2; exit 3"}, Dir: "/", User: u, Stdin: strings.NewReader("in\n")}
	out, err := c.Run(t.Context())
	if want := fmt.Sprintf("%d\nin\nbad\n", u.UID); err == nil || out != want || !strings.Contains(err.Error(), "bad") {
		t.Errorf("%q %v", out, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c = Command{Path: "/bin/sh", Args: []string{"-c", "sleep 600; true"}, Dir: "/", User: u}
	if _, err := c.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a long one: %v", err)
	}
}

func TestParseStat(t *testing.T) {
	s, err := parseStat([]byte("12 (a) b) (c) S 7 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987 5 6\n"))
	if err != nil || s != (stat{12, 7, 'S', 987}) {
		t.Errorf("%+v %v", s, err)
	}
	for _, bad := range []string{"", "(", ")(", "x (a) S 1", "1 (a)", "1 (a) S 1 2 3"} {
		if s, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q: %+v", bad, s)
		}
	}
}
