//go:build nightly

package erasure_test

// killPoints is at how many calls TestEraseKill kills, of all there are.
const killPoints = 1 << 20
