package event_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lethe/event"
	"lethe/event/webhook"
	"lethe/lib/state"
	"lethe/object"
	"lethe/object/disk"
)

// BenchmarkDeliver delivers events that wait in a store's outbox.
func BenchmarkDeliver(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	for _, kind := range []string{"subscriber", "webhook"} {
		b.Run(kind, func(b *testing.B) {
			ctx, dir := b.Context(), b.TempDir()
			store, err := disk.Open(filepath.Join(dir, "objects"), disk.Options{Events: true, NoSync: true})
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			if err := store.CreateBucket(ctx, "lake"); err != nil {
				b.Fatal(err)
			}
			if err := store.SetNotifications(ctx, "lake", event.Notifications{Queues: []event.Rule{{ID: "all", Target: event.TargetARN("r", "hook"), Events: []string{"s3:ObjectCreated:*"}}}}); err != nil {
				b.Fatal(err)
			}
			for i := range b.N {
				if _, err := store.Put(ctx, "lake", fmt.Sprint(i), strings.NewReader(""), object.Header{}, object.Condition{}); err != nil {
					b.Fatal(err)
				}
			}
			db, err := state.Open(ctx, filepath.Join(dir, "state.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			c := event.Config{DB: db, Outbox: store, Rules: store.Rules, Region: "r"}
			if kind == "webhook" {
				hook, err := webhook.New(webhook.Config{URL: server.URL})
				if err != nil {
					b.Fatal(err)
				}
				c.Targets = map[string]event.Target{"hook": hook}
			}
			d, err := event.Open(ctx, c)
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			if kind == "subscriber" {
				if err := d.Subscribe(ctx, "s", func(context.Context, []event.Event) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			if err := d.Start(ctx); err != nil {
				b.Fatal(err)
			}
			for {
				s, err := d.Status(ctx)
				if err != nil {
					b.Fatal(err)
				}
				if s[0].Behind == 0 {
					break
				}
				time.Sleep(time.Millisecond)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
