//go:build !linux

package duckdb

// machineMemory returns the machine's memory in bytes.
func machineMemory() int64 { return 4 << 30 }
