//go:build nightly

package store_test

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lethe/catalog"
	"lethe/catalog/store"
	"lethe/test/need"
)

// TestNotificationsAreJavas has Hive's own listener, in Java, and ours tell of the
// same changes: what Hive and Impala's catalogd follow says the same whoever wrote it.
func TestNotificationsAreJavas(t *testing.T) {
	database := need.Postgres(t)
	ours := connect(t, database, "3.1")
	java := startJava(t, database, "metastore.transactional.event.listeners=org.apache.hive.hcatalog.listener.DbNotificationListener")
	dir := t.TempDir()
	want, got := notified(t, ours, java, "who", dir), notified(t, ours, ours, "who", dir)
	if len(got) != len(want) {
		t.Errorf("ours are %d, Java's %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		compareMessages(t, got[i].Type+" and Java's "+want[i].Type, meaning(t, got[i].Message), meaning(t, want[i].Message))
		if got[i].Type != want[i].Type || got[i].Database != want[i].Database || got[i].Table != want[i].Table || got[i].Format != want[i].Format {
			t.Errorf("%+v is not %+v", got[i], want[i])
		}
	}
}

// notified has actor make changes, and returns what is told of them.
func notified(t *testing.T, ours *store.Store, actor catalog.Catalog, name, dir string) []catalog.Notification {
	t.Helper()
	ctx := t.Context()
	start, err := ours.CurrentNotification(ctx)
	must(t, err)
	must(t, actor.CreateDatabase(ctx, catalog.Database{Name: name, Description: "of «both»", Location: "file:" + dir, Owner: "ada", Parameters: map[string]string{"a": "b"}}))
	must(t, actor.AlterDatabase(ctx, name, catalog.Database{Description: "other", Location: "file:" + dir, Owner: "ada"}))
	table := tableOf("t", catalog.Column{Name: "dt", Type: "string", Comment: "day"})
	table.Database, table.Storage.Location = name, "file:"+filepath.Join(dir, "t")
	must(t, actor.CreateTable(ctx, table))
	var ps []catalog.Partition
	for _, v := range []string{"1", "ä b/c"} {
		p := catalog.Partition{Values: []string{v}, Storage: table.Storage, Parameters: map[string]string{"p": "q", "DO_NOT_UPDATE_STATS": "true"}}
		p.Storage.Location += "/" + catalog.PartitionName(table.Partitions, p.Values)
		ps = append(ps, p)
	}
	must(t, actor.AddPartitions(ctx, name, "t", ps, false))
	ps[0].Parameters = map[string]string{"p": "r", "DO_NOT_UPDATE_STATS": "true"}
	must(t, actor.AlterPartition(ctx, name, "t", ps[0].Values, ps[0]))
	must(t, actor.DropPartitions(ctx, name, "t", [][]string{ps[1].Values}, false))
	table.Parameters["p"] = "altered"
	must(t, actor.AlterTable(ctx, name, "t", table))
	must(t, actor.DropPartitions(ctx, name, "t", [][]string{ps[0].Values}, false))
	must(t, actor.DropTable(ctx, name, "t"))
	must(t, actor.DropDatabase(ctx, name, false))
	all, err := ours.Notifications(ctx, start, 100)
	must(t, err)
	return all
}

// meaning reads a message, with what is JSON within texts, and without what differs
// for other reasons: times; who said it; statistics of files, which Java counts; that a
// database that is dropped is told whole, as Hive does since 4.0; and whether a
// storage descriptor without skew has an empty map in it, on which Java's differ.
func meaning(t *testing.T, message string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(message), &v); err != nil {
		t.Fatalf("%v: %s", err, message)
	}
	return within(t, v)
}

func within(t *testing.T, v any) any {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "{") {
			return meaning(t, v)
		}
	case []any:
		for i := range v {
			v[i] = within(t, v[i])
		}
	case map[string]any:
		for _, k := range []string{"server", "servicePrincipal", "DO_NOT_UPDATE_STATS", "numFiles", "totalSize", "transient_lastDdlTime"} {
			delete(v, k)
		}
		if l, ok := v["map"].([]any); ok && len(l) == 4 {
			l[2] = "a number" // of entries, which are compared
		}
		for k := range v {
			if n, ok := v[k].(float64); ok && n > 1e9 {
				v[k] = "a time"
			} else if m, ok := v[k].(map[string]any); ok && k == "11" {
				if r, ok := m["rec"].(map[string]any); ok {
					delete(r, "3")
				}
			} else {
				v[k] = within(t, v[k])
			}
		}
	}
	return v
}

// compareMessages says in which places two messages differ.
func compareMessages(t *testing.T, at string, got, want any) {
	t.Helper()
	g, ok := got.(map[string]any)
	w, ok2 := want.(map[string]any)
	if !ok || !ok2 {
		gl, ok := got.([]any)
		wl, ok2 := want.([]any)
		if ok && ok2 && len(gl) == len(wl) {
			for i := range gl {
				compareMessages(t, at+"[]", gl[i], wl[i])
			}
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, not %v", at, got, want)
		}
		return
	}
	for k := range g {
		if _, ok := w[k]; !ok && k != "dbJson" {
			t.Errorf("%s.%s: %v, which Java's has not", at, k, g[k])
		}
	}
	for k := range w {
		if _, ok := g[k]; !ok {
			t.Errorf("%s.%s: is not there, Java's %v", at, k, w[k])
		} else {
			compareMessages(t, at+"."+k, g[k], w[k])
		}
	}
}
