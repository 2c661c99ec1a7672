package indextest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"lethe/erasure"
)

// Kill runs this test binary as a child that enters objects and says so
// line by line, kills it at some moment, and holds the index against what it said.

const killWhere, killRound = "LETHE_INDEX_KILL_WHERE", "LETHE_INDEX_KILL_ROUND"

// told is what a child says before and after it enters an object with a posting
// of its writer.
type told struct {
	Key, ETag string
	Row       int64
	Done      bool
}

// KillChild is Kill's child, and returns at once elsewhere. A test of the name
// TestKillChild must call it with what opens the index at a place.
func KillChild(t *testing.T, open func(where string) erasure.Index) {
	where := os.Getenv(killWhere)
	if where == "" {
		return // this is Kill's child, not a test
	}
	round, err := strconv.ParseInt(os.Getenv(killRound), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	x := open(where)
	out := json.NewEncoder(os.Stdout)
	for i := range int64(1_000_000) {
		s := told{Key: fmt.Sprint("k", i%5), ETag: fmt.Sprintf("%d-%d", round, i), Row: round*1000 + i}
		filler := make([]int64, 1) // and at times a table
		if i%3 == 2 {
			filler = make([]int64, 70_000)
		}
		for r := range filler {
			filler[r] = int64(r)
		}
		if err := out.Encode(s); err != nil {
			t.Fatal(err)
		}
		Put(t, x, Object(s.Key, "", s.ETag), At("ada", s.Row), At("filler", filler...))
		s.Done = true
		if err := out.Encode(s); err != nil {
			t.Fatal(err)
		}
	}
}

// Kill kills writers of the index at a place, and looks each time that objects are
// whole or not there, and that none is lost whose Put has ended.
func Kill(t *testing.T, rounds int, where string, open func(where string) erasure.Index) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]told{} // what each may be now: what was acknowledged, and what may have been entered since
	for round := range rounds {
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestKillChild$")
		cmd.Env = append(os.Environ(), killWhere+"="+where, fmt.Sprintf("%s=%d", killRound, round))
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		after := 1 + rand.IntN(40) // lines
		lines := bufio.NewScanner(pipe)
		for n := 0; lines.Scan(); n++ {
			var s told
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
				t.Fatalf("the child says %q", lines.Text())
			}
			if s.Done {
				keys[s.Key] = []told{s}
			} else {
				keys[s.Key] = append(keys[s.Key], s)
			}
			if n == after {
				time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond) // amid what comes next
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}

		x := open(where)
		got := Places(t, x, "ada")
		var want int
		for key, may := range keys {
			var ok []string
			for _, s := range may {
				ok = append(ok, fmt.Sprintf("b/%s@#%s [%d]", key, s.ETag, s.Row))
			}
			found := slices.DeleteFunc(slices.Clone(got), func(p string) bool { return !slices.Contains(ok, p) })
			acknowledged := may[0].Done
			if len(found) > 1 || acknowledged && len(found) != 1 {
				t.Errorf("round %d: %s is at %q, and may be one of %q", round, key, found, ok)
			}
			want += len(found)
		}
		if len(got) != want {
			t.Errorf("round %d: ada is at %q", round, got)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
