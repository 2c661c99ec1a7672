package erasure

import (
	"context"
	"database/sql"
	"sync"

	"lethe/lib/state"
)

// suppressed are the hashes of persons who must not come back.
type suppressed struct {
	mu sync.RWMutex
	hs map[Hash]bool
}

// load reads them.
func (p *suppressed) load(ctx context.Context, db *state.DB) error {
	hs := map[Hash]bool{}
	err := db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT hash FROM erasure_suppressed`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var raw []byte
			if err := rows.Scan(&raw); err != nil {
				return err
			}
			hs[Hash(raw)] = true
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hs = hs
	return nil
}

func (p *suppressed) has(h Hash) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.hs[h]
}
