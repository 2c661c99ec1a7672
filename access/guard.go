package access

import (
	"context"
	"strings"

	"lethe"
	"lethe/lib/policy"
)

// Tables tells where tables lie, so that nobody reads the files of a table past its
// rules.
type Tables interface {
	// Region is that of the tables' resource names.
	Region() string
	// Locations returns where a table's files are: below its location, and below
	// those of its partitions that are elsewhere. None if there is no such table.
	Locations(ctx context.Context, t TableName) ([]lethe.Location, error)
	// Version changes whenever the locations of a table that has rules may have.
	Version() uint64
}

// IntroduceTables makes the rules of tables count for the objects below them. It is
// to be called before the first request.
func (s *Service) IntroduceTables(t Tables) { s.tables = t }

// Region is that of the lake's resource names.
func (s *Service) Region() string {
	if s.tables == nil {
		return lethe.DefaultRegion
	}
	return s.tables.Region()
}

type throughKey struct{}

// ThroughRules returns a context for reading the objects of a table whose reader
// applies its rules: the rules do not refuse these objects.
func ThroughRules(ctx context.Context, t TableName) context.Context {
	return context.WithValue(ctx, throughKey{}, t.lower())
}

// places are where the tables that have rules lie.
type places struct {
	rules   uint64 // generation of the rules
	version uint64 // of the tables
	buckets map[string]bucketPlaces
}

// bucketPlaces are the tables in a bucket by what begins the keys of their objects: ""
// or a text that ends with a slash.
type bucketPlaces map[string][]TableName

// of returns the tables that an object is of.
func (b bucketPlaces) of(key string) (tables []TableName) {
	if len(b) == 0 {
		return nil
	}
	tables = b[""]
	for i := range len(key) {
		if key[i] == '/' {
			if more := b[key[:i+1]]; len(more) > 0 {
				tables = append(tables[:len(tables):len(tables)], more...)
			}
		}
	}
	return tables
}

// places returns where the tables lie that have rules; nil if there are none.
func (s *Service) placesOfRules(ctx context.Context) (*places, error) {
	if s.tables == nil {
		return nil, nil
	}
	book, err := s.ruleBook(ctx)
	if err != nil || len(book.byTable) == 0 {
		return nil, err
	}
	version := s.tables.Version()
	if p := s.guarded.Load(); p != nil && p.rules == book.generation && p.version == version {
		return p, nil
	}
	p := &places{rules: book.generation, version: version, buckets: map[string]bucketPlaces{}}
	for t := range book.byTable {
		locations, err := s.tables.Locations(ctx, t)
		if err != nil {
			return nil, err
		}
		for _, l := range locations {
			if p.buckets[l.Bucket] == nil {
				p.buckets[l.Bucket] = bucketPlaces{}
			}
			prefix := l.Dir().Key
			p.buckets[l.Bucket][prefix] = append(p.buckets[l.Bucket][prefix], t)
		}
	}
	s.guarded.Store(p)
	return p, nil
}

// guard refuses the reading of an object, which policies allow, if it is of a table
// that the principal sees only through rules.
func (s *Service) guard(ctx context.Context, q question, d *policy.Decision) error {
	if !strings.HasPrefix(q.action, "s3:GetObject") {
		return nil
	}
	bucket, key, ok := strings.Cut(strings.TrimPrefix(q.resource, lethe.BucketARN("")), "/")
	if !ok {
		return nil
	}
	p, err := s.placesOfRules(ctx)
	if err != nil || p == nil {
		return err
	}
	refused, err := s.behind(ctx, q.principal, p.buckets[bucket].of(key))
	if err == nil && refused {
		refuseByRule(d)
	}
	return err
}

// behind reports whether one of the tables is seen by p only through rules.
func (s *Service) behind(ctx context.Context, p lethe.Principal, tables []TableName) (bool, error) {
	through, _ := ctx.Value(throughKey{}).(TableName)
	refused := false
	for _, t := range tables {
		if t == through {
			return false, nil // who reads applies the rules
		}
		sight, err := s.TableSight(ctx, p, t)
		if err != nil {
			return false, err
		}
		refused = refused || !sight.Whole
	}
	return refused, nil
}

// ruleSource names the rules of tables in a decision, where else a policy's name is.
const ruleSource = "rules of tables"

func refuseByRule(d *policy.Decision) {
	*d = policy.Decision{Action: d.Action, Resource: d.Resource, Explicit: true, Reason: policy.ExplicitDeny, Source: policy.ResourceSource, Policy: ruleSource, Statement: "TableRules"}
}

// Listings decides about the names of objects. *Service does.
type Listings interface {
	// DecideListing refuses p a listing that policies allow if it would tell the
	// names of objects of a table that p sees only through rules: values of
	// partition keys stand in them. A listing by the delimiter / from above the
	// table's location tells none.
	DecideListing(ctx context.Context, p lethe.Principal, bucket, prefix, delimiter string) error
}

// DecideListing implements Listings.
func (s *Service) DecideListing(ctx context.Context, p lethe.Principal, bucket, prefix, delimiter string) error {
	if p == lethe.System {
		return nil
	}
	at, err := s.placesOfRules(ctx)
	if err != nil || at == nil {
		return err
	}
	var concerned []TableName
	for place, tables := range at.buckets[bucket] {
		// From above, what is left of the place, up to the next slash, is all that a
		// listing by / tells.
		if strings.HasPrefix(prefix, place) || strings.HasPrefix(place, prefix) && delimiter != "/" {
			concerned = append(concerned, tables...)
		}
	}
	refused, err := s.behind(ctx, p, concerned)
	if err != nil || !refused {
		return err
	}
	d := policy.Decision{Action: "s3:ListBucket", Resource: lethe.BucketARN(bucket)}
	refuseByRule(&d)
	if err := s.recordDecision(ctx, p, d); err != nil {
		return err
	}
	return denial(p, d.Action, d.Resource, d)
}
