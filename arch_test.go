package lethe_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// rings orders the parts of the system. A package imports only lower rings and
// its own ancestors; parts that share a ring do not know one another. See
// docs/adr/0002-rings.md.
var rings = []struct {
	name  string
	parts []string // "" is the root package; "x/*" is everything below x
}{
	{"nouns", []string{""}},
	{"lib", []string{"lib/*", "examples/*"}},
	{"config", []string{"config"}},
	{"foundation", []string{"object", "catalog", "access", "event", "workflow", "secret"}},
	{"service", []string{"query", "ingest", "erasure", "instance", "dash", "stack", "backup"}},
	{"driver", []string{"object/*", "event/*", "catalog/*", "query/*", "ingest/*", "erasure/*", "instance/*", "dash/*", "access/*", "workflow/*"}},
	{"wire", []string{"wire/*", "web"}},
	{"app", []string{"app"}},
	{"cmd", []string{"cmd/*", "test/*"}},
}

// allowed lists the few edges inside a ring, each with its reason.
var allowed = map[string]string{
	"wire/console -> web":                                 "the console serves the built assets",
	"lib/awsproto -> lib/sigv4":                           "a request is verified before it is decoded",
	"lib/hms -> lib/thrift":                               "the metastore's types write themselves in Thrift",
	"lib/seal -> lib/atomicfile":                          "a key's file is replaced whole",
	"lib/seal -> lib/state":                               "data keys lie where what they seal lies",
	"lib/seal/sealtest -> lib/state":                      "the same, in tests",
	"query/duckdb -> query/duckdb/dialect":                "the engine writes statements in DuckDB's dialect",
	"erasure/rewrite -> erasure/rewrite/compressed":       "the registry of formats knows them",
	"erasure/rewrite -> erasure/rewrite/csv":              "the registry of formats knows them",
	"erasure/rewrite -> erasure/rewrite/jsonl":            "the registry of formats knows them",
	"erasure/rewrite -> erasure/rewrite/parquet":          "the registry of formats knows them",
	"erasure/rewrite/jsonl -> erasure/rewrite/lines":      "JSON lines are a dialect of lines",
	"erasure/rewrite/csv -> erasure/rewrite/lines":        "CSV is a dialect of lines",
	"erasure/rewrite/compressed -> erasure/rewrite/lines": "traces are looked for alike in all that cannot be read",
	"test/lake -> test/need":                              "a lake is started where the machine has what it needs",
}

func ring(part string) int {
	for i, r := range rings {
		for _, p := range r.parts {
			dir, star := strings.CutSuffix(p, "/*")
			if part == p || star && strings.HasPrefix(part, dir+"/") {
				return i
			}
		}
	}
	return -1
}

func TestImportsFlowOneWay(t *testing.T) {
	const module = "lethe"
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != "." && (name == "testdata" || name == "node_modules" || name[0] == '.') {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), ".")
		if ring(from) < 0 {
			t.Errorf("%s is in no ring: add it to rings, or move it", path)
			return nil
		}
		for _, spec := range f.Imports {
			to, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
			if to = strings.TrimPrefix(to, "/"); !ours || to == "" && from == "" {
				continue
			}
			if strings.HasPrefix(from, "lib/") && to == "" {
				t.Errorf("%s: lib knows nothing of lethe", fset.Position(spec.Pos()))
			}
			if ring(to) >= ring(from) && !strings.HasPrefix(from, to+"/") && allowed[from+" -> "+to] == "" {
				t.Errorf("%s: %q (%s) must not import %q (%s)", fset.Position(spec.Pos()), from, rings[ring(from)].name, to, rings[ring(to)].name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
