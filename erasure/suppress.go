package erasure

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"lethe/lib/state"
)

// suppressed are the hashes of persons who must not come back.
type suppressed struct {
	mu sync.RWMutex
	hs map[Hash]bool
	// loading is held from reading to replacing hs, so that of two loads the one that
	// has read less does not come last.
	loading sync.Mutex
}

// load reads them, without those of whom a hold keeps everything: they may come back
// until it ends.
func (p *suppressed) load(ctx context.Context, db *state.DB) error {
	p.loading.Lock()
	defer p.loading.Unlock()
	hs := map[Hash]bool{}
	err := db.View(ctx, func(tx *sql.Tx) error {
		holds, err := holdsIn(ctx, tx, time.Now())
		if err != nil {
			return err
		}
		held := map[string]bool{}
		for _, h := range holds {
			switch {
			case h.Mapping != "": // what lies there is kept when it is come to
			case h.Request == "":
				return nil
			default:
				q, err := requestIn(ctx, tx, h.Request)
				if err != nil {
					return err
				}
				for _, id := range q.Identifiers {
					held[id.Hash] = true
				}
			}
		}
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
			if h := Hash(raw); !held[h.String()] {
				hs[h] = true
			}
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

// all returns them.
func (p *suppressed) all() map[Hash]bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.hs // never changed, only replaced
}

func (p *suppressed) has(h Hash) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.hs[h]
}
