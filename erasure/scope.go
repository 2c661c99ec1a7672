package erasure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
	table       catalog.Table
	storage     catalog.Storage  // of the table, or of the partition
	types       []IdentifierType // of the Identifiers
	fingerprint string
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
}

const scopeAge = 5 * time.Second

func (c *scopes) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = nil
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
		t, err := s.Catalog.Table(ctx, m.Database, m.Table)
		if err == nil {
			err = m.check(t, k.types)
		}
		if k := lethe.KindOf(err); err != nil && leaveOut && (k == lethe.NotFound || k == lethe.Invalid || k == lethe.Unsupported) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("mapping %s: %w", m.Name, err)
		}
		var types []IdentifierType
		for _, id := range m.Identifiers {
			types = append(types, k.types[id.Type])
		}
		print := m.fingerprint(types)
		add := func(st catalog.Storage) error {
			if st.Location == "" {
				return nil
			}
			l, err := lethe.ParseLocation(st.Location)
			if err != nil {
				return fmt.Errorf("mapping %s: %w", m.Name, err)
			}
			c.places = append(c.places, place{l.Dir(), cover{m, t, st, types, print}})
			return nil
		}
		if err := add(t.Storage); err != nil {
			return nil, err
		}
		if len(t.Partitions) == 0 {
			continue
		}
		ps, err := s.Catalog.Partitions(ctx, m.Database, m.Table, catalog.PartitionPage{})
		if err != nil {
			return nil, fmt.Errorf("mapping %s: %w", m.Name, err)
		}
		for _, p := range ps {
			if p.Storage.Columns == nil {
				p.Storage.Columns = t.Storage.Columns
			}
			if err := add(p.Storage); err != nil {
				return nil, err
			}
		}
	}
	// The longest first, so that a partition's own comes before its table's.
	slices.SortStableFunc(c.places, func(a, b place) int { return len(b.Key) - len(a.Key) })
	return c, nil
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

// fingerprint names what an object was read with, for the index: the mappings, and
// how their tables read it.
func fingerprint(covers []cover) string {
	h := sha256.New()
	for _, c := range covers {
		fmt.Fprintf(h, "%q %q %q %q %q\n", c.Name, c.fingerprint, c.storage.InputFormat, c.storage.SerDe.Library, fmt.Sprint(c.storage.SerDe.Parameters, c.storage.Columns, c.table.Parameters["skip.header.line.count"]))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
