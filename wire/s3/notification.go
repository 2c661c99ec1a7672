package s3

import (
	"encoding/xml"
	"strings"

	"lethe"
	"lethe/event"

	"github.com/versity/versitygw/s3err"
)

// The notification configuration on the wire (Amazon S3 API Reference,
// PutBucketNotificationConfiguration).

type notificationConfiguration struct {
	XMLName   xml.Name
	Topics    []notificationRule `xml:"TopicConfiguration"`
	Queues    []notificationRule `xml:"QueueConfiguration"`
	Functions []notificationRule `xml:"CloudFunctionConfiguration"`
	Bus       *struct{}          `xml:"EventBridgeConfiguration,omitempty"`
}

type notificationRule struct {
	ID       string              `xml:"Id,omitempty"`
	Topic    string              `xml:",omitempty"`
	Queue    string              `xml:",omitempty"`
	Function string              `xml:"CloudFunction,omitempty"`
	Events   []string            `xml:"Event"`
	Filter   *notificationFilter `xml:",omitempty"`
}

type notificationFilter struct {
	Rules []filterRule `xml:"S3Key>FilterRule"`
}

type filterRule struct{ Name, Value string }

// busARN is the event bus that EventBridgeConfiguration means.
func (e *extras) busARN() string {
	return "arn:aws:events:" + e.region + ":" + lethe.Account + ":event-bus/default"
}

func (e *extras) putNotification(r request) (any, error) {
	var in notificationConfiguration
	if err := decodeXML(r.body, "NotificationConfiguration", &in); err != nil {
		return nil, err
	}
	var n event.Notifications
	if in.Bus != nil {
		n.Bus = e.busARN()
	}
	for _, kind := range []struct {
		in  []notificationRule
		out *[]event.Rule
		arn func(notificationRule) string
	}{
		{in.Topics, &n.Topics, func(x notificationRule) string { return x.Topic }},
		{in.Queues, &n.Queues, func(x notificationRule) string { return x.Queue }},
		{in.Functions, &n.Functions, func(x notificationRule) string { return x.Function }},
	} {
		for _, x := range kind.in {
			rule, err := x.rule(kind.arn(x))
			if err != nil {
				return nil, err
			}
			*kind.out = append(*kind.out, rule)
		}
	}
	if err := n.Check(); err != nil {
		return nil, err
	}
	if !strings.EqualFold(r.header("X-Amz-Skip-Destination-Validation"), "true") {
		for _, rule := range n.Rules() {
			if err := e.known(rule.Target); err != nil {
				return nil, err
			}
		}
	}
	return nil, e.settings.SetNotifications(r.ctx, r.bucket, n)
}

// known refuses a target that this process does not deliver to.
func (e *extras) known(arn string) error {
	err := lethe.Errorf(lethe.NotFound, "no targets are configured")
	if e.targets != nil {
		err2 := e.targets(arn)
		if err2 == nil {
			return nil
		}
		err = lethe.Errorf(lethe.NotFound, "%w", err2)
	}
	return s3err.InvalidArgumentError{ArgumentName: arn, ArgumentValue: err.Error(),
		Description: "Unable to validate the following destination configurations: " + arn + ": " + err.Error()}
}

func (x notificationRule) rule(arn string) (event.Rule, error) {
	r := event.Rule{ID: x.ID, Target: arn, Events: x.Events}
	if r.ID == "" {
		r.ID = lethe.NewID()
	}
	if x.Filter == nil {
		return r, nil
	}
	seen := map[string]bool{}
	for _, f := range x.Filter.Rules {
		name := strings.ToLower(f.Name)
		switch {
		case name != "prefix" && name != "suffix":
			return r, invalid("FilterRule.Name", "filter rule name must be either prefix or suffix")
		case seen[name]:
			return r, invalid("FilterRule", "Cannot specify more than one "+name+" rule in a filter.")
		case len(f.Value) > 1024:
			return r, invalid("FilterRule.Value", "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation")
		case name == "prefix":
			r.Prefix = f.Value
		default:
			r.Suffix = f.Value
		}
		seen[name] = true
	}
	return r, nil
}

func (e *extras) getNotification(r request) (any, error) {
	n, err := e.settings.Notifications(r.ctx, r.bucket)
	if err != nil {
		return nil, err
	}
	out := notificationConfiguration{XMLName: element("NotificationConfiguration")}
	for _, x := range n.Topics {
		w := wireNotification(x)
		w.Topic = x.Target
		out.Topics = append(out.Topics, w)
	}
	for _, x := range n.Queues {
		w := wireNotification(x)
		w.Queue = x.Target
		out.Queues = append(out.Queues, w)
	}
	for _, x := range n.Functions {
		w := wireNotification(x)
		w.Function = x.Target
		out.Functions = append(out.Functions, w)
	}
	if n.Bus != "" {
		out.Bus = &struct{}{}
	}
	return out, nil
}

func wireNotification(r event.Rule) notificationRule {
	w := notificationRule{ID: r.ID}
	for _, e := range r.Events {
		w.Events = append(w.Events, "s3:"+strings.TrimPrefix(e, "s3:"))
	}
	var rules []filterRule
	if r.Prefix != "" {
		rules = append(rules, filterRule{"Prefix", r.Prefix})
	}
	if r.Suffix != "" {
		rules = append(rules, filterRule{"Suffix", r.Suffix})
	}
	if rules != nil {
		w.Filter = &notificationFilter{rules}
	}
	return w
}
