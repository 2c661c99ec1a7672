package console_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"lethe"
)

type execution struct {
	ID       string
	State    string
	Final    bool
	Rows     int64
	Progress float64
	Columns  []struct{ Name, Type string }
	Failure  struct {
		Message      string
		Line, Column int
	}
}

type rows struct {
	Columns []struct{ Name, Type string }
	Rows    [][]*string
	Row     *int64
	Next    string
}

func TestQueryToItsResult(t *testing.T) {
	c := serve(t).as("admin")
	id := c.start("SELECT * FROM t LIMIT 2500")
	e := decode[execution](c, c.do("GET", "/api/v1/queries/"+id, ""))
	if !e.Final || e.State != "SUCCEEDED" || e.Rows != 2500 || e.Columns[1].Name != "country" {
		t.Errorf("%+v", e)
	}

	// By token, from the first to the last row, without the line of names.
	var all [][]*string
	for after := ""; ; {
		p := decode[rows](c, c.do("GET", "/api/v1/queries/"+id+"/results?limit=1000&after="+after, ""))
		all = append(all, p.Rows...)
		if after = p.Next; after == "" {
			break
		}
	}
	if len(all) != 2500 || *all[0][5] != "0" || *all[2499][5] != "2499" {
		t.Errorf("%d rows", len(all))
	}
	if all[1][0] != nil || *all[0][0] != "Province 0" {
		t.Error("null is not null")
	}

	// By number, as a scrolled grid reads them.
	p := decode[rows](c, c.do("GET", "/api/v1/queries/"+id+"/results?row=2400&limit=500", ""))
	if len(p.Rows) != 100 || *p.Rows[0][5] != "2400" || p.Row == nil || *p.Row != 2400 {
		t.Errorf("%d rows from %v", len(p.Rows), p.Row)
	}
	past := c.do("GET", "/api/v1/queries/"+id+"/results?row=9999", "")
	if !strings.Contains(past.body, `"rows":[]`) {
		t.Errorf("past the end: %s", past.body)
	}
}

func TestResultDownload(t *testing.T) {
	c := serve(t).as("admin")
	a := c.do("GET", "/api/v1/queries/"+c.start("SELECT 1")+"/result.csv", "")
	c.want(a, http.StatusOK)
	if d := a.res.Header.Get("Content-Disposition"); d != `attachment; filename=out.csv` {
		t.Errorf("Content-Disposition %s", d)
	}
	if _, err := csv.NewReader(strings.NewReader(a.body)).ReadAll(); err != nil {
		t.Error(err)
	}
}

func TestStatementThatDoesNotParse(t *testing.T) {
	c := serve(t).as("admin")
	a := c.do("POST", "/api/v1/queries", `{"statement":"SELECT 1\nFORM t"}`)
	message, hint := c.problem(a, http.StatusBadRequest, lethe.Syntax)
	p := decode[struct{ Error struct{ Line, Column int } }](c, a)
	if p.Error.Line != 2 || p.Error.Column != 1 || message == "" || hint == "" {
		t.Errorf("%s", a.body)
	}
}

func TestFailureTellsItsPlace(t *testing.T) {
	c := serve(t).as("admin")
	id := c.start("SELECT 1,\n fail")
	e := decode[execution](c, c.do("GET", "/api/v1/queries/"+id, ""))
	if e.State != "FAILED" || e.Failure.Line != 2 || e.Failure.Column != 8 {
		t.Errorf("%+v", e)
	}
	c.problem(c.do("GET", "/api/v1/queries/"+id+"/results", ""), http.StatusConflict, lethe.Conflict)
	c.problem(c.do("GET", "/api/v1/queries/"+id+"/result.csv", ""), http.StatusConflict, lethe.Conflict)
}

func TestWaitEndsWithTheQueryOrItsTime(t *testing.T) {
	c := serve(t).as("admin")
	id := c.start("SELECT slow")
	e := decode[execution](c, c.do("GET", "/api/v1/queries/"+id+"?wait_ms=20", ""))
	if e.Final || e.Progress != 0.3 {
		t.Errorf("while it runs: %+v", e)
	}
	ended := make(chan execution)
	go func() { ended <- decode[execution](c, c.do("GET", "/api/v1/queries/"+id+"?wait_ms=20000", "")) }()
	c.want(c.do("POST", "/api/v1/queries/"+id+"/stop", ""), http.StatusOK)
	if e := <-ended; e.State != "CANCELLED" {
		t.Errorf("after the stop: %+v", e)
	}
}

func TestHistoryIsPagedFromTheLatest(t *testing.T) {
	c := serve(t).as("admin")
	for i := range 7 {
		c.start(fmt.Sprint("SELECT ", i))
	}
	var got []string
	for after := ""; ; {
		p := decode[struct {
			Queries []struct{ ID, Statement string }
			Next    string
		}](c, c.do("GET", "/api/v1/queries?limit=3&after="+after, ""))
		for _, q := range p.Queries {
			got = append(got, q.Statement)
		}
		if after = p.Next; after == "" {
			break
		}
	}
	if len(got) != 7 {
		t.Errorf("%q", got)
	}
}
