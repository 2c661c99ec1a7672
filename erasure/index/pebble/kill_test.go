package pebble_test

import (
	"testing"

	"lethe/erasure"
	"lethe/erasure/index/indextest"
)

func TestKillChild(t *testing.T) {
	indextest.KillChild(t, func(dir string) erasure.Index { return open(t, dir) })
}

func TestKill(t *testing.T) {
	indextest.Kill(t, 8, t.TempDir(), func(dir string) erasure.Index { return open(t, dir) })
}
