package postgres_test

import (
	"testing"

	"lethe/erasure"
	"lethe/erasure/index/indextest"
	"lethe/erasure/index/postgres"
	"lethe/test/need"
)

func TestKillChild(t *testing.T) {
	indextest.KillChild(t, func(url string) erasure.Index { return open(t, postgres.Config{URL: url}) })
}

func TestKill(t *testing.T) {
	indextest.Kill(t, 5, need.Postgres(t), func(url string) erasure.Index { return open(t, postgres.Config{URL: url}) })
}
