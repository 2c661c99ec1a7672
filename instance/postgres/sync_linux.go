package postgres

import (
	"os"

	"golang.org/x/sys/unix"
)

// begin has the kernel begin to write a file. It is no error if it does not: fsync
// follows, and says what failed.
func begin(f *os.File) error {
	_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
	return nil
}
