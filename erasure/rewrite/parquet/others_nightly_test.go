//go:build nightly

package parquet_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"lethe/test/need"
)

// TestSparksFiles is TestOthersFiles with the files of Spark and of arrow-rs, and with
// Spark among those who read: it must find the other rows in what everybody wrote.
func TestSparksFiles(t *testing.T) {
	r := seed(t)
	dir := t.TempDir()
	python := need.Venv(t, "python")
	spark, _ := need.Spark(t, "4.0")
	const each = rounds / 4 // Spark reads one a second, and no halves (h)
	files := slices.Concat(sparkFiles(t, r, spark, dir, each), rustFiles(t, r, python, dir, each),
		pyarrowFiles(t, r, python, dir, each, "h"), duckdbFiles(t, r, dir, each), ownFiles(t, r, dir, each))
	done := cutAll(t, r, files)
	checkDuckDB(t, done)
	checkPython(t, dir, done, python, "testdata/arrow.py")
	checkPython(t, dir, done, spark, "testdata/spark.py")
}

func sparkFiles(t *testing.T, r *rand.Rand, spark, dir string, n int) (files []string) {
	t.Helper()
	if out, err := exec.Command(spark, "testdata/spark.py", "write", strconv.Itoa(r.IntN(1e6)), strconv.Itoa(n), dir).CombinedOutput(); err != nil {
		t.Fatalf("Spark: %v\n%s", err, out)
	}
	for i := range n {
		files = append(files, filepath.Join(dir, fmt.Sprintf("spark-%d.parquet", i)))
	}
	return files
}

func rustFiles(t *testing.T, r *rand.Rand, python, dir string, n int) (files []string) {
	t.Helper()
	cmd := exec.Command(python, "testdata/arrow.py", "rust", strconv.Itoa(r.IntN(1e6)), strconv.Itoa(n), dir)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+need.Wheels(t, "deltalake==1.6.6"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("arrow-rs: %v\n%s", err, out)
	}
	for i := range n {
		files = append(files, filepath.Join(dir, fmt.Sprintf("rust-%d.parquet", i)))
	}
	return files
}
