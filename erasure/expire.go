package erasure

import (
	"context"
	"time"
)

// Expiring is a Holder with places that keep persons until a time and then end, as
// backups do.
type Expiring interface {
	Holder
	// Remains says whether a place that Locate named is there still, or may be.
	Remains(ctx context.Context, place string) (bool, error)
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
			remains, err := x.Remains(ctx, at.Place)
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
