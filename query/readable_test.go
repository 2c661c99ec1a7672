package query_test

import (
	"context"
	"strings"
	"testing"

	"lethe"
	"lethe/object"
	"lethe/query"
)

// deny refuses one resource.
type deny string

func (d deny) Decide(_ context.Context, _ lethe.Principal, action, resource string) error {
	if resource == string(d) {
		return lethe.Errorf(lethe.Denied, "%s on %s is denied", action, resource)
	}
	return nil
}

// That a table's location may be read does not open what a policy denies below it.
func TestDeniedWithinLocation(t *testing.T) {
	l := newLake(t)
	l.sql("CREATE EXTERNAL TABLE flat (x string) LOCATION 's3://data/logs/'")
	for _, key := range []string{"logs/a", "logs/secret/b"} {
		if _, err := l.objects.Put(t.Context(), "data", key, strings.NewReader("x\n"), object.Header{}, object.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	l.sql("SELECT x FROM flat")
	l.config.Access = deny(lethe.ObjectARN("data", "logs/secret/b"))
	l.open()
	x := l.start(query.Request{Statement: "SELECT x FROM flat"})
	if x.State != query.Failed || !strings.Contains(x.Reason, "is not authorized to perform: s3:GetObject on all that this needs") {
		t.Error(x.State, x.Reason)
	}
}
