package disk

import (
	"bytes"
	"encoding/json"

	"github.com/cockroachdb/pebble/v2"
	"github.com/oklog/ulid/v2"
)

// Upgrades of the index, done when a store is opened. Each can be done again
// after a crash in its middle; the new number is written last, with a sync that
// makes all before it durable too.

// upgradeBatch is how many bytes of changes an upgrade commits at once.
const upgradeBatch = 4 << 20

func (ix *index) upgrade(from int) error {
	if from < 2 {
		if err := ix.upgradeVersions(); err != nil {
			return err
		}
	}
	return ix.db.Set(tableKey(tabFormat), encode(formatVersion), pebble.Sync)
}

// upgradeVersions brings format 1 to 2: versions were JSON, and a version
// "null" below newer ones had no entry of its own.
func (ix *index) upgradeVersions() error {
	b := ix.db.NewBatch()
	flush := func() error {
		err := b.Commit(pebble.NoSync)
		b = ix.db.NewBatch()
		return err
	}
	var before []byte // the common start of the entries of the key before
	if err := ix.scan(tableKey(tabVersion), func(k, old []byte) error {
		v := &version{}
		v.key, v.id = splitVersionKey(k)
		var err error
		if old[0] == '{' {
			if err = json.Unmarshal(old, v); err == nil {
				err = b.Set(k, v.append(nil), nil)
			}
		} else { // by an upgrade that a crash ended
			err = v.parse(old, lastField)
		}
		if err != nil {
			return badEntry(k, err)
		}
		stem := k[:len(k)-len(ulid.ULID{})]
		if v.Null && bytes.Equal(stem, before) {
			null := bytes.Clone(stem)
			null[0] = tabNull
			if err := b.Set(null, encode(v.id), nil); err != nil {
				return err
			}
		}
		before = append(before[:0], stem...)
		if b.Len() > upgradeBatch {
			return flush()
		}
		return nil
	}); err != nil {
		return err
	}
	return flush()
}
