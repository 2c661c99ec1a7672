package erasure_test

import (
	"testing"

	"lethe/catalog"
	"lethe/erasure"
	"lethe/event"
)

// TestErasingForgetsStatistics: the least value of a column may be the person's; after
// an erasure the catalog says that it knows nothing, and the certificate says so.
func TestErasingForgetsStatistics(t *testing.T) {
	l := newLake(t)
	l.types()
	l.table("reviews", "day")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	storage := func(day string) catalog.Storage {
		return catalog.Storage{Location: "s3://lake/reviews/day=" + day, BucketCount: -1, SerDe: catalog.SerDe{Library: "json"}}
	}
	l.must(l.cat.AddPartitions(t.Context(), "default", "reviews", []catalog.Partition{
		{Values: []string{"1"}, Storage: storage("1"), Parameters: map[string]string{"numRows": "2", "spark.sql.statistics.colStats.user_id.min": "7"}},
		{Values: []string{"2"}, Storage: storage("2"), Parameters: map[string]string{"numRows": "1"}},
	}, false))
	low := int64(7)
	stats := []catalog.ColumnStatistics{{Column: "user_id", Type: "bigint", Low: &low, High: &low}, {Column: "body", Type: "string", Nulls: 1}}
	set := func() {
		t.Helper()
		l.setStatistics("numRows", "3")
		l.must(l.cat.SetPartitionStatistics(t.Context(), "default", "reviews", map[string][]catalog.ColumnStatistics{"day=1": stats, "day=2": stats}))
	}
	wantLeft := func() {
		t.Helper()
		l.wantNoStatistics()
		left, err := l.cat.PartitionStatistics(t.Context(), "default", "reviews", []string{"day=1", "day=2"}, nil)
		l.must(err)
		if len(left["day=1"]) != 0 || len(left["day=2"]) != 2 {
			t.Errorf("of the partition she was in there are %d, of the other %d", len(left["day=1"]), len(left["day=2"]))
		}
		ps, err := l.cat.Partitions(t.Context(), "default", "reviews", catalog.PartitionPage{})
		l.must(err)
		if len(ps[0].Parameters) != 0 || ps[1].Parameters["numRows"] != "1" {
			t.Errorf("the partitions' parameters are %v and %v", ps[0].Parameters, ps[1].Parameters)
		}
	}
	set()
	l.write("reviews/day=1/a.json", hers, somebody)
	l.write("reviews/day=2/a.json", somebody)
	q := l.until(l.ask(ada...).ID, erasure.Reported)
	l.decide(q.ID, "boss", erasure.Decision{Approve: true, Digest: q.Digest})
	l.decide(q.ID, "chief", erasure.Decision{Approve: true, Digest: q.Digest})
	q = l.until(q.ID, erasure.Done)
	wantLeft()
	signed, err := l.CertificateOf(t.Context(), q.ID)
	l.must(err)
	c, err := erasure.Verify(signed, l.public)
	l.must(err)
	forgotten := int64(0)
	for _, o := range c.Objects {
		for _, change := range o.Changes {
			forgotten += change.Statistics
		}
	}
	// Of the table one column and a count, of the partition two columns and two parameters.
	if forgotten < 6 || q.Records != 1 {
		t.Errorf("the certificate has %d, and %d records: %+v", forgotten, q.Records, c.Objects)
	}
	// Who comes back leaves none either.
	set()
	l.write("reviews/day=1/b.json", hers, somebody)
	l.must(l.Handle(t.Context(), []event.Event{{Bucket: "lake", Key: "reviews/day=1/b.json"}}))
	l.wantLines("reviews/day=1/b.json", somebody)
	l.wantNoStatistics()
}
