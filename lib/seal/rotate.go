package seal

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"syscall"
)

// Rotate makes a new master key, seals the data keys with it, and forgets the old one.
// It returns the new one's id. It can be stopped at any moment: there is always a file
// that opens all data keys, and the old key leaves it only when the database, its log
// included, holds nothing that it seals. The next Open, or Rotate, does the rest.
func (k *Keyring) Rotate(ctx context.Context) (id string, err error) {
	k.rotating.Lock()
	defer k.rotating.Unlock()
	m := newMaster()
	k.mu.RLock()
	all := append([]master{m}, k.masters...)
	k.mu.RUnlock()
	k.step("begin")
	if err := k.source.write(all); err != nil {
		return "", err
	}
	k.mu.Lock()
	k.masters = all
	k.mu.Unlock()
	k.step("both keys are in the file")
	return m.id, k.finish(ctx)
}

// Master returns the id of the master key in use.
func (k *Keyring) Master() string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.masters[0].id
}

// finish leaves all master keys but the first.
func (k *Keyring) finish(ctx context.Context) error {
	k.mu.RLock()
	masters := k.masters
	k.mu.RUnlock()
	if len(masters) == 1 {
		return nil
	}
	if err := k.rewrap(ctx, masters); err != nil {
		return err
	}
	k.step("data keys are sealed anew")
	if err := k.db.Truncate(ctx); err != nil {
		return err
	}
	k.step("the log is empty")
	if k.source.path == "" {
		return nil // who set it takes the old ones away
	}
	err := k.source.write(masters[:1])
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return nil // as in a Source that is a Text
	}
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.masters = masters[:1:1]
	k.mu.Unlock()
	k.step("end")
	return nil
}

// rewrap seals the data keys with the first master key.
func (k *Keyring) rewrap(ctx context.Context, masters []master) error {
	rows, err := k.rows(ctx)
	if err != nil {
		return err
	}
	return k.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, r := range rows {
			if r.master == masters[0].id {
				continue
			}
			m, ok := named(masters, r.master)
			if !ok {
				return missing(k.source, r.master)
			}
			key, err := m.unwrap(r)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE seal_keys SET master = $1, wrapped = $2 WHERE id = $3", masters[0].id, masters[0].wrap(r.id, key), r.id); err != nil {
				return err
			}
		}
		k.step("before the commit")
		return nil
	})
}
