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

// Spark 4 is a gigabyte to fetch.
func TestSpark4OverTheMetastoreAndS3(t *testing.T) {
	sparkOverS3(t, "4.0", "none")
}
