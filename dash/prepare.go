package dash

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/access"
	"lethe/lib/trinosql"
)

// from is where a question reads a data set's rows.
type from int

const (
	fromSource  from = iota // the source, prepared in the question
	fromExtract             // the table extract
)

// knownField is a field whose meaning was looked up.
type knownField struct {
	Field
	typ Type
	// sql is the expression over the source's columns, or over the fields below.
	sql string
	// raw is the source's column, and partial says that it may fail to convert.
	raw     string
	partial bool
	// uses are the names, in lower case, of fields that sql reads.
	uses []string
	// level is how many layers of calculated fields there are below; 0 of columns.
	level int
	// parametric says that the value depends on a parameter.
	parametric bool
	// added says that the question brought the field along.
	added bool
}

// asking is a data set as one question sees it. Fields are looked up when they are
// named, so that one that is broken breaks nothing else.
type asking struct {
	set    DataSet
	from   from
	now    time.Time
	params map[string]string // literals by name, in lower case
	// changed are the parameters whose values are not their defaults.
	changed map[string]bool
	sql     string // the source's statement, with parameters
	// rules is a condition that holds of the rows that are seen, "" of all; narrowed
	// says that there are rules.
	rules    string
	narrowed bool

	named  map[string]Field // by name in lower case
	added  map[string]bool
	known  map[string]*knownField
	doing  map[string]bool // what is being looked up, to find cycles
	listed []string        // names, in their order
	need   map[string]bool // fields that the question reads
}

// who is for whom a question is asked.
type who struct {
	self   access.Self
	arns   []string // the principal's and its groups'
	exempt bool     // from rules of rows: who prepares the data set
}

// newAsking looks at a data set for a question.
func newAsking(set DataSet, from from, calculated []Field, parameters map[string]string, viewer who, now time.Time) (*asking, error) {
	a := &asking{set: set, from: from, now: now, params: map[string]string{}, changed: map[string]bool{},
		named: map[string]Field{}, added: map[string]bool{}, known: map[string]*knownField{}, doing: map[string]bool{}, need: map[string]bool{}}
	given := map[string]string{}
	for name, v := range parameters {
		given[strings.ToLower(name)] = v
	}
	for _, p := range set.Parameters {
		name := strings.ToLower(p.Name)
		v, ok := given[name]
		if !ok {
			v = p.Default
		}
		l, err := literal(p.Type, v)
		if err != nil {
			return nil, lethe.Errorf(lethe.Invalid, "parameter %q: %w", p.Name, err)
		}
		if a.params[name] = l; v != p.Default {
			a.changed[name] = true
		}
		delete(given, name)
	}
	for name := range given {
		return nil, lethe.Errorf(lethe.Invalid, "the data set has no parameter %q", name)
	}
	for _, f := range set.Fields {
		a.named[strings.ToLower(f.Name)] = f
		a.listed = append(a.listed, strings.ToLower(f.Name))
	}
	for _, f := range calculated {
		name := strings.ToLower(f.Name)
		if strings.Contains(f.Expression, dataTable) {
			return nil, lethe.Errorf(lethe.Invalid, "the calculated field %q holds what is not text", f.Name)
		}
		if _, ok := a.named[name]; ok || a.coordinate(f.Name) != nil {
			return nil, lethe.Errorf(lethe.Invalid, "the calculated field %q has the name of another field", f.Name)
		}
		if f.Column != "" || f.Expression == "" {
			return nil, lethe.Errorf(lethe.Invalid, "the calculated field %q has no expression", f.Name)
		}
		a.named[name], a.added[name] = f, true
		a.listed = append(a.listed, name)
	}
	var err error
	if a.sql, _, err = withParameters(set.Source.SQL, a.params); err != nil {
		return nil, fmt.Errorf("the data set's statement: %w", err)
	}
	return a, a.rowRules(viewer)
}

// livesOn reports whether an extract, which was made with the parameters' defaults,
// has the rows that the question asks for.
func (a *asking) livesOn() bool {
	for name := range a.changed {
		without := maps.Clone(a.params)
		delete(without, name)
		if _, _, err := withParameters(a.set.Source.SQL, without); err != nil {
			return false
		}
	}
	return true
}

func (a *asking) coordinate(name string) *Coordinate {
	for i := range a.set.Coordinates {
		if strings.EqualFold(a.set.Coordinates[i].Name, name) {
			return &a.set.Coordinates[i]
		}
	}
	return nil
}

// field looks up a field.
func (a *asking) field(name string) (*knownField, error) {
	key := strings.ToLower(name)
	if k, ok := a.known[key]; ok {
		return k, nil
	}
	f, ok := a.named[key]
	if !ok {
		return nil, lethe.Errorf(lethe.Invalid, "there is no field %q", name)
	}
	if a.doing[key] {
		return nil, lethe.Errorf(lethe.Invalid, "field %q is made of itself", f.Name)
	}
	a.doing[key] = true
	defer delete(a.doing, key)
	k := &knownField{Field: f, added: a.added[key]}
	var err error
	if f.Expression != "" {
		err = a.calculated(k)
	} else {
		err = a.column(k)
	}
	if err != nil {
		return nil, err
	}
	a.known[key] = k
	return k, nil
}

// column looks up a field that is a column of the source.
func (a *asking) column(k *knownField) error {
	if k.SourceType == "" {
		return lethe.Errorf(lethe.Invalid, "field %q: the source has no column %q any more", k.Name, k.Column).
			WithHint("give the field another column in the data set, or delete it; other fields answer still").
			WithHint("give the source the column again, or change the data set so that it is not read")
	}
	t, err := trinosql.ParseType(k.SourceType)
	if err != nil {
		return lethe.Errorf(lethe.Unsupported, "field %q: its column has the type %s, which is not known", k.Name, k.SourceType)
	}
	if k.raw, err = a.columnSQL(k.Field); err != nil {
		return err
	}
	c, err := convert(k.raw, t, k.Field)
	k.sql, k.typ, k.partial = c.sql, c.typ, c.partial
	return err
}

// columnSQL names a field's column in the source.
func (a *asking) columnSQL(f Field) (string, error) {
	if len(a.set.Source.Tables) == 0 {
		return "source." + trinosql.QuoteNameAlways(f.Column), nil
	}
	alias, column, ok := strings.Cut(f.Column, ".")
	if !ok {
		return "", lethe.Errorf(lethe.Invalid, "field %q: its column %q names no table", f.Name, f.Column)
	}
	return trinosql.QuoteNameAlways(alias) + "." + trinosql.QuoteNameAlways(column), nil
}

// calculated looks up a field that is an expression.
func (a *asking) calculated(k *knownField) error {
	fail := func(err error) error {
		return lethe.Errorf(lethe.KindOf(err), "field %q: %w", k.Name, err)
	}
	sql, uses, parametric, err := a.expression(k.Expression, nil)
	if err != nil {
		return fail(err)
	}
	k.uses, k.parametric, k.level = uses, parametric, 1
	var columns []trinosql.Column
	for _, u := range uses {
		f := a.known[u]
		k.level, k.parametric = max(k.level, f.level+1), k.parametric || f.parametric
		columns = append(columns, trinosql.Column{Name: f.Name, Type: analyzed[f.typ]})
	}
	t, aggregates, err := typed(sql, columns)
	if err != nil {
		return fail(err)
	}
	k.Aggregate = aggregates
	k.SourceType = t.String()
	own := k.Field
	own.Type = "" // it is told, not asked for: an expression casts where it wants another
	c, err := convert("("+sql+")", t, own)
	if err != nil {
		return err
	}
	k.sql, k.typ, k.partial = c.sql, c.typ, c.partial
	if k.sql == "("+sql+")" {
		k.sql = sql
	}
	if k.added && a.narrowed && !k.Aggregate {
		k.sql = "TRY(" + k.sql + ")" // what fails of rows that are not seen must not tell of them
	}
	return nil
}

// expression rewrites an expression over fields, and tells which it reads. Fields that
// aggregate are put in; others stay names.
func (a *asking) expression(text string, self *access.Self) (sql string, uses []string, parametric bool, err error) {
	text, parametric, err = withParameters(text, a.params)
	if err != nil {
		return "", nil, false, err
	}
	x, err := parseExpression(text)
	if err != nil {
		return "", nil, false, err
	}
	seen := map[string]bool{}
	r := &rewriter{text: text, self: self, field: func(name string) (string, error) {
		k, err := a.field(name)
		if err != nil {
			return "", err
		}
		if !k.Aggregate {
			seen[strings.ToLower(k.Name)] = true
			return trinosql.QuoteNameAlways(k.Name), nil
		}
		for _, u := range k.uses {
			seen[u] = true
		}
		parametric = parametric || k.parametric
		return "(" + k.sql + ")", nil
	}}
	sql, err = r.expression(x)
	if err == nil && len(sql) > maxExpanded {
		err = lethe.Errorf(lethe.Invalid, "with all fields that it is made of, the expression is over %d bytes long", maxExpanded)
	}
	return sql, slices.Sorted(maps.Keys(seen)), parametric, err
}

// rowRules finds the condition of the rows that the viewer sees.
func (a *asking) rowRules(viewer who) error {
	if len(a.set.Rules) == 0 || viewer.exempt {
		return nil
	}
	a.narrowed = true
	var any []string
	for _, r := range a.set.Rules {
		if !slices.ContainsFunc(r.Principals, func(p string) bool { return p == "*" || slices.Contains(viewer.arns, p) }) {
			continue
		}
		if strings.TrimSpace(r.Filter) == "" {
			return nil // all rows
		}
		sql, err := a.rule(r, viewer.self)
		if err != nil {
			return err
		}
		any = append(any, "("+sql+")")
	}
	if a.rules = strings.Join(any, " OR "); a.rules == "" {
		a.rules = "false"
	}
	return nil
}

// rule returns the condition of a rule of rows.
func (a *asking) rule(r RowRule, self access.Self) (string, error) {
	fail := func(err error) error {
		return lethe.Errorf(lethe.KindOf(err), "row rule %q: %w", r.Name, err)
	}
	sql, uses, _, err := a.expression(r.Filter, &self)
	if err != nil {
		return "", fail(err)
	}
	var columns []trinosql.Column
	for _, u := range uses {
		if a.added[u] {
			return "", fail(lethe.Errorf(lethe.Invalid, "there is no field %q", u))
		}
		columns = append(columns, trinosql.Column{Name: a.known[u].Name, Type: analyzed[a.known[u].typ]})
	}
	t, aggregates, err := typed(sql, columns)
	switch {
	case err != nil:
		return "", fail(err)
	case aggregates:
		return "", fail(lethe.Errorf(lethe.Invalid, "it aggregates"))
	case t.Kind != trinosql.KindBoolean && t.Kind != trinosql.KindUnknown:
		return "", fail(lethe.Errorf(lethe.Invalid, "it is %s and no condition", t))
	}
	for _, u := range uses {
		a.wants(u)
	}
	return sql, nil
}

// wants notes that the question reads a field, which is known, and what that is made of.
func (a *asking) wants(name string) {
	if name = strings.ToLower(name); a.need[name] {
		return
	}
	k := a.known[name]
	if !k.Aggregate {
		a.need[name] = true
	}
	for _, u := range k.uses {
		a.wants(u)
	}
}

// sourceSQL is the source as it stands in FROM.
func (a *asking) sourceSQL() (string, error) {
	if len(a.set.Source.Tables) == 0 {
		stmt, err := trinosql.Parse(a.sql)
		if err != nil {
			return "", fmt.Errorf("the data set's statement: %w", syntax(err))
		}
		q, ok := stmt.(*trinosql.QueryStmt)
		if !ok {
			return "", lethe.Errorf(lethe.Invalid, "the data set's statement is not a SELECT")
		}
		start, end := q.Q.Span()
		return "(\n" + strings.TrimSpace(a.sql[start:end]) + "\n) AS source", nil
	}
	var b strings.Builder
	for i, t := range a.set.Source.Tables {
		name := trinosql.QuoteNameAlways(t.Database) + "." + trinosql.QuoteNameAlways(t.Table)
		if t.Catalog != "" {
			name = trinosql.QuoteNameAlways(strings.ToLower(t.Catalog)) + "." + name
		}
		if i == 0 {
			b.WriteString(name + " AS " + trinosql.QuoteNameAlways(t.Alias))
			continue
		}
		if t.Join == nil || len(t.Join.On) == 0 {
			return "", lethe.Errorf(lethe.Invalid, "table %q is not joined", t.Alias)
		}
		join, ok := joins[t.Join.Kind]
		if !ok {
			return "", lethe.Errorf(lethe.Invalid, "table %q: there is no join %q", t.Alias, t.Join.Kind)
		}
		var on []string
		for _, p := range t.Join.On {
			on = append(on, trinosql.QuoteNameAlways(p.Alias)+"."+trinosql.QuoteNameAlways(p.Left)+" = "+trinosql.QuoteNameAlways(t.Alias)+"."+trinosql.QuoteNameAlways(p.Column))
		}
		b.WriteString("\n" + join + " JOIN " + name + " AS " + trinosql.QuoteNameAlways(t.Alias) + " ON " + strings.Join(on, " AND "))
	}
	return b.String(), nil
}

var joins = map[JoinKind]string{Inner: "INNER", Left: "LEFT", Right: "RIGHT", Full: "FULL"}

// inExtract reports whether an extract has a column for the field.
func (k *knownField) inExtract() bool { return !k.Aggregate && !k.added && !k.parametric }

// rows returns what stands for the rows of the data set, with a column for each field
// that is needed: a SELECT, or "" where the extract has all of them.
func (a *asking) rows() (string, error) {
	levels := map[int][]string{}
	top := 0
	for _, name := range a.listed {
		k := a.known[name]
		if !a.need[name] || a.from == fromExtract && k.inExtract() {
			continue
		}
		levels[k.level] = append(levels[k.level], k.sql+" AS "+trinosql.QuoteNameAlways(k.Name))
		top = max(top, k.level)
	}
	var sql string
	if a.from == fromSource {
		source, err := a.sourceSQL()
		if err != nil {
			return "", err
		}
		if len(levels[0]) == 0 {
			levels[0] = []string{"1 AS one"}
		}
		sql = "SELECT\n  " + strings.Join(levels[0], ",\n  ") + "\nFROM " + source
	}
	for level := 1; level <= top; level++ {
		if len(levels[level]) == 0 {
			continue
		}
		below := `"extract"`
		if sql != "" {
			below = "(\n" + sql + "\n)"
		}
		sql = "SELECT *,\n  " + strings.Join(levels[level], ",\n  ") + "\nFROM " + below
	}
	return sql, nil
}
