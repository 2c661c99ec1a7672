package extract

import (
	"context"
	"database/sql"
	"time"

	"lethe/dash"
	"lethe/lib/state"
)

// Status is how all extracts are.
type Status struct {
	Extracts    int
	Rows, Bytes int64
	Oldest      time.Time // when the reading of what the oldest holds began; zero without any
	// Waiting and Running are refreshes. One that failed and is tried again waits.
	Waiting, Running int
	// Failed are data sets whose last refresh failed for good.
	Failed int
}

// Status tells how all extracts are.
func (s *Service) Status(ctx context.Context) (st Status, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		files, err := state.Documents[File](ctx, tx, `SELECT document FROM extract_files WHERE current = 1`)
		if err != nil {
			return err
		}
		for _, f := range files {
			st.Extracts++
			st.Rows += f.Rows
			st.Bytes += f.Bytes
			if st.Oldest.IsZero() || f.AsOf.Before(st.Oldest) {
				st.Oldest = f.AsOf
			}
		}
		last, err := state.Documents[dash.Refresh](ctx, tx, `SELECT document FROM extract_refreshes WHERE id IN (SELECT max(id) FROM extract_refreshes GROUP BY data_set)`)
		for _, r := range last {
			switch s.live(r).State {
			case dash.Waiting:
				st.Waiting++
			case dash.Refreshing:
				st.Running++
			case dash.Failed:
				st.Failed++
			}
		}
		return err
	})
	return st, err
}
