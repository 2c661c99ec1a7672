//go:build !race

package rewritetest

const slow = false
