package instance

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// categories are those that events of each kind can have (RDS User Guide, "Amazon RDS
// event categories and event messages").
var categories = []struct {
	source types.SourceType
	names  []string
}{
	{types.SourceTypeDbInstance, []string{"availability", "backup", "configuration change", "creation", "deletion", "failover", "failure", "low storage", "maintenance", "notification", "read replica", "recovery", "restoration", "security"}},
	{types.SourceTypeDbParameterGroup, []string{"configuration change"}},
	{types.SourceTypeDbSnapshot, []string{"creation", "deletion", "notification", "restoration"}},
}

// DescribeEventCategories lists the categories of events.
func (l *Local) DescribeEventCategories(_ context.Context, in *rds.DescribeEventCategoriesInput, _ ...func(*rds.Options)) (*rds.DescribeEventCategoriesOutput, error) {
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	if err := checkSource(aws.ToString(in.SourceType)); err != nil {
		return nil, err
	}
	out := &rds.DescribeEventCategoriesOutput{EventCategoriesMapList: []types.EventCategoriesMap{}}
	for _, c := range categories {
		if in.SourceType == nil || string(c.source) == *in.SourceType {
			out.EventCategoriesMapList = append(out.EventCategoriesMapList, types.EventCategoriesMap{SourceType: ptr(string(c.source)), EventCategories: c.names})
		}
	}
	return out, nil
}

// checkSource refuses what is not a type of sources of RDS; "" is any.
func checkSource(s string) error {
	if s != "" && !slices.Contains(types.SourceType("").Values(), types.SourceType(s)) {
		return invalidValue("Invalid source type: %s", s)
	}
	return nil
}

// happening is an event as it is kept.
type happening struct {
	id                 int64
	region, kind, name string
	at                 time.Time
	category, message  string
}

func (h happening) key() string { return fmt.Sprintf("%020d", h.id) }

// matches reports whether an event is of a source type, of one of the sources and in one
// of the categories; empty ones are any.
func (h happening) matches(sourceType string, sources, categories []string) bool {
	return (sourceType == "" || sourceType == string(sourceTypes[h.kind])) &&
		(len(sources) == 0 || containsFold(sources, h.name)) &&
		(len(categories) == 0 || slices.Contains(categories, h.category))
}

// happenings reads events in the order in which they happened.
func happenings(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]happening, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, region, kind, name, at, category, message FROM instance_events WHERE `+where+` ORDER BY id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []happening
	for rows.Next() {
		var h happening
		var at int64
		if err := rows.Scan(&h.id, &h.region, &h.kind, &h.name, &at, &h.category, &h.message); err != nil {
			return nil, err
		}
		h.at = time.UnixMilli(at).UTC()
		all = append(all, h)
	}
	return all, rows.Err()
}

// DescribeEvents lists what happened in the last hour, or in the time that the request
// names, of the last 14 days.
func (l *Local) DescribeEvents(ctx context.Context, in *rds.DescribeEventsInput, opts ...func(*rds.Options)) (*rds.DescribeEventsOutput, error) {
	region := l.region(opts)
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	if err := checkSource(string(in.SourceType)); err != nil {
		return nil, err
	}
	if in.SourceIdentifier != nil && in.SourceType == "" {
		return nil, invalidCombination("Cannot specify source identifier without source type")
	}
	from, to, err := l.span(in)
	if err != nil {
		return nil, err
	}
	var sources []string
	if in.SourceIdentifier != nil {
		sources = []string{*in.SourceIdentifier}
	}
	var all []happening
	err = l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		all, err = happenings(ctx, tx, `region = $1 AND at >= $2 AND at <= $3`, region, from.UnixMilli(), to.UnixMilli())
		return err
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(h happening) bool { return !h.matches(string(in.SourceType), sources, in.EventCategories) })
	page, next, err := paged(all, in.Marker, in.MaxRecords, happening.key)
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeEventsOutput{Marker: next, Events: []types.Event{}}
	for _, h := range page {
		out.Events = append(out.Events, types.Event{SourceIdentifier: &h.name, SourceType: sourceTypes[h.kind], SourceArn: ptr(arn(h.region, h.kind, h.name)),
			Date: &h.at, EventCategories: []string{h.category}, Message: &h.message})
	}
	return out, nil
}

// span is the time that a request asks for (RDS API Reference, DescribeEvents).
func (l *Local) span(in *rds.DescribeEventsInput) (from, to time.Time, err error) {
	now := l.now()
	from, to = now.Add(-time.Hour), now
	switch {
	case in.Duration != nil && (in.StartTime != nil || in.EndTime != nil):
		return from, to, invalidCombination("Duration can't be given with StartTime or EndTime.")
	case in.Duration != nil && (*in.Duration < 1 || *in.Duration > 14*24*60):
		return from, to, invalidValue("Invalid value for the parameter Duration: %d. It is from 1 to 20160 minutes.", *in.Duration)
	case in.Duration != nil:
		from = now.Add(-time.Duration(*in.Duration) * time.Minute)
	default:
		if in.EndTime != nil {
			to = *in.EndTime
			from = to.Add(-time.Hour)
		}
		if in.StartTime != nil {
			from = *in.StartTime
		}
	}
	if from.After(to) {
		return from, to, invalidCombination("The StartTime is after the EndTime.")
	}
	return from, to, nil
}

// sourceKind is the kind of resources that a source type names, "" for none here.
func sourceKind(sourceType string) string {
	for kind, t := range sourceTypes {
		if strings.EqualFold(string(t), sourceType) {
			return kind
		}
	}
	return ""
}
