package instance

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// source is what an event is of.
type source struct{ region, kind, name string }

// sourceTypes are what the kinds of resources are called as sources of events.
var sourceTypes = map[string]types.SourceType{
	kindInstance: types.SourceTypeDbInstance,
	kindSnapshot: types.SourceTypeDbSnapshot,
	kindGroup:    types.SourceTypeDbParameterGroup,
}

// keepEvents is how long events are kept (RDS API Reference, DescribeEvents).
const keepEvents = 14 * 24 * time.Hour

// event records what happened to a resource, within the transaction in which it did.
// categories are those of DescribeEventCategories.
func (l *Local) event(ctx context.Context, tx *sql.Tx, s source, category, format string, args ...any) error {
	now := l.now()
	_, err := tx.ExecContext(ctx, `INSERT INTO instance_events (region, kind, name, at, category, message) VALUES ($1, $2, $3, $4, $5, $6)`,
		s.region, s.kind, s.name, now.UnixMilli(), category, fmt.Sprintf(format, args...))
	if err != nil {
		return fmt.Errorf("event of %s %s: %w", s.kind, s.name, err)
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM instance_events WHERE at < $1`, now.Add(-keepEvents).UnixMilli())
	return err
}

// now is the time by the provider's clock.
func (l *Local) now() time.Time {
	if l.Now != nil {
		return l.Now().UTC()
	}
	return time.Now().UTC()
}
