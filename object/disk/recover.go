package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// recover finishes what the last start left: blobs that were dropped but not
// unlinked, and blobs that were written but not committed. The latter can only
// lie in folders of starts that did not close the store.
func (s *Store) recover() error {
	if err := s.loadBuckets(); err != nil {
		return err
	}
	if err := s.resume(); err != nil {
		return err
	}
	var dead []string
	if err := s.index.scan(tableKey(tabDead), func(k, _ []byte) error {
		dead = append(dead, string(k[1:]))
		return nil
	}); err != nil {
		return err
	}
	s.bury(dead)

	c := s.change()
	if err := s.index.scan(tableKey(tabEpoch), func(k, _ []byte) error {
		epoch := string(k[1:])
		c.delete(tableKey(tabEpoch, epoch))
		return s.sweep(epoch)
	}); err != nil {
		return err
	}
	if err := s.newEpoch(); err != nil {
		return err
	}
	c.set(tableKey(tabEpoch, s.epoch), time.Now().UTC())
	if err := c.commit(); err != nil {
		return err
	}
	return nil
}

// newEpoch makes the folder for the blobs of this start.
func (s *Store) newEpoch() error {
	for t := time.Now().UnixMilli(); ; t++ {
		s.epoch = strconv.FormatInt(t, 16)
		err := os.Mkdir(s.epochDir(s.epoch), 0o700)
		if errors.Is(err, fs.ErrExist) {
			continue // two starts in a millisecond, or a clock set back
		}
		if err != nil {
			return err
		}
		return syncDir(filepath.Join(s.dir, "blobs"))
	}
}

// sweep removes the blobs of a crashed start that no record holds.
func (s *Store) sweep(epoch string) error {
	dir := s.epochDir(epoch)
	shards, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // crashed before it made its folder
	}
	if err != nil {
		return err
	}
	for _, shard := range shards {
		held := map[string]bool{}
		prefix := epoch + "." + shard.Name()
		if err := s.index.scan(tableKey(tabRefs, prefix), func(k, _ []byte) error {
			held[string(k[1+len(epoch)+1:])] = true
			return nil
		}); err != nil {
			return err
		}
		files, err := os.ReadDir(filepath.Join(dir, shard.Name()))
		if err != nil {
			return err
		}
		for _, f := range files {
			if held[f.Name()] {
				continue
			}
			if err := os.Remove(filepath.Join(dir, shard.Name(), f.Name())); err != nil {
				return err
			}
		}
	}
	removeEmptyDirs(dir)
	return nil
}

// removeEmptyDirs removes the empty folders below dir, and dir if it is then
// empty. What it cannot remove is in use, or harmless.
func removeEmptyDirs(dir string) {
	shards, _ := os.ReadDir(dir)
	for _, d := range shards {
		_ = os.Remove(filepath.Join(dir, d.Name()))
	}
	_ = os.Remove(dir)
}
