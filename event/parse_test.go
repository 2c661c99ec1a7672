package event

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"lethe"
)

// payloads are notifications as their senders document them, or were seen to
// send them; source says where.
var payloads = []struct {
	name, source string
	text         string
	want         Event
}{
	{"S3 put", "Amazon S3 User Guide, Event message structure", `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-west-2",
		"eventTime":"1970-01-01T00:00:00.000Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"AIDAJDPLRKLG7UEXAMPLE"},
		"requestParameters":{"sourceIPAddress":"172.16.0.1"},"responseElements":{"x-amz-request-id":"C3D13FE58DE4C810","x-amz-id-2":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},
		"s3":{"s3SchemaVersion":"1.0","configurationId":"testConfigRule","bucket":{"name":"amzn-s3-demo-bucket","ownerIdentity":{"principalId":"A3NL1KOZZKExample"},"arn":"arn:aws:s3:::amzn-s3-demo-bucket"},
		"object":{"key":"in/red+flower+%26+a%2Bb/%C3%BC.jpg","size":1024,"eTag":"d41d8cd98f00b204e9800998ecf8427e","versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055AED6DCD90281E5"}}}]}`,
		Event{Name: "ObjectCreated:Put", Bucket: "amzn-s3-demo-bucket", Key: "in/red flower & a+b/ü.jpg", Version: "096fKKXTRTtl3on89fVO.nfljtsv6qko", Size: 1024, ETag: "d41d8cd98f00b204e9800998ecf8427e",
			Time: time.Unix(0, 0).UTC(), Sequencer: "0055AED6DCD90281E5", Principal: "AIDAJDPLRKLG7UEXAMPLE", SourceIP: "172.16.0.1", RequestID: "C3D13FE58DE4C810"}},
	{"S3 delete marker", "Amazon S3 User Guide, Supported event types", `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventTime":"2026-02-03T04:05:06.789Z","eventName":"ObjectRemoved:DeleteMarkerCreated",
		"s3":{"bucket":{"name":"b"},"object":{"key":"k","eTag":"d41d8cd98f00b204e9800998ecf8427e","versionId":"v","sequencer":"00"}}}]}`,
		Event{Name: "ObjectRemoved:DeleteMarkerCreated", Bucket: "b", Key: "k", Version: "v", ETag: "d41d8cd98f00b204e9800998ecf8427e", Sequencer: "00", Time: time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC)}},
	{"S3 through SNS", "Amazon SNS Developer Guide, HTTP/HTTPS notification JSON format", `{"Type":"Notification","MessageId":"22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324","TopicArn":"arn:aws:sns:us-west-2:123456789012:MyTopic","Subject":"Amazon S3 Notification",
		"Message":"{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Copy\",\"eventTime\":\"2026-01-01T00:00:00.000Z\",\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"a+b\",\"size\":7}}}]}",
		"Timestamp":"2012-05-02T00:54:06.655Z","SignatureVersion":"1","Signature":"EXAMPLE","SigningCertURL":"https://sns.us-west-2.amazonaws.com/x.pem","UnsubscribeURL":"https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe"}`,
		Event{Name: "ObjectCreated:Copy", Bucket: "b", Key: "a b", Size: 7, Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
	{"EventBridge put", "Amazon S3 User Guide, EventBridge event message structure", `{"version":"0","id":"17793124-05d4-b198-2fde-7ededc63b103","detail-type":"Object Created","source":"aws.s3","account":"111122223333","time":"2021-11-12T00:00:00Z","region":"ca-central-1","resources":["arn:aws:s3:::amzn-s3-demo-bucket1"],
		"detail":{"version":"0","bucket":{"name":"amzn-s3-demo-bucket1"},"object":{"key":"a+b %2B","size":5,"etag":"b1946ac92492d2347c6235b4d2611184","version-id":"IYV3p45BT0ac8hjHg1houSdS1a.Mro8e","sequencer":"617f08299329d189"},"request-id":"N4N7GDK58NMKJ12R","requester":"123456789012","source-ip-address":"1.2.3.4","reason":"PutObject"}}`,
		Event{Name: "ObjectCreated:Put", Bucket: "amzn-s3-demo-bucket1", Key: "a+b %2B", Version: "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", Size: 5, ETag: "b1946ac92492d2347c6235b4d2611184", Time: time.Date(2021, 11, 12, 0, 0, 0, 0, time.UTC),
			Sequencer: "617f08299329d189", Principal: "123456789012", SourceIP: "1.2.3.4", RequestID: "N4N7GDK58NMKJ12R"}},
	{"EventBridge delete", "Amazon S3 User Guide, EventBridge event message structure", `{"version":"0","detail-type":"Object Deleted","source":"aws.s3","time":"2021-11-12T00:00:00Z",
		"detail":{"bucket":{"name":"b"},"object":{"key":"k","etag":"e","version-id":"v","sequencer":"61"},"requester":"r","reason":"DeleteObject","deletion-type":"Delete Marker Created"}}`,
		Event{Name: "ObjectRemoved:DeleteMarkerCreated", Bucket: "b", Key: "k", Version: "v", ETag: "e", Sequencer: "61", Principal: "r", Time: time.Date(2021, 11, 12, 0, 0, 0, 0, time.UTC)}},
	{"EventBridge expiration", "Amazon S3 User Guide, EventBridge event message structure", `{"version":"0","detail-type":"Object Deleted","source":"aws.s3","time":"2021-11-12T00:00:00Z",
		"detail":{"bucket":{"name":"b"},"object":{"key":"k"},"requester":"s3.amazonaws.com","reason":"Lifecycle Expiration","deletion-type":"Permanently Deleted"}}`,
		Event{Name: "LifecycleExpiration:Delete", Bucket: "b", Key: "k", Principal: "s3.amazonaws.com", Time: time.Date(2021, 11, 12, 0, 0, 0, 0, time.UTC)}},
	{"MinIO put", "github.com/minio/minio issue 7665", `{"EventName":"s3:ObjectCreated:Put","Key":"mybucket/5cdf/colors.xml","Records":[{"eventVersion":"2.0","eventSource":"minio:s3","awsRegion":"","eventTime":"2019-05-18T07:34:32Z","eventName":"s3:ObjectCreated:Put",
		"userIdentity":{"principalId":"minio"},"requestParameters":{"accessKey":"minio","region":"","sourceIPAddress":"172.18.0.1"},"responseElements":{"x-amz-request-id":"159FB6B233B08AF0","x-minio-deployment-id":"cd7a0eb7","x-minio-origin-endpoint":"http://172.18.0.6:9000"},
		"s3":{"s3SchemaVersion":"1.0","configurationId":"Config","bucket":{"name":"mybucket","ownerIdentity":{"principalId":"minio"},"arn":"arn:aws:s3:::mybucket"},
		"object":{"key":"5cdf%2Fcolors.xml","size":110,"eTag":"1af3","contentType":"text/xml","userMetadata":{"content-type":"text/xml"},"versionId":"1","sequencer":"159FB6B233B0A8C8"}},"source":{"host":"172.18.0.1","port":"","userAgent":"MinIO"}}]}`,
		Event{Name: "ObjectCreated:Put", Bucket: "mybucket", Key: "5cdf/colors.xml", Version: "1", Size: 110, ETag: "1af3", Sequencer: "159FB6B233B0A8C8", Principal: "minio", SourceIP: "172.18.0.1", RequestID: "159FB6B233B08AF0",
			Time: time.Date(2019, 5, 18, 7, 34, 32, 0, time.UTC)}},
	{"Ceph put", "IBM Storage Ceph, Event record", `{"Records":[{"eventVersion":"2.1","eventSource":"ceph:s3","awsRegion":"us-east-1","eventTime":"2019-11-22T13:47:35.124724Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"tester"},"requestParameters":{"sourceIPAddress":""},
		"responseElements":{"x-amz-request-id":"503a4c37-85eb-47cd-8681-2817e80b4281.5330.903595","x-amz-id-2":"14d2-zone1-zonegroup1"},"s3":{"s3SchemaVersion":"1.0","configurationId":"mynotif1","bucket":{"name":"mybucket1","ownerIdentity":{"principalId":"tester"},"arn":"arn:aws:s3:us-east-1::mybucket1","id":"503a4c37"},
		"object":{"key":"my+image 1.jpg","size":"1024","eTag":"37b51d194a7513e45b56f6524f2d51f2","versionId":"","sequencer":"F7E6D75DC742D108","metadata":[],"tags":[]}},"eventId":"","opaqueData":"me@example.com"}]}`,
		Event{Name: "ObjectCreated:Put", Bucket: "mybucket1", Key: "my+image 1.jpg", Size: 1024, ETag: "37b51d194a7513e45b56f6524f2d51f2", Sequencer: "F7E6D75DC742D108", Principal: "tester", RequestID: "503a4c37-85eb-47cd-8681-2817e80b4281.5330.903595",
			Time: time.Date(2019, 11, 22, 13, 47, 35, 124724000, time.UTC)}},
	{"Ceph before Quincy", "Red Hat Ceph Storage 4 Developer Guide, Event record", `{"Records":[{"eventSource":"ceph:s3","eventName":"s3:ObjectRemoved:Delete","eventTime":"2019-11-22T13:47:35.124724Z","s3":{"bucket":{"name":"b"},"object":{"key":"k","size":0,"versionId":"","sequencer":"01"}}}]}`,
		Event{Name: "ObjectRemoved:Delete", Bucket: "b", Key: "k", Sequencer: "01", Time: time.Date(2019, 11, 22, 13, 47, 35, 124724000, time.UTC)}},
	{"Ceph expiration", "IBM Storage Ceph, Event record", `{"Records":[{"eventSource":"ceph:s3","eventName":"ObjectLifecycle:Expiration:Current","eventTime":"","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}`,
		Event{Name: "LifecycleExpiration:Delete", Bucket: "b", Key: "k"}},
	{"versitygw multipart", "versitygw 1.8.0, s3event", `{"Records":[{"eventVersion":"2.2","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-11-22T11:46:09Z","eventName":"s3:ObjectCreated:CompleteMultipartUpload","userIdentity":{"principalId":"root"},"requestParameters":{"sourceIPAddress":"127.0.0.1"},"responseElements":{"x-amz-request-id":"","x-amz-id-2":""},
		"s3":{"s3SchemaVersion":"1.0","configurationId":"webhook-global","bucket":{"name":"evt","ownerIdentity":{"principalId":""},"arn":"arn:aws:s3:::/evt/year=2018/a b+ü.json"},"object":{"key":"year=2018/a b+ü.json","size":0,"eTag":"\"x-2\"","versionId":null,"sequencer":"2"}},"glacierEventData":{"restoreEventData":{"lifecycleRestorationExpiryTime":"","lifecycleRestoreStorageClass":""}}}]}`,
		Event{Name: "ObjectCreated:CompleteMultipartUpload", Bucket: "evt", Key: "year=2018/a b+ü.json", ETag: "x-2", Sequencer: "2", Principal: "root", SourceIP: "127.0.0.1", Time: time.Date(2026, 11, 22, 11, 46, 9, 0, time.UTC)}},
	{"versitygw delete of several", "versitygw 1.8.0, s3event", `{"Records":[{"eventSource":"aws:s3","eventTime":"2026-11-22T11:46:09Z","eventName":"s3:ObjectRemoved:DeleteObjects","s3":{"configurationId":"kafka-global","bucket":{"name":"b"},"object":{"key":"100%","size":0,"eTag":null,"versionId":null,"sequencer":"3"}}}]}`,
		Event{Name: "ObjectRemoved:Delete", Bucket: "b", Key: "100%", Sequencer: "3", Time: time.Date(2026, 11, 22, 11, 46, 9, 0, time.UTC)}},
}

func TestParse(t *testing.T) {
	for _, p := range payloads {
		got, err := Parse([]byte(p.text))
		if err != nil || len(got) != 1 || got[0] != p.want {
			t.Errorf("%s (%s):\n got %+v %v\nwant %+v", p.name, p.source, got, err, p.want)
		}
	}
}

func TestParseBridgedNames(t *testing.T) {
	for _, c := range [][4]string{
		{"Object Created", "CopyObject", "", "ObjectCreated:Copy"},
		{"Object Created", "POST Object", "", "ObjectCreated:Post"},
		{"Object Created", "CompleteMultipartUpload", "", "ObjectCreated:CompleteMultipartUpload"},
		{"Object Deleted", "DeleteObject", "Permanently Deleted", "ObjectRemoved:Delete"},
		{"Object Deleted", "Lifecycle Expiration", "Delete Marker Created", "LifecycleExpiration:DeleteMarkerCreated"},
		{"Object Restore Initiated", "", "", "ObjectRestore:Post"},
		{"Object Restore Completed", "", "", "ObjectRestore:Completed"},
		{"Object Restore Expired", "", "", "ObjectRestore:Delete"},
		{"Object Storage Class Changed", "", "", "LifecycleTransition"},
		{"Object Access Tier Changed", "", "", "IntelligentTiering"},
		{"Object ACL Updated", "", "", "ObjectAcl:Put"},
		{"Object Tags Added", "", "", "ObjectTagging:Put"},
		{"Object Tags Deleted", "", "", "ObjectTagging:Delete"},
		{"Object Something New", "", "", "Object Something New"},
	} {
		if got := bridgedName(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%s, %s, %s: %s, want %s", c[0], c[1], c[2], got, c[3])
		}
	}
}

func TestParseOthers(t *testing.T) {
	for name, text := range map[string]string{
		"as S3":        `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014-10-13T15:57:02.089Z","Bucket":"b","RequestId":"5582815E1AEA5ADF","HostId":"8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE"}`,
		"through SNS":  `{"Type":"Notification","Message":"{\"Event\":\"s3:TestEvent\"}"}`,
		"none at all":  `{"Records":[]}`,
		"of versitygw": `{"Service":"S3","Event":"s3:TestEvent","Time":"2026-11-22T11:46:09Z","Bucket":"Test-Bucket"}`,
	} {
		if got, err := Parse([]byte(text)); err != nil || len(got) != 0 {
			t.Errorf("test event %s: %v %v", name, got, err)
		}
	}
	deep := `{"Records":[]}`
	for range 10 {
		quoted, _ := json.Marshal(deep)
		deep = `{"Type":"Notification","Message":` + string(quoted) + `}`
	}
	for name, text := range map[string]string{
		"empty":           ``,
		"no JSON":         `hello`,
		"a list":          `[]`,
		"something else":  `{"hello":"world"}`,
		"no bucket":       `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"object":{"key":"k"}}}]}`,
		"no key":          `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"}}}]}`,
		"no name":         `{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}`,
		"a wrong size":    `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k","size":"much"}}}]}`,
		"a negative size": `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k","size":-1}}}]}`,
		"a null record":   `{"Records":[null]}`,
		"many envelopes":  deep,
		"many records":    `{"Records":[` + strings.Repeat(`{},`, maxRecords) + `{}]}`,
		"a subscription":  `{"Type":"SubscriptionConfirmation","Message":"You have chosen to subscribe","SubscribeURL":"http://127.0.0.1/"}`,
	} {
		if got, err := Parse([]byte(text)); !lethe.Is(err, lethe.Invalid) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestEncode(t *testing.T) {
	e := Event{Name: "ObjectCreated:Put", Bucket: "lake", Key: "in/red flower & a+b/ü.jpg", Version: "01J", Size: 0, ETag: "d41d8cd98f00b204e9800998ecf8427e",
		Time: time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.FixedZone("", 3600)), Sequencer: "000000000000002A", Principal: "arn:aws:iam::000000000000:user/ann", SourceIP: "127.0.0.1", RequestID: "R1"}
	const want = `{"Records":[{"eventVersion":"2.3","eventSource":"aws:s3","awsRegion":"eu-central-1","eventTime":"2026-11-22T11:00:00.123Z","eventName":"ObjectCreated:Put",` +
		`"userIdentity":{"principalId":"arn:aws:iam::000000000000:user/ann"},"requestParameters":{"sourceIPAddress":"127.0.0.1"},"responseElements":{"x-amz-request-id":"R1","x-amz-id-2":"lethe"},` +
		`"s3":{"s3SchemaVersion":"1.0","configurationId":"rule","bucket":{"name":"lake","ownerIdentity":{"principalId":"000000000000"},"arn":"arn:aws:s3:::lake"},` +
		`"object":{"key":"in/red+flower+%26+a%2Bb/%C3%BC.jpg","size":0,"eTag":"d41d8cd98f00b204e9800998ecf8427e","versionId":"01J","sequencer":"000000000000002A"}}}]}`
	if got := string(Encode("eu-central-1", "rule", e)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	removed := Event{Name: "ObjectRemoved:Delete", Bucket: "lake", Key: "k", Size: 5, ETag: "e", Sequencer: "01"}
	if got := string(Encode("r", "", removed)); strings.Contains(got, `"size"`) || strings.Contains(got, "eTag") || strings.Contains(got, "versionId") {
		t.Error(got)
	}
}

func TestEncodedEventsAreParsed(t *testing.T) {
	for _, p := range payloads {
		e := p.want
		e.Time = e.Time.Truncate(time.Millisecond)
		if e.Removed() {
			e.Size, e.ETag = 0, ""
		}
		if got, err := Parse(Encode("eu-central-1", "rule", e)); err != nil || !reflect.DeepEqual(got, []Event{e}) {
			t.Errorf("%s: %+v %v, want %+v", p.name, got, err, e)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, p := range payloads {
		f.Add([]byte(p.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		events, err := Parse(text)
		if err != nil && !lethe.Is(err, lethe.Invalid) {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Bucket == "" || e.Key == "" || e.Name == "" || e.Size < 0 {
				t.Fatalf("%+v", e)
			}
			// What we say of it is understood again: name, place and order.
			again, err := Parse(Encode("r", "rule", e))
			if err != nil || len(again) != 1 {
				t.Fatalf("%+v: %v %v", e, again, err)
			}
			if a := again[0]; a.Key != e.Key && strings.ToValidUTF8(a.Key, "") == strings.ToValidUTF8(e.Key, "") {
				t.Fatalf("key %q became %q", e.Key, a.Key)
			}
		}
	})
}

func TestSequencers(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		after bool
	}{{"02", "01", true}, {"01", "02", false}, {"01", "01", false}, {"0100", "01", false}, {"0101", "01", true}, {"", "01", false}, {"01", "", false}, {"1", "02", true}} {
		if got := (Event{Sequencer: c.a}).After(Event{Sequencer: c.b}); got != c.after {
			t.Errorf("%s after %s: %v", c.a, c.b, got)
		}
	}
}

func TestTargetNames(t *testing.T) {
	for arn, want := range map[string]string{
		TargetARN("eu-central-1", "audit"):                     "audit",
		"arn:aws:sns:us-east-1:000000000000:audit":             "audit",
		"arn:aws:lambda:eu-central-1:000000000000:function:fn": "fn",
		"arn:aws:sqs:eu-central-1:123456789012:audit":          "",
		"arn:aws:sqs:eu-central-1:000000000000:":               "",
		"arn:aws:s3:::audit":                                   "",
		"audit":                                                "",
		"":                                                     "",
	} {
		if got, ok := TargetName(arn); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v", arn, got, ok)
		}
	}
}
