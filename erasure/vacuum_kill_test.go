package erasure_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"lethe/erasure"
	"lethe/object"
	"lethe/object/disk"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// lookedStore also counts the calls by which a vacuum looks at an object.
type lookedStore struct{ killedStore }

func (s lookedStore) Head(ctx context.Context, bucket, key string) (o object.Object, err error) {
	err = s.k.around(func() error { o, err = s.Store.Head(ctx, bucket, key); return err })
	return o, err
}

func (s lookedStore) Describe(ctx context.Context, bucket, key, version string) (d object.Details, err error) {
	err = s.k.around(func() error { d, err = s.Store.Describe(ctx, bucket, key, version); return err })
	return d, err
}

// TestVacuumKillChild is TestVacuumKill's child, and no test without it.
func TestVacuumKillChild(t *testing.T) {
	dir, k, child := killed(t)
	if !child {
		return
	}
	l := newVacuumLake(t, dir, disk.Options{}, func(c *erasure.Config) {
		c.Store, c.Index, c.AtOnce = lookedStore{killedStore{c.Store, k}}, killedIndex{c.Index, k}, 1
	})
	l.must(l.Resume(t.Context()))
	vs, err := l.Vacuums(t.Context())
	l.must(err)
	id := ""
	if len(vs) > 0 {
		id = vs[0].ID
	} else {
		v, err := l.StartVacuum(as("officer"), erasure.VacuumScope{})
		l.must(err)
		id = v.ID
	}
	if v := l.vacuumed(id); v.State != erasure.Vacuumed {
		t.Fatalf("%+v", v)
	}
	k.told()
}

// TestVacuumKill: whenever the program dies while it vacuums, also twice, the vacuum
// comes to its end when it runs again: no blank record is left, all others are there in
// their order, each counted once, and the index has them by their new numbers.
func TestVacuumKill(t *testing.T) {
	prepared := t.TempDir()
	l := newVacuumLake(t, prepared, disk.Options{}, nil)
	l.reviews("blank")
	l.jsonTable("reviews")
	l.must(l.store.CreateBucket(t.Context(), "versions"))
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "versions", types.BucketVersioningStatusEnabled))
	m := people("reviews")
	m.Name, m.Database, m.Table, m.Location, m.Format = "versions", "", "", "s3://versions/", "jsonl"
	m.Mode = "blank"
	l.must(l.PutMapping(t.Context(), m))
	l.write("reviews/a.json", hers, somebody, `{"user_id":"cy"}`, hers, somebody)
	l.write("reviews/all.json", hers, hers)
	l.putGuests("guests/a.parquet", guest{}, guestOf("ada", 1), guestOf("bob", 2), guestOf("ada", 3), guestOf("bob", 4))
	text := strings.Join([]string{somebody, hers, somebody}, "\n") + "\n"
	_, err := l.store.Put(t.Context(), "versions", "v.json", strings.NewReader(text), object.Header{}, object.Condition{})
	l.must(err)
	l.build()
	for _, at := range []string{"lake/reviews/a.json", "lake/reviews/all.json", "versions/v.json", "lake/guests/a.parquet"} {
		bucket, key, _ := strings.Cut(at, "/")
		_, err := l.Erase(t.Context(), ada, bucket, key)
		l.must(err)
	}
	l.close()

	killing{child: "TestVacuumKillChild", prepared: prepared, least: 20, points: vacuumKillPoints, begin: only(checkVacuumed)}.test(t)
}

// checkVacuumed checks what is left in a lake that was vacuumed.
func checkVacuumed(t *testing.T, run killedRun) {
	t.Helper()
	l := newVacuumLake(t, run.dir, disk.Options{}, nil)
	defer l.close()
	vs, err := l.Vacuums(t.Context())
	l.must(err)
	if len(vs) != 1 || vs[0].Records != 7 || vs[0].Changed != 4 || vs[0].Kept != 0 {
		run.fail(t, "the vacuum is %+v", vs)
	}
	if b, err := l.Blanked(t.Context()); err != nil || b.Objects != 0 {
		run.fail(t, "%+v, %v", b, err)
	}
	l.wantLines("reviews/a.json", somebody, `{"user_id":"cy"}`, somebody)
	if left := l.lines("reviews/all.json"); left != nil {
		run.fail(t, "all.json holds %q", left)
	}
	if got := string(l.text("s3://versions/v.json")); got != somebody+"\n"+somebody+"\n" {
		run.fail(t, "v.json holds %q", got)
	}
	got := l.at("user_id", "bob")
	if left := l.guests("guests/a.parquet"); !slices.Equal(left, []string{"0", "bob2of bob", "bob4of bob"}) {
		run.fail(t, "a.parquet holds %q", left)
	}
	want := []string{"guests/a.parquet[1 2]", "reviews/a.json[0 2]", "v.json[0 1]", "v.json[0 2]"} // the last of an old version
	if slices.Sort(got); !slices.Equal(got, want) {
		run.fail(t, "the index has %q, want %q", got, want)
	}
}
