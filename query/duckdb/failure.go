package duckdb

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"lethe"
	"lethe/object"
	"lethe/query/duckdb/dialect"
)

// Marks that begin the messages of errors that relations raise, in Trino's words.
const (
	badData      = "HIVE_BAD_DATA: "
	notSupported = "NOT_SUPPORTED: "
)

// outOfMemory is DuckDB's class of errors about memory and temporary space.
const outOfMemory = "Out of Memory"

// failure is a task's error as the worker told it.
type failure struct{ failed }

func (f *failure) Error() string { return f.Message }

// inputPath finds the names of input files in messages.
var inputPath = regexp.MustCompile(`(?:[^\s"'(\[]*/)?` + inDir + `/t[0-9]+/(?:[A-Za-z0-9_=%.-]+/)*([0-9]+)\.[a-z.]+`)

// explain turns a worker's failure into an error for the person who asked: with
// the names of objects instead of files, and without DuckDB's advice about its
// own options.
func explain(f *failure, inputs []input, c Config) error {
	named := false
	msg := inputPath.ReplaceAllStringFunc(f.Message, func(path string) string {
		n, err := strconv.Atoi(inputPath.FindStringSubmatch(path)[1])
		if err != nil || n >= len(inputs) {
			return "a file of the query"
		}
		named = true
		return inputs[n].String()
	})
	msg = strings.TrimSpace(strings.TrimPrefix(msg, f.Type+" Error: "))
	for mark, kind := range map[string]lethe.Kind{badData: lethe.BadData, notSupported: lethe.Unsupported} {
		if _, after, ok := strings.Cut(msg, mark); ok {
			return lethe.Errorf(kind, "%s", mark+firstLine(after))
		}
	}
	switch {
	case strings.HasPrefix(msg, tooLarge):
		return lethe.Errorf(lethe.Exhausted, "%s", strings.TrimPrefix(msg, tooLarge)).WithHint("ask for fewer rows or columns")
	case f.Type == outOfMemory:
		if strings.Contains(msg, "max_temp_directory_size") || strings.Contains(msg, "offload") {
			return lethe.Errorf(lethe.Exhausted, "the query needs more than its %d MB of memory and %d MB of temporary space", c.Memory>>20, c.Spill>>20).
				WithHint("read less data, or raise the bounds of queries in the configuration")
		}
		return lethe.Errorf(lethe.Exhausted, "the query needs more than its %d MB of memory", c.Memory>>20).
			WithHint("read less data, or raise the memory of queries in the configuration")
	case f.Type == "IO" && (strings.Contains(msg, "No space left") || strings.Contains(msg, "File too large")):
		return lethe.Errorf(lethe.Exhausted, "there is no space left for the query's temporary files and result")
	case f.Type == "IO" && (strings.Contains(msg, "Cannot open file") || strings.Contains(msg, "Could not read from file")):
		return lethe.Errorf(lethe.Internal, "%s", firstLine(msg))
	case named:
		return lethe.Errorf(lethe.BadData, "%s%s", badData, unreadable(msg))
	case f.Type == "IO" && strings.Contains(msg, "gzip stream"):
		return lethe.Errorf(lethe.BadData, "%sa compressed file of the query is broken: %s", badData, firstLine(msg))
	}
	if err := dialect.MapError(f.Message); err != nil {
		return err
	}
	switch f.Type {
	case "Invalid", "Invalid Input", "Conversion", "Out of Range", "Divide by Zero", "Constraint", "Expression":
		return lethe.Errorf(lethe.Invalid, "%s", firstLine(msg))
	case "Permission":
		return lethe.Errorf(lethe.Denied, "%s", firstLine(msg))
	}
	if f.Type == "" {
		return lethe.Errorf(lethe.Internal, "the query's worker failed: %s", firstLine(msg))
	}
	return lethe.Errorf(lethe.Internal, "the query engine refused the translated statement: %s: %s", f.Type, firstLine(msg))
}

// discreet takes from an error of a query that reads tables through their rules
// what may tell of rows that the rules do not show: all of an error that came up
// while they were applied, and the names of objects, in which values of partition
// keys stand.
func discreet(f *failure, err error) error {
	kind := lethe.KindOf(err)
	switch {
	case kind == lethe.Exhausted:
		return err
	case f.Rules, kind == lethe.BadData, kind == lethe.Unsupported, kind == lethe.Internal:
		return lethe.Errorf(lethe.BadData, "%s%s", badData, unreadableThroughRules).WithHint("somebody who sees the whole table finds out why by reading it")
	}
	return err
}

const unreadableThroughRules = "a table that the query reads through rules cannot be read, or its rules cannot be applied to all of its rows"

// unreadable puts DuckDB's texts about unreadable files into one sentence.
func unreadable(msg string) string {
	if m := csvError.FindStringSubmatch(msg); m != nil {
		what := m[2]
		if i := strings.Index(what, "Maximum line size"); i >= 0 {
			what = fmt.Sprintf("the line is longer than %d MB", maxLine>>20)
		} else if strings.Contains(what, "Invalid unicode") {
			what = "the line is not UTF-8"
		}
		return fmt.Sprintf("%s, line %s: %s", m[3], m[1], firstLine(what))
	}
	if m := jsonError.FindStringSubmatch(msg); m != nil {
		line, _ := strconv.Atoi(m[2])
		return fmt.Sprintf("Malformed JSON in %s, line %d: %s", m[1], max(line-1, 1), firstLine(m[3]))
	}
	if strings.Contains(msg, "maximum_object_size") {
		if m := jsonObject.FindStringSubmatch(msg); m != nil {
			return fmt.Sprintf("%s: an object is longer than %d MB", m[1], maxLine>>20)
		}
	}
	return firstLine(msg)
}

var (
	csvError   = regexp.MustCompile(`(?s)CSV Error on Line: (\d+)\n(.*?)\n\s*file = (\S+)`)
	jsonError  = regexp.MustCompile(`Malformed JSON in file "([^"]+)", at byte \d+ in line (\d+): ([^\n]*)`)
	jsonObject = regexp.MustCompile(`file "([^"]+)"`)
)

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(s)
}

// input is a file of a query and what it is called outside.
type input struct {
	object object.Object
	local  string // a file outside the store
	name   string // of the local file, for messages
}

func (i input) String() string {
	if i.local != "" {
		return i.name
	}
	return lethe.Location{Bucket: i.object.Bucket, Key: i.object.Key}.String()
}
