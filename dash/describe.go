package dash

import (
	"context"
	"strings"

	"lethe"
	"lethe/access"
)

// describe asks the lake for the columns of a data set's source, as fields name them,
// and the tables that it reads.
func (s *Service) describe(ctx context.Context, set *DataSet, st Statement) ([]Column, []TableName, error) {
	a, err := newAsking(*set, fromSource, nil, nil, who{exempt: true}, s.now())
	if err != nil {
		return nil, nil, err
	}
	if len(set.Source.Tables) == 0 {
		from, err := a.sourceSQL()
		if err != nil {
			return nil, nil, err
		}
		st.SQL = "SELECT *\nFROM " + from
		d, err := s.Asker.Describe(ctx, st)
		if err != nil {
			// Of the statement by itself an error has the place that its author knows.
			st.SQL = a.sql
			if _, own := s.Asker.Describe(ctx, st); own != nil {
				err = own
			}
		}
		return d.Columns, d.Tables, err
	}
	var columns []Column
	var tables []TableName
	for _, t := range set.Source.Tables {
		t.Join = nil
		one := *a
		one.set.Source.Tables = []SourceTable{t}
		from, err := one.sourceSQL()
		if err != nil {
			return nil, nil, err
		}
		st.SQL = "SELECT *\nFROM " + from
		d, err := s.Asker.Describe(ctx, st)
		if err != nil {
			return nil, nil, lethe.Errorf(lethe.KindOf(err), "table %q: %w", t.Alias, err)
		}
		for _, c := range d.Columns {
			columns = append(columns, Column{t.Alias + "." + c.Name, c.Type})
		}
		tables = append(tables, d.Tables...)
	}
	return columns, tables, nil
}

// columns fills in what types the source's columns have now, and reports whether that
// changed. Fields whose column is gone have none.
func (s *Service) columns(ctx context.Context, set *DataSet, st Statement) (changed bool, err error) {
	columns, _, err := s.describe(ctx, set, st)
	if err != nil {
		return false, err
	}
	set.Fields = append([]Field{}, set.Fields...)
	return set.fill(columns), nil
}

// fill fills in the types of columns.
func (d *DataSet) fill(columns []Column) (changed bool) {
	types := map[string]string{}
	for _, c := range columns {
		types[strings.ToLower(c.Name)] = c.Type
	}
	for i := range d.Fields {
		if f := &d.Fields[i]; f.Expression == "" {
			t := types[strings.ToLower(f.Column)]
			changed = changed || f.SourceType != t
			f.SourceType = t
		}
	}
	return changed
}

// look looks a data set through that is to be saved: its source in the lake, the
// expressions of its fields, filters and rules. What the service tells of fields is
// filled in. The error says what cannot be asked.
func (s *Service) look(ctx context.Context, set *DataSet) error {
	columns, _, err := s.describe(ctx, set, Statement{Catalog: set.Source.Catalog, Database: set.Source.Database})
	if err != nil {
		return err
	}
	set.fill(columns)
	a, err := newAsking(*set, fromSource, nil, nil, who{exempt: true}, s.now())
	if err != nil {
		return err
	}
	if err := a.told(set); err != nil {
		return err
	}
	for _, r := range set.Rules {
		if strings.TrimSpace(r.Filter) == "" {
			continue
		}
		if _, err := a.rule(r, access.Self{}); err != nil {
			return err
		}
	}
	c := &compiler{asking: a}
	for _, f := range set.Filters {
		if _, err := c.condition(f); err != nil {
			return err
		}
	}
	if set.Increment != nil {
		k, err := a.field(set.Increment.Field)
		if err != nil {
			return err
		}
		if !k.typ.dated() || !k.inExtract() {
			return lethe.Errorf(lethe.Invalid, "increment.field: %q is not a date or a time", k.Name)
		}
	}
	for _, x := range set.Coordinates {
		if _, err := c.dimension(0, By{Field: x.Name}); err != nil {
			return err
		}
	}
	sql, err := a.rows()
	if err != nil {
		return err
	}
	// What types alone do not tell: joins of columns that cannot be compared, and the like.
	_, err = s.Asker.Describe(ctx, Statement{SQL: sql, Catalog: set.Source.Catalog, Database: set.Source.Database})
	return err
}

// told fills in what is known of fields, all of which are looked up and wanted.
func (a *asking) told(set *DataSet) error {
	for i := range set.Fields {
		f := &set.Fields[i]
		k, err := a.field(f.Name)
		if err != nil {
			return err
		}
		a.wants(f.Name)
		f.Aggregate, f.SourceType = k.Aggregate, k.SourceType
		if f.Role == "" {
			f.Role = roleOf(f.Name, k.typ)
			if k.Aggregate {
				f.Role = Measure
			}
		}
		if f.Type == "" || f.Expression != "" {
			f.Type = k.typ
		}
	}
	return nil
}
