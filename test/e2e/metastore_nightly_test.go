//go:build nightly

package e2e

import (
	"os"
	"testing"
)

// Spark is 300 MB and Java; LETHE_SPARK names a Python that has it, such as that
// of an environment made by: python3 -m venv spark && spark/bin/pip install 'pyspark==3.5.*'
func TestSparkOverTheMetastore(t *testing.T) {
	python := os.Getenv("LETHE_SPARK")
	if python == "" {
		t.Skip("LETHE_SPARK names no Python with PySpark")
	}
	l := open(t)
	does(t, l, python, "spark_hive.py", l.HMS, t.TempDir())
}
