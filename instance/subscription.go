package instance

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe/event"
)

// A subscription has its events sent to one of the targets of events that lethe is
// configured with, which it names as a topic of SNS.

// subscription is an event subscription.
type subscription struct {
	Name, Topic string
	SourceType  string   // "" for all
	Sources     []string // none for all of the type
	Categories  []string // none for all
	Enabled     bool
	Created     time.Time
	After       int64 // the last event that its target has, or had the chance to have
}

func subscriptionNotFound(name string) error {
	return &types.SubscriptionNotFoundFault{Message: ptr("Subscription " + name + " not found.")}
}

func (l *Local) subscription(ctx context.Context, tx *sql.Tx, region, name string) (*subscription, error) {
	s, err := groupOf[subscription](ctx, tx, region, kindEvents, strings.ToLower(name))
	if err == nil && s == nil {
		err = subscriptionNotFound(name)
	}
	return s, err
}

func (s subscription) out(region string) *types.EventSubscription {
	status := "active"
	return &types.EventSubscription{CustSubscriptionId: &s.Name, SnsTopicArn: &s.Topic, SourceType: optional(s.SourceType), SourceIdsList: s.Sources, EventCategoriesList: s.Categories,
		Enabled: &s.Enabled, Status: &status, SubscriptionCreationTime: ptr(s.Created.Format(time.RFC3339)), CustomerAwsId: ptr(accountOf(s.Topic)), EventSubscriptionArn: ptr(arn(region, kindEvents, s.Name))}
}

// accountOf is the account in an ARN.
func accountOf(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 4 {
		return parts[4]
	}
	return ""
}

// checkTopic refuses what is not one of the targets.
func (l *Local) checkTopic(topic string) error {
	if name, ok := event.TargetName(topic); ok && l.Targets[name] != nil {
		return nil
	}
	return &types.SNSTopicArnNotFoundFault{Message: ptr("SNS topic ARN does not exist: " + topic + ". Topics here are the targets of events in lethe's configuration: arn:aws:sns:REGION:ACCOUNT:NAME is events.targets.NAME.")}
}

// checkSubscription refuses what no event can be of.
func (l *Local) checkSubscription(ctx context.Context, tx *sql.Tx, region string, s *subscription) error {
	if err := checkSource(s.SourceType); err != nil {
		return err
	}
	if len(s.Sources) > 0 && s.SourceType == "" {
		return invalidCombination("The parameter SourceType must be provided with SourceIds.")
	}
	for i, id := range s.Sources {
		s.Sources[i] = strings.ToLower(id)
		kind := sourceKind(s.SourceType)
		if kind == "" {
			return &types.SourceNotFoundFault{Message: ptr("There are no sources of the type " + s.SourceType + " on this server.")}
		}
		if _, err := l.exists(ctx, tx, arn(region, kind, id)); err != nil {
			return &types.SourceNotFoundFault{Message: ptr("Source " + id + " not found.")}
		}
	}
	for _, c := range s.Categories {
		if !slices.ContainsFunc(categories, func(k struct {
			source types.SourceType
			names  []string
		}) bool {
			return (s.SourceType == "" || s.SourceType == string(k.source)) && slices.Contains(k.names, c)
		}) {
			return &types.SubscriptionCategoryNotFoundFault{Message: ptr("Category " + c + " not found.")}
		}
	}
	return nil
}

// CreateEventSubscription has events sent to a target from now on.
func (l *Local) CreateEventSubscription(ctx context.Context, in *rds.CreateEventSubscriptionInput, opts ...func(*rds.Options)) (*rds.CreateEventSubscriptionOutput, error) {
	region := l.region(opts)
	name, err := CheckIdentifier("SubscriptionName", aws.ToString(in.SubscriptionName))
	if err != nil {
		return nil, err
	}
	s := subscription{Name: name, Topic: aws.ToString(in.SnsTopicArn), SourceType: aws.ToString(in.SourceType), Sources: in.SourceIds, Categories: in.EventCategories,
		Enabled: in.Enabled == nil || *in.Enabled, Created: l.now()}
	if err := l.checkTopic(s.Topic); err != nil {
		return nil, err
	}
	err = l.DB.Tx(ctx, func(tx *sql.Tx) error {
		before, err := groupOf[subscription](ctx, tx, region, kindEvents, name)
		if err != nil {
			return err
		}
		if before != nil {
			return &types.SubscriptionAlreadyExistFault{Message: ptr("Subscription " + name + " already exists.")}
		}
		if err := l.checkSubscription(ctx, tx, region, &s); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM instance_events`).Scan(&s.After); err != nil {
			return err
		}
		if err := putGroup(ctx, tx, region, kindEvents, name, s); err != nil {
			return err
		}
		return l.addTags(ctx, tx, arn(region, kindEvents, name), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &rds.CreateEventSubscriptionOutput{EventSubscription: s.out(region)}, nil
}

// DescribeEventSubscriptions lists subscriptions.
func (l *Local) DescribeEventSubscriptions(ctx context.Context, in *rds.DescribeEventSubscriptionsInput, opts ...func(*rds.Options)) (*rds.DescribeEventSubscriptionsOutput, error) {
	region := l.region(opts)
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	var all []subscription
	err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		if in.SubscriptionName != nil {
			s, err := l.subscription(ctx, tx, region, *in.SubscriptionName)
			if err == nil {
				all = []subscription{*s}
			}
			return err
		}
		all, err = groups[subscription](ctx, tx, region, kindEvents)
		return err
	})
	if err != nil {
		return nil, err
	}
	page, next, err := paged(all, in.Marker, in.MaxRecords, func(s subscription) string { return s.Name })
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeEventSubscriptionsOutput{Marker: next, EventSubscriptionsList: []types.EventSubscription{}}
	for _, s := range page {
		out.EventSubscriptionsList = append(out.EventSubscriptionsList, *s.out(region))
	}
	return out, nil
}

// ModifyEventSubscription changes what is sent, or where to.
func (l *Local) ModifyEventSubscription(ctx context.Context, in *rds.ModifyEventSubscriptionInput, opts ...func(*rds.Options)) (*rds.ModifyEventSubscriptionOutput, error) {
	region := l.region(opts)
	if in.SnsTopicArn != nil {
		if err := l.checkTopic(*in.SnsTopicArn); err != nil {
			return nil, err
		}
	}
	var s *subscription
	err := l.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if s, err = l.subscription(ctx, tx, region, aws.ToString(in.SubscriptionName)); err != nil {
			return err
		}
		if in.SnsTopicArn != nil {
			s.Topic = *in.SnsTopicArn
		}
		if in.SourceType != nil && *in.SourceType != s.SourceType {
			s.SourceType, s.Sources = *in.SourceType, nil
		}
		if in.EventCategories != nil {
			s.Categories = in.EventCategories
		}
		if in.Enabled != nil {
			s.Enabled = *in.Enabled
		}
		if err := l.checkSubscription(ctx, tx, region, s); err != nil {
			return err
		}
		return putGroup(ctx, tx, region, kindEvents, s.Name, s)
	})
	if err != nil {
		return nil, err
	}
	return &rds.ModifyEventSubscriptionOutput{EventSubscription: s.out(region)}, nil
}

// DeleteEventSubscription ends a subscription.
func (l *Local) DeleteEventSubscription(ctx context.Context, in *rds.DeleteEventSubscriptionInput, opts ...func(*rds.Options)) (*rds.DeleteEventSubscriptionOutput, error) {
	region := l.region(opts)
	var s *subscription
	err := l.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if s, err = l.subscription(ctx, tx, region, aws.ToString(in.SubscriptionName)); err != nil {
			return err
		}
		return l.dropGroup(ctx, tx, region, kindEvents, s.Name)
	})
	if err != nil {
		return nil, err
	}
	return &rds.DeleteEventSubscriptionOutput{EventSubscription: s.out(region)}, nil
}

// notice is what a target gets: the members of the messages that RDS sends to topics.
type notice struct {
	Source  string `json:"Event Source"`
	Time    string `json:"Event Time"`
	ID      string `json:"Source ID"`
	ARN     string `json:"Source ARN"`
	Message string `json:"Event Message"`
}

// Deliver sends events to the targets of the subscriptions, at least once. A message that
// its target refuses is not sent again; one that did not reach it is, at the next call,
// as long as the event is kept.
func (l *Local) Deliver(ctx context.Context) error {
	var regions []string
	err := l.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT DISTINCT region FROM instance_groups WHERE kind = $1 ORDER BY region`, kindEvents)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r string
			if err := rows.Scan(&r); err != nil {
				return err
			}
			regions = append(regions, r)
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	for _, region := range regions {
		var all []subscription
		err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
			all, err = groups[subscription](ctx, tx, region, kindEvents)
			return err
		})
		if err != nil {
			return err
		}
		for _, s := range all {
			if err := l.deliverTo(ctx, region, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// deliverTo sends one subscription's events, one by one: there are few.
func (l *Local) deliverTo(ctx context.Context, region string, s subscription) error {
	var all []happening
	err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		all, err = happenings(ctx, tx, `region = $1 AND id > $2`, region, s.After)
		return err
	})
	if err != nil || len(all) == 0 {
		return err
	}
	name, _ := event.TargetName(s.Topic)
	target, after := l.Targets[name], s.After
	for _, h := range all {
		if s.Enabled && target != nil && h.matches(s.SourceType, s.Sources, s.Categories) {
			if errs := target.Send(ctx, []event.Message{h.notice()}); len(errs) > 0 && errs[0] != nil && !errors.Is(errs[0], event.ErrRefused) {
				l.Log.Warn("an event of a database instance waits for its target", "subscription", s.Name, "target", name, "err", errs[0])
				break
			}
		}
		after = h.id
	}
	if after == s.After {
		return nil
	}
	return l.DB.Tx(ctx, func(tx *sql.Tx) error {
		now, err := groupOf[subscription](ctx, tx, region, kindEvents, s.Name)
		if err != nil || now == nil || now.After >= after || !now.Created.Equal(s.Created) {
			return err
		}
		now.After = after
		return putGroup(ctx, tx, region, kindEvents, s.Name, now)
	})
}

func (h happening) notice() event.Message {
	body, err := json.Marshal(notice{string(sourceTypes[h.kind]), h.at.Format("2006-01-02 15:04:05.000"), h.name, arn(h.region, h.kind, h.name), h.message})
	if err != nil {
		panic("instance: texts that are not JSON: " + err.Error())
	}
	return event.Message{Event: event.Event{Bucket: h.kind, Key: h.name, Time: h.at}, ID: "rds-" + h.region + "-" + strconv.FormatInt(h.id, 10), Body: body}
}
