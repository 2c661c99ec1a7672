package event

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lethe"
)

// Parse reads a notification as S3 and its relatives send it and brings it to
// one form: names without "s3:", keys decoded, ETags without quotes. It knows
//
//   - Amazon S3's own JSON, as in SQS (Amazon S3 User Guide, "Event message structure")
//   - the same in an envelope of SNS (Amazon SNS Developer Guide, "HTTP/HTTPS notification JSON format")
//   - EventBridge's events of aws.s3 (Amazon S3 User Guide, "EventBridge event message structure")
//   - MinIO (minio/docs/bucket/notifications)
//   - Ceph's gateway, whose keys are not encoded and whose sizes may be text (Ceph, "S3 Bucket Notifications Compatibility")
//   - versitygw, whose keys are not encoded (versitygw, s3event)
//
// The events come from buckets of another store and are hints: nothing in them
// is proven. S3's test event has none. An error is of kind Invalid.
func Parse(text []byte) ([]Event, error) { return parse(text, 0) }

// testEvent is what S3 sends when a configuration begins to name a target.
const testEvent = "s3:TestEvent"

// maxEnvelopes is how many envelopes may be around a notification; EventBridge
// to SNS to SNS to SQS has three.
const maxEnvelopes = 4

// maxRecords is far above what any sender puts into one message.
const maxRecords = 10000

type envelope struct {
	Records []json.RawMessage
	Event   string // s3:TestEvent

	Type, Message string // of SNS

	DetailType string  `json:"detail-type"` // of EventBridge
	Source     string  `json:"source"`
	Time       string  `json:"time"`
	Detail     *detail `json:"detail"`
}

type detail struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key       string `json:"key"`
		Size      number `json:"size"`
		ETag      string `json:"etag"`
		Version   string `json:"version-id"`
		Sequencer string `json:"sequencer"`
	} `json:"object"`
	RequestID string `json:"request-id"`
	Requester string `json:"requester"`
	SourceIP  string `json:"source-ip-address"`
	Reason    string `json:"reason"`
	Deletion  string `json:"deletion-type"`
}

// number reads a number that may be written as text, or be null.
type number int64

func (n *number) UnmarshalJSON(text []byte) error {
	s := strings.Trim(string(text), `"`)
	if s == "" || s == "null" {
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 0 {
		return errors.New("a size is not a number")
	}
	*n = number(v)
	return nil
}

func parse(text []byte, depth int) ([]Event, error) {
	if depth > maxEnvelopes {
		return nil, lethe.Errorf(lethe.Invalid, "a notification in more than %d envelopes", maxEnvelopes)
	}
	var e envelope
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "a notification that is not JSON of a known form: %w", err)
	}
	switch {
	case e.Event == testEvent:
		return nil, nil
	case e.Type == "Notification" && e.Message != "":
		return parse([]byte(e.Message), depth+1)
	case e.Source == "aws.s3" && e.Detail != nil:
		ev, err := e.bridged()
		if err != nil {
			return nil, err
		}
		return []Event{ev}, nil
	case e.Records == nil:
		return nil, lethe.Errorf(lethe.Invalid, "a message that is no notification of an object store: it has neither Records nor detail")
	case len(e.Records) > maxRecords:
		return nil, lethe.Errorf(lethe.Invalid, "a notification of %d records; at most %d are read", len(e.Records), maxRecords)
	}
	out := make([]Event, 0, len(e.Records))
	for _, raw := range e.Records {
		ev, err := parseRecord(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, ev)
	}
	return out, nil
}

// bridged is an event of EventBridge.
func (e envelope) bridged() (Event, error) {
	d := e.Detail
	ev := Event{
		Name: bridgedName(e.DetailType, d.Reason, d.Deletion), Bucket: d.Bucket.Name, Key: d.Object.Key, // not encoded
		Version: d.Object.Version, Size: int64(d.Object.Size), ETag: unquote(d.Object.ETag), Sequencer: d.Object.Sequencer,
		Time: parseTime(e.Time), Principal: d.Requester, SourceIP: d.SourceIP, RequestID: d.RequestID,
	}
	return ev, ev.check()
}

// bridgedName is S3's name of what EventBridge names in words (Amazon S3 User
// Guide, "Using EventBridge"). A type that it does not know stays as it is.
func bridgedName(kind, reason, deletion string) string {
	deleted := "Delete"
	if deletion == "Delete Marker Created" {
		deleted = "DeleteMarkerCreated"
	}
	switch kind {
	case "Object Created":
		switch reason {
		case "CopyObject":
			return "ObjectCreated:Copy"
		case "POST Object":
			return "ObjectCreated:Post"
		case "CompleteMultipartUpload":
			return "ObjectCreated:CompleteMultipartUpload"
		}
		return "ObjectCreated:Put"
	case "Object Deleted":
		if reason == "Lifecycle Expiration" {
			return "LifecycleExpiration:" + deleted
		}
		return "ObjectRemoved:" + deleted
	case "Object Restore Initiated":
		return "ObjectRestore:Post"
	case "Object Restore Completed":
		return "ObjectRestore:Completed"
	case "Object Restore Expired":
		return "ObjectRestore:Delete"
	case "Object Storage Class Changed":
		return "LifecycleTransition"
	case "Object Access Tier Changed":
		return "IntelligentTiering"
	case "Object ACL Updated":
		return "ObjectAcl:Put"
	case "Object Tags Added":
		return "ObjectTagging:Put"
	case "Object Tags Deleted":
		return "ObjectTagging:Delete"
	}
	return kind
}

func parseRecord(raw []byte) (Event, error) {
	var r struct {
		Source       string   `json:"eventSource"`
		Name         string   `json:"eventName"`
		Time         string   `json:"eventTime"`
		UserIdentity identity `json:"userIdentity"`
		Parameters   struct {
			SourceIP string `json:"sourceIPAddress"`
		} `json:"requestParameters"`
		Response struct {
			RequestID string `json:"x-amz-request-id"`
		} `json:"responseElements"`
		S3 struct {
			ConfigurationID string `json:"configurationId"`
			Bucket          struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key       string `json:"key"`
				Size      number `json:"size"`
				ETag      string `json:"eTag"`
				VersionID string `json:"versionId"`
				Sequencer string `json:"sequencer"`
			} `json:"object"`
		} `json:"s3"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return Event{}, lethe.Errorf(lethe.Invalid, "a notification's record: %w", err)
	}
	o := r.S3.Object
	ev := Event{
		Name: strings.TrimPrefix(r.Name, "s3:"), Bucket: r.S3.Bucket.Name, Key: o.Key, Version: o.VersionID,
		Size: int64(o.Size), ETag: unquote(o.ETag), Sequencer: o.Sequencer, Time: parseTime(r.Time),
		Principal: r.UserIdentity.PrincipalID, SourceIP: r.Parameters.SourceIP, RequestID: r.Response.RequestID,
	}
	// Ceph and versitygw write keys as they are. The latter claims to be
	// aws:s3, and is known by its configuration's id.
	if plain := r.Source == "ceph:s3" || versitygw[r.S3.ConfigurationID]; !plain {
		if key, err := url.QueryUnescape(o.Key); err == nil {
			ev.Key = key
		}
	}
	// versitygw names one deletion of several so; Ceph has names of its own.
	switch {
	case ev.Name == "ObjectRemoved:DeleteObjects":
		ev.Name = "ObjectRemoved:Delete"
	case strings.HasPrefix(ev.Name, "ObjectLifecycle:Expiration"):
		ev.Name = "LifecycleExpiration:Delete"
	}
	return ev, ev.check()
}

// versitygw are the ids of its configurations, of which it has one for each
// kind of receiver.
var versitygw = map[string]bool{"webhook-global": true, "nats-global": true, "kafka-global": true, "rabbitmq-global": true}

// check refuses what names no object.
func (e Event) check() error {
	switch {
	case e.Name == "":
		return lethe.Errorf(lethe.Invalid, "a notification's record has no eventName")
	case e.Bucket == "" || e.Key == "":
		return lethe.Errorf(lethe.Invalid, "a notification of %s names no bucket or no key", e.Name)
	}
	return nil
}

// parseTime reads the times of all senders; one that cannot be read is zero,
// because an event is of use without its time.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func unquote(etag string) string { return strings.Trim(etag, `"`) }
