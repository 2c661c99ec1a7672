package dash

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/lib/trinosql"
)

// asked is what the service keeps of its asking.
type asked struct {
	answers answers
	flights flights
	turns   turns
	sources sources
}

// sources keeps the tables that data sets read, by revision.
type sources struct {
	mu sync.Mutex
	of map[string]sourceTables
}

type sourceTables struct {
	revision int64
	tables   []TableName
}

// Waiting is how many wait for answers now.
func (s *Service) Waiting() int {
	f := &s.asked.flights
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, x := range f.by {
		n += x.waiting
	}
	return n
}

// Query answers a question to a data set for the principal, who must be allowed to pass
// the data set.
func (s *Service) Query(ctx context.Context, dataSetID string, q Query) (Answer, error) {
	set, err := s.dataSet(ctx, dataSetID)
	if err != nil {
		return Answer{}, err
	}
	c := &check{}
	c.query(&q)
	if err := c.err(); err != nil {
		return Answer{}, err
	}
	return s.answer(ctx, set, func(*asking) (Query, error) { return q, nil }, q.Calculated, q.Parameters)
}

// query holds what a client sends against the rules.
func (c *check) query(q *Query) {
	c.most("filters", len(q.Filters), maxParts)
	for i := range q.Filters {
		c.filter(fmt.Sprintf("filters[%d]", i), &q.Filters[i], nil)
	}
	c.calculated("calculated", q.Calculated)
}

func (c *check) calculated(at string, fs []Field) {
	c.most(at, len(fs), maxParts)
	for i := range fs {
		c.field(fmt.Sprintf("%s[%d]", at, i), &fs[i])
	}
}

// Draw answers for a visual that is being edited, which shows a data set that the
// principal must be allowed to pass: this it decides.
func (s *Service) Draw(ctx context.Context, d Drawing) (Answer, error) {
	c := &check{}
	c.visual("visual", &d.Visual, nil)
	if d.Visual.Kind == TextBox {
		c.fail("visual.kind", "a text asks nothing")
	}
	for i := range d.Filters {
		c.filter(fmt.Sprintf("filters[%d]", i), &d.Filters[i].Filter, nil)
	}
	c.view(&d.View)
	if err := c.err(); err != nil {
		return Answer{}, err
	}
	if err := s.pass(ctx, []string{d.Visual.DataSet}); err != nil {
		return Answer{}, err
	}
	set, err := s.dataSet(ctx, d.Visual.DataSet)
	if err != nil {
		return Answer{}, err
	}
	filters := slices.DeleteFunc(slices.Clone(d.Filters), func(f SheetFilter) bool { return f.DataSet != set.ID })
	return s.draw(ctx, set, &d.Visual, filters, d.Calculated, d.View)
}

// view holds a view against the rules.
func (c *check) view(v *View) {
	c.most("view.filters", len(v.Filters), maxParts)
	for i := range v.Filters {
		c.filter(fmt.Sprintf("view.filters[%d]", i), &v.Filters[i], nil)
	}
	c.most("view.marks", len(v.Marks), maxValues)
	c.most("view.drills", len(v.Drills), maxVisuals*maxSheets)
	for id, marks := range v.Drills {
		c.most("view.drills."+id, len(marks), 20)
	}
}

// DrawOf answers for a visual of a dashboard as its viewer has set it. The principal must
// be allowed to describe the dashboard, and needs no right on the data set. A view that
// sets what no control sets is Denied.
func (s *Service) DrawOf(ctx context.Context, dashboardID, visualID string, v View) (Answer, error) {
	d, err := s.dashboard(ctx, dashboardID)
	if err != nil {
		return Answer{}, err
	}
	visual, sheet := d.Definition.visual(visualID)
	if visual == nil || visual.Kind == TextBox {
		return Answer{}, lethe.Errorf(lethe.NotFound, "dashboard %q has no visual %q that asks data", d.Name, visualID)
	}
	c := &check{}
	if c.view(&v); c.err() != nil {
		return Answer{}, c.err()
	}
	if err := d.Definition.allows(v, sheet); err != nil {
		return Answer{}, err
	}
	set, err := s.dataSet(ctx, visual.DataSet)
	if lethe.Is(err, lethe.NotFound) {
		return Answer{}, lethe.Errorf(lethe.NotFound, "the data set of this visual was deleted")
	}
	if err != nil {
		return Answer{}, err
	}
	marked := slices.Clone(v.Marks)
	for _, m := range v.Drills[visualID] {
		m.Visual = visualID
		marked = append(marked, m)
	}
	if err := d.Definition.marksGroups(&set, marked); err != nil {
		return Answer{}, err
	}
	return s.draw(ctx, set, visual, d.Definition.filters(visual, sheet), d.Definition.Calculated, d.Definition.concerning(v, &set))
}

// draw answers for a visual under filters of its sheet and a view.
func (s *Service) draw(ctx context.Context, set DataSet, v *Visual, filters []SheetFilter, calculated []AnalysisField, view View) (Answer, error) {
	var own []Field
	for _, f := range calculated {
		if f.DataSet == set.ID {
			own = append(own, f.Field)
		}
	}
	c := &check{}
	if c.calculated("calculated", own); c.err() != nil {
		return Answer{}, c.err()
	}
	return s.answer(ctx, set, func(a *asking) (Query, error) {
		q, err := v.asked(a)
		if err != nil {
			return q, err
		}
		drilled, err := set.drill(&q, view.Drills[v.ID])
		if err != nil {
			return q, err
		}
		q.Filters = slices.Concat(view.set(filters), drilled, marks(view.Marks, v.ID))
		return q, nil
	}, own, view.parameters(&set))
}

// who says for whom a question to a data set is asked.
func (s *Service) who(ctx context.Context, set *DataSet) (who, error) {
	if len(set.Rules) == 0 {
		return who{}, nil
	}
	p := lethe.PrincipalOf(ctx)
	self, err := s.Access.Self(ctx, p)
	if err != nil {
		return who{}, err
	}
	w := who{self: self, arns: []string{p.ARN}}
	for _, g := range self.Groups {
		w.arns = append(w.arns, lethe.IAMARN("group/"+g))
	}
	if rest, ok := strings.CutPrefix(p.ARN, "arn:aws:sts::"+lethe.Account+":assumed-role/"); ok {
		role, _, _ := strings.Cut(rest, "/")
		w.arns = append(w.arns, lethe.IAMARN("role/"+role))
	}
	return w, nil
}

// answer answers a question, which is made when it is known where it is read. An extract
// answers if it may; else the lake does.
func (s *Service) answer(ctx context.Context, set DataSet, make func(*asking) (Query, error), calculated []Field, parameters map[string]string) (Answer, error) {
	began := time.Now()
	viewer, err := s.who(ctx, &set)
	if err != nil {
		return Answer{}, err
	}
	now := s.now()
	place, err := s.place(ctx, &set)
	if err != nil {
		return Answer{}, err
	}
	described := false
	for {
		a, err := newAsking(set, place.from, calculated, parameters, viewer, now)
		if err != nil {
			return Answer{}, err
		}
		if place.from == fromExtract && !a.livesOn() {
			place = live(&set, place.owner)
			continue
		}
		out, err := s.once(ctx, a, place, make)
		if errors.Is(err, errNotHeld) {
			place = live(&set, place.owner)
			continue
		}
		if lethe.Is(err, lethe.Invalid) && place.from == fromSource && !described {
			// The source may have changed since the data set was saved.
			described = true
			changed, gone := s.columns(ctx, &set, place.statement(""))
			if lethe.Is(gone, lethe.Invalid) {
				return Answer{}, lethe.Errorf(lethe.Invalid, "the source of data set %q cannot be read: %w", set.Name, gone).
					WithHint("give it back what it reads, or change the data set's source")
			}
			if gone == nil && changed {
				continue
			}
		}
		if err != nil {
			return Answer{}, err
		}
		out.Took = float64(time.Since(began).Microseconds()) / 1000
		return out, nil
	}
}

// place is where a question is read.
type place struct {
	from  from
	set   *DataSet
	owner lethe.Principal
	as    lethe.Principal // whose permissions count for a live one
	info  ExtractInfo
}

func (p place) statement(sql string) Statement {
	return Statement{SQL: sql, Catalog: p.set.Source.Catalog, Database: p.set.Source.Database, As: p.as}
}

// live is the place of a question that the lake answers.
func live(set *DataSet, owner lethe.Principal) place {
	p := place{from: fromSource, set: set, owner: owner}
	if set.ReadAs == ReadAsOwner {
		p.as = owner
	}
	return p
}

// place finds where a data set is asked for the principal: in its extract, if that holds
// for the principal what it did for the owner.
func (s *Service) place(ctx context.Context, set *DataSet) (place, error) {
	owner, err := s.owner(ctx, set.ID)
	if err != nil {
		return place{}, err
	}
	p := live(set, owner)
	if set.Mode != Extract || s.Extracts == nil {
		return p, nil
	}
	viewer := lethe.PrincipalOf(ctx)
	if viewer.ID != owner.ID || viewer.Session != "" {
		tables, err := s.tables(ctx, set, p, viewer)
		if err != nil {
			return place{}, err
		}
		same, err := s.Asker.SameSight(ctx, viewer, owner, tables)
		if err != nil {
			return place{}, err
		}
		if !same {
			return p, nil
		}
	}
	if p.info, err = s.Extracts.Info(ctx, set.ID); err != nil {
		return place{}, err
	}
	s.asked.answers.renewed(set.ID, p.info.ID) // also of one that was erased
	if p.info.ID == "" {
		return place{}, s.notYet(ctx, set, p.info)
	}
	p.from = fromExtract
	return p, nil
}

// notYet is the error of a data set whose extract was never made.
func (s *Service) notYet(ctx context.Context, set *DataSet, info ExtractInfo) error {
	if info.Running != nil {
		return lethe.Errorf(lethe.Conflict, "data set %q is being imported for the first time", set.Name).WithHint("it can be asked when that is done")
	}
	if last, err := s.Extracts.History(ctx, set.ID, 1); err == nil && len(last) == 1 && last[0].Error != "" {
		return lethe.Errorf(lethe.Conflict, "data set %q could not be imported: %s", set.Name, last[0].Error).WithHint("mend it and refresh it, or make it live")
	}
	return lethe.Errorf(lethe.Conflict, "data set %q has not been imported yet", set.Name).WithHint("refresh it, or make it live")
}

// tables returns the tables that a data set reads. Where the viewer's permissions count,
// the viewer must be allowed to read them: this is looked up each time.
func (s *Service) tables(ctx context.Context, set *DataSet, p place, viewer lethe.Principal) ([]TableName, error) {
	known := &s.asked.sources
	if set.ReadAs == ReadAsOwner {
		known.mu.Lock()
		t, ok := known.of[set.ID]
		known.mu.Unlock()
		if ok && t.revision == set.Revision {
			return t.tables, nil
		}
	}
	_, tables, err := s.describe(ctx, set, p.statement(""))
	if err != nil {
		return nil, err
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	if known.of == nil || len(known.of) > 1000 {
		known.of = map[string]sourceTables{}
	}
	known.of[set.ID] = sourceTables{set.Revision, tables}
	return tables, nil
}

// once compiles a question and asks it.
func (s *Service) once(ctx context.Context, a *asking, p place, make func(*asking) (Query, error)) (Answer, error) {
	q, err := make(a)
	if err != nil {
		return Answer{}, err
	}
	widths, err := s.widths(ctx, a, p, q)
	if err != nil {
		return Answer{}, err
	}
	c, err := compile(a, q, widths)
	if err != nil {
		return Answer{}, err
	}
	if p.from == fromExtract && !a.heldBy(p.info.Columns) {
		return Answer{}, errNotHeld
	}
	f, cached, err := s.find(ctx, p, c.sql, c.limit)
	if err != nil {
		return Answer{}, err
	}
	return shape(c, f, p, cached)
}

// errNotHeld says that an extract lacks a field that the question reads. It was made before
// the data set was changed, and answers other questions until another is made.
var errNotHeld = errors.New("the extract is of an earlier revision")

// heldBy reports whether an extract with these columns has the fields that are wanted.
func (a *asking) heldBy(columns []Column) bool {
	if columns == nil {
		return true
	}
	types := map[string]Type{}
	for _, c := range columns {
		types[strings.ToLower(c.Name)] = TypeOf(c.Type)
	}
	for name := range a.need {
		if k := a.known[name]; k.inExtract() && types[name] != k.typ {
			return false
		}
	}
	return true
}

// widths finds those of bins of which a number is asked for: one question more.
func (s *Service) widths(ctx context.Context, a *asking, p place, q Query) (map[int]float64, error) {
	widths := map[int]float64{}
	for i, by := range q.Dimensions {
		if by.Bins == 0 {
			continue
		}
		k, err := a.field(by.Field)
		if err != nil {
			return nil, err
		}
		if by.Bins < 0 || by.Bins > maxParts {
			return nil, lethe.Errorf(lethe.Invalid, "field %q: %d bins are not between 1 and %d", k.Name, by.Bins, maxParts)
		}
		ends := Query{Measures: []Of{{k.Name, Minimum}, {k.Name, Maximum}}, Filters: slices.DeleteFunc(slices.Clone(q.Filters), func(f Filter) bool { return f.Aggregation != "" }), Limit: 1}
		if !k.typ.numeric() || k.Aggregate {
			return nil, lethe.Errorf(lethe.Invalid, "field %q is %s; only numbers are cut into bins", k.Name, k.typ)
		}
		c, err := compile(a, ends, nil)
		if err != nil {
			return nil, err
		}
		if p.from == fromExtract && !a.heldBy(p.info.Columns) {
			return nil, errNotHeld
		}
		f, _, err := s.find(ctx, p, c.sql, 1)
		if err != nil {
			return nil, err
		}
		var low, high float64
		if f.N > 0 && len(f.Columns) == 2 {
			low, high = float(f.Columns[0].Values[0]), float(f.Columns[1].Values[0])
		}
		widths[i] = roundWidth(low, high, by.Bins, k.typ == Integer)
	}
	return widths, nil
}

// float is a value as a number; 0 of what is none.
func float(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	case string:
		n, _ := strconv.ParseFloat(v, 64)
		return n
	}
	return 0
}

// find asks a statement where it is read. Answers of extracts are kept; equal questions
// that are under way are asked once.
func (s *Service) find(ctx context.Context, p place, sql string, limit int) (f found, cached bool, err error) {
	if p.from == fromSource {
		viewer := lethe.PrincipalOf(ctx)
		key := strings.Join([]string{"live", viewer.ID, viewer.Session, p.as.ID, p.set.Source.Catalog, p.set.Source.Database, strconv.Itoa(limit), sql}, "\x00")
		f, err = s.asked.flights.do(ctx, key, func(ctx context.Context) (found, error) {
			at := s.now()
			st := p.statement(sql)
			st.Limit = limit + 1
			rows, err := s.Asker.Ask(ctx, st)
			return found{rows, at}, err
		})
		return f, false, p.unread(err)
	}
	key := answerKey{set: p.set.ID, extract: p.info.ID, revision: p.set.Revision, sql: sql, limit: limit}
	lasting := sameEachTime(sql)
	if f, ok := s.asked.answers.get(key); ok && lasting {
		return f, true, nil
	}
	f, err = s.asked.flights.do(ctx, fmt.Sprintf("extract\x00%s\x00%s\x00%d\x00%s", p.set.ID, p.info.ID, limit, sql), func(ctx context.Context) (found, error) {
		over, err := s.asked.turns.take(ctx, p.set.ID, lethe.PrincipalOf(ctx).ID)
		if err != nil {
			return found{}, err
		}
		defer over()
		rows, asOf, err := s.Extracts.Ask(ctx, p.set.ID, sql, limit+1)
		f := found{rows, asOf}
		if err == nil && lasting && asOf.Equal(p.info.AsOf) {
			s.asked.answers.put(key, f)
		}
		return f, err
	})
	if lethe.Is(err, lethe.NotFound) {
		err = lethe.Errorf(lethe.Conflict, "the extract of data set %q is gone: %w", p.set.Name, err).WithHint("it is being made again, or refresh it")
	}
	return f, false, err
}

// unread says of an error which data set cannot be read, and where to look. A draft has no name.
func (p place) unread(err error) error {
	switch k := lethe.KindOf(err); {
	case err == nil || p.set.Name == "":
		return err
	case k == lethe.Invalid || k == lethe.Syntax || k == lethe.NotFound || k == lethe.BadData:
		out := lethe.Errorf(k, "data set %q cannot be read: %w", p.set.Name, err)
		if inner, ok := errors.AsType[*lethe.Error](err); !ok || inner.Hint == "" {
			out = out.WithHint("its preview shows what is wrong; who owns it can mend it")
		}
		return out
	}
	return err
}

// sameEachTime reports whether a statement answers the same as long as the data does.
func sameEachTime(sql string) bool {
	for _, t := range trinosql.Lex(sql, false) {
		if t.Kind == trinosql.Ident && changing[t.Up] {
			return false
		}
	}
	return true
}

// changing are the names of functions whose values are others each time.
var changing = map[string]bool{"CURRENT_DATE": true, "CURRENT_TIME": true, "CURRENT_TIMESTAMP": true, "LOCALTIME": true, "LOCALTIMESTAMP": true,
	"NOW": true, "RANDOM": true, "RAND": true, "UUID": true, "SHUFFLE": true}

// shape makes the answer of what was found.
func shape(c compiled, f found, p place, cached bool) (Answer, error) {
	want := len(c.columns)
	if c.others {
		want++
	}
	if len(f.Columns) != want {
		return Answer{}, fmt.Errorf("a statement of %d columns was answered by %d", want, len(f.Columns))
	}
	out := Answer{Rows: f.N, More: f.More, Warnings: c.warnings, SQL: c.sql, From: Live, AsOf: f.asOf, Cached: cached, Columns: []AnswerColumn{}}
	if p.from == fromExtract {
		out.From = Extract
	}
	most := c.limit
	if c.others {
		if last := f.Columns[want-1].Values; f.N > 0 && last[f.N-1] == true {
			out.Others = true
			most++
		}
	}
	if out.Rows > most {
		out.Rows, out.More = most, true
	}
	for i, col := range c.columns {
		x := AnswerColumn{Name: col.name, Type: f.Columns[i].Type, Bin: col.bin, Values: []any{}}
		for _, v := range f.Columns[i].Values[:out.Rows] {
			x.Values = append(x.Values, jsonValue(v, col.bin))
		}
		out.Columns = append(out.Columns, x)
	}
	return out, nil
}

// jsonValue is a value as an answer has it: an integer that a client's number does not
// hold is text, and a bin begins where it is said to.
func jsonValue(v any, bin float64) any {
	const exact = 1 << 53
	switch v := v.(type) {
	case int64:
		if v > exact || v < -exact {
			return strconv.FormatInt(v, 10)
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		if bin > 0 {
			n, _ := strconv.ParseFloat(strconv.FormatFloat(math.Round(v/bin)*bin, 'g', 12, 64), 64)
			return n
		}
	}
	return v
}
