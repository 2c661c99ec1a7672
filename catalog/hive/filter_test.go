package hive

import (
	"slices"
	"testing"

	"lethe/catalog"
	"lethe/lib/hms"
	"lethe/lib/thrift"
)

func TestFilter(t *testing.T) {
	table := &catalog.Table{Partitions: []catalog.Column{{Name: "dt", Type: "string"}, {Name: "h", Type: "int"}, {Name: "d", Type: "date"}}}
	for _, x := range []struct {
		values [][]string
		want   string
	}{
		{nil, ""},
		{[][]string{nil, nil, nil}, ""},
		{[][]string{{"a"}}, `(dt = "a")`},
		{[][]string{{"a", "b"}, {"1", "-2"}}, `(dt = "a" or dt = "b") and (h = 1 or h = -2)`},
		{[][]string{{"a"}, nil, {"2026-01-01"}}, `(dt = "a")`}, // versions differ in how they compare dates
		{[][]string{{"a", `b"`}, {"1"}}, `(h = 1)`},
		{[][]string{{"a", catalog.DefaultValue}, {"01"}}, ""},
		{[][]string{make([]string, mostAlternatives+1), {"x"}}, ""},
		{[][]string{{}}, ""},
	} {
		if got := filter(table, &catalog.Expression{Values: x.values}); got != x.want {
			t.Errorf("%q: %s, want %s", x.values, got, x.want)
		}
	}
}

// partitioned answers for a table of three partitions; refused is what it says to
// a filter, nil to take it.
func partitioned(refused thrift.Struct) func(string) thrift.Struct {
	part := func(v string) *hms.Partition {
		return &hms.Partition{DbName: "d", TableName: "t", Values: []string{v}, Sd: &hms.StorageDescriptor{}}
	}
	return func(method string) thrift.Struct {
		switch method {
		case "get_table":
			return &hms.GetTableReply{Success: &hms.Table{DbName: "d", TableName: "t", TableType: "EXTERNAL_TABLE", Sd: &hms.StorageDescriptor{}, PartitionKeys: []*hms.FieldSchema{{Name: "k", Type: "string"}}}}
		case "get_partition_names":
			return &hms.GetPartitionNamesReply{Success: []string{"k=b", "k=a", "k=c"}}
		case "get_partitions_by_names":
			return &hms.GetPartitionsByNamesReply{Success: []*hms.Partition{part("c"), part("b")}}
		case "get_partitions_by_filter":
			if refused != nil {
				return refused
			}
			return &hms.GetPartitionsByFilterReply{Success: []*hms.Partition{part("c"), part("B"), part("b")}} // as a database without case does
		}
		return normal(method)
	}
}

func TestPartitionsByFilter(t *testing.T) {
	for name, x := range map[string]struct {
		refused thrift.Struct
		names   int // calls for names
	}{
		"taken":   {nil, 0},
		"refused": {&hms.GetPartitionsByFilterReply{E1: &hms.MetaException{Message: "Filtering is supported only on partition keys of type string"}}, 1},
		"unknown": {normal("none"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, partitioned(x.refused))
			c := opened(t, -1, f.uri())
			ps, err := c.Partitions(t.Context(), "d", "t", catalog.PartitionPage{Where: &catalog.Expression{Values: [][]string{{"c", "b"}}}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range ps {
				got = append(got, p.Values...)
			}
			if !slices.Equal(got, []string{"b", "c"}) {
				t.Errorf("partitions %q", got)
			}
			if n := f.count("get_partitions_by_filter"); n != 1 {
				t.Errorf("%d filters", n)
			}
			if n := f.count("get_partition_names"); n != x.names {
				t.Errorf("%d lists of names", n)
			}
		})
	}
}

// What is asked of a catalog that was replaced meanwhile is answered, and its
// connections are closed then.
func TestRetire(t *testing.T) {
	began, goOn := make(chan struct{}), make(chan struct{})
	f := newFake(t, func(m string) thrift.Struct {
		if m == "drop_table" {
			close(began)
			<-goOn
		}
		return normal(m)
	})
	c := opened(t, -1, f.uri())
	done := make(chan error)
	go func() { done <- c.DropTable(t.Context(), "d", "t") }()
	<-began
	c.Retire()
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := c.Table(t.Context(), "d", "t"); err != nil {
		t.Errorf("a statement that goes on: %v", err)
	}
	eventually(t, "its connections are closed", func() bool { _, open := f.conns(); return open == 0 })
}
