package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// nameDurableByFsync says whether, on the file system of dir, the fsync of a new
// file also makes its name durable. Emulated power cuts showed it for these; a
// tmpfs keeps nothing anyway. Of others nothing is assumed.
func nameDurableByFsync(dir string) bool {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return false
	}
	switch uint32(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.TMPFS_MAGIC:
		return true
	}
	return false
}

// freeSpace is how many bytes an unprivileged writer may still write.
func freeSpace(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// share makes n bytes of dst at offset to the same as those of src at from,
// without writing them again: both files point to the same blocks until one of
// them changes. Offsets and n must be multiples of the file system's blocks. Few
// file systems can; the others answer an error.
func share(dst, src *os.File, to, from, n int64) error {
	return unix.IoctlFileCloneRange(int(dst.Fd()), &unix.FileCloneRange{
		Src_fd: int64(src.Fd()), Src_offset: uint64(from), Src_length: uint64(n), Dest_offset: uint64(to)})
}

// blockSize is the size of the file system's blocks, 0 if it is not known.
func blockSize(f *os.File) int64 {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return 0
	}
	return st.Bsize
}

func setAttr(f *os.File, name string, value []byte) error {
	return unix.Fsetxattr(int(f.Fd()), name, value, 0)
}

func getAttr(f *os.File, name string, most int) ([]byte, error) {
	b := make([]byte, most)
	n, err := unix.Fgetxattr(int(f.Fd()), name, b)
	return b[:max(n, 0)], err
}
