package disk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"lethe/event"
	"lethe/object"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3response"
)

// aged is a store whose versions can be made older than they are.
func aged(t *testing.T, versioning types.BucketVersioningStatus, rules ...object.LifecycleRule) *Store {
	t.Helper()
	s := open(t, t.TempDir(), Options{NoSync: true, Events: true})
	must(t, s.CreateBucket(ctx, testBucket))
	if versioning != "" {
		must(t, s.Gateway().PutBucketVersioning(ctx, testBucket, types.BucketVersioningStatusEnabled))
		must(t, s.Gateway().PutBucketVersioning(ctx, testBucket, versioning))
	}
	for i := range rules {
		rules[i].Enabled = true
		if rules[i].ID == "" {
			rules[i].ID = fmt.Sprint("rule-", i)
		}
	}
	must(t, s.SetLifecycleRules(ctx, testBucket, rules))
	return s
}

// made sets when the newest version of a key was made.
func made(t *testing.T, s *Store, key string, at time.Time) {
	t.Helper()
	v, err := s.newest(testBucket, key)
	must(t, err)
	v.Time = at
	c := s.change()
	c.set(versionKey(testBucket, key, v.id), v)
	must(t, c.commit())
}

// history lists a bucket's versions, newest first of each key: its body, or "-"
// for a delete marker.
func history(t *testing.T, s *Store) string {
	t.Helper()
	var keys []string
	byKey := map[string][]string{}
	must(t, s.index.scan(keysFrom(tabVersion, testBucket, ""), func(k, b []byte) error {
		v, err := decodeVersion(k, b)
		if err != nil {
			return err
		}
		what := "-"
		if !v.Marker {
			what = fmt.Sprint(v.Size)
		}
		if byKey[v.key] == nil {
			keys = append(keys, v.key)
		}
		byKey[v.key] = append(byKey[v.key], what)
		return nil
	}))
	var out []string
	for _, k := range keys {
		out = append(out, k+":"+strings.Join(byKey[k], ","))
	}
	return strings.Join(out, " ")
}

func days(d float64) time.Duration { return time.Duration(d * 24 * float64(time.Hour)) }

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func TestLifecycle(t *testing.T) {
	date := noon.Truncate(24 * time.Hour)
	one, hundred := int64(1), int64(100)
	for name, c := range map[string]struct {
		versioning types.BucketVersioningStatus
		rules      []object.LifecycleRule
		// puts are sizes made so many days before noon, oldest first; -1 deletes.
		puts map[string][][2]float64
		tags map[string]map[string]string // of the newest
		now  time.Time
		want string
		sum  Summary
	}{
		"an object goes at the midnight after its days": {
			rules: []object.LifecycleRule{{ExpireDays: 2}},
			puts:  map[string][][2]float64{"old": {{1, 3}}, "young": {{2, 2}}},
			want:  "young:2", sum: Summary{Buckets: 1, Deleted: 1, Bytes: 1},
		},
		"a moment before midnight it stays": {
			rules: []object.LifecycleRule{{ExpireDays: 1}}, puts: map[string][][2]float64{"k": {{1, 0}}},
			now: date.Add(2*days(1) - 1), want: "k:1", sum: Summary{Buckets: 1},
		},
		"at midnight it goes": {
			rules: []object.LifecycleRule{{ExpireDays: 1}}, puts: map[string][][2]float64{"k": {{1, 0}}},
			now: date.Add(2 * days(1)), want: "", sum: Summary{Buckets: 1, Deleted: 1, Bytes: 1},
		},
		"from a date on": {
			rules: []object.LifecycleRule{{ExpireDate: &date, Prefix: "a"}},
			puts:  map[string][][2]float64{"a": {{1, 0}}, "b": {{1, 0}}}, want: "b:1", sum: Summary{Buckets: 1, Deleted: 1, Bytes: 1},
		},
		"where there are versions it goes to a marker": {
			versioning: types.BucketVersioningStatusEnabled, rules: []object.LifecycleRule{{ExpireDays: 1}},
			puts: map[string][][2]float64{"k": {{1, 9}, {2, 5}}}, want: "k:-,2,1", sum: Summary{Buckets: 1, Expired: 1},
		},
		"a null version goes for good": {
			versioning: types.BucketVersioningStatusSuspended, rules: []object.LifecycleRule{{ExpireDays: 1}},
			puts: map[string][][2]float64{"k": {{1, 9}}}, want: "k:-", sum: Summary{Buckets: 1, Expired: 1},
		},
		"size and tags": {
			rules: []object.LifecycleRule{{ExpireDays: 1, Larger: &one, Smaller: &hundred, Tags: map[string]string{"t": "x"}}},
			puts:  map[string][][2]float64{"a": {{2, 9}}, "b": {{2, 9}}, "c": {{1, 9}}, "d": {{100, 9}}},
			tags:  map[string]map[string]string{"a": {"t": "x", "u": ""}, "b": {"t": "y"}, "c": {"t": "x"}, "d": {"t": "x"}},
			want:  "b:2 c:1 d:100", sum: Summary{Buckets: 1, Deleted: 1, Bytes: 2},
		},
		"noncurrent versions count from when they were superseded": {
			versioning: types.BucketVersioningStatusEnabled, rules: []object.LifecycleRule{{NoncurrentDays: 3}},
			puts: map[string][][2]float64{"k": {{1, 20}, {2, 10}, {3, 2}, {4, 0}}}, want: "k:4,3,2", sum: Summary{Buckets: 1, Deleted: 1, Bytes: 1},
		},
		"all but the newest noncurrent": {
			versioning: types.BucketVersioningStatusEnabled, rules: []object.LifecycleRule{{NoncurrentDays: 1, KeepNoncurrent: 2}},
			puts: map[string][][2]float64{"k": {{1, 20}, {2, 19}, {3, 18}, {4, 17}, {5, 16}}}, want: "k:5,4,3", sum: Summary{Buckets: 1, Deleted: 2, Bytes: 3},
		},
		"a marker with nothing below it": {
			versioning: types.BucketVersioningStatusEnabled, rules: []object.LifecycleRule{{ExpireMarkers: true, NoncurrentDays: 5}},
			puts: map[string][][2]float64{"bare": {{1, 20}, {-1, 10}}, "kept": {{1, 20}, {-1, 1}}}, want: "kept:-,1",
			sum: Summary{Buckets: 1, Deleted: 1, Bytes: 1, Markers: 1},
		},
		"rules that are off or about others": {
			rules: []object.LifecycleRule{{ExpireDays: 1, Prefix: "x"}}, puts: map[string][][2]float64{"k": {{1, 20}}}, want: "k:1", sum: Summary{Buckets: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := aged(t, c.versioning, c.rules...)
			for key, puts := range c.puts {
				for _, p := range puts {
					if p[0] < 0 {
						must(t, s.Delete(ctx, testBucket, key, object.Condition{}))
					} else {
						put(t, s, key, strings.Repeat("x", int(p[0])))
					}
					made(t, s, key, noon.Add(-days(p[1])))
				}
				if tags := c.tags[key]; tags != nil {
					at, err := s.newest(testBucket, key)
					must(t, err)
					must(t, s.Gateway().PutObjectTagging(ctx, testBucket, key, "", tags))
					made(t, s, key, at.Time)
				}
			}
			now := c.now
			if now.IsZero() {
				now = noon
			}
			sum, err := s.Lifecycle(ctx, now)
			must(t, err)
			if c.versioning != "" && strings.HasPrefix(name, "a marker") {
				again, err := s.Lifecycle(ctx, now) // the marker is bare only then
				must(t, err)
				sum.Markers += again.Markers
			}
			if got := history(t, s); got != c.want || sum != c.sum {
				t.Errorf("left %q with %+v, want %q with %+v", got, sum, c.want, c.sum)
			}
			before, err := s.Lifecycle(ctx, now)
			must(t, err)
			if want := (Summary{Buckets: 1}); before != want {
				t.Errorf("a second run did %+v", before)
			}
		})
	}
}

func TestLifecycleTellsAndFrees(t *testing.T) {
	s := aged(t, "", object.LifecycleRule{ExpireDays: 1})
	put(t, s, "k", "body")
	_, err := s.Lifecycle(ctx, time.Now().Add(days(3)))
	must(t, err)
	var names []string
	must(t, s.Outbox(0, func(_ uint64, e event.Event) error {
		names = append(names, e.Name+" "+e.Principal)
		return nil
	}))
	if want := "LifecycleExpiration:Delete arn:aws:iam::000000000000:root"; len(names) != 2 || names[1] != want {
		t.Errorf("events %v, want the last to be %s", names, want)
	}
	if n := blobs(t, s); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

func blobs(t *testing.T, s *Store) (n int) {
	t.Helper()
	must(t, s.index.scan(tableKey(tabRefs), func([]byte, []byte) error { n++; return nil }))
	return n
}

// What a lock keeps, no rule deletes; a marker above it harms nothing.
func TestLifecycleRespectsLocks(t *testing.T) {
	s := open(t, t.TempDir(), Options{NoSync: true})
	g := s.Gateway()
	must(t, g.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: ptr(testBucket), ObjectLockEnabledForBucket: ptr(true)}, nil))
	must(t, s.SetLifecycleRules(ctx, testBucket, []object.LifecycleRule{{ID: "r", Enabled: true, ExpireDays: 1, NoncurrentDays: 1}}))
	until := time.Now().Add(days(10))
	for key, mode := range map[string]types.ObjectLockMode{"compliance": "COMPLIANCE", "governance": "GOVERNANCE"} {
		_, err := g.PutObject(ctx, s3response.PutObjectInput{Bucket: ptr(testBucket), Key: ptr(key), Body: strings.NewReader("x"),
			ObjectLockMode: mode, ObjectLockRetainUntilDate: &until})
		must(t, err)
	}
	_, err := g.PutObject(ctx, s3response.PutObjectInput{Bucket: ptr(testBucket), Key: ptr("held"), Body: strings.NewReader("x"), ObjectLockLegalHoldStatus: "ON"})
	must(t, err)
	put(t, s, "free", "x")
	_, err = s.Lifecycle(ctx, time.Now().Add(days(3)))
	must(t, err)
	sum, err := s.Lifecycle(ctx, time.Now().Add(days(6)))
	must(t, err)
	if got, want := history(t, s), "compliance:-,1 free:- governance:-,1 held:-,1"; got != want || sum.Locked != 3 {
		t.Errorf("left %s (%+v), want %s", got, sum, want)
	}
	for range 2 { // the markers are bare after the first
		_, err = s.Lifecycle(ctx, time.Now().Add(days(20)))
		must(t, err)
	}
	if got, want := history(t, s), "held:-,1"; got != want {
		t.Errorf("when the retentions had passed, left %s, want %s", got, want)
	}
}

func TestLifecycleAbortsUploads(t *testing.T) {
	s := aged(t, "", object.LifecycleRule{AbortDays: 2, Prefix: "a"})
	g := s.Gateway()
	for _, key := range []string{"a/1", "b/1"} {
		up, err := g.CreateMultipartUpload(ctx, s3response.CreateMultipartUploadInput{Bucket: ptr(testBucket), Key: ptr(key)})
		must(t, err)
		_, err = g.UploadPart(ctx, &s3.UploadPartInput{Bucket: ptr(testBucket), Key: ptr(key), UploadId: &up.UploadId, PartNumber: ptr(int32(1)), Body: strings.NewReader("abandoned")})
		must(t, err)
	}
	sum, err := s.Lifecycle(ctx, time.Now().Add(days(1)))
	must(t, err)
	if sum.Uploads != 0 {
		t.Error("aborted too early")
	}
	sum, err = s.Lifecycle(ctx, time.Now().Add(days(4)))
	must(t, err)
	if sum.Uploads != 1 || blobs(t, s) != 1 {
		t.Errorf("%+v, %d blobs left, want one upload aborted and its bytes gone", sum, blobs(t, s))
	}
}

// More than a batch of keys, and more than a batch of versions of one key.
func TestLifecycleInBatches(t *testing.T) {
	s := aged(t, types.BucketVersioningStatusEnabled, object.LifecycleRule{NoncurrentDays: 1}, object.LifecycleRule{ID: "cur", ExpireDays: 1, Prefix: "many/"})
	for range lifecycleVersions + 50 {
		put(t, s, "deep", "")
	}
	for i := range lifecycleKeys*2 + 5 {
		put(t, s, fmt.Sprintf("many/%04d", i), "")
	}
	sum, err := s.Lifecycle(ctx, time.Now().Add(days(3)))
	must(t, err)
	if sum.Deleted != lifecycleVersions+49 || sum.Expired != lifecycleKeys*2+5 {
		t.Errorf("%+v", sum)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	put(t, s, "deep", "")
	if _, err := s.Lifecycle(ended, time.Now().Add(days(9))); err == nil {
		t.Error("a run goes on when its context has ended")
	}
}

// Random histories under random rules leave what a plain reading of the rules
// leaves.
func TestLifecycleAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for round := range 40 {
		versioning := []types.BucketVersioningStatus{"", types.BucketVersioningStatusEnabled}[round%2]
		var rules []object.LifecycleRule
		for range 1 + rnd.IntN(3) {
			r := object.LifecycleRule{Prefix: []string{"", "a", "ab"}[rnd.IntN(3)]}
			switch rnd.IntN(3) {
			case 0:
				r.ExpireDays = 1 + rnd.IntN(5)
			case 1:
				r.NoncurrentDays, r.KeepNoncurrent = 1+rnd.IntN(5), rnd.IntN(3)
			default:
				r.ExpireMarkers = true
			}
			rules = append(rules, r)
		}
		s := aged(t, versioning, rules...)
		model := map[string][]modelVersion{} // newest first
		for _, key := range []string{"a", "ab", "abc", "b"} {
			age := 12.0
			for n := range rnd.IntN(6) {
				age -= rnd.Float64() * 3
				if n > 0 && rnd.IntN(3) == 0 && versioning != "" {
					if model[key][0].marker {
						continue
					}
					must(t, s.Delete(ctx, testBucket, key, object.Condition{}))
					model[key] = slices.Insert(model[key], 0, modelVersion{marker: true, at: noon.Add(-days(age))})
				} else {
					put(t, s, key, strings.Repeat("x", n))
					if versioning == "" {
						model[key] = nil
					}
					model[key] = slices.Insert(model[key], 0, modelVersion{size: n, at: noon.Add(-days(age))})
				}
				made(t, s, key, noon.Add(-days(age)))
			}
		}
		for d := range 4 {
			now := noon.Add(days(float64(d)))
			_, err := s.Lifecycle(ctx, now)
			must(t, err)
			expireModel(model, rules, versioning != "", now)
			if got, want := history(t, s), describeModel(model); got != want {
				t.Fatalf("round %d, day %d, rules %+v: left %s, want %s", round, d, rules, got, want)
			}
			// A marker is as old as the run that made it; the run's clock is moved.
			for key, vs := range model {
				if len(vs) > 0 && vs[0].marker && vs[0].at.Equal(now) {
					made(t, s, key, now)
				}
			}
		}
	}
}

type modelVersion struct {
	size   int
	marker bool
	at     time.Time
}

func expireModel(model map[string][]modelVersion, rules []object.LifecycleRule, versions bool, now time.Time) {
	ripe := func(from time.Time, n int) bool {
		end := from.UTC().Add(days(float64(n)))
		if cut := end.Truncate(24 * time.Hour); !cut.Equal(end) {
			end = cut.Add(days(1))
		}
		return n > 0 && !now.Before(end)
	}
	for key, vs := range model {
		var left []modelVersion
		expired := false
		for i, v := range vs {
			gone := false
			for _, r := range rules {
				if !strings.HasPrefix(key, r.Prefix) {
					continue
				}
				switch {
				case i > 0 && i > r.KeepNoncurrent && ripe(vs[i-1].at, r.NoncurrentDays):
					gone = true
				case i == 0 && !v.marker && ripe(v.at, r.ExpireDays):
					expired, gone = true, !versions
				case i == 0 && v.marker && len(vs) == 1 && (r.ExpireMarkers || ripe(v.at, r.ExpireDays)):
					gone = true
				}
			}
			if !gone {
				left = append(left, v)
			}
		}
		if expired && versions {
			left = slices.Insert(left, 0, modelVersion{marker: true, at: now})
		}
		model[key] = left
	}
}

func describeModel(model map[string][]modelVersion) string {
	var out []string
	for _, key := range []string{"a", "ab", "abc", "b"} {
		var vs []string
		for _, v := range model[key] {
			if v.marker {
				vs = append(vs, "-")
			} else {
				vs = append(vs, fmt.Sprint(v.size))
			}
		}
		if vs != nil {
			out = append(out, key+":"+strings.Join(vs, ","))
		}
	}
	return strings.Join(out, " ")
}

// Writers beside runs lose nothing that no rule is about.
func TestLifecycleBesideWriters(t *testing.T) {
	s := aged(t, "", object.LifecycleRule{ExpireDays: 1, Prefix: "old"})
	for i := range 50 {
		put(t, s, fmt.Sprint("old", i), "x")
		made(t, s, fmt.Sprint("old", i), noon)
	}
	done := make(chan error, 1)
	go func() {
		var err error
		for range 20 {
			if _, e := s.Lifecycle(ctx, noon.Add(days(5))); e != nil {
				err = e
			}
		}
		done <- err
	}()
	for i := range 50 {
		// Written again it is young, whatever the run had seen before.
		put(t, s, fmt.Sprint("old", i), "young")
		made(t, s, fmt.Sprint("old", i), noon.Add(days(5)))
		put(t, s, fmt.Sprint("new", i), "x")
	}
	must(t, <-done)
	for i := range 50 {
		if _, err := s.Head(ctx, testBucket, fmt.Sprint("new", i)); err != nil {
			t.Error(err)
		}
	}
}

func TestCheckLifecycle(t *testing.T) {
	ok := object.LifecycleRule{ID: "ok", ExpireDays: 1}
	big, small := int64(10), int64(5)
	odd := noon
	for want, r := range map[string]object.LifecycleRule{
		"at least one action":                    {ID: "x"},
		"exclude one another":                    {ID: "x", ExpireDays: 1, ExpireMarkers: true},
		"midnight":                               {ID: "x", ExpireDate: &odd},
		"'NewerNoncurrentVersions' must be":      {ID: "x", NoncurrentDays: 1, KeepNoncurrent: 101},
		"'ObjectSizeLessThan'":                   {ID: "x", ExpireDays: 1, Larger: &big, Smaller: &small},
		"ExpiredObjectDeleteMarker cannot":       {ID: "x", ExpireMarkers: true, Tags: map[string]string{"a": "b"}},
		"AbortIncompleteMultipartUpload cannot":  {ID: "x", AbortDays: 1, Larger: &small},
		"an ID has":                              {ExpireDays: 1},
		"two rules have the ID":                  ok,
		"'Days' for Expiration action must be a": {ID: "x", ExpireDays: -1},
	} {
		if err := object.CheckLifecycle([]object.LifecycleRule{ok, r}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", r, err, want)
		}
	}
}
