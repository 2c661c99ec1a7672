package erasure

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"lethe"
	"lethe/catalog"
	"lethe/lib/trinosql"
)

// Mapping says which columns of a table hold identifiers, and what becomes of the
// records of a person who is erased.
type Mapping struct {
	Name        string       `json:"name"`
	Database    string       `json:"database"`
	Table       string       `json:"table"`
	Identifiers []Identifier `json:"identifiers"`
	// Mode of the records' removal: delete (the default), blank or replace.
	Mode string `json:"mode,omitempty"`
	// Replace gives new values of columns in mode replace, by column; null makes
	// one null.
	Replace map[string]*string `json:"replace,omitempty"`
}

// Identifier is where a table holds identifiers of a type.
type Identifier struct {
	Type string `json:"type"`
	// Columns, one for each part of the type. A column within another is written
	// with dots, as buyer.id; elements of arrays have no name of their own.
	Columns []string `json:"columns"`
}

var modes = map[string]Mode{"": Delete, "delete": Delete, "blank": Blank, "replace": Replace}

var mappingName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,126}$`)

// check says what is wrong with a mapping of a table, if the types are these.
func (m Mapping) check(t catalog.Table, types map[string]IdentifierType) error {
	wrong := func(format string, args ...any) error {
		e := lethe.Errorf(lethe.Invalid, "mapping "+m.Name+": "+format, args...)
		if e.Cause != nil {
			e.Kind = lethe.KindOf(e.Cause)
		}
		return e
	}
	if !mappingName.MatchString(m.Name) {
		return lethe.Errorf(lethe.Invalid, "name %q of a mapping: it must be letters, digits, underscores, dots and hyphens", m.Name)
	}
	if t.Type == catalog.VirtualView {
		return wrong("%s.%s is a view, which holds nothing: map the tables it reads", m.Database, m.Table)
	}
	mode, ok := modes[m.Mode]
	if !ok {
		return wrong("mode %q is none of delete, blank and replace", m.Mode)
	}
	if (mode == Replace) != (len(m.Replace) > 0) {
		return wrong("mode replace goes with columns to replace, and only that mode")
	}
	for c := range m.Replace {
		if err := column(t, c); err != nil {
			return wrong("replace: %w", err)
		}
	}
	if len(m.Identifiers) == 0 {
		return wrong("it names no identifiers")
	}
	for i, id := range m.Identifiers {
		typ, ok := types[id.Type]
		if !ok {
			return wrong("identifiers[%d]: there is no identifier type %q", i, id.Type)
		}
		if len(id.Columns) != typ.parts() {
			return wrong("identifiers[%d]: %d columns, and an identifier of type %s has %d values", i, len(id.Columns), id.Type, typ.parts())
		}
		replaced := false
		for _, c := range id.Columns {
			if err := column(t, c); err != nil {
				return wrong("identifiers[%d]: %w", i, err)
			}
			_, here := m.Replace[c]
			replaced = replaced || here
		}
		if mode == Replace && !replaced {
			return wrong("identifiers[%d]: mode replace leaves %s as it is, by which the record is still the person's", i, strings.Join(id.Columns, " and "))
		}
	}
	return nil
}

// column says why a table's files have no column of a path that holds one value,
// or a list of such.
func column(t catalog.Table, path string) error {
	name, rest, nested := strings.Cut(path, ".")
	for _, k := range t.Partitions {
		if strings.EqualFold(k.Name, name) {
			return lethe.Errorf(lethe.Unsupported, "column %q is a partition key of %s.%s, which is not in its files", path, t.Database, t.Name)
		}
	}
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
			if id.Type == t.Name && len(id.Columns) != t.parts() {
				return lethe.Errorf(lethe.Conflict, "mapping %s has %d columns for identifiers of type %s", m.Name, len(id.Columns), t.Name)
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
	t, err := s.Catalog.Table(ctx, m.Database, m.Table)
	if err != nil {
		return err
	}
	if err := m.check(t, k.types); err != nil {
		return err
	}
	return s.put(ctx, "erasure_mappings", m.Name, m)
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
	}{m.Identifiers, types})
	if err != nil {
		panic(err) // texts
	}
	return string(raw)
}
