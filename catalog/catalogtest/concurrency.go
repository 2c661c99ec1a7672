package catalogtest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"lethe"
	"lethe/catalog"
)

// RunConcurrency is the part of Run that races changes, for several catalogs that
// stand for one.
func RunConcurrency(t *testing.T, c catalog.Catalog) { testConcurrency(t, c) }

// testConcurrency races writers and readers: of equal creations one wins, and
// readers see each batch of partitions whole or not at all.
func testConcurrency(t *testing.T, c catalog.Catalog) {
	ctx := t.Context()
	const writers, batches, size = 4, 8, 10
	def := table("default", "t", "w", "n")
	var created atomic.Int32
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			switch err := c.CreateTable(ctx, def); {
			case err == nil:
				created.Add(1)
			case !lethe.Is(err, lethe.Exists):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := created.Load(); n != 1 {
		t.Fatalf("%d of %d equal creations won", n, writers)
	}

	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				names, err := c.PartitionNames(ctx, "default", "t", catalog.PartitionPage{})
				if err != nil {
					t.Error(err)
					return
				}
				ps, err := c.Partitions(ctx, "default", "t", catalog.PartitionPage{})
				if err != nil {
					t.Error(err)
					return
				}
				if len(names)%size != 0 || len(ps)%size != 0 || len(ps) < len(names) {
					t.Errorf("a reader saw %d names, then %d partitions, of batches of %d", len(names), len(ps), size)
					return
				}
			}
		})
	}
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				var ps []catalog.Partition
				for i := range size {
					ps = append(ps, partition(def, fmt.Sprint(w), fmt.Sprint(b*size+i)))
				}
				if err := c.AddPartitions(ctx, "default", "t", ps, false); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(done)
	readers.Wait()
	names, err := c.PartitionNames(ctx, "default", "t", catalog.PartitionPage{})
	must(t, err)
	if len(names) != writers*batches*size {
		t.Errorf("%d partitions, want %d", len(names), writers*batches*size)
	}
}
