package dialect

import (
	"strconv"
	"strings"

	"lethe/lib/trinosql"
)

// query writes a query. Its columns are in order; their names do not matter,
// because whoever uses the query names them c1, c2, ....
func (e *emitter) query(q *trinosql.Query) string { return e.queryAs(q, nil) }

// queryAs writes a query whose columns are cast to the types of want (nil: as
// they are).
func (e *emitter) queryAs(q *trinosql.Query, want []*trinosql.Type) string {
	outer := e.keys
	defer func() { e.keys = outer }()
	var b strings.Builder
	for i, c := range q.CTEs {
		if i == 0 {
			b.WriteString("WITH ")
			if q.Recursive {
				b.WriteString("RECURSIVE ")
			}
		} else {
			b.WriteString(", ")
		}
		e.rels++
		name := "w" + strconv.Itoa(e.rels)
		e.ctes[c] = name
		if q.Recursive {
			b.WriteString(name + "(" + columns(len(e.a.QueryFields(c.Q))) + ") AS (" + e.query(c.Q) + ")")
			continue
		}
		sql, guards := e.derived(c.Q, nil, "")
		e.guards[c] = guards
		sql, cols, _ := cutLast(sql, " AS ")
		b.WriteString(name + cols + " AS " + sql)
	}
	if len(q.CTEs) > 0 {
		b.WriteByte(' ')
	}
	keys := e.a.OrderBy(q)
	body, order := e.ordered(q, keys, want)
	b.WriteString(body)
	if q.WithTies {
		return e.bound(b.String())
	}
	if order != "" {
		b.WriteString(" ORDER BY " + order)
	}
	if q.Limit != nil {
		b.WriteString(" LIMIT " + e.x(q.Limit))
	}
	if q.Offset != nil {
		b.WriteString(" OFFSET " + e.x(q.Offset))
	}
	return e.bound(b.String())
}

// ordered writes a query's body and its ORDER BY.
func (e *emitter) ordered(q *trinosql.Query, keys []trinosql.SortKey, want []*trinosql.Type) (body, order string) {
	fields := e.a.QueryFields(q)
	sel, direct := q.Body.(*trinosql.Select)
	// The keys of a SELECT may be any expression over its input. Those of other
	// bodies, and of SELECT DISTINCT, are over its output: they go around it
	// where ordinals do not do.
	plain := true
	for _, k := range keys {
		if k.Output < 0 || k.Output >= len(fields) || e.orderKey("x", fields[k.Output].Type) != "x" || want != nil {
			plain = false
		}
	}
	plain = plain && !q.WithTies
	direct = direct && !(sel.Distinct && !plain)
	if !plain && !direct {
		r := e.relation()
		body = "SELECT " + r + ".* FROM (" + e.body(q.Body, want) + ") AS " + r + "(" + columns(len(fields)) + ")"
		for i, f := range fields {
			e.fields[f] = spelling{sql: r + "." + column(i)}
		}
		// The body's own fields, in case the query's are others.
		for i, f := range e.a.BodyFields(q.Body) {
			e.fields[f] = spelling{sql: r + "." + column(i)}
		}
	} else {
		body = e.body(q.Body, want)
	}
	var items []string
	for _, k := range keys {
		var s string
		switch {
		case k.Output < 0:
			s = e.orderKey(e.x(k.X), e.a.UsedType(k.X))
			if constant(s) {
				continue
			}
		case plain:
			s = strconv.Itoa(k.Output + 1)
		case !direct:
			s = e.orderKey(e.fields[fields[k.Output]].sql, fields[k.Output].Type)
		default:
			info := e.a.Select(sel)
			s = e.orderKey(e.item(info, k.Output), info.Fields[k.Output].Type)
			if constant(s) {
				continue
			}
		}
		items = append(items, s+direction(k.Item))
	}
	order = list(items)
	if q.WithTies {
		if q.Offset != nil {
			e.unsupported(q.Pos(), "FETCH FIRST ... WITH TIES after OFFSET is not supported")
		}
		if direct && sel.Distinct {
			e.unsupported(q.Pos(), "FETCH FIRST ... WITH TIES of SELECT DISTINCT is not supported")
		}
		body += " QUALIFY rank() OVER (ORDER BY " + order + ") <= " + e.x(q.Limit) + " ORDER BY " + order
	}
	return body, order
}

// direction writes what follows a sort key. Nulls are last unless said otherwise,
// also when descending.
func direction(s *trinosql.SortItem) string {
	d := ""
	if s.Desc {
		d = " DESC"
	}
	if s.NullsFirst != nil && *s.NullsFirst {
		return d + " NULLS FIRST"
	}
	return d + " NULLS LAST"
}

// body writes a query's body with its columns cast to want.
func (e *emitter) body(b trinosql.Body, want []*trinosql.Type) string {
	switch b := b.(type) {
	case *trinosql.Select:
		return e.selects(b, want)
	case *trinosql.SetOp:
		return e.setOp(b, want)
	case *trinosql.Values:
		return e.values(b, want)
	case *trinosql.Paren:
		return "(" + e.queryAs(b.Q, want) + ")"
	case *trinosql.TableBody:
		from := e.rel(b.Table)
		fields := visible(e.a.Fields(b.Table))
		items := make([]string, len(fields))
		for i, f := range fields {
			items[i] = e.wanted(e.spell(f), f.Type, want, i) + " AS " + column(i)
		}
		return "SELECT " + list(items) + " FROM " + from
	}
	e.unsupported(b.Pos(), "this form of query is not supported")
	return ""
}

// wanted casts column i of a body, x of type t, to what is wanted of it.
func (e *emitter) wanted(x string, t *trinosql.Type, want []*trinosql.Type, i int) string {
	if want == nil || i >= len(want) {
		return x
	}
	return e.cast(trinosql.Pos{}, x, t, want[i], false)
}

func visible(fields []*trinosql.Field) []*trinosql.Field {
	var out []*trinosql.Field
	for _, f := range fields {
		if !f.Hidden {
			out = append(out, f)
		}
	}
	return out
}

func (e *emitter) setOp(s *trinosql.SetOp, want []*trinosql.Type) string {
	if s.Corresponding {
		e.unsupported(s.Pos(), "CORRESPONDING is not supported")
	}
	fields := e.a.BodyFields(s)
	types := make([]*trinosql.Type, len(fields))
	natural := true
	for i, f := range fields {
		types[i] = f.Type
		natural = natural && naturallyDistinct(f.Type)
	}
	if !s.All && !natural && s.Op != "UNION" {
		e.unsupported(s.Pos(), "%s of values with a time zone, or of maps, is not supported", s.Op)
	}
	op := s.Op
	if s.All || !natural {
		op += " ALL"
	}
	leg := func(b trinosql.Body, left bool) string {
		text := e.body(b, differs(e.a.BodyFields(b), types))
		if in, ok := b.(*trinosql.SetOp); ok && !(left && in.Op == s.Op && in.All == s.All && natural) {
			return "(" + text + ")"
		}
		return text
	}
	out := leg(s.L, true) + " " + op + " " + leg(s.R, false)
	if !s.All && !natural {
		r := e.relation()
		out = "SELECT " + e.distinctOn(r, types) + r + ".* FROM (" + out + ") AS " + r + "(" + columns(len(types)) + ")"
	}
	if want == nil || differs(fields, want) == nil {
		return out
	}
	r := e.relation()
	items := make([]string, len(types))
	for i, t := range types {
		items[i] = e.wanted(r+"."+column(i), t, want, i)
	}
	return "SELECT " + list(items) + " FROM (" + out + ") AS " + r + "(" + columns(len(types)) + ")"
}

// differs returns want if the fields must be cast to become it, else nil.
func differs(fields []*trinosql.Field, want []*trinosql.Type) []*trinosql.Type {
	for i, f := range fields {
		if i < len(want) && !f.Type.Equal(want[i]) {
			return want
		}
	}
	return nil
}

func (e *emitter) values(v *trinosql.Values, want []*trinosql.Type) string {
	fields := e.a.BodyFields(v)
	rows := make([]string, len(v.Rows))
	for i, x := range v.Rows {
		r, ok := x.(*trinosql.Row)
		switch {
		case ok && len(r.Fields) == len(fields):
			cells := make([]string, len(r.Fields))
			for j, c := range r.Fields {
				cells[j] = e.cell(c, fields[j], want, j)
			}
			rows[i] = "(" + list(cells) + ")"
		case len(fields) == 1 && !ok:
			rows[i] = "(" + e.cell(x, fields[0], want, 0) + ")"
		default: // a row that is not written out, as VALUES CAST(... AS row(...))
			row, t := e.x(x), e.a.UsedType(x)
			e.fits(len(row) * len(fields))
			if strings.Contains(row, "random()") || strings.Contains(row, "uuid()") {
				e.unsupported(x.Pos(), "a random row of VALUES is not supported")
			}
			cells := make([]string, len(fields))
			for j, f := range fields {
				cell, el := row, t
				if t.Kind == trinosql.KindRow && j < len(t.Elems) {
					cell, el = "struct_extract("+row+", '"+field(j)+"')", t.Elems[j]
				}
				cells[j] = e.wanted(e.cast(x.Pos(), cell, el, f.Type, false), f.Type, want, j)
			}
			rows[i] = "(" + list(cells) + ")"
		}
	}
	return "VALUES " + list(rows)
}

// cell writes a value of VALUES with the column's type. DuckDB settles a column's
// type over all rows, so a bare NULL gets its type too.
func (e *emitter) cell(x trinosql.Expr, f *trinosql.Field, want []*trinosql.Type, i int) string {
	s := e.cast(x.Pos(), e.x(x), e.a.UsedType(x), f.Type, false)
	if s == "NULL" && f.Type.Kind != trinosql.KindUnknown {
		s = "CAST(NULL AS " + e.typ(x.Pos(), f.Type) + ")"
	}
	return e.wanted(s, f.Type, want, i)
}

func (e *emitter) selects(s *trinosql.Select, want []*trinosql.Type) string {
	info := e.a.Select(s)
	aggs, scope, ask := e.aggs, e.scope, e.ask == s
	e.aggs, e.scope, e.ask = nil, nil, nil
	defer func() { e.aggs, e.scope = aggs, scope }()
	e.keys = nil // queryAs restores them after its ORDER BY, which sees this select's
	var from []string
	var left []*trinosql.Field
	for _, r := range s.From {
		if u := unnestOf(r); u != nil && from != nil {
			from = []string{e.unnestOver(list(from), left, 0, u, false)}
			e.rename(r)
		} else {
			from = append(from, e.rel(r))
		}
		left = append(left, e.leaves(r)...)
	}
	where := ""
	var conditions []string
	if s.Where != nil {
		conditions = e.conditions(s.Where)
		where = " WHERE " + strings.Join(conditions, " AND ")
		if len(conditions) > 1 {
			where = " WHERE (" + strings.Join(conditions, " AND ") + ")"
		}
	}
	group := e.groupBy(s, info)
	having := ""
	if s.Having != nil {
		having = " HAVING " + e.x(s.Having)
	}
	items := make([]string, len(info.Fields))
	natural := true
	var types []*trinosql.Type
	for i, f := range info.Fields {
		items[i] = e.wanted(e.item(info, i), f.Type, want, i)
		if ask && fallible(items[i]) && !strings.Contains(items[i], "SELECT") {
			// A filter around this query may reach it before its own does.
			g := e.inner(items[i])
			if b := before(items[i], conditions); b != "" {
				g = append(g, b)
			}
			if len(g) > 0 {
				items[i] = "CASE WHEN " + strings.Join(g, " AND ") + " THEN " + items[i] + " END"
			}
		}
		items[i] += " AS " + column(i)
		natural = natural && naturallyDistinct(f.Type)
		types = append(types, f.Type)
	}
	if ask {
		g := []string{}
		for _, c := range conditions {
			if !fallible(c) && !strings.Contains(c, "SELECT") {
				g = append(g, c)
			}
		}
		for _, r := range e.scope {
			g = append(g, r+".g")
		}
		if len(g) > 0 {
			items = append(items, strings.Join(g, " AND ")+" AS g")
			e.answer = s
		}
	}
	// Where no aggregate is left in the text, as of typeof(sum(x)), the rows must be
	// aggregated all the same.
	if group == "" && len(info.Aggregates) > 0 && !mentions(strings.Join(items, " ")+having, e.aggs) {
		if having == "" {
			having = " HAVING count(*) >= 0"
		} else {
			having += " AND count(*) >= 0"
		}
	}
	var b strings.Builder
	b.WriteString("SELECT ")
	if s.Distinct && natural {
		b.WriteString("DISTINCT ")
	}
	b.WriteString(list(items))
	if from != nil {
		b.WriteString(" FROM " + list(from))
	}
	b.WriteString(where + group + having)
	if s.Distinct && !natural {
		r := e.relation()
		return "SELECT " + e.distinctOn(r, types) + r + ".* FROM (" + b.String() + ") AS " + r + "(" + columns(len(types)) + ")"
	}
	return b.String()
}

// mentions reports whether one of parts is in s.
func mentions(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// distinctOn writes the DISTINCT ON that keeps one of the rows of r that Trino
// takes for equal.
func (e *emitter) distinctOn(r string, types []*trinosql.Type) string {
	keys := make([]string, len(types))
	for i, t := range types {
		keys[i] = e.groupKey(r+"."+column(i), t)
	}
	return "DISTINCT ON (" + list(keys) + ") "
}

// item writes column i of a select list.
func (e *emitter) item(info *trinosql.SelectInfo, i int) string {
	f := info.Fields[i]
	switch {
	case f.Expr != nil && i < len(info.RowField) && info.RowField[i] >= 0:
		return part(e.x(f.Expr), info.RowField[i])
	case f.Expr != nil:
		return e.cast(f.Expr.Pos(), e.x(f.Expr), e.a.UsedType(f.Expr), f.Type, false)
	}
	return e.keyed(e.spell(f.Origin))
}

// cutLast cuts s at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func (e *emitter) groupBy(s *trinosql.Select, info *trinosql.SelectInfo) string {
	if !info.Grouped || len(info.Sets) == 0 {
		return ""
	}
	texts := make([]string, len(info.Keys))
	keys := map[string]string{}
	for i, x := range info.Keys {
		raw, t := e.x(x), e.a.UsedType(x)
		texts[i] = raw
		switch k := e.groupKey(raw, t); {
		case k != raw && (t.Kind == trinosql.KindTimestampZone || t.Kind == trinosql.KindTimeZone):
			if len(info.Sets) > 1 {
				e.unsupported(x.Pos(), "grouping sets over a value with a time zone are not supported")
			}
			texts[i] = k
			keys[raw] = "any_value(" + raw + ")"
		case k != raw:
			if !naturallyDistinct(t) && t.Kind != trinosql.KindMap {
				e.unsupported(x.Pos(), "GROUP BY of %s is not supported", t)
			}
			texts[i] = k
			keys[raw] = k
		case constant(raw):
			texts[i] = "CAST(" + raw + " AS " + e.typ(x.Pos(), t) + ")" // a bare number would be an ordinal
		}
	}
	e.keys = keys
	if len(info.Sets) == 1 {
		set := info.Sets[0]
		if len(set) == 0 {
			if len(info.Aggregates) > 0 {
				return ""
			}
			return " GROUP BY GROUPING SETS (())"
		}
		out := make([]string, len(set))
		for i, k := range set {
			out[i] = texts[k]
		}
		return " GROUP BY " + list(out)
	}
	sets := make([]string, len(info.Sets))
	for i, set := range info.Sets {
		out := make([]string, len(set))
		for j, k := range set {
			out[j] = texts[k]
		}
		sets[i] = "(" + list(out) + ")"
	}
	return " GROUP BY GROUPING SETS (" + list(sets) + ")"
}

// keyed replaces an expression that is a grouping key whose representative
// DuckDB must be told.
func (e *emitter) keyed(x string) string {
	if k, ok := e.keys[x]; ok {
		return k
	}
	return x
}
