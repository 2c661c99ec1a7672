package s3_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"lethe/event"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func putLifecycle(ctx context.Context, c *s3.Client, rules ...types.LifecycleRule) error {
	_, err := c.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: aws.String(bucket),
		LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules}})
	return err
}

func getLifecycle(ctx context.Context, c *s3.Client) ([]types.LifecycleRule, error) {
	out, err := c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String(bucket)})
	if err != nil {
		return nil, err
	}
	return out.Rules, nil
}

// What is put comes back as it was put.
func TestLifecycleConfiguration(t *testing.T) {
	l, c, ctx := withBucket(t)
	_, err := getLifecycle(ctx, c)
	wantCode(t, err, "NoSuchLifecycleConfiguration", 404, "before any")
	date := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	tags := []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("")}}
	rules := []types.LifecycleRule{
		{ID: aws.String("all"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(30)}},
		{ID: aws.String("old form"), Status: "Disabled", Prefix: aws.String("logs/"), Expiration: &types.LifecycleExpiration{Date: &date}},
		{ID: aws.String("tag"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Tag: &tags[0]}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)}},
		{ID: aws.String("size"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{ObjectSizeGreaterThan: aws.Int64(0)}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)}},
		{ID: aws.String("and"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{And: &types.LifecycleRuleAndOperator{Prefix: aws.String("x/"), Tags: tags,
			ObjectSizeGreaterThan: aws.Int64(1), ObjectSizeLessThan: aws.Int64(9)}}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)}},
		{ID: aws.String("versions"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("v/")}, Expiration: &types.LifecycleExpiration{ExpiredObjectDeleteMarker: aws.Bool(true)},
			NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(7), NewerNoncurrentVersions: aws.Int32(3)},
			AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(2)}},
	}
	must(t, putLifecycle(ctx, c, rules...))
	got, err := getLifecycle(ctx, c)
	must(t, err)
	if !reflect.DeepEqual(got, rules) {
		t.Errorf("came back as %s", describe(got))
	}
	must(t, putLifecycle(ctx, c, types.LifecycleRule{Status: "Enabled", Filter: &types.LifecycleRuleFilter{}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)}}))
	if got, err = getLifecycle(ctx, c); err != nil || len(got) != 1 || aws.ToString(got[0].ID) == "" {
		t.Errorf("a rule without an ID came back as %s (%v)", describe(got), err)
	}

	// And it is what the store applies.
	put(t, c, "k", "x")
	sum, err := l.store.Lifecycle(ctx, time.Now().AddDate(0, 0, 3))
	must(t, err)
	if sum.Deleted != 1 {
		t.Errorf("a run did %+v", sum)
	}
	_, err = c.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: aws.String(bucket)})
	must(t, err)
	_, err = getLifecycle(ctx, c)
	wantCode(t, err, "NoSuchLifecycleConfiguration", 404, "after deletion")
	_, err = c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String("no-such-bucket")})
	wantCode(t, err, "NoSuchBucket", 404, "of no bucket")
}

func describe(rules []types.LifecycleRule) string {
	var out []string
	for _, r := range rules {
		out = append(out, fmt.Sprintf("%s %s filter %+v", aws.ToString(r.ID), r.Status, r.Filter))
	}
	return strings.Join(out, "; ")
}

func TestLifecycleRefused(t *testing.T) {
	l, c, ctx := withBucket(t)
	day := &types.LifecycleExpiration{Days: aws.Int32(1)}
	all := &types.LifecycleRuleFilter{Prefix: aws.String("")}
	noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		rule types.LifecycleRule
		code string
		says string
	}{
		"transition":      {types.LifecycleRule{Status: "Enabled", Filter: all, Transitions: []types.Transition{{Days: aws.Int32(1), StorageClass: "GLACIER"}}}, "NotImplemented", "STANDARD"},
		"no action":       {types.LifecycleRule{Status: "Enabled", Filter: all}, "InvalidArgument", "at least one action"},
		"no filter":       {types.LifecycleRule{Status: "Enabled", Expiration: day}, "MalformedXML", ""},
		"both filters":    {types.LifecycleRule{Status: "Enabled", Filter: all, Prefix: aws.String("x"), Expiration: day}, "MalformedXML", ""},
		"status":          {types.LifecycleRule{Status: "On", Filter: all, Expiration: day}, "MalformedXML", ""},
		"no days":         {types.LifecycleRule{Status: "Enabled", Filter: all, Expiration: &types.LifecycleExpiration{Days: aws.Int32(0)}}, "InvalidArgument", "'Days' for Expiration action must be a positive integer"},
		"not at midnight": {types.LifecycleRule{Status: "Enabled", Filter: all, Expiration: &types.LifecycleExpiration{Date: &noon}}, "InvalidArgument", "midnight"},
		"and of one":      {types.LifecycleRule{Status: "Enabled", Filter: &types.LifecycleRuleFilter{And: &types.LifecycleRuleAndOperator{Prefix: aws.String("x")}}, Expiration: day}, "MalformedXML", ""},
		"noncurrent":      {types.LifecycleRule{Status: "Enabled", Filter: all, NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NewerNoncurrentVersions: aws.Int32(1)}}, "MalformedXML", ""},
		"keep too many":   {types.LifecycleRule{Status: "Enabled", Filter: all, NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(1), NewerNoncurrentVersions: aws.Int32(101)}}, "InvalidArgument", "100"},
		"long id":         {types.LifecycleRule{ID: aws.String(strings.Repeat("x", 256)), Status: "Enabled", Filter: all, Expiration: day}, "InvalidArgument", "255"},
	} {
		err := putLifecycle(ctx, c, x.rule)
		status := 400
		if x.code == "NotImplemented" {
			status = 501
		}
		wantCode(t, err, x.code, status, name)
		if err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v does not say %q", name, err, x.says)
		}
	}
	for _, body := range []string{"", "<", "<Other/>", "<LifecycleConfiguration/>", strings.Repeat("x", 2<<20)} {
		if resp := l.raw(t, http.MethodPut, "/"+bucket+"?lifecycle", body, nil); resp.StatusCode != 400 {
			t.Errorf("a body of %d bytes: %s", len(body), resp.Status)
		}
	}
	if _, err := getLifecycle(ctx, c); err == nil {
		t.Error("something that was refused is kept")
	}
}

func TestNotifications(t *testing.T) {
	l, c, ctx := withBucket(t)
	get := func() *s3.GetBucketNotificationConfigurationOutput {
		t.Helper()
		out, err := c.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: aws.String(bucket)})
		must(t, err)
		return out
	}
	set := func(n types.NotificationConfiguration, skip ...bool) error {
		_, err := c.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: aws.String(bucket),
			NotificationConfiguration: &n, SkipDestinationValidation: aws.Bool(len(skip) > 0)})
		return err
	}
	queue := func(id, arn, prefix, suffix string, events ...types.Event) types.QueueConfiguration {
		q := types.QueueConfiguration{Id: aws.String(id), QueueArn: aws.String(arn), Events: events}
		if prefix+suffix != "" {
			q.Filter = &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{}}
		}
		if prefix != "" {
			q.Filter.Key.FilterRules = append(q.Filter.Key.FilterRules, types.FilterRule{Name: "Prefix", Value: aws.String(prefix)})
		}
		if suffix != "" {
			q.Filter.Key.FilterRules = append(q.Filter.Key.FilterRules, types.FilterRule{Name: "Suffix", Value: aws.String(suffix)})
		}
		return q
	}
	if out := get(); len(out.QueueConfigurations)+len(out.TopicConfigurations)+len(out.LambdaFunctionConfigurations) > 0 {
		t.Errorf("a new bucket notifies %+v", out)
	}
	n := types.NotificationConfiguration{
		QueueConfigurations: []types.QueueConfiguration{
			queue("made", knownTarget, "in/", ".csv", "s3:ObjectCreated:*"),
			queue("gone", knownTarget, "", "", "s3:ObjectRemoved:Delete", "s3:LifecycleExpiration:*"),
		},
		TopicConfigurations:          []types.TopicConfiguration{{Id: aws.String("t"), TopicArn: aws.String(knownTarget), Events: []types.Event{"s3:ObjectTagging:*"}}},
		LambdaFunctionConfigurations: []types.LambdaFunctionConfiguration{{Id: aws.String("f"), LambdaFunctionArn: aws.String(knownTarget), Events: []types.Event{"s3:ObjectCreated:Put"}}},
	}
	must(t, set(n))
	out := get()
	if got := (types.NotificationConfiguration{QueueConfigurations: out.QueueConfigurations, TopicConfigurations: out.TopicConfigurations,
		LambdaFunctionConfigurations: out.LambdaFunctionConfigurations}); !reflect.DeepEqual(got, n) {
		t.Errorf("came back as %+v, want %+v", got, n)
	}

	// The dispatcher finds the rules, and the events they are about.
	put(t, c, "in/a.csv", "x")
	var got []string
	var e event.Event
	must(t, l.store.Outbox(0, func(_ uint64, x event.Event) error { e = x; return nil }))
	for _, r := range l.store.Rules(bucket) {
		if r.Match(e) {
			got = append(got, r.ID)
		}
	}
	if strings.Join(got, " ") != "made f" {
		t.Errorf("rules %v match %+v", got, e)
	}
	if e.Principal != admin.ARN || e.RequestID == "" || e.SourceIP == "" || e.ETag != "9dd4e461268c8034f5c8564e155c67a6" || e.Version != "" {
		t.Errorf("the event tells %+v", e)
	}

	for name, x := range map[string]struct {
		n    types.NotificationConfiguration
		says string
	}{
		"unknown target": {types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{queue("x", "arn:aws:sqs:eu-central-1:000000000000:nowhere", "", "", "s3:ObjectCreated:*")}}, "Unable to validate the following destination configurations"},
		"no bus":         {types.NotificationConfiguration{EventBridgeConfiguration: &types.EventBridgeConfiguration{}}, "Unable to validate"},
		"unknown event":  {types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{queue("x", knownTarget, "", "", "s3:ObjectBorrowed:*")}}, "is not supported for notifications"},
		"never happens":  {types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{queue("x", knownTarget, "", "", "s3:ObjectRestore:Post")}}, "is not supported for notifications"},
		"ambiguous":      {types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{queue("x", knownTarget, "a", "", "s3:ObjectCreated:*"), queue("y", knownTarget, "ab", "", "s3:ObjectCreated:Put")}}, "ambiguously"},
		"same id":        {types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{queue("x", knownTarget, "a", "", "s3:ObjectCreated:*"), queue("x", knownTarget, "b", "", "s3:ObjectCreated:Put")}}, "unique"},
	} {
		err := set(x.n)
		wantCode(t, err, "InvalidArgument", 400, name)
		if err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v does not say %q", name, err, x.says)
		}
	}
	if len(get().QueueConfigurations) != 2 {
		t.Error("something that was refused is kept")
	}
	must(t, set(types.NotificationConfiguration{EventBridgeConfiguration: &types.EventBridgeConfiguration{}}, true))
	if get().EventBridgeConfiguration == nil || len(l.store.Rules(bucket)) != 1 {
		t.Errorf("EventBridge came back as %+v, rules %+v", get(), l.store.Rules(bucket))
	}
	must(t, set(types.NotificationConfiguration{}))
	if len(l.store.Rules(bucket)) != 0 {
		t.Error("an empty configuration leaves rules")
	}
}

// The settings of this package are behind the same gates as the front end's
// operations: a signature, a decision, the owner that is expected.
func TestSettingsAreDecided(t *testing.T) {
	l, c, ctx := withBucket(t)
	mallory := l.client(userKey, userSecret)
	rule := types.LifecycleRule{Status: "Enabled", Filter: &types.LifecycleRuleFilter{}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)}}
	in := &s3.PutBucketLifecycleConfigurationInput{Bucket: aws.String(bucket), LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{rule}}}
	l.decisions.take()
	_, err := mallory.PutBucketLifecycleConfiguration(ctx, in)
	wantCode(t, err, "AccessDenied", 403, "a user")
	if asked := l.decisions.take(); len(asked) != 1 || asked[0] != "user s3:PutLifecycleConfiguration arn:aws:s3:::"+bucket {
		t.Errorf("asked %v", asked)
	}
	_, err = l.client(adminKey, "wrong").PutBucketLifecycleConfiguration(ctx, in)
	wantCode(t, err, "SignatureDoesNotMatch", 403, "a wrong secret")
	other := *in
	other.ExpectedBucketOwner = aws.String("123456789012")
	_, err = c.PutBucketLifecycleConfiguration(ctx, &other)
	wantCode(t, err, "AccessDenied", 403, "another owner expected")
	for _, sub := range []string{"lifecycle", "notification", "publicAccessBlock", "requestPayment", "logging", "accelerate", "encryption", "replication"} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			req, err := http.NewRequest(method, l.url+"/"+bucket+"?"+sub, strings.NewReader("<x/>"))
			must(t, err)
			resp, err := http.DefaultClient.Do(req)
			must(t, err)
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s ?%s without a signature: %s", method, sub, resp.Status)
			}
		}
	}
	if _, err := getLifecycle(ctx, c); err == nil {
		t.Error("somebody set rules")
	}
}

// Tools read all settings of a bucket before they change any.
func TestSettingsThatNoBucketHas(t *testing.T) {
	_, c, ctx := withBucket(t)
	b := aws.String(bucket)
	block, err := c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: b})
	must(t, err)
	if p := block.PublicAccessBlockConfiguration; !*p.BlockPublicAcls || !*p.BlockPublicPolicy || !*p.IgnorePublicAcls || !*p.RestrictPublicBuckets {
		t.Errorf("%+v", p)
	}
	_, err = c.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: b, PublicAccessBlockConfiguration: block.PublicAccessBlockConfiguration})
	must(t, err)
	_, err = c.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: b, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{}})
	wantCode(t, err, "NotImplemented", 501, "public access")
	pay, err := c.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: b})
	must(t, err)
	if pay.Payer != types.PayerBucketOwner {
		t.Errorf("%s pays", pay.Payer)
	}
	_, err = c.PutBucketRequestPayment(ctx, &s3.PutBucketRequestPaymentInput{Bucket: b, RequestPaymentConfiguration: &types.RequestPaymentConfiguration{Payer: types.PayerRequester}})
	wantCode(t, err, "NotImplemented", 501, "requester pays")
	log, err := c.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: b})
	must(t, err)
	if log.LoggingEnabled != nil {
		t.Error("logging is enabled")
	}
	fast, err := c.GetBucketAccelerateConfiguration(ctx, &s3.GetBucketAccelerateConfigurationInput{Bucket: b})
	must(t, err)
	if fast.Status != "" {
		t.Error("acceleration is", fast.Status)
	}
	_, err = c.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: b})
	wantCode(t, err, "ServerSideEncryptionConfigurationNotFoundError", 404, "encryption")
	_, err = c.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: b})
	wantCode(t, err, "ReplicationConfigurationNotFoundError", 404, "replication")
	_, err = c.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: b})
	wantCode(t, err, "NoSuchWebsiteConfiguration", 404, "website")
	_, err = c.PutBucketWebsite(ctx, &s3.PutBucketWebsiteInput{Bucket: b, WebsiteConfiguration: &types.WebsiteConfiguration{IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")}}})
	wantCode(t, err, "NotImplemented", 501, "put website")
}
