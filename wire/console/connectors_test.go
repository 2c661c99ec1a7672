package console_test

import (
	"net/http"
	"strings"
	"testing"

	"lethe"
)

func TestConnectors(t *testing.T) {
	c := serve(t).as("admin")
	a := c.do("GET", "/api/v1/connectors", "")
	c.want(a, http.StatusOK)
	for _, part := range []string{`"arn":"` + lethe.FunctionARN(lethe.DefaultRegion, "old-metastore"), `"last_error":"connection refused"`, `"good":false`} {
		if !strings.Contains(a.body, part) {
			t.Errorf("%s lacks %s", a.body, part)
		}
	}
	c.want(c.do("PUT", "/api/v1/connectors/two", `{"uris":["thrift://a:9083","thrift://b"]}`), http.StatusOK)
	c.want(c.do("PUT", "/api/v1/connectors/own", `{}`), http.StatusOK)
	for _, body := range []string{`{"uris":["http://a:9083"]}`, `{"uris":[""]}`, `{"uris":["thrift://a,thrift://b"]}`} {
		c.problem(c.do("PUT", "/api/v1/connectors/two", body), http.StatusBadRequest, lethe.Invalid)
	}
	c.problem(c.do("DELETE", "/api/v1/connectors/none", ""), http.StatusNotFound, lethe.NotFound)
}
