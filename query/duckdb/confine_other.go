//go:build !linux

package duckdb

import (
	"errors"
	"runtime"
)

func confineProcess(in, work string, fileSize int64) (int, error) {
	return 0, errors.New(runtime.GOOS + " has no Landlock")
}
