//go:build nightly

package e2e

import (
	"testing"

	"lethe/test/need"
)

// Spark's Hive client, with tables in a local folder.
func TestSparkOverTheMetastore(t *testing.T) {
	python, _ := need.Spark(t, "3.5")
	l := open(t)
	does(t, l, python, "spark_hive.py", l.HMS, t.TempDir())
}
