package erasure

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"lethe"
	"lethe/catalog"
	"lethe/lib/trinosql"
)

// Mapping says where the objects of a table, or of a location without a table, have
// identifiers, and what becomes of a person who is erased.
type Mapping struct {
	Name string `json:"name"`
	// Database and Table are in the catalog. Without them Location names a folder of
	// objects, as s3://bucket/prefix/, and Format how their records are read: csv
	// (with a header), jsonl, parquet, or "" if they are not.
	Database    string       `json:"database,omitempty"`
	Table       string       `json:"table,omitempty"`
	Location    string       `json:"location,omitempty"`
	Format      string       `json:"format,omitempty"`
	Identifiers []Identifier `json:"identifiers"`
	// Mode of the records' removal: delete (the default), blank, replace, or object,
	// by which an object is one person's and goes whole. An object that is a person's
	// by its key, partition, tags or metadata file goes whole in any mode.
	Mode string `json:"mode,omitempty"`
	// Replace gives new values of columns in mode replace, by column; null makes
	// one null.
	Replace map[string]*string `json:"replace,omitempty"`
}

// Identifier is where a mapping's objects have identifiers of a type: in exactly
// one of Columns, Key, Tags and Sidecar.
type Identifier struct {
	Type string `json:"type"`
	// Columns, one for each part of the type. A column within another is written
	// with dots, as buyer.id; elements of arrays have no name of their own. A
	// partition key is one too, whose value is the partition's.
	Columns []string `json:"columns,omitempty"`
	// Key is a pattern of the object's name, as {user_id}-*.csv, or with slashes of
	// its key below the mapped place. A placeholder stands for each part of the
	// type, * for anything within a segment and ** for any segments.
	Key string `json:"key,omitempty"`
	// Tags are names of object tags, one for each part of the type.
	Tags []string `json:"tags,omitempty"`
	// Sidecar names the metadata file that says whose an object is: with {object} one
	// for each, as {object}.meta.json, which .meta.json means too; or one for a
	// folder and those below it, as metadata.json.
	Sidecar string `json:"sidecar,omitempty"`
}

// wholly is the Mode by which objects go whole.
const wholly = "object"

var modes = map[string]Mode{"": Delete, "delete": Delete, "blank": Blank, "replace": Replace, wholly: Delete}

// formats are those of locations without a table.
var formats = map[string]bool{"csv": true, "jsonl": true, "parquet": true}

var mappingName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,126}$`)

// placed says what is wrong with where a mapping is.
func (m Mapping) placed() error {
	if !mappingName.MatchString(m.Name) {
		return lethe.Errorf(lethe.Invalid, "name %q of a mapping: it must be letters, digits, underscores, dots and hyphens", m.Name)
	}
	if m.Location == "" {
		switch {
		case m.Database == "" || m.Table == "":
			return m.wrong("it names neither a database with a table, nor a location")
		case m.Format != "":
			return m.wrong("format goes with a location: a table says itself how it is read")
		}
		return nil
	}
	if m.Database != "" || m.Table != "" {
		return m.wrong("it names a table and a location: name one of them")
	}
	if _, err := lethe.ParseLocation(m.Location); err != nil {
		return m.wrong("%w", err)
	}
	if m.Format != "" && !formats[m.Format] {
		return m.wrong("format %q is none of csv, jsonl and parquet", m.Format)
	}
	return nil
}

func (m Mapping) wrong(format string, args ...any) error {
	e := lethe.Errorf(lethe.Invalid, "mapping "+m.Name+": "+format, args...)
	if e.Cause != nil {
		e.Kind = lethe.KindOf(e.Cause)
	}
	return e
}

// check says what is wrong with a mapping of a table, if the types are these. A
// mapping of a location has the zero table.
func (m Mapping) check(t catalog.Table, types map[string]IdentifierType) error {
	wrong := m.wrong
	if err := m.placed(); err != nil {
		return err
	}
	if t.Type == catalog.VirtualView {
		return wrong("%s.%s is a view, which holds nothing: map the tables it reads", m.Database, m.Table)
	}
	mode, ok := modes[m.Mode]
	if !ok {
		return wrong("mode %q is none of delete, blank, replace and object", m.Mode)
	}
	if (mode == Replace) != (len(m.Replace) > 0) {
		return wrong("mode replace goes with columns to replace, and only that mode")
	}
	for c := range m.Replace {
		if err := m.column(t, c); err != nil {
			return wrong("replace: %w", err)
		}
		if partitionKey(t, c) >= 0 {
			return wrong("replace: column %q is a partition key, which is not in the files", c)
		}
	}
	if len(m.Identifiers) == 0 {
		return wrong("it names no identifiers")
	}
	reads := false
	for i, id := range m.Identifiers {
		typ, ok := types[id.Type]
		if !ok {
			return wrong("identifiers[%d]: there is no identifier type %q", i, id.Type)
		}
		if err := id.check(typ); err != nil {
			return wrong("identifiers[%d]: %w", i, err)
		}
		replaced, inFiles := false, false
		for _, c := range id.Columns {
			if err := m.column(t, c); err != nil {
				return wrong("identifiers[%d]: %w", i, err)
			}
			inFiles = inFiles || partitionKey(t, c) < 0
			_, here := m.Replace[c]
			replaced = replaced || here
		}
		reads = reads || inFiles
		if mode == Replace && inFiles && !replaced {
			return wrong("identifiers[%d]: mode replace leaves %s as it is, by which the record is still the person's", i, strings.Join(id.Columns, " and "))
		}
	}
	if !reads && (mode == Blank || mode == Replace) {
		return wrong("mode %s is of records, and no identifier is in a column of the files: objects that are a person's go whole", m.Mode)
	}
	return nil
}

// check says what is wrong with an identifier, if its type is this.
func (id Identifier) check(typ IdentifierType) error {
	given := 0
	for _, is := range []bool{len(id.Columns) > 0, id.Key != "", len(id.Tags) > 0, id.Sidecar != ""} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return lethe.Errorf(lethe.Invalid, "it needs one of columns, key, tags and sidecar, and has %d", given)
	case len(id.Columns) > 0 && len(id.Columns) != typ.parts():
		return lethe.Errorf(lethe.Invalid, "%d columns, and an identifier of type %s has %d values", len(id.Columns), typ.Name, typ.parts())
	case len(id.Tags) > 0 && len(id.Tags) != typ.parts():
		return lethe.Errorf(lethe.Invalid, "%d tags, and an identifier of type %s has %d values", len(id.Tags), typ.Name, typ.parts())
	case slices.Contains(id.Tags, ""):
		return lethe.Errorf(lethe.Invalid, "a tag has no name")
	}
	var err error
	if id.Key != "" {
		_, err = parsePattern(id.Key, typ)
	}
	if id.Sidecar != "" {
		_, err = parseSidecarName(id.Sidecar)
	}
	return err
}

// Where names what holds an identifier, for messages.
func (id Identifier) Where() string {
	switch {
	case id.Key != "":
		return "key " + id.Key
	case len(id.Tags) > 0:
		return "tags " + strings.Join(id.Tags, "+")
	case id.Sidecar != "":
		return "sidecar " + id.Sidecar
	}
	return "columns " + strings.Join(id.Columns, "+")
}

// partitionKey returns which partition key a column is, -1 if it is none.
func partitionKey(t catalog.Table, column string) int {
	return slices.IndexFunc(t.Partitions, func(c catalog.Column) bool { return strings.EqualFold(c.Name, column) })
}

// column says why a mapping's objects have no column of a path that holds one
// value, or a list of such. What a location without a table has is seen when it is
// read.
func (m Mapping) column(t catalog.Table, path string) error {
	if path == "" {
		return lethe.Errorf(lethe.Invalid, "a column has no name")
	}
	if m.Location != "" {
		if m.Format == "" {
			return lethe.Errorf(lethe.Invalid, "column %q of objects of no format: say format csv, jsonl or parquet", path)
		}
		return nil
	}
	if partitionKey(t, path) >= 0 {
		return nil
	}
	name, rest, nested := strings.Cut(path, ".")
	for _, c := range t.Storage.Columns {
		if !strings.EqualFold(c.Name, name) {
			continue
		}
		typ, err := trinosql.ParseHiveType(c.Type)
		if err != nil {
			return lethe.Errorf(lethe.Invalid, "column %q of %s.%s: %w", c.Name, t.Database, t.Name, err)
		}
		if !nested {
			rest = ""
		}
		return within(typ, path, rest)
	}
	return lethe.Errorf(lethe.Invalid, "%s.%s has no column %q", t.Database, t.Name, name)
}

// within goes down a type by the rest of a path.
func within(t *trinosql.Type, path, rest string) error {
	for t.Kind == trinosql.KindArray {
		t = t.Elems[0]
	}
	switch {
	case t.Kind == trinosql.KindMap:
		return lethe.Errorf(lethe.Unsupported, "column %q goes through a map", path)
	case rest == "" && t.Kind == trinosql.KindRow:
		return lethe.Errorf(lethe.Invalid, "column %q is a struct: name one of its fields, as %s.%s", path, path, t.Names[0])
	case rest == "":
		return nil
	case t.Kind != trinosql.KindRow:
		return lethe.Errorf(lethe.Invalid, "column %q goes into a %s, which has no fields", path, t)
	}
	name, rest, _ := strings.Cut(rest, ".")
	for i, n := range t.Names {
		if strings.EqualFold(n, name) {
			return within(t.Elems[i], path, rest)
		}
	}
	return lethe.Errorf(lethe.Invalid, "column %q: there is no field %q", path, name)
}

// PutType keeps an identifier type, in place of the one of its name. An error of
// kind Conflict says that mappings use it with another number of parts.
func (s *Service) PutType(ctx context.Context, t IdentifierType) error {
	if err := t.Check(); err != nil {
		return err
	}
	s.change.Lock()
	defer s.change.Unlock()
	k, err := s.known(ctx)
	if err != nil {
		return err
	}
	for _, m := range k.mappings {
		for _, id := range m.Identifiers {
			if id.Type != t.Name {
				continue
			}
			if err := id.check(t); err != nil {
				return lethe.Errorf(lethe.Conflict, "mapping %s has %s for identifiers of type %s, which it would not fit: %w", m.Name, id.Where(), t.Name, err)
			}
		}
	}
	return s.put(ctx, "erasure_types", t.Name, t)
}

// Types returns the identifier types by name.
func (s *Service) Types(ctx context.Context) ([]IdentifierType, error) {
	return all[IdentifierType](ctx, s.DB, "erasure_types")
}

// DeleteType removes an identifier type. An error of kind Conflict names a mapping
// that uses it.
func (s *Service) DeleteType(ctx context.Context, name string) error {
	s.change.Lock()
	defer s.change.Unlock()
	k, err := s.known(ctx)
	if err != nil {
		return err
	}
	for _, m := range k.mappings {
		for _, id := range m.Identifiers {
			if id.Type == name {
				return lethe.Errorf(lethe.Conflict, "mapping %s uses the identifier type %s", m.Name, name)
			}
		}
	}
	return s.remove(ctx, "erasure_types", "identifier type", name)
}

// PutMapping keeps a mapping, in place of the one of its name. What it changes in
// the index is there after the next Build.
func (s *Service) PutMapping(ctx context.Context, m Mapping) error {
	s.change.Lock()
	defer s.change.Unlock()
	k, err := s.known(ctx)
	if err != nil {
		return err
	}
	m.Database, m.Table = strings.ToLower(m.Database), strings.ToLower(m.Table)
	t, err := s.tableOf(ctx, m)
	if err != nil {
		return err
	}
	if err := m.check(t, k.types); err != nil {
		return err
	}
	return s.put(ctx, "erasure_mappings", m.Name, m)
}

// tableOf returns the table of a mapping, or the zero table for a location.
func (s *Service) tableOf(ctx context.Context, m Mapping) (catalog.Table, error) {
	if err := m.placed(); err != nil || m.Location != "" {
		return catalog.Table{}, err
	}
	return s.Catalog.Table(ctx, m.Database, m.Table)
}

// Mappings returns the mappings by name.
func (s *Service) Mappings(ctx context.Context) ([]Mapping, error) {
	return all[Mapping](ctx, s.DB, "erasure_mappings")
}

// DeleteMapping removes a mapping.
func (s *Service) DeleteMapping(ctx context.Context, name string) error {
	s.change.Lock()
	defer s.change.Unlock()
	return s.remove(ctx, "erasure_mappings", "mapping", name)
}

// known are all types and mappings.
type known struct {
	types    map[string]IdentifierType
	mappings []Mapping
}

func (s *Service) known(ctx context.Context) (k known, err error) {
	types, err := s.Types(ctx)
	if err != nil {
		return k, err
	}
	k.types = map[string]IdentifierType{}
	for _, t := range types {
		k.types[t.Name] = t
	}
	k.mappings, err = s.Mappings(ctx)
	return k, err
}

// fingerprint names what reading an object with the mapping depends on; types are
// those of its identifiers.
func (m Mapping) fingerprint(types []IdentifierType) string {
	raw, err := json.Marshal(struct {
		Identifiers []Identifier
		Types       []IdentifierType
		Format      string `json:",omitempty"`
	}{m.Identifiers, types, m.Format})
	if err != nil {
		panic(err) // texts
	}
	return string(raw)
}
