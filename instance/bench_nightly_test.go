//go:build nightly

package instance_test

import (
	"os/exec"
	"testing"
	"time"

	"lethe/instance/bench"
)

// TestBench compares two classes with the real load tools, as lethe db bench does.
func TestBench(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			if _, err := exec.LookPath("sysbench"); err != nil && k.name != "postgres" {
				t.Skip("the package sysbench is not installed")
			}
			l := newLake(t, k.engine)
			classes := []string{"db.m6g.large", "db.r6g.large"}
			got, err := bench.Run(t.Context(), l.Local, bench.Plan{
				Engine: k.name, Classes: classes, Load: bench.Load{Clients: 2, Time: time.Second, Scale: 1},
				Prices: bench.Prices{"db.m6g.large": 0.159}, Every: 50 * time.Millisecond,
			})
			must(t, err)
			if len(got) != 2 || got[0].PerCost <= 0 || got[1].PerCost != 0 {
				t.Fatalf("%+v", got)
			}
			for i, r := range got {
				if r.Class != classes[i] || r.TPS <= 0 || r.Latency <= 0 {
					t.Errorf("%+v", r)
				}
			}
			left, err := l.Measure(t.Context())
			must(t, err)
			if len(left) > 0 {
				t.Errorf("instances are left: %+v", left)
			}
		})
	}
}
