package mariadb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe"
)

// logOf writes a binary log of events: a kind, a second and, for a GTID, a number.
func logOf(events ...[3]int) []byte {
	b := []byte(magic)
	for _, e := range events {
		body := make([]byte, 23)
		binary.LittleEndian.PutUint64(body, uint64(e[2]))
		h := make([]byte, headerSize)
		binary.LittleEndian.PutUint32(h, uint32(e[1]))
		h[4] = byte(e[0])
		binary.LittleEndian.PutUint32(h[9:], uint32(headerSize+len(body)))
		b = append(append(b, h...), body...)
	}
	return b
}

const step = headerSize + 23

func TestLogsArePlanned(t *testing.T) {
	const xid = 16
	first := logOf([3]int{typeFormat, 1}, [3]int{typeGTID, 10, 5}, [3]int{xid, 10}, [3]int{typeGTID, 11, 6}, [3]int{xid, 11}, [3]int{typeRotate, 12})
	second := logOf([3]int{typeFormat, 12}, [3]int{typeGTID, 13, 7}, [3]int{xid, 13})
	standby := logOf([3]int{typeFormat, 9}, [3]int{typeGTID, 11, 6}, [3]int{xid, 11}, [3]int{typeGTID, 13, 7}, [3]int{xid, 13}, [3]int{typeGTID, 20, 8}, [3]int{xid, 20})
	lost := logOf([3]int{typeFormat, 9}, [3]int{typeGTID, 20, 6}, [3]int{xid, 20})
	// Both of its events are the standby's own.
	for _, at := range []int{4, 4 + step} {
		binary.LittleEndian.PutUint32(lost[at+5:], 2)
	}
	// The other standby's log is of server 3, what it received of server 0.
	binary.LittleEndian.PutUint32(standby[4+5:], 3)
	gap := logOf([3]int{typeFormat, 9}, [3]int{typeGTID, 20, 9}, [3]int{xid, 20})
	at := func(n int64) int64 { return 4 + n*step }
	m := mark{File: "binlog-0001.000001", Position: at(3), GTID: map[uint32]uint64{0: 5}}
	for _, c := range []struct {
		name  string
		files map[string][]byte
		until int64
		want  []stretch
		err   string
	}{
		{"all", map[string][]byte{"binlog-0001.000001": first, "binlog-0001.000002": second}, 0,
			[]stretch{{[]string{"binlog-0001.000001", "binlog-0001.000002"}, at(3), at(3)}}, ""},
		{"until", map[string][]byte{"binlog-0001.000001": first, "binlog-0001.000002": second}, 13,
			[]stretch{{[]string{"binlog-0001.000001", "binlog-0001.000002"}, at(3), at(1)}}, ""},
		{"until a second before", map[string][]byte{"binlog-0001.000001": first, "binlog-0001.000002": second}, 11, nil, ""},
		{"over a failover", map[string][]byte{"binlog-0001.000001": first, "binlog-0002.000001": standby}, 0,
			[]stretch{{[]string{"binlog-0001.000001"}, at(3), at(5)}, {[]string{"binlog-0002.000001"}, at(3), at(7)}}, ""},
		{"cut", map[string][]byte{"binlog-0001.000001": first[:len(first)-step-3]}, 0, []stretch{{[]string{"binlog-0001.000001"}, at(3), at(4)}}, ""},
		{"older logs", map[string][]byte{"binlog-0001.000000": nil, "binlog-0001.000001": first, "x": nil}, 0, []stretch{{[]string{"binlog-0001.000001"}, at(3), at(5)}}, ""},
		{"a failover that lost some", map[string][]byte{"binlog-0001.000001": first, "binlog-0002.000001": lost}, 0, nil, "is another than"},
		{"none", nil, 0, nil, "is missing"},
		{"one between", map[string][]byte{"binlog-0001.000001": first, "binlog-0001.000003": second}, 0, nil, "missing between"},
		{"a gap", map[string][]byte{"binlog-0001.000001": first, "binlog-0002.000001": gap}, 0, nil, "from 7 to 8 are missing"},
		{"no log", map[string][]byte{"binlog-0001.000001": []byte("<html>")}, 0, nil, "no binary log"},
	} {
		dir := t.TempDir()
		for name, text := range c.files {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var until time.Time
		if c.until > 0 {
			until = time.Unix(c.until, 0)
		}
		got, err := plan(dir, m, until)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !lethe.Is(err, lethe.Invalid) && !lethe.Is(err, lethe.BadData) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: %v, %v", c.name, got, err)
			continue
		}
		for i, s := range got {
			for k := range s.files {
				s.files[k] = filepath.Base(s.files[k])
			}
			if w := c.want[i]; strings.Join(s.files, " ") != strings.Join(w.files, " ") || s.from != w.from || s.until != w.until {
				t.Errorf("%s: got %+v, want %+v", c.name, s, w)
			}
		}
	}
}

// Whatever is in a log, its reader ends, and its events lie one after the other in it.
func FuzzReader(f *testing.F) {
	f.Add(logOf([3]int{typeFormat, 1}, [3]int{typeGTID, 10, 5}))
	f.Add([]byte(magic + "\x00\x00\x00\x00\xa2"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := newReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		for at := int64(4); ; {
			ev, err := r.next()
			if errors.Is(err, io.EOF) || err != nil {
				return
			}
			if ev.pos != at || ev.end < at+headerSize || ev.end > int64(len(b)) {
				t.Fatalf("event %+v at %d of %d", ev, at, len(b))
			}
			at = ev.end
		}
	})
}

// The program that MariaDB reads configuration files with has each value as it was given.
func TestConfigurationIsReadAsItIsWritten(t *testing.T) {
	tool, err := exec.LookPath("my_print_defaults")
	if err != nil {
		t.Skipf("MariaDB is not installed: %v", err)
	}
	want := map[string]string{
		"a": `plain`, "b": `with "quotes" and 'others'`, "c": `\back\slashes\n\`, "d": `# no comment ; nor this`, "e": ` spaces `, "f": `[mariadbd]`,
		"g": "größer", "h": "", "i": `"`, "j": `'`, "k": `!include /etc/passwd`, "time_zone": "+02:00", "l": "a = b",
	}
	dir := folder(t.TempDir())
	text := render(want, nil)
	if err := os.WriteFile(dir.config(), text, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := dir.started()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, "--defaults-file="+dir.config(), "mariadbd").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		lines[strings.TrimSuffix(line, "\n")] = true
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is read as %q, not %q", name, got[name], value)
		}
		if name == "time_zone" {
			name = "default_time_zone"
		}
		if !lines["--"+name+"="+value] {
			t.Errorf("MariaDB does not read %s=%s", name, value)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", text, out)
	}
}
