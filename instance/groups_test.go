package instance

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe/event"
)

var _ Provider = (*Local)(nil)

func in(region string) func(*rds.Options) { return func(o *rds.Options) { o.Region = region } }

func TestParameterGroups(t *testing.T) {
	b, ctx := newBench(t), t.Context()
	name := aws.String("tuned")
	set := func(group *string, p ...types.Parameter) error {
		_, err := b.ModifyDBParameterGroup(ctx, &rds.ModifyDBParameterGroupInput{DBParameterGroupName: group, Parameters: p})
		return err
	}
	p := func(name, value string, m types.ApplyMethod) types.Parameter {
		return types.Parameter{ParameterName: &name, ParameterValue: &value, ApplyMethod: m}
	}
	read := func(source *string) map[string]types.Parameter {
		t.Helper()
		out, err := b.DescribeDBParameters(ctx, &rds.DescribeDBParametersInput{DBParameterGroupName: name, Source: source})
		must(t, err)
		m := map[string]types.Parameter{}
		for _, p := range out.Parameters {
			m[*p.ParameterName] = p
		}
		return m
	}
	_, err := b.CreateDBParameterGroup(ctx, &rds.CreateDBParameterGroupInput{DBParameterGroupName: aws.String("Tuned"), DBParameterGroupFamily: aws.String("postgres15"), Description: aws.String("d")})
	must(t, err)
	_, err = b.CreateDBParameterGroup(ctx, &rds.CreateDBParameterGroupInput{DBParameterGroupName: name, DBParameterGroupFamily: aws.String("postgres15"), Description: aws.String("d")})
	refused(t, err, "DBParameterGroupAlreadyExists")
	_, err = b.CreateDBParameterGroup(ctx, &rds.CreateDBParameterGroupInput{DBParameterGroupName: aws.String("x"), DBParameterGroupFamily: aws.String("oracle19"), Description: aws.String("d")})
	refused(t, err, value)
	_, err = b.CreateDBParameterGroup(ctx, &rds.CreateDBParameterGroupInput{DBParameterGroupName: aws.String("default.x"), DBParameterGroupFamily: aws.String("postgres15"), Description: aws.String("d")})
	refused(t, err, value)

	must(t, set(name, p("work_mem", "65536", types.ApplyMethodImmediate), p("shared_buffers", "{DBInstanceClassMemory/65536}", types.ApplyMethodPendingReboot)))
	refused(t, set(name, p("shared_buffers", "100", types.ApplyMethodImmediate)), combination)
	refused(t, set(name, p("shared_buffers", "15", types.ApplyMethodPendingReboot)), value)
	refused(t, set(name, p("shared_buffers", "1.5", types.ApplyMethodPendingReboot)), value)
	refused(t, set(name, p("shared_buffers", "{x}", types.ApplyMethodPendingReboot)), value)
	refused(t, set(name, p("nothing", "1", types.ApplyMethodPendingReboot)), value)
	refused(t, set(name, p("work_mem", "64", "")), value)
	refused(t, set(name), value)
	refused(t, set(aws.String("default.postgres15"), p("work_mem", "64", types.ApplyMethodImmediate)), value)
	refused(t, set(aws.String("absent"), p("work_mem", "64", types.ApplyMethodImmediate)), "DBParameterGroupNotFound")
	all := read(nil)
	if len(all) != 3 || *all["work_mem"].ParameterValue != "65536" || *all["work_mem"].Source != "user" || *all["max_connections"].Source != "system" || *all["max_connections"].ApplyType != "static" {
		t.Errorf("%+v", all)
	}
	if own := read(aws.String("user")); len(own) != 2 || own["shared_buffers"].ApplyMethod != types.ApplyMethodPendingReboot {
		t.Errorf("%+v", own)
	}
	_, err = b.CopyDBParameterGroup(ctx, &rds.CopyDBParameterGroupInput{SourceDBParameterGroupIdentifier: aws.String(arn(b.region(nil), kindGroup, "tuned")), TargetDBParameterGroupIdentifier: aws.String("copy"), TargetDBParameterGroupDescription: aws.String("d")}, in("us-west-2"))
	must(t, err)
	copied, err := b.DescribeDBParameters(ctx, &rds.DescribeDBParametersInput{DBParameterGroupName: aws.String("copy"), Source: aws.String("user")}, in("us-west-2"))
	if err != nil || len(copied.Parameters) != 2 {
		t.Errorf("%+v %v", copied, err)
	}
	_, err = b.ResetDBParameterGroup(ctx, &rds.ResetDBParameterGroupInput{DBParameterGroupName: name, Parameters: []types.Parameter{p("work_mem", "", types.ApplyMethodImmediate)}})
	must(t, err)
	if own := read(aws.String("user")); len(own) != 1 {
		t.Errorf("%+v", own)
	}
	_, err = b.ResetDBParameterGroup(ctx, &rds.ResetDBParameterGroupInput{DBParameterGroupName: name, ResetAllParameters: aws.Bool(true)})
	must(t, err)
	if own := read(aws.String("user")); len(own) != 0 {
		t.Errorf("%+v", own)
	}
	list, err := b.DescribeDBParameterGroups(ctx, &rds.DescribeDBParameterGroupsInput{})
	must(t, err)
	var names []string
	for _, g := range list.DBParameterGroups {
		names = append(names, *g.DBParameterGroupName)
	}
	if !slices.Contains(names, "tuned") || !slices.Contains(names, "default.postgres15") || slices.Contains(names, "copy") {
		t.Error(names)
	}
	b.create("mine", func(in *rds.CreateDBInstanceInput) { in.DBParameterGroupName = name })
	drop := func() error {
		_, err := b.DeleteDBParameterGroup(ctx, &rds.DeleteDBParameterGroupInput{DBParameterGroupName: name})
		return err
	}
	refused(t, drop(), "InvalidDBParameterGroupState")
	_, err = b.DeleteDBParameterGroup(ctx, &rds.DeleteDBParameterGroupInput{DBParameterGroupName: aws.String("default.postgres15")})
	refused(t, err, value)
	_, err = b.DeleteDBParameterGroup(ctx, &rds.DeleteDBParameterGroupInput{DBParameterGroupName: aws.String("copy")}, in("us-west-2"))
	must(t, err)
}

// Groups that are kept for tools that describe networks and options.
func TestSubnetAndOptionGroups(t *testing.T) {
	b, ctx := newBench(t), t.Context()
	subnets := &rds.CreateDBSubnetGroupInput{DBSubnetGroupName: aws.String("Net 1"), DBSubnetGroupDescription: aws.String("d"), SubnetIds: []string{"subnet-1", "subnet-2"}}
	made, err := b.CreateDBSubnetGroup(ctx, subnets)
	must(t, err)
	if g := made.DBSubnetGroup; *g.DBSubnetGroupName != "net 1" || len(g.Subnets) != 2 {
		t.Errorf("%+v", g)
	}
	_, err = b.CreateDBSubnetGroup(ctx, subnets)
	refused(t, err, "DBSubnetGroupAlreadyExists")
	_, err = b.ModifyDBSubnetGroup(ctx, &rds.ModifyDBSubnetGroupInput{DBSubnetGroupName: aws.String("net 1"), SubnetIds: []string{"subnet-3"}})
	must(t, err)
	list, err := b.DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{})
	if err != nil || len(list.DBSubnetGroups) != 1 || *list.DBSubnetGroups[0].Subnets[0].SubnetIdentifier != "subnet-3" {
		t.Errorf("%+v %v", list, err)
	}
	_, err = b.DeleteDBSubnetGroup(ctx, &rds.DeleteDBSubnetGroupInput{DBSubnetGroupName: aws.String("net 1")})
	must(t, err)
	_, err = b.DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{DBSubnetGroupName: aws.String("net 1")})
	refused(t, err, "DBSubnetGroupNotFoundFault")

	_, err = b.CreateOptionGroup(ctx, &rds.CreateOptionGroupInput{OptionGroupName: aws.String("opts"), EngineName: aws.String("postgres"), MajorEngineVersion: aws.String("15"), OptionGroupDescription: aws.String("d")})
	must(t, err)
	options, err := b.DescribeOptionGroups(ctx, &rds.DescribeOptionGroupsInput{EngineName: aws.String("postgres")})
	if err != nil || len(options.OptionGroupsList) < 2 {
		t.Errorf("%+v %v", options, err)
	}
	_, err = b.ModifyOptionGroup(ctx, &rds.ModifyOptionGroupInput{OptionGroupName: aws.String("opts"), OptionsToInclude: []types.OptionConfiguration{{OptionName: aws.String("MEMCACHED")}}})
	refused(t, err, value)
	_, err = b.DeleteOptionGroup(ctx, &rds.DeleteOptionGroupInput{OptionGroupName: aws.String("default:postgres-15")})
	refused(t, err, value)
	_, err = b.DeleteOptionGroup(ctx, &rds.DeleteOptionGroupInput{OptionGroupName: aws.String("opts")})
	must(t, err)
}

// What is installed, and what can be ordered of it.
func TestVersions(t *testing.T) {
	b, ctx := newBench(t), t.Context()
	out, err := b.DescribeDBEngineVersions(ctx, &rds.DescribeDBEngineVersionsInput{Engine: aws.String("postgres")})
	must(t, err)
	if len(out.DBEngineVersions) == 0 {
		t.Fatal("nothing is installed")
	}
	v := out.DBEngineVersions[len(out.DBEngineVersions)-1]
	for _, c := range []struct {
		in   rds.DescribeDBEngineVersionsInput
		some bool
	}{
		{rds.DescribeDBEngineVersionsInput{EngineVersion: v.EngineVersion}, true}, {rds.DescribeDBEngineVersionsInput{EngineVersion: v.MajorEngineVersion, Engine: aws.String("postgres")}, true},
		{rds.DescribeDBEngineVersionsInput{EngineVersion: aws.String("12.3"), Engine: aws.String("postgres")}, false}, {rds.DescribeDBEngineVersionsInput{Engine: aws.String("oracle-ee")}, false},
		{rds.DescribeDBEngineVersionsInput{DefaultOnly: aws.Bool(true)}, true}, {rds.DescribeDBEngineVersionsInput{DBParameterGroupFamily: v.DBParameterGroupFamily}, true},
	} {
		out, err := b.DescribeDBEngineVersions(ctx, &c.in)
		if err != nil || (len(out.DBEngineVersions) > 0) != c.some {
			t.Errorf("%+v: %+v %v", c.in, out, err)
		}
	}
	_, err = b.DescribeDBEngineVersions(ctx, &rds.DescribeDBEngineVersionsInput{Engine: aws.String("dbase")})
	refused(t, err, value)
	order := func(region string, class *string) (n int) {
		t.Helper()
		pages := rds.NewDescribeOrderableDBInstanceOptionsPaginator(ordering{b.Local, region}, &rds.DescribeOrderableDBInstanceOptionsInput{Engine: aws.String("postgres"), EngineVersion: v.EngineVersion, DBInstanceClass: class})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			must(t, err)
			n += len(page.OrderableDBInstanceOptions)
		}
		return n
	}
	if n := order("us-west-2", nil); n != len(Classes())*len(storageTypes) {
		t.Errorf("%d can be ordered", n)
	}
	if here, there := order("us-west-2", aws.String("db.m6g.large")), order("home-1", aws.String("db.m6g.large")); here != len(storageTypes) || there != 0 {
		t.Errorf("%d and %d", here, there)
	}
	must(t, second(b.DescribeDBMajorEngineVersions(ctx, &rds.DescribeDBMajorEngineVersionsInput{})))
	must(t, second(b.DescribeAccountAttributes(ctx, &rds.DescribeAccountAttributesInput{})))
	must(t, second(b.DescribePendingMaintenanceActions(ctx, &rds.DescribePendingMaintenanceActionsInput{})))
	regions, err := b.DescribeSourceRegions(ctx, &rds.DescribeSourceRegionsInput{}, in("us-west-2"))
	if err != nil || len(regions.SourceRegions) != len(gravitonRegions)-1 {
		t.Errorf("%+v %v", regions, err)
	}
}

func second[T any](_ T, err error) error { return err }

// ordering asks in a region.
type ordering struct {
	*Local
	region string
}

func (o ordering) DescribeOrderableDBInstanceOptions(ctx context.Context, i *rds.DescribeOrderableDBInstanceOptionsInput, _ ...func(*rds.Options)) (*rds.DescribeOrderableDBInstanceOptionsOutput, error) {
	return o.Local.DescribeOrderableDBInstanceOptions(ctx, i, in(o.region))
}

// topic is a target of events that can be away.
type topic struct {
	got  []notice
	fail error
}

func (s *topic) Send(_ context.Context, all []event.Message) []error {
	if s.fail != nil {
		return []error{s.fail}
	}
	for _, m := range all {
		var n notice
		if err := json.Unmarshal(m.Body, &n); err != nil {
			return []error{err}
		}
		s.got = append(s.got, n)
	}
	return nil
}

func (s *topic) Close() error { return nil }

// Events are listed, and sent to who subscribed to them, once the target is there.
func TestEventSubscriptions(t *testing.T) {
	b, ctx := newBench(t), t.Context()
	to := &topic{fail: errors.New("away")}
	b.Targets = map[string]event.Target{"ops": to}
	b.create("first", nil)
	subscribe := &rds.CreateEventSubscriptionInput{SubscriptionName: aws.String("sub"), SnsTopicArn: aws.String("arn:aws:sns:eu-central-1:000000000000:ops"), SourceType: aws.String("db-instance"), EventCategories: []string{"creation"}}
	must(t, second(b.CreateEventSubscription(ctx, subscribe)))
	refused(t, second(b.CreateEventSubscription(ctx, subscribe)), "SubscriptionAlreadyExist")
	wrong := *subscribe
	wrong.SubscriptionName, wrong.SnsTopicArn = aws.String("other"), aws.String("arn:aws:sns:eu-central-1:000000000000:nobody")
	refused(t, second(b.CreateEventSubscription(ctx, &wrong)), "SNSTopicArnNotFound")
	wrong.SnsTopicArn, wrong.EventCategories = subscribe.SnsTopicArn, []string{"weather"}
	refused(t, second(b.CreateEventSubscription(ctx, &wrong)), "SubscriptionCategoryNotFound")
	wrong.EventCategories, wrong.SourceIds = nil, []string{"absent"}
	refused(t, second(b.CreateEventSubscription(ctx, &wrong)), "SourceNotFound")

	b.create("second", nil)
	must(t, b.Deliver(ctx))
	to.fail = nil
	must(t, b.Deliver(ctx))
	must(t, b.Deliver(ctx))
	if len(to.got) != 1 || to.got[0].ID != "second" || to.got[0].Source != "db-instance" || !strings.HasSuffix(to.got[0].ARN, ":db:second") {
		t.Errorf("%+v", to.got)
	}
	must(t, second(b.ModifyEventSubscription(ctx, &rds.ModifyEventSubscriptionInput{SubscriptionName: aws.String("sub"), Enabled: aws.Bool(false)})))
	b.create("third", nil)
	must(t, b.Deliver(ctx))
	if len(to.got) != 1 {
		t.Errorf("%+v", to.got)
	}
	events, err := b.DescribeEvents(ctx, &rds.DescribeEventsInput{SourceType: types.SourceTypeDbInstance, SourceIdentifier: aws.String("third"), EventCategories: []string{"creation"}})
	if err != nil || len(events.Events) != 1 {
		t.Errorf("%+v %v", events, err)
	}
	refused(t, second(b.DescribeEvents(ctx, &rds.DescribeEventsInput{SourceIdentifier: aws.String("third")})), combination)
	refused(t, second(b.DescribeEvents(ctx, &rds.DescribeEventsInput{Duration: aws.Int32(0)})), value)
	must(t, second(b.DeleteEventSubscription(ctx, &rds.DeleteEventSubscriptionInput{SubscriptionName: aws.String("sub")})))
	refused(t, second(b.DescribeEventSubscriptions(ctx, &rds.DescribeEventSubscriptionsInput{SubscriptionName: aws.String("sub")})), "SubscriptionNotFound")
}

// Tags are kept in their order, under what they are of.
func TestTags(t *testing.T) {
	b, ctx := newBench(t), t.Context()
	b.create("mine", func(in *rds.CreateDBInstanceInput) {
		in.Tags = []types.Tag{{Key: aws.String("z"), Value: aws.String("1")}}
	})
	name := aws.String(arn(b.region(nil), kindInstance, "mine"))
	must(t, second(b.AddTagsToResource(ctx, &rds.AddTagsToResourceInput{ResourceName: name, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("2")}, {Key: aws.String("z"), Value: aws.String("3")}}})))
	list := func() string {
		out, err := b.ListTagsForResource(ctx, &rds.ListTagsForResourceInput{ResourceName: name})
		must(t, err)
		var s []string
		for _, tag := range out.TagList {
			s = append(s, *tag.Key+"="+*tag.Value)
		}
		return strings.Join(s, " ")
	}
	if got := list(); got != "z=3 a=2" {
		t.Error(got)
	}
	must(t, second(b.RemoveTagsFromResource(ctx, &rds.RemoveTagsFromResourceInput{ResourceName: name, TagKeys: []string{"z", "absent"}})))
	if got := list(); got != "a=2" {
		t.Error(got)
	}
	for _, bad := range []string{"", "aws:x", strings.Repeat("k", 129)} {
		refused(t, second(b.AddTagsToResource(ctx, &rds.AddTagsToResourceInput{ResourceName: name, Tags: []types.Tag{{Key: &bad}}})), value)
	}
	refused(t, second(b.ListTagsForResource(ctx, &rds.ListTagsForResourceInput{ResourceName: aws.String("mine")})), value)
	refused(t, second(b.ListTagsForResource(ctx, &rds.ListTagsForResourceInput{ResourceName: aws.String(arn("eu-central-1", kindInstance, "absent"))})), "DBInstanceNotFound")
	if tags, err := b.ResourceTags(ctx, *name); err != nil || tags["a"] != "2" {
		t.Error(tags, err)
	}
}

// There is one authority, whose certificate clients are given, and a next one before it ends.
func TestAuthorities(t *testing.T) {
	b, ctx := newBench(t), t.Context()
	trust, err := b.Trust(ctx)
	must(t, err)
	block, rest := pem.Decode(trust)
	if block == nil || len(rest) != 0 {
		t.Fatalf("%s", trust)
	}
	x, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !x.IsCA {
		t.Fatal(x, err)
	}
	out, err := b.DescribeCertificates(ctx, &rds.DescribeCertificatesInput{})
	if err != nil || len(out.Certificates) != 1 || *out.DefaultCertificateForNewLaunches != "lethe-ca-g1" {
		t.Fatalf("%+v %v", out, err)
	}
	refused(t, second(b.DescribeCertificates(ctx, &rds.DescribeCertificatesInput{CertificateIdentifier: aws.String("rds-ca-rsa2048-g1")})), "CertificateNotFound")
	refused(t, second(b.ModifyCertificates(ctx, &rds.ModifyCertificatesInput{CertificateIdentifier: aws.String("rds-ca-rsa2048-g1")})), "CertificateNotFound")
	b.pass(9 * 365 * 24 * time.Hour)
	if again, err := b.Trust(ctx); err != nil || strings.Count(string(again), "BEGIN") != 2 || !strings.HasPrefix(string(again), string(trust)) {
		t.Errorf("%s %v", again, err)
	}
}

// A certificate that ends in some months is replaced with what else waits for the window.
func TestCertificatesAreRenewed(t *testing.T) {
	b, ctx := newBench(t), t.Context()
	b.create("mine", nil)
	until := *b.is("mine", available).CertificateDetails.ValidTill
	must(t, b.Renew(ctx))
	if d := b.get("mine"); d.PendingModifiedValues.CACertificateIdentifier != nil {
		t.Errorf("it is renewed at once: %+v", d.PendingModifiedValues)
	}
	b.pass(300 * 24 * time.Hour)
	must(t, b.Renew(ctx))
	must(t, b.Renew(ctx))
	if d := b.get("mine"); d.PendingModifiedValues.CACertificateIdentifier == nil {
		t.Errorf("it is not renewed: %+v", d.PendingModifiedValues)
	}
	if !b.said("mine", "certificate") {
		t.Error("nobody is told")
	}
	must(t, second(b.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{DBInstanceIdentifier: aws.String("mine"), ApplyImmediately: aws.Bool(true)})))
	b.until("another certificate", func() bool {
		d := b.get("mine")
		return *d.DBInstanceStatus == available && d.PendingModifiedValues.CACertificateIdentifier == nil && d.CertificateDetails.ValidTill.After(until)
	})
}

// Logs are read, and nothing outside of their folder, whatever is put into it.
func TestLogFiles(t *testing.T) {
	b, ctx := newBench(t), t.Context()
	d := b.create("mine", nil)
	dir := filepath.Join(b.folder(*d.DbiResourceId), "log")
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "postgresql.Mon.log"), []byte("one\ntwo\nthree\n"), 0o600))
	outside := filepath.Join(b.dir, "outside")
	must(t, os.WriteFile(outside, []byte("geheim"), 0o600))
	must(t, os.Symlink(outside, filepath.Join(dir, "link.log")))
	must(t, os.Symlink("../../../outside", filepath.Join(dir, "up.log")))
	out, err := b.DescribeDBLogFiles(ctx, &rds.DescribeDBLogFilesInput{DBInstanceIdentifier: aws.String("mine")})
	if err != nil || len(out.DescribeDBLogFiles) != 1 || *out.DescribeDBLogFiles[0].LogFileName != "error/postgresql.Mon.log" || *out.DescribeDBLogFiles[0].Size != 14 {
		t.Fatalf("%+v %v", out, err)
	}
	read := func(name string, marker *string, lines int32) (*rds.DownloadDBLogFilePortionOutput, error) {
		return b.DownloadDBLogFilePortion(ctx, &rds.DownloadDBLogFilePortionInput{DBInstanceIdentifier: aws.String("mine"), LogFileName: &name, Marker: marker, NumberOfLines: &lines})
	}
	part, err := read("error/postgresql.Mon.log", aws.String("0"), 2)
	if err != nil || *part.LogFileData != "one\ntwo\n" || !*part.AdditionalDataPending {
		t.Fatalf("%+v %v", part, err)
	}
	part, err = read("error/postgresql.Mon.log", part.Marker, 2)
	if err != nil || *part.LogFileData != "three\n" || *part.AdditionalDataPending {
		t.Fatalf("%+v %v", part, err)
	}
	if part, err = read("error/postgresql.Mon.log", nil, 1); err != nil || *part.LogFileData != "three\n" {
		t.Fatalf("%+v %v", part, err)
	}
	for _, bad := range []string{"error/link.log", "error/up.log", "error/../../../outside", "error/..", "error/.", "error/", "postgresql.Mon.log", "error/absent", "/etc/passwd"} {
		part, err := read(bad, nil, 1)
		refused(t, err, "DBLogFileNotFoundFault")
		if part != nil {
			t.Errorf("%s: %s", bad, *part.LogFileData)
		}
	}
	refused(t, second(read("error/postgresql.Mon.log", aws.String("-1"), 1)), value)
	refused(t, second(read("error/postgresql.Mon.log", nil, 0)), value)

	must(t, os.RemoveAll(dir))
	must(t, os.Symlink(b.dir, dir))
	if out, err := b.DescribeDBLogFiles(ctx, &rds.DescribeDBLogFilesInput{DBInstanceIdentifier: aws.String("mine")}); err == nil {
		t.Errorf("%+v", out)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
