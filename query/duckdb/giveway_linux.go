package duckdb

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// giveWay has the calling thread, alone, yield to all others: on Linux niceness is a
// thread's (setpriority(2), "C library/kernel differences").
func giveWay() error {
	if err := unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 19); err != nil {
		return fmt.Errorf("setpriority: %w", err)
	}
	return nil
}
