package erasure

import (
	"context"
	"time"
)

// Expiring is a Holder of places that keep whoever was in them until a time and then end,
// as backups do. Its answers are the same for each person, so that it can be asked where
// nobody's identifiers are known any more.
type Expiring interface {
	Holder
	// Remains says whether what Locate has returned is there still, or may be.
	Remains(ctx context.Context, at Holding) (bool, error)
}

// overdue are the places of a certificate at which the person should not be any more by
// now, and may be.
func (s *Service) overdue(ctx context.Context, c Certificate, now time.Time) (late []Holding, err error) {
	for _, at := range c.Holdings {
		if at.Until.IsZero() || now.Before(at.Until) {
			continue
		}
		for _, h := range s.Holders {
			x, ok := h.(Expiring)
			if !ok || h.Name() != at.Holder {
				continue
			}
			remains, err := x.Remains(ctx, at)
			if err != nil {
				return nil, err
			}
			if remains {
				late = append(late, at)
			}
		}
	}
	return late, nil
}

// remaining counts the places that a certificate names of a holder and that are there still.
// What was made later, as a backup, holds nobody who was erased before.
func remaining(ctx context.Context, c Certificate, x Expiring) (n int64, err error) {
	for _, at := range c.Holdings {
		if at.Holder != x.Name() || at.Reason == "" {
			continue
		}
		remains, err := x.Remains(ctx, at)
		if err != nil {
			return n, err
		}
		if remains {
			n++
		}
	}
	return n, nil
}
