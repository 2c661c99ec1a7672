package erasure

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"lethe"
)

// sidecarName says where the metadata file of an object is, as Identifier.Sidecar
// has it.
type sidecarName struct {
	each          bool   // one for each object, and not one for a folder
	dir           string // below the folder it is of, with its slash; "" for the folder itself
	before, after string // of the object's name; before is the whole name where there is one for a folder
}

// objectName stands for an object's name.
const objectName = "{object}"

func parseSidecarName(text string) (n sidecarName, err error) {
	bad := func(why string) (sidecarName, error) {
		return n, lethe.Errorf(lethe.Invalid, "sidecar %q: %s", text, why)
	}
	if strings.HasPrefix(text, ".") && !strings.Contains(text, "/") && !strings.Contains(text, objectName) {
		text = objectName + text
	}
	i := strings.LastIndexByte(text, '/') + 1
	n.dir = text[:i]
	n.before, n.after, n.each = strings.Cut(text[i:], objectName)
	for _, segment := range strings.Split(text, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return bad("it must be the name of a file, in the object's folder or in one below it")
		}
	}
	switch {
	case len(text) > maxPattern:
		return n, lethe.Errorf(lethe.Invalid, "a sidecar's name of %d bytes: at most %d", len(text), maxPattern)
	case strings.ContainsAny(n.dir+n.before+n.after, "{}*"):
		return bad("it may have one {object}, in its last segment, and no other placeholder or *")
	case n.each && n.dir+n.before+n.after == "":
		return bad("it is the object itself")
	}
	return n, nil
}

// of returns the keys at which metadata files of an object may be, the nearest
// first. The key's first root bytes are the mapped place, which bounds the folders.
func (n sidecarName) of(key string, root int) (keys []string) {
	i := max(root, strings.LastIndexByte(key, '/')+1)
	if n.each {
		return []string{key[:i] + n.dir + n.before + key[i:] + n.after}
	}
	for {
		keys = append(keys, key[:i]+n.dir+n.before)
		if i <= root {
			return keys
		}
		i = max(root, strings.LastIndexByte(key[:i-1], '/')+1)
	}
}

// is reports whether a key is of a metadata file, the folder of what it describes,
// and, if it is of one object, that object's key.
func (n sidecarName) is(key string, root int) (folder, object string, ok bool) {
	i := max(root, strings.LastIndexByte(key, '/')+1)
	base := key[i:]
	folder, ok = strings.CutSuffix(key[:i], n.dir)
	if !ok || len(folder) < root || len(folder) > root && !strings.HasSuffix(folder, "/") {
		return "", "", false
	}
	if !n.each {
		return folder, "", base == n.before
	}
	if len(base) <= len(n.before)+len(n.after) || !strings.HasPrefix(base, n.before) || !strings.HasSuffix(base, n.after) {
		return "", "", false
	}
	return folder, folder + base[len(n.before):len(base)-len(n.after)], true
}

// sidecar is a metadata file. docs/reference/erasure-metadata.md says what each
// field means.
type sidecar struct {
	ETag        string           `json:"etag"`
	Written     time.Time        `json:"written"`
	Identifiers []sidecarEntry   `json:"identifiers"`
	Objects     []describedEntry `json:"objects"`
}

// describedEntry is what a metadata file of a folder says of an object.
type describedEntry struct {
	Object      string         `json:"object"`
	ETag        string         `json:"etag"`
	Identifiers []sidecarEntry `json:"identifiers"`
}

// sidecarEntry is an identifier that an object holds.
type sidecarEntry struct {
	Type   string   `json:"type"`
	Value  scalar   `json:"value"`
	Values []scalar `json:"values"`
	// Rows are the records that hold it; nil means the whole object.
	Rows []int64 `json:"rows"`
}

// scalar is a text or a number, as its text.
type scalar string

func (s *scalar) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(s))
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return lethe.Errorf(lethe.BadData, "an identifier's value is neither a text nor a number")
	}
	*s = scalar(n)
	return nil
}

func (e sidecarEntry) values() (vs []string) {
	if e.Values == nil {
		return []string{string(e.Value)}
	}
	for _, v := range e.Values {
		vs = append(vs, string(v))
	}
	return vs
}

// maxSidecar bounds the bytes of a metadata file.
const maxSidecar = 16 << 20

// parseSidecar reads a metadata file, of one object if each. Its errors are of kind
// BadData and repeat no value.
func parseSidecar(raw []byte, each bool) (d sidecar, err error) {
	bad := func(format string, args ...any) (sidecar, error) {
		return d, lethe.Errorf(lethe.BadData, "the metadata file "+format, args...)
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return bad("is no JSON: at byte %d", syntax.Offset)
		}
		return bad("is not of the form that it must have") // the error may repeat a value
	}
	check := func(es []sidecarEntry) string {
		for _, e := range es {
			for _, r := range e.Rows {
				if r < 0 || r >= Whole {
					return "names a row that is no number of a record"
				}
			}
			switch {
			case e.Type == "":
				return "has an identifier without a type"
			case e.Value != "" && e.Values != nil:
				return "has an identifier with value and values"
			}
		}
		return ""
	}
	switch {
	case each && d.Objects != nil:
		return bad("is of one object, and lists objects")
	case !each && (d.Objects == nil || d.Identifiers != nil):
		return bad("is of a folder, and must have objects, and no identifiers of its own")
	}
	if why := check(d.Identifiers); why != "" {
		return bad("%s", why)
	}
	seen := map[string]bool{}
	for i, o := range d.Objects {
		if o.Object == "" || strings.HasPrefix(o.Object, "/") || seen[o.Object+"\x00"+o.ETag] {
			return bad("has no object's name, or one twice, in objects[%d]", i)
		}
		seen[o.Object+"\x00"+o.ETag] = true
		if why := check(o.Identifiers); why != "" {
			return bad("%s", why)
		}
	}
	return d, nil
}

// entries are a metadata file's identifiers, of whichever object.
func (d sidecar) entries() []sidecarEntry {
	es := slices.Clone(d.Identifiers)
	for _, o := range d.Objects {
		es = append(es, o.Identifiers...)
	}
	return es
}

// withoutPerson returns a metadata file without what it says of a person; nil if
// nothing is left that it would be kept for. Fields that lethe does not know stay
// with what they are of. written is when it was written, which is kept in it: what
// it said of an object's state then must not seem to be said now.
func withoutPerson(raw []byte, each bool, written time.Time, is func(sidecarEntry) bool) ([]byte, error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, lethe.Errorf(lethe.BadData, "the metadata file is no JSON object")
	}
	if each {
		gone, err := withoutEntries(doc, is)
		if gone || err != nil {
			return nil, err
		}
	} else {
		var objects, left []json.RawMessage
		if err := json.Unmarshal(doc["objects"], &objects); err != nil {
			return nil, lethe.Errorf(lethe.BadData, "the metadata file's objects are no list")
		}
		for _, o := range objects {
			var fields map[string]json.RawMessage
			if err := json.Unmarshal(o, &fields); err != nil {
				return nil, lethe.Errorf(lethe.BadData, "one of the metadata file's objects is no JSON object")
			}
			gone, err := withoutEntries(fields, is)
			if err != nil {
				return nil, err
			}
			if gone {
				continue
			}
			if o, err = plainJSON(fields); err != nil {
				return nil, err
			}
			left = append(left, o)
		}
		text, err := plainJSON(append([]json.RawMessage{}, left...))
		if err != nil {
			return nil, err
		}
		doc["objects"] = text
	}
	if _, has := doc["written"]; !has {
		text, err := json.Marshal(written.UTC())
		if err != nil {
			return nil, err
		}
		doc["written"] = text
	}
	text, err := plainJSON(doc)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, err
	}
	return append(out.Bytes(), '\n'), nil
}

// plainJSON writes <, > and & as they are.
func plainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// withoutEntries takes a person's identifiers out of what is said of an object. It
// is gone where the whole object is the person's, or none is left.
func withoutEntries(fields map[string]json.RawMessage, is func(sidecarEntry) bool) (gone bool, err error) {
	var all, left []json.RawMessage
	if len(fields["identifiers"]) > 0 {
		if err := json.Unmarshal(fields["identifiers"], &all); err != nil {
			return false, lethe.Errorf(lethe.BadData, "the metadata file's identifiers are no list")
		}
	}
	for _, raw := range all {
		var e sidecarEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			return false, lethe.Errorf(lethe.BadData, "one of the metadata file's identifiers is not of the form that it must have")
		}
		if !is(e) {
			left = append(left, raw)
		} else if e.Rows == nil {
			return true, nil
		}
	}
	if len(left) == len(all) {
		return false, nil
	}
	if len(left) == 0 {
		return true, nil
	}
	fields["identifiers"], err = plainJSON(left)
	return false, err
}
