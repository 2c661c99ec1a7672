package event

import (
	"encoding/json"
	"net/url"
	"strings"

	"lethe"
)

// Encode writes events as Amazon S3 does: a JSON object with the array Records,
// version 2.3 of the structure (Amazon S3 User Guide, "Event message
// structure"). rule is the id of the rule that chose them.
func Encode(region, rule string, events ...Event) []byte {
	m := message{Records: make([]record, len(events))}
	for i, e := range events {
		m.Records[i] = recordOf(region, rule, e)
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // our own types
	}
	return text
}

const (
	eventTime = "2006-01-02T15:04:05.000Z"
	hostID    = "lethe" // x-amz-id-2: the host that did it
)

type message struct {
	Records []record
}

type identity struct {
	PrincipalID string `json:"principalId"`
}

type record struct {
	Version      string   `json:"eventVersion"`
	Source       string   `json:"eventSource"`
	Region       string   `json:"awsRegion"`
	Time         string   `json:"eventTime"`
	Name         string   `json:"eventName"`
	UserIdentity identity `json:"userIdentity"`
	Parameters   struct {
		SourceIP string `json:"sourceIPAddress"`
	} `json:"requestParameters"`
	Response struct {
		RequestID string `json:"x-amz-request-id"`
		HostID    string `json:"x-amz-id-2"`
	} `json:"responseElements"`
	S3 recordS3 `json:"s3"`
}

type recordS3 struct {
	SchemaVersion   string       `json:"s3SchemaVersion"`
	ConfigurationID string       `json:"configurationId"`
	Bucket          recordBucket `json:"bucket"`
	Object          recordObject `json:"object"`
}

type recordBucket struct {
	Name  string   `json:"name"`
	Owner identity `json:"ownerIdentity"`
	ARN   string   `json:"arn"`
}

type recordObject struct {
	Key       string `json:"key"`
	Size      *int64 `json:"size,omitempty"` // not of what is removed
	ETag      string `json:"eTag,omitempty"`
	VersionID string `json:"versionId,omitempty"`
	Sequencer string `json:"sequencer,omitempty"`
}

func recordOf(region, rule string, e Event) record {
	r := record{
		Version: "2.3", Source: "aws:s3", Region: region, Time: e.Time.UTC().Format(eventTime), Name: e.Name,
		UserIdentity: identity{e.Principal},
		S3: recordS3{
			SchemaVersion: "1.0", ConfigurationID: rule,
			Bucket: recordBucket{e.Bucket, identity{lethe.Account}, lethe.BucketARN(e.Bucket)},
			Object: recordObject{Key: escapeKey(e.Key), VersionID: e.Version, Sequencer: e.Sequencer},
		},
	}
	r.Parameters.SourceIP = e.SourceIP
	r.Response.RequestID, r.Response.HostID = e.RequestID, hostID
	if !e.Removed() {
		r.S3.Object.Size, r.S3.Object.ETag = &e.Size, e.ETag
	}
	return r
}

// escapeKey encodes a key as a form's value, a space as +, but leaves slashes,
// as S3 does.
func escapeKey(key string) string {
	return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
}
