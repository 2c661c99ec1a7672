//go:build !nightly

package erasure_test

// vacuumKillPoints is at how many calls TestVacuumKill kills, of all there are.
const vacuumKillPoints = 5
