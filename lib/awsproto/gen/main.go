// The program gen derives a model of package awsproto from the service model that
// AWS ships with botocore:
//
//	gen -service athena -o model.json GetWorkGroup ListWorkGroups ...
//
// It keeps facts (names, types, constraints, codes of errors) and drops the prose. Of
// the operations it describes those that are listed, with every shape they reach, and
// keeps the others' names. Patterns that Go's regexp cannot read, which are those
// with Java's \u escapes and lookaheads, are dropped with a notice.
//
// botocore is found by the flag -botocore, which names an unpacked wheel (as
// "pip download --no-deps botocore" gets it) or a site-packages folder, or else by
// asking python3 where it is installed. Licence: Apache-2.0, see NOTICE.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"lethe/lib/awsproto"
)

func main() {
	service := flag.String("service", "", "service's `name` in botocore, such as athena")
	out := flag.String("o", "model.json", "`file` to write")
	root := flag.String("botocore", "", "`folder` that holds the package botocore; asks python3 if empty")
	flag.Parse()
	if err := run(*service, *root, *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(service, root, out string, operations []string) error {
	if root == "" {
		path, err := exec.Command("python3", "-c", "import botocore, os; print(os.path.dirname(os.path.dirname(botocore.__file__)))").Output()
		if err != nil {
			return fmt.Errorf("python3 has no botocore (%w); install it or name its folder with -botocore", err)
		}
		root = strings.TrimSpace(string(path))
	}
	m, err := load(filepath.Join(root, "botocore"), service)
	if err != nil {
		return err
	}
	notices, err := prune(m, operations)
	if err != nil {
		return err
	}
	for _, n := range notices {
		fmt.Fprintln(os.Stderr, "gen:", n)
	}
	text, err := format(m)
	if err != nil {
		return err
	}
	if _, err := awsproto.ParseModel(text); err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o644)
}

// load reads the newest version of a service's model.
func load(botocore, service string) (*awsproto.Model, error) {
	versions, err := filepath.Glob(filepath.Join(botocore, "data", service, "*", "service-2.json*"))
	if err != nil {
		return nil, err
	}
	versions = slices.DeleteFunc(versions, func(p string) bool { return !strings.HasSuffix(strings.TrimSuffix(p, ".gz"), ".json") })
	if len(versions) == 0 {
		return nil, fmt.Errorf("%s has no model of a service %q", botocore, service)
	}
	path := slices.Max(versions) // folders are dates
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		if text, err = io.ReadAll(z); err != nil {
			return nil, err
		}
	}
	m := &awsproto.Model{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.Metadata.Service == "" {
		var other struct {
			Metadata struct {
				EndpointPrefix string `json:"endpointPrefix"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(text, &other); err != nil {
			return nil, err
		}
		m.Metadata.Service = other.Metadata.EndpointPrefix // the default for the signing name
	}
	version, err := version(botocore)
	if err != nil {
		return nil, err
	}
	m.Source = fmt.Sprintf("botocore %s, data/%s/%s/service-2.json", version, service, filepath.Base(filepath.Dir(path)))
	return m, nil
}

// version reads botocore's own version.
func version(botocore string) (string, error) {
	text, err := os.ReadFile(filepath.Join(botocore, "__init__.py"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is not the package botocore: it has no __init__.py", botocore)
	}
	if err != nil {
		return "", err
	}
	v := regexp.MustCompile(`__version__ = '([0-9.]+)'`).FindSubmatch(text)
	if v == nil {
		return "", fmt.Errorf("%s does not say its version", botocore)
	}
	return string(v[1]), nil
}

// prune keeps of m the named operations and what they reach.
func prune(m *awsproto.Model, operations []string) (notices []string, err error) {
	shapes := map[string]*awsproto.Shape{}
	var keep func(refs ...*awsproto.Ref)
	keep = func(refs ...*awsproto.Ref) {
		for _, r := range refs {
			if r == nil || shapes[r.Shape] != nil {
				continue
			}
			s := m.Shapes[r.Shape]
			shapes[r.Shape] = s
			keep(s.Member, s.Key, s.Value)
			keep(slices.Collect(maps.Values(s.Members))...)
		}
	}
	for _, name := range operations {
		op := m.Operations[name]
		if op == nil {
			return nil, fmt.Errorf("%s has no operation %s", m.Metadata.Service, name)
		}
		keep(op.Input, op.Output)
		keep(op.Errors...)
	}
	for name := range m.Operations {
		if !slices.Contains(operations, name) {
			m.Operations[name] = nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		s := shapes[name]
		if _, err := awsproto.CompilePattern(s.Pattern); err != nil {
			notices = append(notices, fmt.Sprintf("%s: pattern dropped: %s", name, s.Pattern))
			s.Pattern = ""
		}
	}
	m.Shapes = shapes
	return notices, nil
}

// format writes the model with one operation or shape a line, so that a change of
// the API is a readable diff.
func format(m *awsproto.Model) ([]byte, error) {
	var b bytes.Buffer
	line := func(v any) {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			panic(err) // plain structs always encode
		}
		b.Truncate(b.Len() - 1) // the newline
	}
	b.WriteString("{\n\"source\": ")
	line(m.Source)
	b.WriteString(",\n\"metadata\": ")
	line(m.Metadata)
	b.WriteString(",\n\"operations\": {")
	for i, name := range slices.Sorted(maps.Keys(m.Operations)) {
		fmt.Fprintf(&b, "%s\n\t%q: ", comma(i), name)
		line(m.Operations[name])
	}
	b.WriteString("\n},\n\"shapes\": {")
	for i, name := range slices.Sorted(maps.Keys(m.Shapes)) {
		fmt.Fprintf(&b, "%s\n\t%q: ", comma(i), name)
		line(m.Shapes[name])
	}
	b.WriteString("\n}\n}\n")
	return b.Bytes(), nil
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}
