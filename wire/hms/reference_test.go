package hms

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"lethe/lib/hms"
)

var update = flag.Bool("update", false, "rewrite the table of methods in docs/reference/metastore.md")

// The reference lists every method of the interface, and what each needs.
func TestReferenceListsEveryMethod(t *testing.T) {
	const file, begin, end = "../../docs/reference/metastore.md", "<!-- methods -->\n", "<!-- end -->\n"
	s := New(Config{})
	var b strings.Builder
	fmt.Fprintf(&b, "%d methods are answered:\n\n| method | action | resource |\n| --- | --- | --- |\n", len(s.methods)+1)
	for _, name := range slices.Sorted(maps.Keys(s.methods)) {
		md := s.methods[name]
		if md.action == "" {
			fmt.Fprintf(&b, "| `%s` | | |\n", name)
			continue
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", name, md.action, md.on)
	}
	b.WriteString("| `shutdown` | | |\n\nThese are known and not answered: ")
	var not []string
	for name := range hms.Methods {
		if s.methods[name] == nil && name != "shutdown" {
			not = append(not, "`"+name+"`")
		}
	}
	for _, name := range hms.Unanswered {
		not = append(not, "`"+name+"`")
	}
	slices.Sort(not)
	b.WriteString(strings.Join(not, ", ") + ".\n")

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the methods", file)
	}
	want := head + begin + b.String() + end + tail
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("%s is not what the program answers: go test ./wire/hms -run Reference -update", file)
	}
}
