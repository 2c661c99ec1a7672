// Command gen writes Go types from an interface file, whose format the file
// explains itself: see lib/hms/metastore.idl. It is run by go generate.
//
//	gen INTERFACE PACKAGE OUTPUT
//
// Every struct, exception, arguments of a method (NameArgs) and answer of a
// method (NameReply) becomes a type with the methods Write and Read; every
// method an entry of the map Methods. A reply has Err, which returns the
// exception in it, and Throw, which puts one there if the method can throw it.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"log"
	"os"
	"strconv"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("usage: gen INTERFACE PACKAGE OUTPUT")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	f, err := parse(string(text))
	if err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
	source, err := format.Source(generate(f, os.Args[2]))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[3], source, 0o644); err != nil {
		log.Fatal(err)
	}
}

type file struct {
	enums      map[string]bool
	blocks     []block
	unanswered []string
}

type block struct {
	kind, name string
	oneway     bool
	values     []field // of an enum: name and id
	fields     []field
	returns    string
	throws     []field // type and id
}

type field struct {
	id       int
	name     string
	typ      string
	required bool
	optional bool
}

// parse reads an interface file.
func parse(text string) (f file, err error) {
	f.enums = map[string]bool{}
	var b *block
	for i, line := range strings.Split(text, "\n") {
		fail := func(what string) (file, error) { return f, fmt.Errorf("line %d: %s: %q", i+1, what, line) }
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		if line[0] != ' ' {
			f.blocks = append(f.blocks, block{kind: words[0]})
			b = &f.blocks[len(f.blocks)-1]
			switch words[0] {
			case "enum", "struct", "exception", "method":
				if len(words) < 2 {
					return fail("a name is missing")
				}
				b.name, b.oneway = words[1], len(words) > 2 && words[2] == "oneway"
				f.enums[b.name] = b.kind == "enum"
			case "unanswered":
			default:
				return fail("unknown kind")
			}
			continue
		}
		switch {
		case b == nil:
			return fail("before the first block")
		case b.kind == "unanswered":
			f.unanswered = append(f.unanswered, words[0])
		case b.kind == "enum" && len(words) == 2:
			n, err := strconv.Atoi(words[1])
			if err != nil {
				return fail("not a number")
			}
			b.values = append(b.values, field{id: n, name: words[0]})
		case words[0] == "returns" && len(words) == 2:
			b.returns = words[1]
		case words[0] == "throws" && len(words) == 3:
			n, err := strconv.Atoi(words[1])
			if err != nil {
				return fail("not a number")
			}
			b.throws = append(b.throws, field{id: n, name: "E" + words[1], typ: words[2], optional: true})
		case len(words) == 3:
			number, required := strings.CutSuffix(words[0], "!")
			number, optional := strings.CutSuffix(number, "?")
			n, err := strconv.Atoi(number)
			if err != nil {
				return fail("not a number")
			}
			b.fields = append(b.fields, field{n, words[1], words[2], required, optional})
		default:
			return fail("cannot be read")
		}
	}
	return f, nil
}

// camel makes a Go name: db_name and dbName become DbName.
func camel(s string) string {
	var b strings.Builder
	for _, w := range strings.Split(s, "_") {
		if w != "" {
			b.WriteString(strings.ToUpper(w[:1]) + w[1:])
		}
	}
	return b.String()
}

type generator struct {
	bytes.Buffer
	file
	n int
}

func (g *generator) p(format string, args ...any) { fmt.Fprintf(g, format+"\n", args...) }

func (g *generator) temp() string { g.n++; return "v" + strconv.Itoa(g.n) }

// scalars are the types that are neither structures nor made of others: their
// Go types, types on the wire, and the names of methods of Writer and Reader.
var scalars = map[string]struct{ goType, wire, method string }{
	"bool": {"bool", "BOOL", "Bool"}, "byte": {"int8", "BYTE", "I8"}, "i16": {"int16", "I16", "I16"}, "i32": {"int32", "I32", "I32"},
	"i64": {"int64", "I64", "I64"}, "double": {"float64", "DOUBLE", "Double"}, "string": {"string", "STRING", "String"}, "binary": {"[]byte", "STRING", "Binary"},
}

// element returns the element type of a list or set.
func element(t string) (string, bool) {
	for _, prefix := range []string{"list<", "set<"} {
		if e, ok := strings.CutPrefix(t, prefix); ok {
			return strings.TrimSuffix(e, ">"), true
		}
	}
	return "", false
}

// entry returns the key and value types of a map.
func entry(t string) (k, v string, ok bool) {
	e, ok := strings.CutPrefix(t, "map<")
	k, v, _ = strings.Cut(strings.TrimSuffix(e, ">"), ",")
	return k, v, ok
}

func (g *generator) goType(t string) string {
	if s, ok := scalars[t]; ok {
		return s.goType
	}
	if e, ok := element(t); ok {
		return "[]" + g.goType(e)
	}
	if k, v, ok := entry(t); ok {
		return "map[" + g.goType(k) + "]" + g.goType(v)
	}
	if g.enums[t] {
		return camel(t)
	}
	return "*" + camel(t)
}

func (g *generator) wire(t string) string {
	switch {
	case scalars[t].wire != "":
		return "thrift." + scalars[t].wire
	case strings.HasPrefix(t, "list<"):
		return "thrift.LIST"
	case strings.HasPrefix(t, "set<"):
		return "thrift.SET"
	case strings.HasPrefix(t, "map<"):
		return "thrift.MAP"
	case g.enums[t]:
		return "thrift.I32"
	}
	return "thrift.STRUCT"
}

// pointer tells whether a field's absence is a nil pointer.
func (g *generator) pointer(f field) bool {
	s, ok := scalars[f.typ]
	return ok && f.optional && s.wire != "STRING"
}

func (g *generator) fieldType(f field) string {
	if g.pointer(f) {
		return "*" + g.goType(f.typ)
	}
	return g.goType(f.typ)
}

// write writes a field.
func (g *generator) write(f field, arguments bool) {
	x := "x." + camel(f.name)
	_, isList := element(f.typ)
	_, _, isMap := entry(f.typ)
	switch {
	case g.pointer(f):
		g.p("if %s != nil {", x)
		x = "*" + x
	case f.typ == "string" && f.name == "success": // an empty one is an answer, too
		g.p("if x.Err() == nil {")
	case f.typ == "string" && !f.required && !arguments:
		g.p(`if %s != "" {`, x)
	case g.enums[f.typ] && !f.required && f.name != "success":
		g.p("if %s != 0 {", x)
	case g.wire(f.typ) == "thrift.STRUCT", (isList || isMap || f.typ == "binary") && f.optional:
		g.p("if %s != nil {", x)
	default:
		g.p("{")
	}
	switch k, v, _ := entry(f.typ); {
	case g.enums[f.typ]:
		g.p("w.I32(%d, int32(%s))", f.id, x)
	case f.typ == "list<string>":
		g.p("w.Strings(%d, %s)", f.id, x)
	case f.typ == "map<string,string>":
		g.p("w.StringMap(%d, %s)", f.id, x)
	case isList:
		e, _ := element(f.typ)
		if strings.HasPrefix(f.typ, "list<") && g.wire(e) == "thrift.STRUCT" {
			g.p("thrift.Structs(w, %d, %s)", f.id, x)
			break
		}
		kind := "List"
		if strings.HasPrefix(f.typ, "set<") {
			kind = "Set"
		}
		t := g.temp()
		g.p("w.%s(%d, %s, len(%s))\nfor _, %s := range %s {", kind, f.id, g.wire(e), x, t, x)
		g.writeElement(e, t)
		g.p("}")
	case isMap:
		tk, tv := g.temp(), g.temp()
		g.p("w.Map(%d, %s, %s, len(%s))\nfor %s, %s := range %s {", f.id, g.wire(k), g.wire(v), x, tk, tv, x)
		g.writeElement(k, tk)
		g.writeElement(v, tv)
		g.p("}")
	case scalars[f.typ].method != "":
		g.p("w.%s(%d, %s)", scalars[f.typ].method, f.id, x)
	default:
		g.p("w.Struct(%d, %s)", f.id, x)
	}
	g.p("}")
}

func (g *generator) writeElement(t, x string) {
	e, isList := element(t)
	k, v, isMap := entry(t)
	switch {
	case g.enums[t]:
		g.p("w.ElemI32(int32(%s))", x)
	case isList:
		n := g.temp()
		g.p("w.ElemList(%s, len(%s))\nfor _, %s := range %s {", g.wire(e), x, n, x)
		g.writeElement(e, n)
		g.p("}")
	case isMap:
		tk, tv := g.temp(), g.temp()
		g.p("w.ElemMap(%s, %s, len(%s))\nfor %s, %s := range %s {", g.wire(k), g.wire(v), x, tk, tv, x)
		g.writeElement(k, tk)
		g.writeElement(v, tv)
		g.p("}")
	case scalars[t].method != "":
		g.p("w.Elem%s(%s)", scalars[t].method, x)
	default:
		g.p("%s.Write(w)", x)
	}
}

// read assigns a value that is read to a variable.
func (g *generator) read(t, x string) {
	e, isList := element(t)
	k, v, isMap := entry(t)
	switch {
	case g.enums[t]:
		g.p("%s = %s(r.I32())", x, camel(t))
	case t == "list<string>" || t == "set<string>":
		g.p("%s = r.Strings()", x)
	case t == "map<string,string>":
		g.p("%s = r.StringMap()", x)
	case isList && g.wire(e) == "thrift.STRUCT":
		g.p("%s = thrift.ReadStructs[%s](r)", x, camel(e))
	case isList:
		i := g.temp()
		g.p("%s = thrift.Slice[%s](r, %s)\nfor %s := range %s {", x, g.goType(e), g.wire(e), i, x)
		g.read(e, x+"["+i+"]")
		g.p("}")
	case isMap:
		m, n, tk, tv := g.temp(), g.temp(), g.temp(), g.temp()
		g.p("%s, %s := thrift.MakeMap[%s, %s](r, %s, %s)\nfor ; %s > 0 && r.Err() == nil; %s-- {\nvar %s %s\nvar %s %s",
			m, n, g.goType(k), g.goType(v), g.wire(k), g.wire(v), n, n, tk, g.goType(k), tv, g.goType(v))
		g.read(k, tk)
		g.read(v, tv)
		g.p("%s[%s] = %s\n}\n%s = %s", m, tk, tv, x, m)
	case scalars[t].method != "":
		g.p("%s = r.%s()", x, scalars[t].method)
	default:
		g.p("%s = thrift.ReadStruct[%s](r)", x, camel(t))
	}
}

func (g *generator) structure(name, comment string, fields []field, arguments bool) {
	g.p("\n// %s %s\ntype %s struct {", name, comment, name)
	for _, f := range fields {
		g.p("%s %s // %d", camel(f.name), g.fieldType(f), f.id)
	}
	g.p("}\n\n// Write implements thrift.Struct.\nfunc (x *%s) Write(w *thrift.Writer) {\nw.Begin()", name)
	for _, f := range fields {
		g.write(f, arguments)
	}
	id := "id"
	if len(fields) == 0 {
		id = "_"
	}
	g.p("w.End()\n}\n\n// Read implements thrift.Struct.\nfunc (x *%s) Read(r *thrift.Reader) {\nr.Begin()\nfor {\nt, %s := r.Field()\nif t == thrift.STOP {\nreturn\n}", name, id)
	if len(fields) == 0 {
		g.p("r.Skip(t)\n}\n}")
		return
	}
	g.p("switch uint32(id)<<8 | uint32(t) {")
	for _, f := range fields {
		g.p("case %d<<8 | uint32(%s):", f.id, g.wire(f.typ))
		if g.pointer(f) {
			g.p("v := r.%s()\nx.%s = &v", scalars[f.typ].method, camel(f.name))
			continue
		}
		g.read(f.typ, "x."+camel(f.name))
	}
	g.p("default:\nr.Skip(t)\n}\n}\n}")
}

// result writes the type of a method's answer.
func (g *generator) result(b block) {
	name := camel(b.name) + "Reply"
	var fields []field
	if b.returns != "" {
		fields = append(fields, field{id: 0, name: "success", typ: b.returns, optional: g.wire(b.returns) != "thrift.STRUCT"})
	}
	fields = append(fields, b.throws...)
	g.structure(name, "is the answer of "+b.name+".", fields, true)
	g.p("\n// Err implements thrift.Result.\nfunc (x *%s) Err() error {", name)
	if len(b.throws) > 0 {
		g.p("switch {")
		for _, f := range b.throws {
			g.p("case x.%s != nil:\nreturn x.%s", f.name, f.name)
		}
		g.p("}")
	}
	g.p("return nil\n}\n\n// Throw implements Result.\nfunc (x *%s) Throw(err error) bool {", name)
	if len(b.throws) > 0 {
		g.p("switch e := err.(type) {")
		for _, f := range b.throws {
			g.p("case *%s:\n*x = %s{%s: e} // and no success\nreturn true", f.typ, name, f.name)
		}
		g.p("}")
	}
	g.p("return false\n}")
}

func generate(f file, pkg string) []byte {
	g := &generator{file: f}
	g.p("// Code generated by lib/thrift/gen; DO NOT EDIT.\n\npackage %s\n\nimport %q", pkg, "lethe/lib/thrift")
	for _, b := range f.blocks {
		switch b.kind {
		case "enum":
			g.p("\n// %s is an enumeration.\ntype %s int32\n\n// Values of %s.\nconst (", camel(b.name), camel(b.name), camel(b.name))
			for _, v := range b.values {
				g.p("%s%s %s = %d", camel(b.name), camel(strings.ToLower(v.name)), camel(b.name), v.id)
			}
			g.p(")")
		case "struct":
			g.structure(camel(b.name), "is a struct of the interface.", b.fields, false)
		case "exception":
			g.structure(camel(b.name), "is an exception of the interface.", b.fields, false)
			g.p("\nfunc (x *%s) Error() string { return x.Message }", camel(b.name))
		case "method":
			g.structure(camel(b.name)+"Args", "are the arguments of "+b.name+".", b.fields, true)
			g.result(b)
		}
	}
	g.p("\n// Methods are those that this package has types of, by name.\nvar Methods = map[string]Method{")
	for _, b := range f.blocks {
		if b.kind == "method" {
			g.p("%q: {func() thrift.Struct { return new(%sArgs) }, func() Result { return new(%sReply) }, %v},", b.name, camel(b.name), camel(b.name), b.oneway)
		}
	}
	g.p("}\n\n// Unanswered are methods that some version has and this package has no types of.\nvar Unanswered = []string{")
	for _, name := range f.unanswered {
		g.p("%q,", name)
	}
	g.p("}")
	return g.Bytes()
}
