package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	sample "lethe/examples/covid"
	"lethe/test/lake"
)

// asConsole is somebody at the console's API.
type asConsole struct {
	l     *lake.Lake
	token string
}

// logIn logs in with the access key of a profile of the lake's.
func logIn(t *testing.T, l *lake.Lake, profile string) asConsole {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(l.Data, "aws", "credentials"))
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`\[` + profile + `\]\naws_access_key_id = (\S+)\naws_secret_access_key = (\S+)`).FindSubmatch(text)
	if key == nil {
		t.Fatalf("there is no profile %s", profile)
	}
	body, err := json.Marshal(map[string]any{"name": string(key[1]), "password": string(key[2]), "token": true})
	if err != nil {
		t.Fatal(err)
	}
	c := asConsole{l: l}
	status, said := c.do(t, "POST", "/session", string(body))
	var s struct{ Token string }
	if err := json.Unmarshal(said, &s); err != nil || status != http.StatusCreated {
		t.Fatal(status, string(said), err)
	}
	c.token = s.Token
	return c
}

func (c asConsole) do(t *testing.T, method, path, body string) (status int, said []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.l.Console+"/api/v1"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, said
}

// number asks a visual of the sample's dashboard that shows one number.
func (c asConsole) number(t *testing.T, visual string) float64 {
	t.Helper()
	status, said := c.do(t, "POST", "/dashboards/"+sample.DashboardID+"/visuals/"+visual+"/answer", "{}")
	var a struct {
		Columns []struct{ Values []float64 }
		From    string
	}
	if err := json.Unmarshal(said, &a); err != nil || status != http.StatusOK || len(a.Columns) != 1 || len(a.Columns[0].Values) != 1 || a.From != "extract" {
		t.Fatalf("%s: %d %.500s %v", visual, status, said, err)
	}
	return a.Columns[0].Values[0]
}

// onDay sums a published series over all places on a day, as its header writes it.
func onDay(t *testing.T, folder, series, day string) (sum float64) {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, "time_series_covid19_"+series+"_global.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(rows[0], day)
	if at < 0 {
		t.Fatalf("there is no day %s", day)
	}
	for _, row := range rows[1:] {
		n, err := strconv.ParseFloat(row[at], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// checkPictures holds the sample's dashboard against the published series, and what the two
// people of the sample may do with it.
func checkPictures(t *testing.T, l *lake.Lake, folder string) {
	admin, engineer, sales := logIn(t, l, "lethe"), logIn(t, l, "engineer"), logIn(t, l, "sales")
	confirmed, deaths := onDay(t, folder, "confirmed", "9/10/20"), onDay(t, folder, "deaths", "9/10/20")
	for _, who := range []asConsole{admin, engineer} {
		if n := who.number(t, "kpi-confirmed"); n != confirmed {
			t.Errorf("confirmed cases: %v, the series have %v", n, confirmed)
		}
		if n := who.number(t, "kpi-mortality"); n < deaths/confirmed-1e-12 || n > deaths/confirmed+1e-12 {
			t.Errorf("mortality: %v, the series have %v", n, deaths/confirmed)
		}
	}
	checkExtractMetrics(t, l)
	// An export is what the example is, and can be imported again.
	status, code := admin.do(t, "GET", "/dashboards/"+sample.DashboardID+"/yaml", "")
	if status != http.StatusOK || string(code) != sample.Dashboard(false) {
		t.Errorf("the export is not the example: %d\n%s", status, code)
	}
	if status, said := admin.do(t, "POST", "/dash-import", string(code)); status != http.StatusOK || !bytes.Contains(said, []byte(`"made":[],"changed":[]`)) {
		t.Errorf("imported again: %d %s", status, said)
	}
	for _, path := range []string{"/dashboards", "/data-sets", "/analyses"} {
		if status, said := engineer.do(t, "GET", path, ""); status != http.StatusOK || !bytes.Contains(said, []byte(`"name":"COVID-19"`)) {
			t.Errorf("the engineer gets %s: %d %s", path, status, said)
		}
	}
	for _, x := range []struct{ method, path, body string }{
		{"GET", "/dashboards", ""}, {"GET", "/data-sets", ""}, {"GET", "/dashboards/" + sample.DashboardID, ""}, {"GET", "/data-sets/" + sample.DataSet, ""},
		{"POST", "/dashboards/" + sample.DashboardID + "/visuals/map/answer", "{}"}, {"POST", "/dashboards/" + sample.DashboardID + "/visuals/map/answer.csv", "{}"},
		{"POST", "/dashboards/" + sample.DashboardID + "/controls/six/values", "{}"}, {"POST", "/data-sets/preview", `{"source":{"sql":"SELECT 1 AS n"}}`},
		{"POST", "/data-sets/" + sample.DataSet + "/query", `{"dimensions":[{"field":"country"}]}`}, {"GET", "/dashboards/" + sample.DashboardID + "/yaml", ""},
	} {
		if status, said := sales.do(t, x.method, x.path, x.body); status != http.StatusForbidden {
			t.Errorf("sales gets %s: %d %.300s", x.path, status, said)
		}
	}
	// Who may look at the dashboard and read no table sees no row.
	if status, said := admin.do(t, "PUT", "/dashboards/"+sample.DashboardID+"/shares", `{"shares":[{"principal":"arn:aws:iam::000000000000:group/DataEngineerGroup","role":"editor"},{"principal":"arn:aws:iam::000000000000:user/sales","role":"viewer"}]}`); status != http.StatusOK {
		t.Fatal(status, string(said))
	}
	if status, _ := sales.do(t, "GET", "/dashboards/"+sample.DashboardID, ""); status != http.StatusOK {
		t.Errorf("a viewer gets the dashboard: %d", status)
	}
	for _, path := range []string{"/visuals/kpi-confirmed/answer", "/visuals/kpi-confirmed/answer.csv", "/controls/six/values"} {
		if status, said := sales.do(t, "POST", "/dashboards/"+sample.DashboardID+path, "{}"); status < http.StatusBadRequest {
			t.Errorf("a viewer who may not read the tables gets something of the extract by %s: %d %s", path, status, said)
		}
	}
	if status, said := engineer.do(t, "POST", "/dashboards/"+sample.DashboardID+"/controls/six/values", `{"search":"ital"}`); status != http.StatusOK || !bytes.Contains(said, []byte(`"value":"Italy"`)) || bytes.Contains(said, []byte("Spain")) {
		t.Errorf("the engineer is offered %d %s", status, said)
	}
}

// checkExtractMetrics looks for the sample's extract, and for the session that has just answered of it.
func checkExtractMetrics(t *testing.T, l *lake.Lake) {
	resp, err := http.Get(l.Console + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`lethe_extract_count 1`, `lethe_extract_failed 0`, `lethe_extract_refreshes\{state="running"\} `, `lethe_extract_rows [1-9]`, `lethe_extract_bytes [1-9]`, `lethe_session_open 1`, `lethe_session_memory_bytes [1-9]`} {
		if !regexp.MustCompile(`(?m)^` + want).Match(text) {
			t.Errorf("the metrics have no %s", want)
		}
	}
}
