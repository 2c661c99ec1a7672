package mariadb

import "testing"

func TestServersLiveAsTheyWereCreated(t *testing.T) {
	e, v := engine(t)
	s := fresh(t, e, v)
	s.exec(t, "CREATE TABLE t (i INT PRIMARY KEY) ENGINE=InnoDB", "INSERT INTO t VALUES (1), (2)")
	if got := s.one(t, "SELECT COUNT(*) FROM t"); got != "2" {
		t.Errorf("%s rows", got)
	}
	t.Log(s.one(t, "SHOW GRANTS"))
	m, err := e.Metrics(t.Context(), s.Server)
	t.Logf("%+v %v", m, err)
	if err := e.Stop(t.Context(), s.Server); err != nil {
		t.Fatal(err)
	}
	s.start(t)
}
