package dash

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"lethe"
	"lethe/lib/trinosql"
)

// Prepared implements Preparer. The statement has the fields that aggregate nothing and
// depend on no parameter, of the rows that the data set's lasting filters keep. What is
// relative to the time of asking is left to the question.
func (s *Service) Prepared(ctx context.Context, dataSet string, now time.Time) (Prepared, error) {
	set, err := s.dataSet(ctx, dataSet)
	if err != nil {
		return Prepared{}, err
	}
	if set.Mode != Extract {
		return Prepared{}, lethe.Errorf(lethe.NotFound, "data set %q is live and has no extract", set.Name)
	}
	owner, err := s.owner(ctx, dataSet)
	if err != nil {
		return Prepared{}, err
	}
	p := Prepared{Statement: Statement{Catalog: set.Source.Catalog, Database: set.Source.Database, As: owner}, Schedules: set.Refresh, Revision: set.Revision}
	if p.Statement.SQL, p.Increment, err = prepared(set, now); err != nil {
		return Prepared{}, err
	}
	if p.Increment != nil {
		st := p.Statement
		st.SQL = p.Increment.Statement.SQL
		p.Increment.Statement = st
	}
	return p, nil
}

// prepared writes the statement of an extract, and its increment if there is one.
func prepared(set DataSet, now time.Time) (string, *Narrowed, error) {
	a, err := newAsking(set, fromSource, nil, nil, who{exempt: true}, now)
	if err != nil {
		return "", nil, err
	}
	var columns []string
	for _, f := range set.Fields {
		k, err := a.field(f.Name)
		if err != nil {
			return "", nil, err
		}
		if k.inExtract() {
			a.wants(f.Name)
			columns = append(columns, trinosql.QuoteNameAlways(k.Name))
		}
	}
	c := &compiler{asking: a}
	for _, f := range set.Filters {
		if f.Off || f.Kind == RelativeDates || f.Kind == TopBottom {
			continue
		}
		if k, err := a.field(f.Field); err != nil || !k.inExtract() {
			continue // a question that it matters to says what is wrong with it
		}
		x, err := c.condition(f)
		if err != nil {
			return "", nil, err
		}
		if x.sql != "" {
			c.wheres = append(c.wheres, x.sql)
		}
	}
	rows, err := a.rows()
	if err != nil {
		return "", nil, err
	}
	statement := func() string {
		if len(c.wheres) == 0 {
			return rows
		}
		return "SELECT *\nFROM (\n" + rows + "\n) AS data" + c.where()
	}
	whole := statement()
	if set.Increment == nil {
		return whole, nil, nil
	}
	k, err := a.field(set.Increment.Field)
	if err != nil {
		return "", nil, err
	}
	if !k.typ.dated() || !slices.Contains(columns, trinosql.QuoteNameAlways(k.Name)) {
		return "", nil, lethe.Errorf(lethe.Invalid, "increment.field: %q is not a date or a time of the extract", k.Name)
	}
	today, err := Day.floor(now)
	if err != nil {
		return "", nil, err
	}
	since, err := instantLiteral(k.typ, today.AddDate(0, 0, -set.Increment.Window))
	if err != nil {
		return "", nil, err
	}
	replaces := trinosql.QuoteNameAlways(k.Name) + " >= " + since
	c.wheres = append(c.wheres, replaces)
	return whole, &Narrowed{Statement: Statement{SQL: statement()}, Replaces: replaces}, nil
}

// Extracted implements Preparer.
func (s *Service) Extracted(ctx context.Context) (ids []string, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		sets, err := all[DataSet](ctx, tx, dataSetKind)
		for _, d := range sets {
			if d.Mode == Extract {
				ids = append(ids, d.ID)
			}
		}
		return err
	})
	return ids, err
}
