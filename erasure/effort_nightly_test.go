//go:build nightly

package erasure_test

const (
	killPoints     = 1 << 20
	mailKillPoints = 1 << 20
	eraseRuns      = 10_000
	chaosRequests  = 10_000
)
