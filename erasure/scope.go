package erasure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/catalog"
)

// cover is a mapping that holds for an object, and how its table reads it.
type cover struct {
	Mapping
	table       catalog.Table    // zero for a location without one
	storage     catalog.Storage  // of the table, or of the partition
	types       []IdentifierType // of the Identifiers
	fingerprint string
	// root is where the objects lie that the cover holds for: in bytes, as all of
	// them are below it.
	root   int
	values []string      // of the partition's keys; nil if the catalog has none for these objects
	keys   []*pattern    // by identifier, nil where it is in no key
	sides  []sidecarName // by identifier, zero where it is in no metadata file
}

// place is a folder of a table, or of one of its partitions.
type place struct {
	lethe.Location // with its slash
	cover
}

// scope is where mapped tables lie, as the catalog had it at one moment.
type scope struct{ places []place }

// scopes keeps the scope for a moment, because events ask for it one by one.
type scopes struct {
	mu   sync.Mutex
	last *scope
	at   time.Time

	strict   *scope // of which no mapping was left out
	strictAt time.Time
}

const scopeAge = 5 * time.Second

func (c *scopes) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.strict = nil, nil
}

// strict returns a scope of which no mapping is left out, to erase a key in. It may
// be some seconds old, if the tables that hold for the key are as they were.
func (s *Service) strict(ctx context.Context, bucket, key string) (*scope, error) {
	s.scopes.mu.Lock()
	defer s.scopes.mu.Unlock()
	if c := s.scopes.strict; c != nil && time.Since(s.scopes.strictAt) < scopeAge {
		same := true
		for _, v := range c.covers(bucket, key) {
			t, err := s.tableOf(ctx, v.Mapping)
			same = same && err == nil && (v.Location != "" || reflect.DeepEqual(t, v.table))
		}
		if same {
			return c, nil
		}
	}
	s.scopes.strict = nil
	at := time.Now()
	c, err := s.scope(ctx, false)
	if err == nil {
		s.scopes.strict, s.scopes.strictAt = c, at
	}
	return c, err
}

// recent returns a scope that is at most some seconds old.
func (s *Service) recent(ctx context.Context) (*scope, error) {
	s.scopes.mu.Lock()
	defer s.scopes.mu.Unlock()
	if s.scopes.last != nil && time.Since(s.scopes.at) < scopeAge {
		return s.scopes.last, nil
	}
	at := time.Now()
	c, err := s.scope(ctx, true)
	if err == nil {
		s.scopes.last, s.scopes.at = c, at
	}
	return c, err
}

// scope reads where the mapped tables lie. A mapping whose table is gone, or does
// not fit any more, is an error, unless those are to be left out: its objects would
// be taken for nobody's, which does for events and not for what must be complete.
func (s *Service) scope(ctx context.Context, leaveOut bool) (*scope, error) {
	k, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	c := &scope{}
	for _, m := range k.mappings {
		places, err := s.places(ctx, m, k.types)
		if k := lethe.KindOf(err); err != nil && leaveOut && (k == lethe.NotFound || k == lethe.Invalid || k == lethe.Unsupported) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("mapping %s: %w", m.Name, err)
		}
		c.places = append(c.places, places...)
	}
	c.sort()
	return c, nil
}

// sort puts the longest first, so that a partition's own comes before its table's.
func (c *scope) sort() {
	slices.SortStableFunc(c.places, func(a, b place) int { return len(b.Key) - len(a.Key) })
}

// places are where the objects of a mapping lie.
func (s *Service) places(ctx context.Context, m Mapping, known map[string]IdentifierType) (places []place, err error) {
	t, err := s.tableOf(ctx, m)
	if err != nil {
		return nil, err
	}
	if err := m.check(t, known); err != nil {
		return nil, err
	}
	var types []IdentifierType
	for _, id := range m.Identifiers {
		types = append(types, known[id.Type])
	}
	print := m.fingerprint(types)
	keys, sides, err := m.parse(types)
	if err != nil {
		return nil, err
	}
	add := func(st catalog.Storage, values []string) error {
		if st.Location == "" {
			return nil
		}
		l, err := lethe.ParseLocation(st.Location)
		if err != nil {
			return err
		}
		l = l.Dir()
		places = append(places, place{l, cover{Mapping: m, table: t, storage: st, types: types, fingerprint: print, root: len(l.Key), values: values, keys: keys, sides: sides}})
		return nil
	}
	if m.Location != "" {
		t.Storage.Location = m.Location
	}
	if err := add(t.Storage, nil); err != nil || len(t.Partitions) == 0 {
		return places, err
	}
	ps, err := s.Catalog.Partitions(ctx, m.Database, m.Table, catalog.PartitionPage{})
	if err != nil {
		return nil, err
	}
	for _, p := range ps {
		if p.Storage.Columns == nil {
			p.Storage.Columns = t.Storage.Columns
		}
		if err := add(p.Storage, p.Values); err != nil {
			return nil, err
		}
	}
	return places, nil
}

// covers are the mappings that hold for an object, each once.
func (c *scope) covers(bucket, key string) []cover {
	var out []cover
	seen := map[string]bool{}
	for _, p := range c.places {
		if p.Bucket == bucket && strings.HasPrefix(key, p.Key) && !seen[p.Name] {
			seen[p.Name] = true
			out = append(out, p.cover)
		}
	}
	slices.SortFunc(out, func(a, b cover) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// roots are the folders that hold all objects of the scope, none within another.
func (c *scope) roots() []lethe.Location {
	var out []lethe.Location
	for _, p := range slices.Backward(c.places) { // the shortest first
		if !slices.ContainsFunc(out, func(l lethe.Location) bool { return l.Bucket == p.Bucket && strings.HasPrefix(p.Key, l.Key) }) {
			out = append(out, p.Location)
		}
	}
	return out
}

// parse reads the patterns of a mapping's identifiers, whose types these are.
func (m Mapping) parse(types []IdentifierType) (keys []*pattern, sides []sidecarName, err error) {
	keys, sides = make([]*pattern, len(types)), make([]sidecarName, len(types))
	for i, id := range m.Identifiers {
		if id.Key != "" {
			if keys[i], err = parsePattern(id.Key, types[i]); err != nil {
				return nil, nil, err
			}
		}
		if id.Sidecar != "" {
			if sides[i], err = parseSidecarName(id.Sidecar); err != nil {
				return nil, nil, err
			}
		}
	}
	return keys, sides, nil
}

// fingerprint names what an object was read with, for the index: the mappings, how
// their tables read it, and what is known of it beside its bytes, of which only a
// keyed hash is kept.
func (s *Service) fingerprint(looks []look) string {
	h := sha256.New()
	for _, c := range looks {
		fmt.Fprintf(h, "%q %q %q %q %q\n", c.Name, c.fingerprint, c.storage.InputFormat, c.storage.SerDe.Library, fmt.Sprint(c.storage.SerDe.Parameters, c.storage.Columns, c.table.Parameters["skip.header.line.count"]))
		if c.print != "" {
			fmt.Fprintf(h, "%s\n", s.Key.Hash("look", c.print))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
