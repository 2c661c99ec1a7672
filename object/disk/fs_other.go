//go:build !linux

package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func nameDurableByFsync(string) bool { return false }

// freeSpace is how many bytes an unprivileged writer may still write.
func freeSpace(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

func share(_, _ *os.File, _, _, _ int64) error      { return errors.ErrUnsupported }
func blockSize(*os.File) int64                      { return 0 }
func setAttr(*os.File, string, []byte) error        { return errors.ErrUnsupported }
func getAttr(*os.File, string, int) ([]byte, error) { return nil, errors.ErrUnsupported }
