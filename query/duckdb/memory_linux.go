package duckdb

import "golang.org/x/sys/unix"

// machineMemory returns the machine's memory in bytes.
func machineMemory() int64 {
	var i unix.Sysinfo_t
	if unix.Sysinfo(&i) != nil {
		return 0
	}
	return int64(i.Totalram) * int64(i.Unit)
}
