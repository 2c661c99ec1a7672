package lethe_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/reference/actions.md names every action that is asked for, and none other.
func TestActionsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("docs/reference/actions.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{} // whether asked for
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9]+:[A-Za-z]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		if !strings.HasPrefix(m[1], "aws:") { // condition keys
			documented[m[1]] = false
		}
	}
	need := func(where, action string) {
		if _, ok := documented[action]; ok {
			documented[action] = true
		} else if !strings.Contains(strings.ToLower(string(text)), "`"+strings.ToLower(action)+"`") {
			t.Errorf("%s: %s does not stand in docs/reference/actions.md", where, action)
		}
	}
	for _, service := range []string{"athena", "iam", "rds", "secretsmanager"} {
		var model struct{ Operations map[string]*struct{} }
		file := filepath.Join("wire", service, "model.json")
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &model); err != nil {
			t.Fatal(err)
		}
		for name, described := range model.Operations {
			if described != nil {
				need(file, service+":"+name)
			}
		}
	}
	literal := regexp.MustCompile(`"((?:s3|athena|glue|iam|sts|lambda|lethe|rds|console|secretsmanager|quicksight):[A-Z][A-Za-z]+)"`)
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (path == "lib" || path == "test" || strings.HasPrefix(path, ".") && path != "." || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		for _, m := range literal.FindAllStringSubmatch(string(b), -1) {
			need(path, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for action, asked := range documented {
		if !asked {
			t.Errorf("docs/reference/actions.md names %s, which nobody asks for", action)
		}
	}
}
