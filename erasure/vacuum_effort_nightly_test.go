//go:build nightly

package erasure_test

const vacuumKillPoints = 1 << 20
