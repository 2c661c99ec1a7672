package access

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// flushUses is how often uses of keys are written down, so that a use costs no write.
const flushUses = time.Minute

// useLog keeps the latest use of each key until it is written down.
type useLog struct {
	mu   sync.Mutex
	uses map[string]Use
}

func (l *useLog) note(id string, u Use) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.uses == nil {
		l.uses = map[string]Use{}
	}
	l.uses[id] = u
}

// latest brings a key's use up to date.
func (l *useLog) latest(k *AccessKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u, ok := l.uses[k.ID]; ok {
		k.Use = u
	}
}

// take returns what is not written down yet.
func (l *useLog) take() map[string]Use {
	l.mu.Lock()
	defer l.mu.Unlock()
	uses := l.uses
	l.uses = nil
	return uses
}

// Used implements Keys.
func (s *Service) Used(accessKeyID, service, region string) {
	s.uses.note(accessKeyID, Use{time.Now().UTC(), service, region})
}

// writeUses writes the uses of keys down. It changes nobody's permissions, so what is
// cached stays.
func (s *Service) writeUses(ctx context.Context) error {
	uses := s.uses.take()
	if len(uses) == 0 {
		return nil
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		for id, u := range uses {
			if _, err := tx.ExecContext(ctx, "UPDATE access_keys SET used = $1, used_service = $2, used_region = $3 WHERE id = $4", u.Used.UnixMicro(), u.Service, u.Region, id); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE access_roles SET used = $1, used_region = $2 WHERE id = (SELECT owner_id FROM access_temporary WHERE id = $3)", u.Used.UnixMicro(), u.Region, id); err != nil {
				return err
			}
		}
		return nil
	})
}
