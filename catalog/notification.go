package catalog

import (
	"context"
	"time"
)

// Notification tells of one change of a catalog, for those who keep a copy of
// what it says, as Impala does.
type Notification struct {
	// ID counts the changes of a catalog from 1 without gaps, in the order in which
	// they took effect.
	ID   int64
	Time time.Time // to the second
	// Type is Hive's: CREATE_DATABASE, ALTER_TABLE, ADD_PARTITION, INSERT.
	Type            string
	Database, Table string // "" where the change is of none
	// Message describes the change in Format; that of this catalog's own changes is
	// MessageFormat, Hive's JSON with the objects in Thrift's.
	Message, Format string
}

// MessageFormat is the format of messages that Hive 3.1 and later, Impala and
// Spark read.
const MessageFormat = "json-0.2"

// Notifications keeps what changed, for a day at least.
type Notifications interface {
	// Notifications returns up to most of those after an id, in their order. Those
	// that are older than the catalog keeps them are left out.
	Notifications(ctx context.Context, after int64, most int) ([]Notification, error)
	// CurrentNotification returns the id of the last, or 0.
	CurrentNotification(ctx context.Context) (int64, error)
	// CountNotifications counts those of a database after an id, up to the id to,
	// or all if to is 0.
	CountNotifications(ctx context.Context, database string, after, to int64) (int64, error)
	// AddNotification keeps one that a client tells of, as that it wrote into a
	// table, and returns its id. ID and Time are set by the catalog.
	AddNotification(ctx context.Context, n Notification) (int64, error)
}
