package parquet

import (
	"bytes"
	"testing"

	"lethe/lib/runs"
)

// SayBlanked has a file say that a row of it was blanked.
func SayBlanked(t *testing.T, b []byte, row int64) []byte {
	t.Helper()
	f, err := openFile(t.Context(), bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := f.sayBlanked(f.groups, runs.Of([]int64{row})); !ok || err != nil {
		t.Fatal(ok, err)
	}
	return append(bytes.Clone(b[:f.start]), trailer(f.encode(f.groups))...)
}
