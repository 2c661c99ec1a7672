package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/catalog"
)

func TestNotifications(t *testing.T) { everywhere(t, []string{"3.1", "4.1"}, notifications) }

func notifications(t *testing.T, s *Store) {
	ctx := t.Context()
	start, err := s.CurrentNotification(ctx)
	must(t, err)
	def := parquet("T", "dt")
	must(t, s.CreateDatabase(ctx, catalog.Database{Name: "D"}))
	must(t, s.CreateTable(ctx, def))
	must(t, s.AddPartitions(ctx, "default", "t", []catalog.Partition{{Values: []string{"ä/1"}}, {Values: []string{"2"}}}, false))
	if err := s.AddPartitions(ctx, "default", "t", []catalog.Partition{{Values: []string{"3"}}, {Values: []string{"2"}}}, false); !lethe.Is(err, lethe.Exists) {
		t.Fatal(err) // of which nobody hears
	}
	must(t, s.AlterPartition(ctx, "default", "t", []string{"2"}, catalog.Partition{Values: []string{"4"}}))
	must(t, s.DropPartitions(ctx, "default", "t", [][]string{{"4"}}, false))
	renamed := def
	renamed.Database, renamed.Name = "d", "u"
	must(t, s.AlterTable(ctx, "default", "t", renamed))
	must(t, s.CreateFunction(ctx, catalog.Function{Database: "d", Name: "f", Class: "c"}))
	must(t, s.AlterDatabase(ctx, "d", catalog.Database{Description: "new"}))
	insert, err := s.AddNotification(ctx, catalog.Notification{Type: "INSERT", Database: "D", Table: "U", Message: "{}", Format: "json-0.2"})
	must(t, err)
	must(t, s.DropDatabase(ctx, "d", true))
	all, err := s.Notifications(ctx, start, 100)
	must(t, err)
	var got []string
	for i, n := range all {
		got = append(got, n.Type+" "+n.Database+"."+n.Table)
		if n.ID != start+int64(i)+1 || n.Format != catalog.MessageFormat || time.Since(n.Time).Abs() > time.Hour || !json.Valid([]byte(n.Message)) {
			t.Errorf("%+v", n)
		}
	}
	want := []string{"CREATE_DATABASE d.", "CREATE_TABLE default.t", "ADD_PARTITION default.t", "ALTER_PARTITION default.t", "DROP_PARTITION default.t", "ALTER_TABLE d.u",
		"CREATE_FUNCTION d.", "ALTER_DATABASE d.", "INSERT d.u", "DROP_TABLE d.u", "DROP_DATABASE d."}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if all[8].ID != insert {
		t.Errorf("id is %d, not %d", insert, all[8].ID)
	}
	var added struct {
		DB, Table         string
		Timestamp         int64
		Partitions        []map[string]string
		PartitionListJson []string
		TableObjJson      string
	}
	must(t, json.Unmarshal([]byte(all[2].Message), &added))
	if added.DB != "default" || added.Table != "t" || added.Timestamp == 0 || len(added.PartitionListJson) != 2 || added.Partitions[0]["dt"] != "ä/1" {
		t.Errorf("%+v", added)
	}
	var table map[string]map[string]any
	must(t, json.Unmarshal([]byte(added.TableObjJson), &table))
	if table["1"]["str"] != "t" || fmt.Sprint(table["8"]["lst"]) != `[rec 1 map[1:map[str:dt] 2:map[str:string]]]` {
		t.Errorf("%s", added.TableObjJson)
	}
	if n, err := s.CountNotifications(ctx, "d", start, insert); err != nil || n != 5 {
		t.Errorf("%d, %v", n, err)
	}
	if page, err := s.Notifications(ctx, insert, 1); err != nil || len(page) != 1 || page[0].Type != "DROP_TABLE" {
		t.Errorf("%v %+v", err, page)
	}

	// Those of many at once come without gaps.
	start, err = s.CurrentNotification(ctx)
	must(t, err)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 5 {
				if err := s.CreateTable(ctx, parquet(fmt.Sprintf("n_%d_%d", i, j))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all, err = s.Notifications(ctx, start, 100)
	must(t, err)
	for i, n := range all {
		if n.ID != start+int64(i)+1 {
			t.Errorf("id %d at %d", n.ID, i)
		}
	}
	if len(all) != 20 {
		t.Errorf("%d", len(all))
	}

	// Old ones go.
	now := time.Now().Add(notificationsKept + time.Hour)
	s.clock = func() time.Time { return now }
	must(t, s.DropTable(ctx, "default", "n_0_0"))
	if all, err = s.Notifications(ctx, 0, 100); err != nil || len(all) != 1 {
		t.Errorf("%v, %d are left", err, len(all))
	}
}
