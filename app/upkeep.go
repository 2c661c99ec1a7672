package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lethe/lib/atomicfile"
	"lethe/object/disk"
)

// upkeep is what the lake does by itself: it applies lifecycle rules, scrubs, and looks
// for persons who were erased in copies that it has made since.
type upkeep struct {
	app     *App
	expired prometheus.Counter
	faults  *prometheus.GaugeVec
	done    *prometheus.GaugeVec
}

// startUpkeep begins the upkeep, which goes on until the app stops.
func (a *App) startUpkeep() {
	u := &upkeep{
		app: a,
		expired: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "lethe_lifecycle_expired_total", Help: "Versions and uploads that lifecycle rules have ended.",
		}),
		faults: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "lethe_scrub_faults", Help: "What the last finished scrub of the object store found wrong, by kind.",
		}, []string{"kind"}),
		done: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "lethe_upkeep_done_timestamp_seconds", Help: "When a part of the upkeep was last done.",
		}, []string{"part"}),
	}
	a.metrics.registry.MustRegister(u.expired, u.faults, u.done)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	c := a.Config.Upkeep
	if c.Lifecycle > 0 {
		running.Go(func() { every(ctx, 0, c.Lifecycle, u.lifecycle) })
	}
	if c.Scrub > 0 {
		last := u.lastScrub()
		running.Go(func() { every(ctx, time.Until(last.Add(c.Scrub)), c.Scrub, u.scrub) })
	}
	running.Go(func() { every(ctx, sweepFirst, sweepEvery, u.sweep) })
	a.onStop(func() error {
		stop()
		running.Wait()
		return nil
	})
}

// every runs f after a first wait and then again and again, until ctx ends.
func every(ctx context.Context, first, interval time.Duration, f func(context.Context)) {
	t := time.NewTimer(max(first, 0))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		f(ctx)
		t.Reset(interval)
	}
}

func (u *upkeep) lifecycle(ctx context.Context) {
	sum, err := u.app.Objects.Lifecycle(ctx, time.Now())
	n := sum.Expired + sum.Deleted + sum.Markers + sum.Uploads
	u.expired.Add(float64(n))
	switch {
	case ctx.Err() != nil: // the next start goes on
	case err != nil:
		u.app.Log.Error("lifecycle rules could not be applied", "err", err)
	default:
		u.done.WithLabelValues("lifecycle").SetToCurrentTime()
		if n > 0 {
			u.app.Log.Info("lifecycle rules applied", "buckets", sum.Buckets, "expired", sum.Expired, "deleted", sum.Deleted, "bytes", sum.Bytes, "markers", sum.Markers, "uploads", sum.Uploads, "locked", sum.Locked)
		}
	}
}

// ScrubReport is what the file scrub.json says of the last finished scrub.
type ScrubReport struct {
	disk.ScrubSummary
	Ended  time.Time
	Faults []disk.Fault // the first of them
}

// ScrubFile is the name of that file in a lake's folder.
const ScrubFile = "scrub.json"

// maxFaults bounds the faults that are kept in the report; all are logged.
const maxFaults = 100

// ReadScrub returns the report of the last finished scrub of the lake in a folder;
// an error that is fs.ErrNotExist if there was none.
func ReadScrub(data string) (r ScrubReport, err error) {
	text, err := os.ReadFile(filepath.Join(data, ScrubFile))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// lastScrub returns when the last scrub ended, and shows what it found. A new
// lake's first scrub is due after the interval.
func (u *upkeep) lastScrub() time.Time {
	r, err := ReadScrub(u.app.Config.Data)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			u.app.Log.Warn("the report of the last scrub cannot be read", "err", err)
		}
		return time.Now()
	}
	u.show(r)
	return r.Ended
}

func (u *upkeep) show(r ScrubReport) {
	u.faults.WithLabelValues(string(disk.Damaged)).Set(float64(r.Damaged))
	u.faults.WithLabelValues(string(disk.Missing)).Set(float64(r.Missing))
	u.faults.WithLabelValues(string(disk.Stray)).Set(float64(r.Strays))
	u.done.WithLabelValues("scrub").Set(float64(r.Ended.Unix()))
}

func (u *upkeep) scrub(ctx context.Context) {
	var r ScrubReport
	sum, err := u.app.Objects.Scrub(ctx, disk.ScrubOptions{Rate: int64(u.app.Config.Upkeep.ScrubRate)}, func(f disk.Fault) {
		u.app.Log.Error("the scrub found a fault", "kind", f.Kind, "bucket", f.Bucket, "key", f.Key, "version", f.Version, "path", f.Path, "detail", f.Detail)
		if len(r.Faults) < maxFaults {
			r.Faults = append(r.Faults, f)
		}
	})
	if ctx.Err() != nil {
		return // the next start goes on
	}
	if err == nil {
		r.ScrubSummary, r.Ended = sum, time.Now().UTC()
		var text []byte
		if text, err = json.MarshalIndent(r, "", "  "); err == nil {
			err = atomicfile.Write(u.app.path(ScrubFile), append(text, '\n'), 0o600)
		}
	}
	if err != nil {
		u.app.Log.Error("the object store could not be scrubbed", "err", err)
		return
	}
	u.show(r)
	u.app.Log.Info("the object store was scrubbed", "versions", r.Versions, "bytes", r.Bytes, "damaged", r.Damaged, "missing", r.Missing, "strays", r.Strays)
}
