package dash

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"lethe"
)

// Code is what package dash keeps, as people write it: data sets, analyses and dashboards in YAML
// with the API's names. It is what somebody made; who made it, when, and what the service tells of
// it is not in it.
//
// The names are those of the types' JSON. A text may be written without quotes even if it looks
// like a number or a date. Names that there are not, names that stand twice, anchors and tags are
// errors, which say the line.

// bundleVersion is that of the form of the text.
const bundleVersion = 1

type bundle struct {
	Version    int         `json:"lethe"`
	DataSets   []DataSet   `json:"data_sets,omitempty"`
	Analyses   []Analysis  `json:"analyses,omitempty"`
	Dashboards []Dashboard `json:"dashboards,omitempty"`
}

// told are the parts that the service tells.
var told = map[reflect.Type][]string{
	reflect.TypeFor[Edited]():    {"owner", "revision", "made", "changed", "changed_by"},
	reflect.TypeFor[Field]():     {"aggregate", "source_type"},
	reflect.TypeFor[Analysis]():  {"dashboard"},
	reflect.TypeFor[Dashboard](): {"version", "published", "shares"},
}

// property is a field of a struct as JSON has it.
type property struct {
	name     string
	index    []int
	optional bool
}

// properties of a struct, those of embedded ones in their place.
func propertiesOf(t reflect.Type) (all []property) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			for _, p := range propertiesOf(f.Type) {
				p.index = append([]int{i}, p.index...)
				all = append(all, p)
			}
			continue
		}
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "-" && !slices.Contains(told[t], name) {
			all = append(all, property{name, []int{i}, option == "omitempty"})
		}
	}
	return all
}

// write returns a bundle as text. The same bundle is the same text.
func (b bundle) write() ([]byte, error) {
	b.Version = bundleVersion
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(nodeOf(reflect.ValueOf(b))); err != nil {
		return nil, err
	}
	return out.Bytes(), e.Close()
}

func nodeOf(v reflect.Value) *yaml.Node {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
		}
		return nodeOf(v.Elem())
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, p := range propertiesOf(v.Type()) {
			if f := v.FieldByIndex(p.index); !p.optional || !empty(f) {
				n.Content = append(n.Content, textNode(p.name), nodeOf(f))
			}
		}
		return n
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			n.Content = append(n.Content, textNode(k.String()), nodeOf(v.MapIndex(k)))
		}
		return n
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i := range v.Len() {
			n.Content = append(n.Content, nodeOf(v.Index(i)))
		}
		return n
	case reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v.Bool())}
	case reflect.Int, reflect.Int64:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(v.Int(), 10)}
	case reflect.Float64:
		n := &yaml.Node{}
		if err := n.Encode(v.Float()); err == nil {
			return n
		}
	}
	return textNode(v.String())
}

// empty is what omitempty leaves out.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// old are the words that YAML 1.1 takes for true and false.
var old = map[string]bool{"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true}

// textNode writes a text: of several lines as such, if that keeps all of it.
func textNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch {
	case strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }):
		n.Style = yaml.DoubleQuotedStyle
	case strings.Contains(s, "\n"):
		n.Style = yaml.LiteralStyle
		if s[0] == ' ' || s[0] == '\n' || strings.Contains(s, " \n") || strings.HasSuffix(s, " ") || strings.HasSuffix(s, "\n\n") {
			n.Style = yaml.DoubleQuotedStyle
		}
	case old[strings.ToLower(s)]:
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// reader reads a bundle and remembers in which line its parts stand.
type reader struct{ lines map[string]int }

// maxDepth is deeper than any part stands, and maxEntries more than any list may have: each is
// made in memory before its rules are looked at, which a text of many commas would make much of.
const (
	maxDepth   = 32
	maxEntries = 10_000
)

// readBundle reads text.
func readBundle(text []byte) (b bundle, r *reader, err error) {
	r = &reader{lines: map[string]int{}}
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return b, r, lethe.Errorf(lethe.Invalid, "the text is empty")
	case err != nil:
		return b, r, lethe.Errorf(lethe.Invalid, "the text is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return b, r, lethe.Errorf(lethe.Invalid, "the text holds more than one document")
	}
	if len(doc.Content) != 1 {
		return b, r, lethe.Errorf(lethe.Invalid, "the text is empty")
	}
	if err := r.read(doc.Content[0], reflect.ValueOf(&b).Elem(), "", 0); err != nil {
		return b, r, err
	}
	if b.Version != bundleVersion {
		return b, r, lethe.Errorf(lethe.Unsupported, "line %d: lethe: %d is not a form of this text that this program knows", r.lines["lethe"], b.Version).WithHint("it begins with lethe: %d", bundleVersion)
	}
	return b, r, nil
}

// wrong is the error of a node.
func (r *reader) wrong(n *yaml.Node, at, format string, args ...any) error {
	where := fmt.Sprintf("line %d: ", n.Line)
	if at != "" {
		where += at + ": "
	}
	return lethe.Errorf(lethe.Invalid, "%s%s", where, fmt.Sprintf(format, args...))
}

// at tells in which line what an error speaks of stands: that of the nearest part around it.
func (r *reader) at(root string, err error) error {
	w, ok := errors.AsType[*wrong](err)
	if !ok {
		return err
	}
	path := root + "." + w.at
	for p := path; p != ""; p = p[:max(strings.LastIndexAny(p, ".["), 0)] {
		if line := r.lines[p]; line > 0 {
			return lethe.Errorf(lethe.KindOf(err), "line %d: %s: %s", line, path, w.what)
		}
	}
	return err
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

var nodeKinds = map[yaml.Kind]string{yaml.MappingNode: "names with values", yaml.SequenceNode: "a list", yaml.ScalarNode: "a value", yaml.AliasNode: "an alias"}

func (r *reader) read(n *yaml.Node, to reflect.Value, at string, depth int) error {
	r.lines[at] = n.Line
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return r.wrong(n, at, "anchors and aliases are not read here")
	case depth > maxDepth:
		return r.wrong(n, at, "it is nested too deep")
	case n.Style&yaml.TaggedStyle != 0:
		return r.wrong(n, at, "tags are not read here")
	case len(n.Content) > maxEntries:
		return r.wrong(n, at, "it has more than %d entries", maxEntries)
	}
	want := map[reflect.Kind]yaml.Kind{reflect.Struct: yaml.MappingNode, reflect.Map: yaml.MappingNode, reflect.Slice: yaml.SequenceNode}[to.Kind()]
	null := n.Kind == yaml.ScalarNode && n.Tag == "!!null"
	switch {
	case to.Kind() == reflect.Pointer:
		if null {
			return nil
		}
		to.Set(reflect.New(to.Type().Elem()))
		return r.read(n, to.Elem(), at, depth)
	case want == 0:
		want = yaml.ScalarNode
	}
	if n.Kind != want {
		return r.wrong(n, at, "it must be %s, and is %s", nodeKinds[want], nodeKinds[n.Kind])
	}
	switch to.Kind() {
	case reflect.Struct:
		return r.readStruct(n, to, at, depth)
	case reflect.Map:
		to.Set(reflect.MakeMap(to.Type()))
		return r.pairs(n, at, func(key, value *yaml.Node) error {
			v := reflect.New(to.Type().Elem()).Elem()
			if err := r.read(value, v, join(at, key.Value), depth+1); err != nil {
				return err
			}
			to.SetMapIndex(reflect.ValueOf(key.Value).Convert(to.Type().Key()), v)
			return nil
		})
	case reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), len(n.Content), len(n.Content)))
		for i, x := range n.Content {
			if err := r.read(x, to.Index(i), fmt.Sprintf("%s[%d]", at, i), depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return r.scalar(n, to, at, null)
}

func (r *reader) readStruct(n *yaml.Node, to reflect.Value, at string, depth int) error {
	known := map[string]property{}
	for _, p := range propertiesOf(to.Type()) {
		known[p.name] = p
	}
	return r.pairs(n, at, func(key, value *yaml.Node) error {
		p, ok := known[key.Value]
		if !ok {
			return r.wrong(key, at, "there is no %q here; there are %s", key.Value, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		return r.read(value, to.FieldByIndex(p.index), join(at, p.name), depth+1)
	})
}

// pairs calls f for each name and value of a mapping.
func (r *reader) pairs(n *yaml.Node, at string, f func(key, value *yaml.Node) error) error {
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0 {
			return r.wrong(key, at, "a name must be text")
		}
		if line, ok := lines[key.Value]; ok {
			return r.wrong(key, at, "%q stands here again; it was given in line %d", key.Value, line)
		}
		lines[key.Value] = key.Line
		if err := f(key, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) scalar(n *yaml.Node, to reflect.Value, at string, null bool) error {
	switch to.Kind() {
	case reflect.String:
		if null && n.Value != "" {
			return r.wrong(n, at, "it must be text; write %q in quotes", n.Value)
		}
		to.SetString(n.Value)
	case reflect.Bool:
		var v bool
		if n.Tag != "!!bool" || n.Decode(&v) != nil {
			return r.wrong(n, at, "%q is neither true nor false", n.Value)
		}
		to.SetBool(v)
	case reflect.Int, reflect.Int64:
		v, err := strconv.ParseInt(n.Value, 10, to.Type().Bits())
		if err != nil || n.Tag != "!!int" {
			return r.wrong(n, at, "%q is not a whole number", n.Value)
		}
		to.SetInt(v)
	case reflect.Float64:
		var v float64
		if n.Tag != "!!int" && n.Tag != "!!float" || n.Decode(&v) != nil {
			return r.wrong(n, at, "%q is not a number", n.Value)
		}
		to.SetFloat(v)
	}
	return nil
}
