package console

import (
	"context"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"time"

	"lethe"
	"lethe/query"
)

type executionJSON struct {
	ID         string       `json:"id"`
	Statement  string       `json:"statement"`
	Catalog    string       `json:"catalog"`
	Database   string       `json:"database"`
	Workgroup  string       `json:"workgroup"`
	Type       string       `json:"type"`
	Subtype    string       `json:"subtype"`
	Principal  string       `json:"principal"`
	State      query.State  `json:"state"`
	Final      bool         `json:"final"`
	Reason     string       `json:"reason,omitempty"`
	Failure    *failureJSON `json:"failure,omitempty"`
	Output     string       `json:"output,omitempty"`
	Columns    []columnJSON `json:"columns"`
	Rows       int64        `json:"rows"`
	Progress   float64      `json:"progress"` // -1 where the engine does not know
	Submitted  time.Time    `json:"submitted"`
	Completed  *time.Time   `json:"completed,omitempty"`
	Statistics statsJSON    `json:"statistics"`
}

type failureJSON struct {
	Message   string `json:"message"`
	Category  int    `json:"category"`
	Type      int    `json:"type"`
	Retryable bool   `json:"retryable"`
	// Line and Column of the statement, from 1; 0 if no place is known.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

type columnJSON struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	Precision int    `json:"precision,omitempty"`
	Scale     int    `json:"scale,omitempty"`
}

type statsJSON struct {
	ScannedBytes int64 `json:"scanned_bytes"`
	ResultBytes  int64 `json:"result_bytes"`
	QueueMS      int64 `json:"queue_ms"`
	PlanningMS   int64 `json:"planning_ms"`
	EngineMS     int64 `json:"engine_ms"`
	ServiceMS    int64 `json:"service_ms"`
	TotalMS      int64 `json:"total_ms"`
}

func executionOf(e query.Execution) executionJSON {
	out := executionJSON{
		ID: e.ID, Statement: e.Request.Statement, Catalog: e.Request.Catalog, Database: e.Request.Database,
		Workgroup: e.Request.Workgroup, Type: e.Type, Subtype: e.Subtype, Principal: e.Principal,
		State: e.State, Final: e.State.Final(), Reason: e.Reason, Output: e.Output,
		Columns: columnsOf(e.Columns), Rows: e.Rows, Progress: e.Progress, Submitted: e.Submitted,
		Statistics: statsJSON{
			ScannedBytes: e.Statistics.ScannedBytes, ResultBytes: e.Statistics.ResultBytes,
			QueueMS: e.Statistics.Queue.Milliseconds(), PlanningMS: e.Statistics.Planning.Milliseconds(),
			EngineMS: e.Statistics.Engine.Milliseconds(), ServiceMS: e.Statistics.Service.Milliseconds(),
			TotalMS: e.Statistics.Total.Milliseconds(),
		},
	}
	if !e.Completed.IsZero() {
		out.Completed = &e.Completed
	}
	if e.Error != nil {
		f := &failureJSON{Message: e.Error.Message, Category: e.Error.Category, Type: e.Error.Type, Retryable: e.Error.Retryable}
		f.Line, f.Column = place(e.Error.Message)
		out.Failure = f
	}
	return out
}

func columnsOf(cs []query.Column) []columnJSON {
	out := make([]columnJSON, len(cs))
	for i, c := range cs {
		out[i] = columnJSON(c)
	}
	return out
}

var placePattern = regexp.MustCompile(`(?i)\bline (\d+):(\d+)`)

// place finds "line 3:14", as Trino words it, in an error's message.
func place(message string) (line, column int) {
	m := placePattern.FindStringSubmatch(message)
	if m == nil {
		return 0, 0
	}
	line, err1 := strconv.Atoi(m[1])
	column, err2 := strconv.Atoi(m[2])
	if err1 != nil || err2 != nil { // too many digits for a place
		return 0, 0
	}
	return line, column
}

// workgroup names the resource of a workgroup, or of all.
func (s *server) workgroup(name string) string { return lethe.WorkgroupARN(s.Region, name) }

func (s *server) startQuery(c *call) ([]need, func() error, error) {
	var in struct {
		Statement  string   `json:"statement"`
		Catalog    string   `json:"catalog"`
		Database   string   `json:"database"`
		Workgroup  string   `json:"workgroup"`
		Output     string   `json:"output"`
		Parameters []string `json:"parameters"`
		Token      string   `json:"token"`
	}
	if err := decode(c.w, c.r, &in); err != nil {
		return nil, nil, err
	}
	if in.Workgroup == "" {
		in.Workgroup = "primary"
	}
	return []need{{"athena:StartQueryExecution", s.workgroup(in.Workgroup)}}, func() error {
		id, err := s.Queries.Start(c.r.Context(), query.Request(in))
		if err != nil {
			return err
		}
		e, err := s.Queries.Get(c.r.Context(), id)
		if err != nil {
			return err
		}
		c.w.Header().Set("Location", "/api/v1/queries/"+id)
		return reply(c.w, http.StatusCreated, executionOf(e))
	}, nil
}

func (s *server) listQueries(c *call) ([]need, func() error, error) {
	limit, err := c.number("limit", 50, 1, 200)
	if err != nil {
		return nil, nil, err
	}
	wg := c.query("workgroup")
	if wg == "" {
		wg = "primary"
	}
	needs := []need{{"athena:ListQueryExecutions", s.workgroup(wg)}, {"athena:BatchGetQueryExecution", s.workgroup(wg)}}
	return needs, func() error {
		ids, next, err := s.Queries.List(c.r.Context(), wg, c.query("after"), int(limit))
		if err != nil {
			return err
		}
		out := struct {
			Queries []executionJSON `json:"queries"`
			Next    string          `json:"next,omitempty"`
		}{make([]executionJSON, 0, len(ids)), next}
		for _, id := range ids {
			e, err := s.Queries.Get(c.r.Context(), id)
			if lethe.Is(err, lethe.NotFound) {
				continue // forgotten since it was listed
			}
			if err != nil {
				return err
			}
			out.Queries = append(out.Queries, executionOf(e))
		}
		return reply(c.w, http.StatusOK, out)
	}, nil
}

// execution finds the execution of a path and what the call needs. One that is
// missing needs the action on every workgroup, so that only those who may see
// all of them learn that it is missing.
func (s *server) execution(c *call, action string) (query.Execution, []need, error) {
	e, err := s.Queries.Get(c.r.Context(), c.path("id"))
	if err != nil {
		if lethe.Is(err, lethe.NotFound) {
			if denied := s.Access.Decide(c.r.Context(), c.principal, action, s.workgroup("*")); denied != nil {
				err = denied
			}
		}
		return e, nil, err
	}
	return e, []need{{action, s.workgroup(e.Request.Workgroup)}}, nil
}

// getQuery answers an execution; with wait_ms, when it is final or that time has gone.
func (s *server) getQuery(c *call) ([]need, func() error, error) {
	wait, err := c.number("wait_ms", 0, 0, 20_000)
	if err != nil {
		return nil, nil, err
	}
	e, needs, err := s.execution(c, "athena:GetQueryExecution")
	return needs, func() error {
		if wait > 0 && !e.State.Final() {
			ctx, cancel := context.WithTimeout(c.r.Context(), time.Duration(wait)*time.Millisecond)
			defer cancel()
			final, err := s.Queries.Wait(ctx, e.ID)
			if err != nil && ctx.Err() != nil {
				final, err = s.Queries.Get(c.r.Context(), e.ID)
			}
			if err != nil {
				return err
			}
			e = final
		}
		return reply(c.w, http.StatusOK, executionOf(e))
	}, err
}

func (s *server) stopQuery(c *call) ([]need, func() error, error) {
	e, needs, err := s.execution(c, "athena:StopQueryExecution")
	return needs, func() error {
		if err := s.Queries.Stop(c.r.Context(), e.ID); err != nil {
			return err
		}
		e, err := s.Queries.Get(c.r.Context(), e.ID)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, executionOf(e))
	}, err
}

type rowsJSON struct {
	Columns []columnJSON `json:"columns"`
	Rows    [][]*string  `json:"rows"`
	// Row is the number of the first row, where the request asked by number.
	Row  *int64 `json:"row,omitempty"`
	Next string `json:"next,omitempty"`
}

// getResults answers rows by number, as a grid that is scrolled needs them, or
// by token, as a script that reads all of them does.
func (s *server) getResults(c *call) ([]need, func() error, error) {
	limit, err := c.number("limit", 1000, 1, 5000)
	if err != nil {
		return nil, nil, err
	}
	row, err := c.number("row", -1, 0, 1<<53)
	if err != nil {
		return nil, nil, err
	}
	e, needs, err := s.execution(c, "athena:GetQueryResults")
	return needs, func() error {
		if e.State != query.Succeeded {
			return lethe.Errorf(lethe.Conflict, "query %s is %s and has no result", e.ID, e.State).
				WithHint("a result can be read once the query has SUCCEEDED")
		}
		if row >= 0 {
			p, err := s.Queries.ResultsAt(c.r.Context(), e.ID, row, int(limit))
			if err != nil {
				return err
			}
			return reply(c.w, http.StatusOK, rowsJSON{columnsOf(p.Columns), rows(p.Rows), &row, ""})
		}
		p, err := s.Queries.Results(c.r.Context(), e.ID, c.query("after"), int(limit))
		if err != nil {
			return err
		}
		// Athena's first page begins with the names, which Columns has already.
		if c.query("after") == "" && namesFirst(p) {
			p.Rows = p.Rows[1:]
		}
		return reply(c.w, http.StatusOK, rowsJSON{columnsOf(p.Columns), rows(p.Rows), nil, p.Next})
	}, err
}

// rows makes JSON's [] of no rows.
func rows(rs [][]*string) [][]*string {
	if rs == nil {
		return [][]*string{}
	}
	return rs
}

func namesFirst(p query.Page) bool {
	if len(p.Rows) == 0 || len(p.Rows[0]) != len(p.Columns) {
		return false
	}
	for i, v := range p.Rows[0] {
		if v == nil || *v != p.Columns[i].Name {
			return false
		}
	}
	return true
}

func (s *server) downloadResult(c *call) ([]need, func() error, error) {
	e, needs, err := s.execution(c, "athena:GetQueryResults")
	if err != nil {
		return nil, nil, err
	}
	if e.State != query.Succeeded || e.Output == "" {
		return needs, func() error {
			return lethe.Errorf(lethe.Conflict, "query %s is %s and has no result file", e.ID, e.State)
		}, nil
	}
	at, err := lethe.ParseLocation(e.Output)
	if err != nil {
		return nil, nil, err
	}
	needs = append(needs, need{"s3:GetObject", lethe.ObjectARN(at.Bucket, at.Key)})
	return needs, func() error { return s.download(c, at.Bucket, at.Key, path.Base(at.Key)) }, nil
}

// attachment is a Content-Disposition under which browsers save and never show.
func attachment(name string) string {
	if v := mime.FormatMediaType("attachment", map[string]string{"filename": name}); v != "" {
		return v
	}
	return "attachment"
}

func (s *server) listWorkgroups(c *call) ([]need, func() error, error) {
	type workgroupJSON struct {
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
		Disabled    bool   `json:"disabled"`
		Output      string `json:"output,omitempty"`
		Enforce     bool   `json:"enforce"`
		ScanLimit   int64  `json:"scan_limit,omitempty"`
	}
	return []need{{"athena:ListWorkGroups", "*"}}, func() error {
		wgs, err := s.Queries.Workgroups(c.r.Context())
		if err != nil {
			return err
		}
		out := make([]workgroupJSON, len(wgs))
		for i, w := range wgs {
			out[i] = workgroupJSON{w.Name, w.Description, w.Disabled, w.Output, w.Enforce, w.ScanLimit}
		}
		return reply(c.w, http.StatusOK, map[string]any{"workgroups": out})
	}, nil
}
