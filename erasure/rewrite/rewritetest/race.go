//go:build race

package rewritetest

// slow says that code runs under the race detector, at about a tenth of its speed.
const slow = true
