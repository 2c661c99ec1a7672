package hms

import (
	"context"
	"slices"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/catalog/store"
	"lethe/lib/hms"
)

// maxNotifications bounds an answer: a message may hold a wide table twice.
const maxNotifications = 1000

func (r *registry) notifications() {
	type ctxt = context.Context
	add(r, "get_current_notificationEventId", "glue:GetDatabases", onCatalog, nil, func(ctx ctxt, c *conn, _ target, _ *hms.GetCurrentNotificationEventIdArgs, r *hms.GetCurrentNotificationEventIdReply) error {
		id, err := c.Catalog.CurrentNotification(ctx)
		r.Success = &hms.CurrentNotificationEventId{EventId: id}
		return err
	})
	add(r, "get_next_notification", "glue:GetDatabases", onCatalog, nil, func(ctx ctxt, c *conn, _ target, a *hms.GetNextNotificationArgs, r *hms.GetNextNotificationReply) error {
		events, err := c.notificationsAfter(ctx, of(a.Rqst))
		r.Success = &hms.NotificationEventResponse{Events: events}
		return err
	})
	add(r, "get_notification_events_count", "glue:GetDatabase", onDatabase, func(a *hms.GetNotificationEventsCountArgs) target {
		return target{database: of(a.Rqst).DbName}
	}, func(ctx ctxt, c *conn, t target, a *hms.GetNotificationEventsCountArgs, r *hms.GetNotificationEventsCountReply) error {
		q := of(a.Rqst)
		n, err := c.Catalog.CountNotifications(ctx, t.database, q.FromEventId, *of(q.ToEventId))
		if limit := *of(q.Limit); limit > 0 {
			n = min(n, limit)
		}
		r.Success = &hms.NotificationEventsCountResponse{EventsCount: n}
		return err
	})
	add(r, "fire_listener_event", "glue:UpdateTable", onTable, func(a *hms.FireListenerEventArgs) target {
		return target{of(a.Rqst).DbName, of(a.Rqst).TableName}
	}, func(ctx ctxt, c *conn, t target, a *hms.FireListenerEventArgs, r *hms.FireListenerEventReply) (err error) {
		r.Success, err = c.fire(ctx, t, of(a.Rqst))
		return err
	})
}

// notificationsAfter returns those that the caller may see, in the order of their
// ids. It goes on until there is one, so that an answer without any means that
// there are no more.
func (c *conn) notificationsAfter(ctx context.Context, q *hms.NotificationEventRequest) ([]*hms.NotificationEvent, error) {
	most := maxNotifications
	if n := *of(q.MaxEvents); n > 0 {
		most = min(most, int(n))
	}
	out := []*hms.NotificationEvent{}
	for after := q.LastEvent; len(out) == 0; {
		ns, err := c.Catalog.Notifications(ctx, after, most)
		if err != nil {
			return nil, err
		}
		if len(ns) == 0 {
			break
		}
		for _, n := range ns {
			after = n.ID
			if slices.Contains(q.EventTypeSkipList, n.Type) {
				continue
			}
			if sees, err := c.seesNotification(ctx, n); err != nil {
				return nil, err
			} else if !sees {
				continue
			}
			out = append(out, toNotification(n))
		}
	}
	return out, nil
}

// seesNotification tells whether the caller may see what a notification is about,
// all of which is in its message.
func (c *conn) seesNotification(ctx context.Context, n catalog.Notification) (bool, error) {
	switch {
	case n.Table != "":
		return c.seesTable(ctx, n.Database, n.Table)
	case n.Database != "":
		return c.sees(ctx, "glue:GetDatabases", lethe.DatabaseARN(c.Region, n.Database))
	}
	return true, nil
}

func toNotification(n catalog.Notification) *hms.NotificationEvent {
	return &hms.NotificationEvent{EventId: n.ID, EventTime: int32(n.Time.Unix()), EventType: n.Type, DbName: n.Database, TableName: n.Table,
		Message: n.Message, MessageFormat: n.Format, CatName: hive.DefaultCatalog}
}

// fire keeps that a client wrote into a table or its partitions, as Impala and
// Spark tell after an INSERT.
func (c *conn) fire(ctx context.Context, t target, q *hms.FireEventRequest) (*hms.FireEventResponse, error) {
	table, err := c.table(ctx, t)
	if err != nil {
		return nil, err
	}
	data := of(q.Data)
	inserts := data.InsertDatas
	if data.InsertData != nil {
		one := *data.InsertData
		if one.PartitionVal == nil {
			one.PartitionVal = q.PartitionVals
		}
		inserts = append(inserts, &one)
	}
	if len(inserts) == 0 {
		return nil, lethe.Errorf(lethe.Unsupported, "only inserts can be told of")
	}
	for _, i := range inserts {
		if n := len(of(i).PartitionVal); n != 0 && n != len(table.Partitions) {
			return nil, lethe.Errorf(lethe.Invalid, "table %s.%s has %d partition keys, and the partition %d values", t.database, t.table, len(table.Partitions), n)
		}
	}
	out := &hms.FireEventResponse{}
	for _, i := range inserts {
		var partition *catalog.Partition
		if len(of(i).PartitionVal) > 0 {
			ps, err := c.Catalog.PartitionsNamed(ctx, t.database, t.table, []string{catalog.PartitionName(table.Partitions, i.PartitionVal)})
			if err != nil {
				return nil, err
			}
			if len(ps) == 0 {
				return nil, lethe.Errorf(lethe.NotFound, "table %s.%s has no partition %q", t.database, t.table, i.PartitionVal)
			}
			partition = &ps[0]
		}
		files := slices.Clone(of(i).FilesAdded)
		for k, sum := range of(i).FilesAddedChecksum {
			if k < len(files) && sum != "" {
				files[k] += "###" + sum // as Hive's replication writes it
			}
		}
		id, err := c.Catalog.AddNotification(ctx, catalog.Notification{Type: "INSERT", Database: t.database, Table: t.table,
			Message: store.InsertMessage(&table, partition, files, *of(of(i).Replace)), Format: catalog.MessageFormat})
		if err != nil {
			return nil, err
		}
		out.EventIds = append(out.EventIds, id)
	}
	return out, nil
}
