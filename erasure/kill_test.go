package erasure_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lethe"
	"lethe/erasure"
	"lethe/object"
	"lethe/object/disk"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestEraseKillChild is TestEraseKill's child, and no test without it.
func TestEraseKillChild(t *testing.T) {
	dir, k, child := killed(t)
	if !child {
		return
	}
	l := openLake(t, dir, disk.Options{}, func(c *erasure.Config) {
		c.Store, c.Index, c.AtOnce = killedStore{c.Store, k}, killedIndex{c.Index, k}, 1
	})
	all, err := l.Requests(t.Context())
	l.must(err)
	id := all[0].ID
	if all[0].State != erasure.Done {
		// Somebody puts back what they read before, each time the program starts.
		l.write("reviews/back.json", append(l.lines("reviews/back.json"), hers, somebody)...)
		l.must(l.Resume(t.Context()))
		if r := l.untilAny(id, erasure.Reported, erasure.Erasing, erasure.Done); r.State == erasure.Reported {
			for _, who := range []string{"b", "c"} {
				err := l.Decide(as(who), id, erasure.Decision{Approve: true, Digest: r.Digest})
				if !lethe.Is(err, lethe.Conflict) { // who has decided before has
					l.must(err)
				}
			}
		}
		l.until(id, erasure.Done)
	}
	k.told()
}

// untilAny waits until a request is in one of some states.
func (l *lake) untilAny(id string, states ...erasure.State) (r erasure.Request) {
	l.t.Helper()
	l.waitFor(id, func(now erasure.Request) bool {
		r = now
		return slices.Contains(states, now.State)
	})
	return r
}

// TestEraseKill: whenever the program dies while it erases, also twice, the request
// comes to its end when it runs again: nothing of the person's is left in any
// version or file, nothing of others' is lost, and the certificate holds.
func TestEraseKill(t *testing.T) {
	prepared := t.TempDir()
	l := openLake(t, prepared, disk.Options{}, nil)
	l.types()
	l.table("reviews")
	l.must(l.PutMapping(t.Context(), people("reviews")))
	l.must(l.store.Gateway().PutBucketVersioning(t.Context(), "lake", types.BucketVersioningStatusEnabled))
	l.write("reviews/a.json", hers, somebody)
	l.write("reviews/a.json", somebody, hers, somebody)
	l.write("reviews/all.json", hers, hers)
	l.write("reviews/none.json", somebody)
	l.write("reviews/back.json", hers, somebody)
	l.ask(ada...)
	l.until(l.only().ID, erasure.Reported)
	l.close()

	killing{child: "TestEraseKillChild", prepared: prepared, least: 20, points: killPoints, begin: only(checkErased)}.test(t)
}

// only returns the only request.
func (l *lake) only() erasure.Request {
	l.t.Helper()
	all, err := l.Requests(l.t.Context())
	l.must(err)
	if len(all) != 1 {
		l.t.Fatalf("%d requests", len(all))
	}
	return all[0]
}

// checkErased checks what is left in a lake in which ada was erased.
func checkErased(t *testing.T, run killedRun) {
	t.Helper()
	l := openLake(t, run.dir, disk.Options{}, nil)
	defer l.close()
	r := l.only()
	fail := func(format string, args ...any) {
		t.Helper()
		run.fail(t, format, args...)
	}
	if r.State != erasure.Done || r.Exceptions != 0 {
		fail("the request is %+v", r)
	}
	signed, err := l.CertificateOf(t.Context(), r.ID)
	l.must(err)
	if check, err := l.VerifyCertificate(t.Context(), signed); err != nil || check.Found != 0 || check.Unread != 0 {
		fail("%+v %v", check, err)
	}
	for key, want := range map[string]int{"a.json": 2, "all.json": 0, "none.json": 1} {
		if got := l.lines("reviews/" + key); len(got) != want {
			fail("%s holds %q, want %d lines of others", key, got, want)
		}
	}
	if got := len(l.lines("reviews/back.json")); got < 2 || got > run.starts+1 {
		fail("back.json has %d lines, and others wrote %d at most", got, run.starts+1)
	}
	for v, err := range object.AllVersions(t.Context(), l.store, "lake", "reviews/") {
		l.must(err)
		if v.Marker {
			continue
		}
		o, _, err := l.store.OpenVersion(t.Context(), "lake", v.Key, v.Version, 0, -1)
		l.must(err)
		text, err := io.ReadAll(o)
		l.must(errors.Join(err, o.Close()))
		if strings.Contains(string(text), `"hers"`) {
			fail("version %s of %s holds her: %s", v.Version, v.Key, text)
		}
	}
	l.close() // so that no file comes or goes
	l.must(filepath.WalkDir(run.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, text := range []string{"ada@example.org", `"body":"hers"`} {
			if bytes.Contains(raw, []byte(text)) {
				fail("%s holds %q", path, text)
			}
		}
		return err
	}))
	raw, err := json.Marshal(r)
	l.must(err)
	if bytes.Contains(raw, []byte("ada@")) {
		fail("the request holds her: %s", raw)
	}
}
