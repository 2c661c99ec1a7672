package disk

import (
	"encoding/binary"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Event tells of one change. It is written in the same batch as the change, so
// none is lost and none tells of what did not happen.
type Event struct {
	Name    string // as in S3's notifications, without s3: (ObjectCreated:Put)
	Bucket  string
	Key     string
	Version string `json:",omitempty"`
	Size    int64  `json:",omitempty"`
	ETag    string `json:",omitempty"`
	Time    time.Time
}

// Outbox calls f for the events after seq, oldest first, until f fails.
func (s *Store) Outbox(seq uint64, f func(seq uint64, e Event) error) error {
	it, err := s.index.seek(tableKey(tabOutbox))
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.SeekGE(outboxKey(seq + 1)); ok; ok = it.Next() {
		var e Event
		if err := decode(it.Key(), it.Value(), &e); err != nil {
			return err
		}
		if err := f(binary.BigEndian.Uint64(it.Key()[1:]), e); err != nil {
			return err
		}
	}
	return it.Error()
}

// Forget removes the events up to and including seq: their receivers have them.
func (s *Store) Forget(seq uint64) error {
	b := s.index.db.NewBatch()
	if err := b.DeleteRange(outboxKey(0), outboxKey(seq+1), nil); err != nil {
		return err
	}
	return s.index.commit(b, pebble.NoSync)
}
