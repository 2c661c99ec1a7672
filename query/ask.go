package query

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"lethe"
	"lethe/access"
	"lethe/lib/trinosql"
)

// Question is a SELECT that is answered at once: no execution is kept and no object
// is written.
type Question struct {
	SQL string
	// Catalog and Database are where unqualified names are; "" means what it means for
	// a Request.
	Catalog, Database string
	// As is whose permissions count; the zero Principal is the one of the context. What
	// rules leave of a table is narrowed by both.
	As lethe.Principal
	// Limit is how many rows are returned at most, DefaultAnswer if 0.
	Limit int
}

// Bounds of an answer's rows.
const (
	DefaultAnswer = 10_000
	MaxAnswer     = 100_000
)

// Reply is what a question found, in columns.
type Reply struct {
	Columns []Column
	// Values are, for each column, those of its rows: nil, bool, int64, float64, or
	// text. Dates are as 2020-09-10, timestamps as 2020-09-10T12:00:00.000, those with a
	// zone in UTC; NaN and infinities are nil.
	Values [][]any
	Rows   int
	// More says that the limit left out rows.
	More bool
}

// Outline is what is known of a question before it is answered.
type Outline struct {
	Columns []OutlineColumn
	Tables  []trinosql.TableName // each once, in the order of the text
}

// OutlineColumn is a column of an answer, its type as Athena writes it in DDL, as
// decimal(10,2).
type OutlineColumn struct{ Name, Type string }

// Ask answers a question. Tables are resolved, permissions and rules decided, and
// bytes limited as for executions in the workgroup primary, and it waits for a slot
// like them. Ending ctx ends it. Errors are those of executions: Syntax or Unsupported
// for what does not parse, Invalid, with a place, for what does not fit the tables.
func (s *Service) Ask(ctx context.Context, q Question) (Reply, error) {
	switch {
	case q.Limit == 0:
		q.Limit = DefaultAnswer
	case q.Limit < 0 || q.Limit > MaxAnswer:
		return Reply{}, lethe.Errorf(lethe.Invalid, "a limit of %d rows is not between 1 and %d", q.Limit, MaxAnswer)
	}
	stmt, err := question(q)
	if err != nil {
		return Reply{}, err
	}
	atMost(stmt.Q, q.Limit+1)
	var reply Reply
	err = s.atWork(ctx, func(ctx context.Context, r *run) (err error) {
		reply, err = s.reply(ctx, r, q, stmt)
		return err
	})
	return reply, answerable(err)
}

// atWork does what a question asks for, unless questions are not answered now: Close ends it and waits,
// and it ends when the time of a query is over.
func (s *Service) atWork(ctx context.Context, f func(ctx context.Context, r *run) error) error {
	w, err := s.Workgroup(ctx, Primary)
	if err != nil {
		return err
	}
	if w.Disabled {
		return lethe.Errorf(lethe.Invalid, "WorkGroup %s is disabled.", w.Name)
	}
	work, cancel := context.WithCancelCause(ctx)
	x := Execution{ID: lethe.NewOrderedID(), State: Queued, Submitted: time.Now().UTC(), Progress: -1}
	r := &run{x: x, cancel: cancel, done: make(chan struct{})}
	if err := s.register(r); err != nil { // so that Close ends it and waits
		cancel(nil)
		return err
	}
	defer s.unregister(r)
	if s.Timeout > 0 {
		var stop context.CancelFunc
		work, stop = context.WithTimeoutCause(work, s.Timeout, lethe.Errorf(lethe.Exhausted, "Query timeout: the query ran longer than %v", s.Timeout))
		defer stop()
	}
	err = f(work, r)
	if cause := context.Cause(work); err != nil && cause != nil {
		err = cause
	}
	return err
}

// Outline checks a question and does not answer it.
func (s *Service) Outline(ctx context.Context, q Question) (Outline, error) {
	stmt, err := question(q)
	if err != nil {
		return Outline{}, err
	}
	a, err := s.asker(ctx, &q).analyze(q.context(ctx), stmt, time.Now())
	if err != nil {
		return Outline{}, answerable(err)
	}
	o := Outline{}
	for _, c := range a.Output {
		o.Columns = append(o.Columns, OutlineColumn{c.Name, c.Type.String()})
	}
	seen := map[trinosql.TableName]bool{}
	for _, use := range a.Tables {
		if t := use.Schema.TableName; !seen[t] {
			seen[t] = true
			o.Tables = append(o.Tables, t)
		}
	}
	return o, nil
}

// SameSight reports whether two principals see the same of tables, because rules
// narrow none of them for either.
func (s *Service) SameSight(ctx context.Context, a, b lethe.Principal, tables []trinosql.TableName) (bool, error) {
	sights, ok := s.Access.(access.Sights)
	if !ok {
		return true, nil
	}
	for _, t := range tables {
		own, err := s.own(ctx, t.Catalog)
		if err != nil {
			return false, err
		}
		for _, p := range []lethe.Principal{a, b} {
			if !own {
				break
			}
			sight, err := sights.TableSight(ctx, p, access.TableName{Catalog: lethe.DefaultCatalog, Database: t.Database, Table: t.Table})
			if err != nil || !sight.Whole {
				return false, err
			}
		}
	}
	return true, nil
}

// own reports whether a data catalog shows the lake's own tables, which have rules.
func (s *Service) own(ctx context.Context, name string) (bool, error) {
	if name == "" || strings.EqualFold(name, lethe.DefaultCatalog) {
		return true, nil
	}
	d, err := s.DataCatalog(ctx, name)
	if err != nil {
		return false, err
	}
	function, ok := strings.CutPrefix(d.Parameters[MetadataFunction], lethe.FunctionARN(s.Region, ""))
	if !ok {
		return false, nil
	}
	c, err := s.Connector(ctx, function)
	return len(c.URIs) == 0, err
}

// question parses what is asked. Only a query is.
func question(q Question) (*trinosql.QueryStmt, error) {
	stmt, err := trinosql.Parse(q.SQL)
	if err != nil {
		return nil, syntax(err)
	}
	query, ok := stmt.(*trinosql.QueryStmt)
	if !ok {
		return nil, lethe.Errorf(lethe.Invalid, "only a SELECT can be asked")
	}
	return query, nil
}

// atMost bounds the rows of a query, unless it does so itself.
func atMost(q *trinosql.Query, rows int) {
	if l, ok := q.Limit.(*trinosql.Literal); ok && l.Kind == trinosql.IntegerLiteral {
		if n, err := strconv.ParseInt(l.Val, 10, 64); err == nil && n <= int64(rows) {
			return
		}
	} else if q.Limit != nil || q.WithTies {
		return // what it asks for is bounded where it is read
	}
	q.Limit = &trinosql.Literal{Kind: trinosql.IntegerLiteral, Val: strconv.Itoa(rows)}
}

// context is ctx for the principal whose permissions count. What is read for somebody
// is the lake's own work, as it is for executions: what is known of the request does
// not decide.
func (q *Question) context(ctx context.Context) context.Context {
	who := q.As
	if who.Zero() {
		who = lethe.PrincipalOf(ctx)
	}
	return access.Onward(lethe.WithPrincipal(ctx, who), ctx)
}

func (s *Service) asker(ctx context.Context, q *Question) *executor {
	e := &executor{Service: s, request: Request{Catalog: q.Catalog, Database: q.Database, Workgroup: Primary}}
	if p := lethe.PrincipalOf(ctx); !q.As.Zero() && p != q.As {
		e.viewer = &p
	}
	return e
}

// reply answers a question that parses.
func (s *Service) reply(ctx context.Context, r *run, q Question, stmt *trinosql.QueryStmt) (reply Reply, err error) {
	err = s.planned(ctx, r, q, stmt, func(ctx context.Context, e *executor, a *trinosql.Analysis, began time.Time) error {
		result, _, err := e.answer(ctx, r.snapshot(), a, began)
		if err != nil {
			return err
		}
		defer func() { _ = result.Close() }() // what it would tell, the engine logs
		reply, err = readReply(result, q.Limit)
		return err
	})
	return reply, err
}

// planned does something with a question that parses, once there is a slot for it.
func (s *Service) planned(ctx context.Context, r *run, q Question, stmt *trinosql.QueryStmt, do func(context.Context, *executor, *trinosql.Analysis, time.Time) error) error {
	e := s.asker(ctx, &q)
	e.run = r
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	began := e.start()
	ctx = q.context(ctx)
	a, err := e.analyze(ctx, stmt, began)
	if err != nil {
		return err
	}
	err = do(ctx, e, a, began)
	if dropped := e.dropTaken(); err == nil && dropped != nil {
		e.Log.Warn("a query's copy of records is left", "id", r.x.ID, "error", dropped)
	}
	return err
}

// readReply reads at most limit rows of a result.
func readReply(result Result, limit int) (Reply, error) {
	p := Reply{Columns: result.Columns, Values: make([][]any, len(result.Columns))}
	add := p.adder()
	first := true
	var bad error
	err := eachRow(result, func(row []*string) bool {
		switch {
		case first: // the line of names
			first = false
		case p.Rows == limit:
			p.More = true
			return false
		default:
			bad = add(row)
		}
		return bad == nil
	})
	return p, errors.Join(bad, err)
}

// eachRow calls f with the rows of a result, the line of names first, until f returns false.
func eachRow(result Result, f func(row []*string) bool) error {
	file, err := os.Open(result.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	r := &rowReader{r: bufio.NewReaderSize(file, 64<<10), columns: max(1, len(result.Columns))}
	for {
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !f(row) {
			return nil
		}
	}
}

// adder returns what adds a row, of values as Athena writes them.
func (p *Reply) adder() func(row []*string) error {
	read := make([]func(string) (any, error), len(p.Columns))
	for i, c := range p.Columns {
		read[i] = reader(c.Type)
	}
	return func(row []*string) (err error) {
		p.Rows++
		for i, text := range row {
			var v any
			if text != nil {
				if v, err = read[i](*text); err != nil {
					return fmt.Errorf("column %s of type %s: %w", p.Columns[i].Name, p.Columns[i].Type, err)
				}
			}
			p.Values[i] = append(p.Values[i], v)
		}
		return nil
	}
}

// reader returns how a value of a type of a result is read.
func reader(typ string) func(string) (any, error) {
	base, _, _ := strings.Cut(typ, "(")
	switch base {
	case "boolean":
		return func(s string) (any, error) { return strconv.ParseBool(s) }
	case "tinyint", "smallint", "integer", "int", "bigint":
		return func(s string) (any, error) { return strconv.ParseInt(s, 10, 64) }
	case "real", "float", "double", "decimal":
		return func(s string) (any, error) {
			v, err := strconv.ParseFloat(s, 64)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, nil
			}
			return v, err
		}
	case "timestamp", "timestamp with time zone":
		if strings.HasSuffix(typ, "with time zone") {
			return zonedTime
		}
		return func(s string) (any, error) { return strings.Replace(s, " ", "T", 1), nil }
	}
	return func(s string) (any, error) { return s, nil }
}

// zonedTime reads 2020-09-10 12:00:00.000 Europe/Rome, in UTC.
func zonedTime(s string) (any, error) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return s, nil
	}
	zone := s[i+1:]
	if zone == "UTC" {
		return strings.Replace(s[:i], " ", "T", 1), nil
	}
	if t, err := time.Parse("2006-01-02 15:04:05.999 -07:00", s); err == nil {
		return t.UTC().Format("2006-01-02T15:04:05.000"), nil
	}
	l, err := time.LoadLocation(zone)
	if err != nil {
		return s, nil
	}
	t, err := time.ParseInLocation("2006-01-02 15:04:05.999", s[:i], l)
	if err != nil {
		return s, nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000"), nil
}

// answerable makes of an error of an execution one for who asked.
func answerable(err error) error {
	var te *trinosql.Error
	if !errors.As(err, &te) {
		return err
	}
	kind := lethe.KindOf(err)
	switch {
	case te.Code == trinosql.NotSupported:
		kind = lethe.Unsupported
	case kind == lethe.Internal || kind == lethe.NotFound:
		kind = lethe.Invalid
	}
	return &lethe.Error{Kind: kind, Message: message(err), Cause: err}
}
