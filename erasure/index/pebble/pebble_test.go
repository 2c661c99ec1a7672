package pebble_test

import (
	"log/slog"
	"testing"

	"lethe/erasure"
	"lethe/erasure/index/indextest"
	"lethe/erasure/index/pebble"
)

func open(t testing.TB, dir string) *pebble.Index {
	t.Helper()
	x, err := pebble.Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func TestIndex(t *testing.T) {
	indextest.Run(t, func(t *testing.T) indextest.Open {
		dir := t.TempDir()
		return func(t *testing.T) erasure.Index { return open(t, dir) }
	})
}
