package dynamodb_test

import (
	"os"
	"strings"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index/dynamodb"
	"lethe/erasure/index/indextest"
	"lethe/test/need"
)

func TestMain(m *testing.M) {
	code := m.Run()
	need.StopServers()
	os.Exit(code)
}

// fresh is a table that is not there yet.
func fresh(t testing.TB) dynamodb.Config {
	t.Helper()
	return dynamodb.Config{Region: "eu-central-1", Table: "lethe-" + lethe.NewID(), Endpoint: need.DynamoDB(t), AccessKeyID: "local", SecretAccessKey: "local"}
}

func open(t testing.TB, c dynamodb.Config) *dynamodb.Index {
	t.Helper()
	x, err := dynamodb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func TestIndex(t *testing.T) {
	indextest.Run(t, func(t *testing.T) indextest.Open {
		c := fresh(t)
		return func(t *testing.T) erasure.Index { return open(t, c) }
	})
}

func TestKillChild(t *testing.T) {
	indextest.KillChild(t, func(where string) erasure.Index {
		endpoint, table, _ := strings.Cut(where, " ")
		return open(t, dynamodb.Config{Region: "eu-central-1", Table: table, Endpoint: endpoint, AccessKeyID: "local", SecretAccessKey: "local"})
	})
}

func TestKill(t *testing.T) {
	c := fresh(t)
	indextest.Kill(t, 4, c.Endpoint+" "+c.Table, func(string) erasure.Index { return open(t, c) })
}

// TestLongNames: names that are longer than a sort key come in order all the same.
func TestLongNames(t *testing.T) {
	x := open(t, fresh(t))
	long := strings.Repeat("x", 1000)
	var all []erasure.Indexed
	for _, k := range []string{"a", long + "/1", long + "/2", long + "/3", "y"} {
		all = append(all, erasure.Indexed{Entry: indextest.Entry(indextest.Object(k, strings.Repeat("v", 100), "e")), Postings: indextest.At("ada", 1)})
	}
	if err := x.Put(t.Context(), indextest.Of(all...)); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string]int{"": 5, "x": 3, long: 3, long + "/2": 1, long + "/4": 0} {
		var got []string
		for e, err := range x.Entries(t.Context(), "b", prefix) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Key)
		}
		for i := range got[min(1, len(got)):] {
			if got[i] >= got[i+1] {
				t.Errorf("%d bytes of prefix: not in order", len(prefix))
			}
		}
		if len(got) != want {
			t.Errorf("%d bytes of prefix: %d objects, want %d", len(prefix), len(got), want)
		}
	}
	if err := x.Forget(t.Context(), all[2].ObjectVersion); err != nil {
		t.Fatal(err)
	}
	if got := indextest.Places(t, x, "ada"); len(got) != 4 {
		t.Errorf("%d places", len(got))
	}
}

// TestLease: a writer that takes longer than its lease is taken for one that was
// killed, and then its object is not entered without a person that was erased.
func TestLease(t *testing.T) {
	x := open(t, fresh(t))
	dynamodb.SetLease(t, 0)
	err := x.Put(t.Context(), indextest.Of(erasure.Indexed{Entry: indextest.Entry(indextest.Object("k", "", "e")), Postings: func(yield func(erasure.Posting, error) bool) {
		for i := range int64(1<<20 + 1) { // so many that some are written
			if !yield(erasure.Posting{Hash: indextest.H("ada"), Row: i}, nil) {
				return
			}
		}
		if err := x.Erase(t.Context(), []erasure.Hash{indextest.H("ada")}); err != nil {
			t.Error(err)
		}
	}}))
	// Gathered items are written in groups: only what had been written was erased.
	if got := indextest.Places(t, x, "ada"); err == nil && len(got) == 0 || err != nil && (len(got) > 0 || !lethe.Is(err, lethe.Exhausted)) {
		t.Errorf("Put: %v, and ada is at %d places", err, len(got))
	}
}
