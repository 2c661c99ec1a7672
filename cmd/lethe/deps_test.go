package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lethe/test/need"
)

var update = flag.Bool("update", false, "rewrite docs/reference/dependencies.txt")

// licences that a dependency may have. AGPL, SSPL and BSL are none of them.
var licences = []struct{ name, mark string }{
	{"Apache-2.0", "Apache License"},
	{"MPL-2.0", "Mozilla Public License"},
	{"MIT", "Permission is hereby granted, free of charge"},
	{"MIT", "MIT License"},
	{"BSD", "Redistribution and use in source and binary forms"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software"},
	{"ISC", "Permission to use, copy, modify, and distribute this software"},
	{"Unlicense", "This is free and unencumbered software released into the public domain"},
}

// TestDependenciesAreReviewed compares the modules in the binary with the list
// that people have read. A new one is a decision: run with -update, look at the
// difference, and commit it.
func TestDependenciesAreReviewed(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-json=Module", ".")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	type module struct{ Path, Version, Dir string }
	dirs := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Module *module }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && p.Module.Path != "lethe" {
			dirs[p.Module.Path+" "+p.Module.Version] = p.Module.Dir
		}
	}
	var lines []string
	for name, dir := range dirs {
		l, err := licence(dir)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		lines = append(lines, name+" "+l)
	}
	slices.Sort(lines)
	got := "# The modules in bin/lethe, their versions and licences. Made by: go test ./cmd/lethe -run Dependencies -update\n" + strings.Join(lines, "\n") + "\n"
	path := filepath.Join(need.Root(), "docs", "reference", "dependencies.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the binary's modules differ from docs/reference/dependencies.txt; run: go test ./cmd/lethe -run Dependencies -update, and review the change\n%s", difference(string(want), got))
	}
}

func licence(dir string) (string, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if n := strings.ToUpper(f.Name()); !strings.HasPrefix(n, "LICEN") && !strings.HasPrefix(n, "COPYING") || f.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return "", err
		}
		flat := strings.Join(strings.Fields(string(text)), " ")
		for _, l := range licences {
			if strings.Contains(flat, l.mark) {
				return l.name, nil
			}
		}
	}
	return "", fmt.Errorf("no licence that we know in %s", filepath.Base(dir))
}

// difference lists the lines that only one of two sorted texts has.
func difference(a, b string) string {
	var out strings.Builder
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, l := range as {
		if !slices.Contains(bs, l) {
			out.WriteString("- " + l + "\n")
		}
	}
	for _, l := range bs {
		if !slices.Contains(as, l) {
			out.WriteString("+ " + l + "\n")
		}
	}
	return out.String()
}
