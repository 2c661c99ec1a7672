package secret

import (
	"context"
	"database/sql"
	"time"
)

// Delete marks a secret for deletion after a window of days, 0 meaning 30; or with force
// deletes it at once, for good, and it is no error if there is none.
func (s *Service) Delete(ctx context.Context, id string, days int64, force bool) (x Secret, err error) {
	if force && days != 0 {
		return x, refuse(InvalidParameter, "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	}
	if days == 0 {
		days = maxWindow
	}
	if days < minWindow || days > maxWindow {
		return x, refuse(InvalidParameter, "The RecoveryWindowInDays value must be between %d and %d days (inclusive).", minWindow, maxWindow)
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		x, err = s.find(ctx, tx, id)
		if force {
			if c, ok := codeOf(err); ok && c == NotFound {
				name, _ := s.place(id)
				x = Secret{Name: name, ARN: s.arn(name, ""), Purge: now}
				return nil
			}
		}
		if err != nil {
			return err
		}
		if force {
			x.Deleted, x.Purge = now, now
			return s.purge(ctx, tx, x.ID)
		}
		if !x.Deleted.IsZero() {
			return marked()
		}
		x.Deleted, x.Purge = now, now.Add(time.Duration(days)*24*time.Hour)
		_, err := tx.ExecContext(ctx, "UPDATE secret_secrets SET deleted = $1, purge = $2 WHERE id = $3", x.Deleted.UnixMicro(), x.Purge.UnixMicro(), x.ID)
		return err
	})
	if err == nil && force {
		// If readers keep the log, the next Purge empties it, and says if it cannot.
		_ = s.clean(ctx)
	}
	return x, err
}

// Restore takes the mark of deletion away; of a secret that has none it is no error.
func (s *Service) Restore(ctx context.Context, id string) (x Secret, err error) {
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if x, err = s.find(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE secret_secrets SET deleted = 0, purge = 0 WHERE id = $1", x.ID)
		return err
	})
	return x, err
}

// purge deletes a secret for good.
func (s *Service) purge(ctx context.Context, tx *sql.Tx, id string) error {
	for _, statement := range []string{
		"DELETE FROM secret_stages WHERE secret_id = $1", "DELETE FROM secret_versions WHERE secret_id = $1",
		"DELETE FROM secret_tags WHERE secret_id = $1", "DELETE FROM secret_secrets WHERE id = $1",
	} {
		if _, err := tx.ExecContext(ctx, statement, id); err != nil {
			return err
		}
	}
	s.soil()
	return nil
}

// Purge deletes for good what was marked for deletion and has had its time, and sees
// that what was deleted is gone from the state file's log. It is called from time to
// time.
func (s *Service) Purge(ctx context.Context) error {
	if err := s.purgeDue(ctx); err != nil {
		return err
	}
	return s.clean(ctx)
}

func (s *Service) purgeDue(ctx context.Context) error {
	var due []string
	err := s.DB.View(ctx, func(tx *sql.Tx) (err error) {
		due, err = query(ctx, tx, func(scan func(...any) error) (id string, err error) {
			err = scan(&id)
			return id, err
		}, "SELECT id FROM secret_secrets WHERE purge > 0 AND purge <= $1", s.now().UnixMicro())
		return err
	})
	if err != nil || len(due) == 0 {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, id := range due {
			if err := s.purge(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// soil notes that the log may hold what was deleted for good.
func (s *Service) soil() {
	s.mu.Lock()
	s.dirty = true
	s.mu.Unlock()
}

// clean empties the log if it has to be.
func (s *Service) clean(ctx context.Context) error {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = false
	s.mu.Unlock()
	if !dirty {
		return nil
	}
	err := s.DB.Truncate(ctx)
	if err != nil {
		s.soil()
	}
	return err
}
