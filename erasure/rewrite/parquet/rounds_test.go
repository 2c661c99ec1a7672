//go:build !nightly

package parquet_test

// rounds is how many files of each writer are cut.
const rounds = 8
