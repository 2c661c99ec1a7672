package dialect

import (
	"bufio"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestAthenaQueries runs Athena-style queries that carry their expected rows in
// a comment: "-- id: name ; expect: 1|a;2|NULL".
func TestAthenaQueries(t *testing.T) {
	f, err := os.Open(shared(t, "conformance/athena.sql"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e := newEngine(t)
	head := regexp.MustCompile(`^-- id: (\S+)(?: ; expect: ?(.*))?$`)
	sc := bufio.NewScanner(f)
	var id, want string
	var has bool
	pass, refusals := 0, 0
	for sc.Scan() {
		line := sc.Text()
		if m := head.FindStringSubmatch(line); m != nil {
			id, want, has = m[1], m[2], strings.Contains(line, "expect:")
			continue
		}
		if strings.TrimSpace(line) == "" || id == "" {
			continue
		}
		_, rows, err := e.query(t.Context(), strings.TrimSuffix(strings.TrimSpace(line), ";"))
		switch got := rowsText(rows); {
		case want == "ERROR":
			if err == nil {
				t.Errorf("%s: got %s, want an error", id, got)
			}
			pass++
		case err != nil && strings.Contains(err.Error(), "does not exist"), id == "prepare":
			t.Logf("%s needs a table: %v", id, err)
		case err != nil && refused(err):
			refusals++
			t.Logf("%s refused: %v", id, err)
		case err != nil:
			t.Errorf("%s: %v\n%s", id, err, line)
		case has && !sameRows(got, want):
			t.Errorf("%s: got %q, want %q\n%s", id, got, want, line)
		default:
			pass++
		}
		id = ""
	}
	t.Logf("%d pass, %d refused", pass, refusals)
}

// sameRows compares rows; expectations leave out the fraction of a second.
func sameRows(got, want string) bool {
	got = regexp.MustCompile(`(:\d\d)\.000\b`).ReplaceAllString(got, "$1")
	if got == want || sameNumber(got, want) {
		return true
	}
	return strings.ReplaceAll(got, " ", "") == strings.ReplaceAll(want, " ", "")
}
