package hms

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"lethe/lib/hms"
	"lethe/lib/thrift"
)

// The calls that clients make most, over TCP, on a table of 100,000 partitions.
func BenchmarkMetastore(b *testing.B) {
	const n = 100_000
	s := serve(b)
	s.fill(b, n)
	c := s.dial(b, thrift.Transport{})
	long := func() { // a test's connection has a deadline, which a benchmark may pass
		c = s.dial(b, thrift.Transport{})
	}
	table := &hms.GetTableArgs{Dbname: "default", TblName: "events"}
	b.Run("get_table", func(b *testing.B) {
		long()
		for b.Loop() {
			must[hms.GetTableReply](b, c, "get_table", table)
		}
	})
	b.Run("get_table by 16 clients", func(b *testing.B) {
		var wg sync.WaitGroup
		each := b.N/16 + 1
		began := time.Now()
		for range 16 {
			c := s.dial(b, thrift.Transport{})
			wg.Go(func() {
				for range each {
					must[hms.GetTableReply](b, c, "get_table", table)
				}
			})
		}
		wg.Wait()
		b.ReportMetric(float64(16*each)/time.Since(began).Seconds(), "calls/s")
	})
	names := must[hms.GetPartitionNamesReply](b, c, "get_partition_names", &hms.GetPartitionNamesArgs{DbName: "default", TblName: "events", MaxParts: 1000}).Success
	b.Run("get_partitions_by_names of 1000", func(b *testing.B) {
		long()
		for b.Loop() {
			must[hms.GetPartitionsByNamesReply](b, c, "get_partitions_by_names", &hms.GetPartitionsByNamesArgs{DbName: "default", TblName: "events", Names: names})
		}
	})
	b.Run("get_partition_names of 100000", func(b *testing.B) {
		long()
		for b.Loop() {
			must[hms.GetPartitionNamesReply](b, c, "get_partition_names", &hms.GetPartitionNamesArgs{DbName: "default", TblName: "events", MaxParts: -1})
		}
	})
	for name, filter := range map[string]string{"first": `dt = "d500"`, "second": `hour = 3`} {
		b.Run("filter on the "+name+" key of 100000", func(b *testing.B) {
			long()
			for b.Loop() {
				must[hms.GetNumPartitionsByFilterReply](b, c, "get_num_partitions_by_filter", &hms.GetNumPartitionsByFilterArgs{DbName: "default", TblName: "events", Filter: filter})
			}
		})
	}
	day := 0
	b.Run("add_partitions of 1000", func(b *testing.B) {
		long()
		for b.Loop() {
			day++
			var ps []*hms.Partition
			for i := range 1000 {
				ps = append(ps, part(fmt.Sprintf("new%d", day), fmt.Sprint(i)))
			}
			must[hms.AddPartitionsReply](b, c, "add_partitions", &hms.AddPartitionsArgs{NewParts: ps})
		}
	})
}
