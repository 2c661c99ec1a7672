package dash

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"lethe"
	"lethe/lib/trinosql"
)

// Bounds of questions.
const (
	// DefaultLimit is how many rows an answer has that says nothing else.
	DefaultLimit = 10_000
	// MaxLimit is how many it can have.
	MaxLimit = 100_000

	maxDimensions = 200
	maxMeasures   = 200
)

// compiled is a question as SQL.
type compiled struct {
	sql      string
	limit    int // the answer's; the statement's has one row more
	columns  []compiledColumn
	others   bool // the last column says whether a row sums the others
	warnings []string
}

// compiledColumn is a column of an answer.
type compiledColumn struct {
	name string
	bin  float64
}

// dimension is what rows are grouped by.
type dimension struct {
	sql    []string // one, or two of a coordinate
	names  []string
	typ    Type
	bin    float64
	field  string // "" of a coordinate
	grain  Grain
	source By
}

// compiler writes a query.
type compiler struct {
	*asking
	q      Query
	widths map[int]float64 // of bins, by dimension

	wheres, havings []string
	dimensions      []dimension
	measures        []string
}

// dataTable stands for the table's name in what is written before it is known which
// fields are read. No text that comes from outside holds it.
const dataTable = "\x00"

// extractTable is the name of an extract in statements: a reserved word, so quoted.
const extractTable = `"extract"`

func (c *compiler) table() string { return dataTable }

func itoa(n int) string { return strconv.Itoa(n) }

// compile writes a query as one statement. widths has those of the dimensions that are
// cut into a number of bins.
func compile(a *asking, q Query, widths map[int]float64) (compiled, error) {
	c := &compiler{asking: a, q: q, widths: widths}
	out := compiled{limit: q.Limit}
	switch {
	case q.Limit == 0:
		out.limit = DefaultLimit
	case q.Limit < 0 || q.Limit > MaxLimit:
		return out, lethe.Errorf(lethe.Invalid, "a limit of %d rows is not between 1 and %d", q.Limit, MaxLimit)
	}
	switch {
	case len(q.Dimensions)+len(q.Measures) == 0:
		return out, lethe.Errorf(lethe.Invalid, "the query asks for no field")
	case len(q.Dimensions) > maxDimensions || len(q.Measures) > maxMeasures:
		return out, lethe.Errorf(lethe.Invalid, "the query asks for more than %d dimensions or %d measures", maxDimensions, maxMeasures)
	case q.Rows && len(q.Measures) > 0:
		return out, lethe.Errorf(lethe.Invalid, "single rows have no measures")
	case q.Rows && q.Groups > 0:
		return out, lethe.Errorf(lethe.Invalid, "single rows have no groups")
	}
	for i, by := range q.Dimensions {
		d, err := c.dimension(i, by)
		if err != nil {
			return out, err
		}
		c.dimensions = append(c.dimensions, d)
		for _, n := range d.names {
			out.columns = append(out.columns, compiledColumn{n, d.bin})
		}
	}
	for _, of := range q.Measures {
		m, _, err := c.measure(of)
		if err != nil {
			return out, err
		}
		c.measures = append(c.measures, m)
		out.columns = append(out.columns, compiledColumn{name: of.Field})
	}
	if err := c.filters(); err != nil {
		return out, err
	}
	if err := c.topGroups(); err != nil {
		return out, err
	}
	order, err := c.order()
	if err != nil {
		return out, err
	}
	out.others = q.Others && !q.Rows && len(c.dimensions) > 0
	var sql string
	if out.others {
		sql = c.withOthers(order, out.limit)
	} else {
		sql = c.plain(order, out.limit)
	}
	rows, err := c.rows()
	if err != nil {
		return out, err
	}
	table := `"extract"`
	if rows != "" {
		table = "data"
		sql = with("data AS (\n"+rows+"\n)", sql)
	}
	out.sql = strings.ReplaceAll(sql, dataTable, table)
	out.warnings = c.warnings()
	return out, nil
}

// with puts a named query before a statement.
func with(query, sql string) string {
	if rest, ok := strings.CutPrefix(sql, "WITH "); ok {
		return "WITH " + query + ",\n" + rest
	}
	return "WITH " + query + "\n" + sql
}

// dimension looks at what rows are grouped by.
func (c *compiler) dimension(i int, by By) (dimension, error) {
	d := dimension{source: by}
	if x := c.coordinate(by.Field); x != nil {
		if by.Grain != "" || by.Bin != 0 || by.Bins != 0 {
			return d, lethe.Errorf(lethe.Invalid, "the coordinate %q has no grains and no bins", x.Name)
		}
		for _, part := range []struct{ field, name string }{{x.Latitude, "latitude"}, {x.Longitude, "longitude"}} {
			k, err := c.field(part.field)
			if err != nil {
				return d, err
			}
			if !k.typ.numeric() || k.Aggregate {
				return d, lethe.Errorf(lethe.Invalid, "the coordinate %q: field %q is not a number of degrees", x.Name, k.Name)
			}
			c.wants(k.Name)
			d.sql = append(d.sql, trinosql.QuoteNameAlways(k.Name))
			d.names = append(d.names, x.Name+"."+part.name)
		}
		return d, nil
	}
	k, err := c.field(by.Field)
	if err != nil {
		return d, err
	}
	if k.Aggregate {
		return d, lethe.Errorf(lethe.Invalid, "field %q aggregates; rows cannot be grouped by it", k.Name)
	}
	c.wants(k.Name)
	x := trinosql.QuoteNameAlways(k.Name)
	d.field, d.names, d.typ, d.grain = k.Name, []string{k.Name}, k.typ, by.Grain
	switch {
	case by.Grain != "":
		x, err = cut(x, k, by.Grain)
	case by.Bin != 0 || by.Bins != 0:
		if d.bin = by.Bin; by.Bins != 0 {
			d.bin = c.widths[i]
		}
		x, err = binned(x, k, d.bin)
	}
	d.sql = []string{x}
	return d, err
}

// cut cuts dates and times to the start of a grain. Grains of days and longer make dates.
func cut(x string, k *knownField, g Grain) (string, error) {
	if !slices.Contains(grains, g) {
		return "", lethe.Errorf(lethe.Invalid, "field %q: there is no grain %q", k.Name, g)
	}
	if !k.typ.dated() {
		return "", lethe.Errorf(lethe.Invalid, "field %q is %s; only dates and times have grains", k.Name, k.typ)
	}
	small := g == Hour || g == Minute
	switch {
	case k.typ == Date && (g == Day || small): // nothing is finer
		return x, nil
	case k.typ == Date:
		return "date_trunc('" + string(g) + "', " + x + ")", nil
	case g == Day:
		return "CAST(" + x + " AS date)", nil
	case small:
		return "date_trunc('" + string(g) + "', " + x + ")", nil
	}
	return "CAST(date_trunc('" + string(g) + "', " + x + ") AS date)", nil
}

// binned cuts numbers to the lower ends of bins.
func binned(x string, k *knownField, width float64) (string, error) {
	if !k.typ.numeric() {
		return "", lethe.Errorf(lethe.Invalid, "field %q is %s; only numbers are cut into bins", k.Name, k.typ)
	}
	if !(width > 0) || math.IsInf(width, 0) {
		return "", lethe.Errorf(lethe.Invalid, "field %q: bins of width %v cannot be made", k.Name, width)
	}
	w := strconv.FormatFloat(width, 'E', -1, 64)
	sql := "floor(CAST(" + x + " AS double) / " + w + ") * " + w
	if k.typ == Integer && width == math.Trunc(width) {
		sql = "CAST(" + sql + " AS bigint)"
	}
	return sql, nil
}

// roundWidth returns the width of about n bins of values between two: 1, 2 or 5 times
// a power of ten, of whole numbers a whole one.
func roundWidth(low, high float64, n int, whole bool) float64 {
	width := (high - low) / float64(max(n, 1))
	if !(width > 0) || math.IsInf(width, 0) {
		width = 1
	}
	power := math.Pow(10, math.Floor(math.Log10(width)))
	for _, step := range []float64{1, 2, 5, 10} {
		if step*power >= width*(1-1e-9) {
			width = step * power
			break
		}
	}
	if whole {
		width = math.Max(1, math.Round(width))
	}
	w, err := strconv.ParseFloat(strconv.FormatFloat(width, 'e', 12, 64), 64)
	if err != nil || w <= 0 {
		return 1
	}
	return w
}

// measure writes an aggregation of a field.
func (c *compiler) measure(of Of) (sql string, typ Type, err error) {
	if of.Field == "*" {
		if of.Aggregation != Count && of.Aggregation != "" {
			return "", "", lethe.Errorf(lethe.Invalid, "of * only rows can be counted")
		}
		return "count(*)", Integer, nil
	}
	k, err := c.field(of.Field)
	if err != nil {
		return "", "", err
	}
	c.wants(k.Name)
	if k.Aggregate {
		if of.Aggregation != "" {
			return "", "", lethe.Errorf(lethe.Invalid, "field %q aggregates by itself; %s of it cannot be made", k.Name, of.Aggregation)
		}
		return k.sql, k.typ, nil
	}
	x := trinosql.QuoteNameAlways(k.Name)
	how := of.Aggregation
	if how == "" {
		if how = Count; k.typ.numeric() {
			how = Sum
		}
	}
	switch how {
	case Count:
		return "count(" + x + ")", Integer, nil
	case CountDistinct:
		return "count(DISTINCT " + x + ")", Integer, nil
	case Minimum, Maximum:
		return string(how) + "(" + x + ")", k.typ, nil
	}
	form, ok := aggregates[how]
	if !ok {
		return "", "", lethe.Errorf(lethe.Invalid, "field %q: there is no aggregation %q", k.Name, how)
	}
	if !k.typ.numeric() {
		return "", "", lethe.Errorf(lethe.Invalid, "field %q is %s; only of numbers there is the aggregation %s", k.Name, k.typ, how)
	}
	if typ = Decimal; how == Sum || how == Median || how == Percentile95 {
		typ = k.typ
	}
	return strings.Replace(form, "$", x, 1), typ, nil
}

// aggregates are those of numbers. The median and the percentile are values that there
// are: the smallest below or at which that share of the values lies.
var aggregates = map[Aggregation]string{
	Sum: "sum($)", Average: "avg($)", Median: "approx_percentile($, 0.5)", Percentile95: "approx_percentile($, 0.95)",
	Deviation: "stddev_samp($)", Variance: "var_samp($)",
}

// filters writes all filters: those that rank last, because they rank what the others leave.
func (c *compiler) filters() error {
	if c.rules != "" {
		c.wheres = append(c.wheres, "("+c.rules+")")
	}
	all := slices.Concat(c.set.Filters, c.q.Filters)
	for _, ranking := range []bool{false, true} {
		for _, f := range all {
			if f.Off || (f.Kind == TopBottom) != ranking {
				continue
			}
			x, err := c.condition(f)
			switch {
			case err != nil:
				return err
			case x.sql == "":
			case x.having && c.q.Rows:
				return lethe.Errorf(lethe.Invalid, "the filter on %q is about groups; single rows have none", f.Field)
			case x.having:
				c.havings = append(c.havings, x.sql)
			default:
				c.wheres = append(c.wheres, x.sql)
			}
		}
	}
	return nil
}

// where writes the conditions of rows, and more.
func (c *compiler) where(more ...string) string {
	return clause("WHERE", slices.Concat(c.wheres, more))
}

func (c *compiler) having() string { return clause("HAVING", c.havings) }

func clause(word string, conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return "\n" + word + " " + strings.Join(conditions, "\n  AND ")
}

// topGroups keeps the first groups of the first dimension, in the order of the answer.
func (c *compiler) topGroups() error {
	if c.q.Groups == 0 || len(c.dimensions) == 0 {
		return nil
	}
	if c.q.Groups < 0 || c.q.Groups > MaxLimit {
		return lethe.Errorf(lethe.Invalid, "%d groups are not between 1 and %d", c.q.Groups, MaxLimit)
	}
	d := c.dimensions[0]
	if len(d.sql) != 1 {
		return lethe.Errorf(lethe.Invalid, "groups of the coordinate %q are not counted", d.source.Field)
	}
	x, by := d.sql[0], "1 ASC"
	for _, s := range c.q.Sort {
		switch m := s.Column - len(c.dimensions); {
		case m >= 0 && m < len(c.measures):
			by = c.measures[m] + direction(s) + ", 1"
		case s.Column == 0:
			by = "1" + direction(s)
		default:
			continue
		}
		break
	}
	c.wheres = append(c.wheres, x+" IN (\n  SELECT "+x+"\n  FROM "+c.table()+c.where(x+" IS NOT NULL")+"\n  GROUP BY 1\n  ORDER BY "+by+"\n  LIMIT "+itoa(c.q.Groups)+")")
	return nil
}

func direction(s Sort) string {
	if s.Descending {
		return " DESC NULLS LAST"
	}
	return " ASC NULLS LAST"
}

// key is what rows are sorted by.
type key struct {
	column     int // of the answer, from 0
	descending bool
}

// order returns what an answer is sorted by: at last by all dimensions, so that equal
// questions have equal answers.
func (c *compiler) order() ([]key, error) {
	first := make([]int, 0, len(c.dimensions)+len(c.measures)) // columns by number of dimension or measure
	n := 0
	for _, d := range c.dimensions {
		first = append(first, n)
		n += len(d.sql)
	}
	dimensionColumns := n
	for range c.measures {
		first = append(first, n)
		n++
	}
	var keys []key
	seen := map[int]bool{}
	add := func(column int, descending bool) {
		if !seen[column] {
			seen[column] = true
			keys = append(keys, key{column, descending})
		}
	}
	for _, s := range c.q.Sort {
		if s.Column < 0 || s.Column >= len(first) {
			return nil, lethe.Errorf(lethe.Invalid, "the query is sorted by column %d and has %d", s.Column, len(first))
		}
		add(first[s.Column], s.Descending)
		if s.Column < len(c.dimensions) && len(c.dimensions[s.Column].sql) == 2 {
			add(first[s.Column]+1, s.Descending)
		}
	}
	if !c.q.Rows {
		for i := range dimensionColumns {
			add(i, false)
		}
	}
	return keys, nil
}

// dimensionSQL are the columns of the dimensions.
func (c *compiler) dimensionSQL() []string {
	var all []string
	for _, d := range c.dimensions {
		all = append(all, d.sql...)
	}
	return all
}

// plain writes a statement that answers with a row for each group, or single rows.
func (c *compiler) plain(order []key, limit int) string {
	columns := slices.Concat(c.dimensionSQL(), c.measures)
	aliases := c.aliases()
	items := make([]string, len(columns))
	for i, x := range columns {
		items[i] = x
		if a := trinosql.QuoteNameAlways(aliases[i]); a != x {
			items[i] += " AS " + a
		}
	}
	sql := "SELECT\n  " + strings.Join(items, ",\n  ") + "\nFROM " + c.table() + c.where()
	if n := len(c.dimensionSQL()); n > 0 && !c.q.Rows {
		sql += "\nGROUP BY " + ordinals(n)
	}
	sql += c.having()
	var by []string
	for _, k := range order {
		by = append(by, itoa(k.column+1)+direction(Sort{Descending: k.descending}))
	}
	if len(by) > 0 {
		sql += "\nORDER BY " + strings.Join(by, ", ")
	}
	return sql + "\nLIMIT " + itoa(limit+1)
}

func ordinals(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = itoa(i + 1)
	}
	return strings.Join(all, ", ")
}

// aliases are different names for the columns of the answer.
func (c *compiler) aliases() []string {
	var all []string
	for _, d := range c.dimensions {
		all = append(all, d.names...)
	}
	for _, m := range c.q.Measures {
		name := m.Field
		if name == "*" {
			name = "rows"
		}
		all = append(all, name)
	}
	seen := map[string]bool{}
	for i, name := range all {
		for n := 2; seen[strings.ToLower(all[i])]; n++ {
			all[i] = name + " " + itoa(n)
		}
		seen[strings.ToLower(all[i])] = true
	}
	return all
}

// withOthers writes a statement whose last row is made of all rows that belong to none
// of the first groups. A last column says which row that is.
func (c *compiler) withOthers(order []key, limit int) string {
	dims := c.dimensionSQL()
	own := "d" // what no field's name begins with
	for slices.ContainsFunc(c.listed, func(name string) bool { return strings.HasPrefix(name, own) }) {
		own += "_"
	}
	rank := own + "n"
	var items, join, shown []string
	for i, x := range dims {
		d := own + itoa(i+1)
		items = append(items, x+" AS "+d)
		join = append(join, x+" IS NOT DISTINCT FROM "+d)
		shown = append(shown, "IF("+rank+" <= "+itoa(limit)+", "+d+")")
	}
	var by []string
	for _, k := range order {
		x := ""
		if k.column < len(dims) {
			x = dims[k.column]
		} else {
			x = c.measures[k.column-len(dims)]
		}
		by = append(by, x+direction(Sort{Descending: k.descending}))
	}
	last := rank + " > " + itoa(limit)
	aliases := c.aliases()
	columns := slices.Concat(shown, c.measures)
	for i := range columns {
		columns[i] += " AS " + trinosql.QuoteNameAlways(aliases[i])
	}
	return "WITH ranked AS (\n  SELECT " + strings.Join(items, ", ") + ",\n    row_number() OVER (ORDER BY " + strings.Join(by, ", ") + ") AS " + own + "n" +
		"\n  FROM " + c.table() + c.where() + "\n  GROUP BY " + ordinals(len(dims)) + c.having() + "\n)\n" +
		"SELECT\n  " + strings.Join(columns, ",\n  ") + ",\n  " + last + " AS others" +
		"\nFROM (SELECT * FROM " + c.table() + c.where() + ") AS chosen\nJOIN ranked ON " + strings.Join(join, " AND ") +
		"\nGROUP BY " + ordinals(len(dims)) + ", " + last + "\nORDER BY " + last + ", min(" + rank + ")" +
		"\nLIMIT " + itoa(limit+1)
}
