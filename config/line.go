package config

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// source is the file that a configuration was read from.
type source struct {
	path  string
	lines map[string]int // by field, as erasure.databases[0].dsn
}

// newSource notes on which lines the fields of a file are.
func newSource(path string, text []byte) *source {
	s := &source{path: path, lines: map[string]int{}}
	var n yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&n); err == nil {
		for _, c := range n.Content {
			s.note("", c)
		}
	}
	return s
}

func (s *source) note(field string, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			at := n.Content[i].Value
			if field != "" {
				at = field + "." + at
			}
			s.lines[at] = n.Content[i].Line
			s.note(at, n.Content[i+1])
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			at := fmt.Sprintf("%s[%d]", field, i)
			s.lines[at] = c.Line
			s.note(at, c)
		}
	}
}

// Where says where in the file a field is, or what it is in, as "lethe.yaml:12: "; it is ""
// for one that is not in a file.
func (c *Config) Where(field string) string {
	if c.source == nil {
		return ""
	}
	for field != "" {
		if line, ok := c.source.lines[field]; ok {
			return fmt.Sprintf("%s:%d: ", c.source.path, line)
		}
		field = field[:max(0, strings.LastIndexAny(field, ".["))]
	}
	return c.source.path + ": "
}
