package disk

import "golang.org/x/sys/unix"

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
