// Package lake asks the lake for pictures: it is what package query answers, in the
// words of package dash.
package lake

import (
	"context"

	"lethe"
	"lethe/dash"
	"lethe/lib/trinosql"
	"lethe/query"
)

// Asker implements dash.Asker.
type Asker struct{ Queries *query.Service }

var _ dash.Asker = Asker{}

func question(s dash.Statement) query.Question {
	return query.Question{SQL: s.SQL, Catalog: s.Catalog, Database: s.Database, As: s.As, Limit: min(s.Limit, query.MaxAnswer)}
}

// Ask implements dash.Asker.
func (a Asker) Ask(ctx context.Context, s dash.Statement) (dash.Rows, error) {
	r, err := a.Queries.Ask(ctx, question(s))
	if err != nil {
		return dash.Rows{}, err
	}
	rows := dash.Rows{N: r.Rows, More: r.More, Columns: make([]dash.AnswerColumn, len(r.Columns))}
	for i, c := range r.Columns {
		rows.Columns[i] = dash.AnswerColumn{Name: c.Name, Type: dash.TypeOf(c.Type), Values: r.Values[i]}
	}
	return rows, nil
}

// Describe implements dash.Asker.
func (a Asker) Describe(ctx context.Context, s dash.Statement) (dash.Described, error) {
	o, err := a.Queries.Outline(ctx, question(s))
	if err != nil {
		return dash.Described{}, err
	}
	var d dash.Described
	for _, c := range o.Columns {
		d.Columns = append(d.Columns, dash.Column{Name: c.Name, Type: c.Type})
	}
	for _, t := range o.Tables {
		d.Tables = append(d.Tables, dash.TableName{Catalog: t.Catalog, Database: t.Database, Table: t.Table})
	}
	return d, nil
}

// SameSight implements dash.Asker.
func (a Asker) SameSight(ctx context.Context, one, other lethe.Principal, tables []dash.TableName) (bool, error) {
	names := make([]trinosql.TableName, len(tables))
	for i, t := range tables {
		names[i] = trinosql.TableName{Catalog: t.Catalog, Database: t.Database, Table: t.Table}
	}
	return a.Queries.SameSight(ctx, one, other, names)
}
