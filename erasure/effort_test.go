//go:build !nightly

package erasure_test

const (
	// killPoints is at how many calls TestEraseKill kills, of all there are.
	killPoints = 6
	// mailKillPoints is the same of TestEraseMailKill.
	mailKillPoints = 4
	// eraseRuns is how often a key is erased under faults.
	eraseRuns = 60
	// chaosRequests are made while one in a hundred calls fails, unless -requests says
	// another number.
	chaosRequests = 24
)
