package access

import (
	"context"
	"strings"

	"lethe"
	"lethe/lib/policy"
)

// sights returns what the simulated principal sees of the tables that have rules and
// that a resource is, or is a file of.
func (m *Simulator) sights(ctx context.Context, action, resource string) ([]Sight, error) {
	if !m.resources || m.rights == nil {
		return nil, nil
	}
	book, err := m.service.ruleBook(ctx)
	if err != nil || len(book.byTable) == 0 {
		return nil, err
	}
	var tables []TableName
	if name, ok := strings.CutPrefix(resource, strings.TrimSuffix(lethe.TableARN(m.service.Region(), "", ""), "/")); ok {
		if database, table, ok := strings.Cut(name, "/"); ok {
			tables = []TableName{{lethe.DefaultCatalog, strings.ToLower(database), strings.ToLower(table)}}
		}
	} else if bucket, key, ok := strings.Cut(strings.TrimPrefix(resource, lethe.BucketARN("")), "/"); ok && strings.HasPrefix(action, "s3:GetObject") {
		at, err := m.service.placesOfRules(ctx)
		if err != nil || at == nil {
			return nil, err
		}
		tables = at.buckets[bucket].of(key)
	}
	var all []Sight
	for _, t := range tables {
		if len(book.byTable[t]) == 0 {
			continue
		}
		whole := m.set.Evaluate(&policy.Request{Principal: m.principal, Action: bypass, Resource: lethe.TableARN(m.service.Region(), t.Database, t.Table),
			ResourceAccount: lethe.Account, Context: m.context}).Allowed
		s, err := m.service.sightOf(ctx, m.rights, book.byTable[t], Sight{Table: t}, whole)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// String says in a sentence what is seen of the table, for people.
func (s Sight) String() string {
	table := "table " + s.Table.Database + "." + s.Table.Table
	switch {
	case s.Whole:
		return table + " is seen whole"
	case s.Closed():
		return table + " has rules of which none applies, so it is not seen"
	}
	names := make([]string, len(s.Rules))
	for i, r := range s.Rules {
		names[i] = r.Name
	}
	if len(names) == 1 {
		return table + " is seen through rule " + names[0]
	}
	return table + " is seen through rules " + strings.Join(names, ", ")
}
