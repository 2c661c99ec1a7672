package rds_test

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"lethe"
	"lethe/access/accesstest"
	"lethe/instance"
	"lethe/lib/awsproto"
	"lethe/lib/awsproto/awsprototest"
	wire "lethe/wire/aws"
	"lethe/wire/rds"
)

//go:embed model.json
var model []byte

// Every operation's input and output pass between the SDK's client and the server whole.
func TestRoundTrip(t *testing.T) {
	awsprototest.RoundTrip(t, model, func(c aws.Config) any { return sdk.NewFromConfig(c) })
}

// provider answers three operations; its tags are those of one instance.
type provider struct {
	instance.Provider
	region string // of the last request
	err    error
}

func (p *provider) note(opts []func(*sdk.Options)) {
	var o sdk.Options
	for _, f := range opts {
		f(&o)
	}
	p.region = o.Region
}

func (p *provider) DescribeDBInstances(_ context.Context, in *sdk.DescribeDBInstancesInput, opts ...func(*sdk.Options)) (*sdk.DescribeDBInstancesOutput, error) {
	p.note(opts)
	return &sdk.DescribeDBInstancesOutput{DBInstances: []types.DBInstance{{DBInstanceIdentifier: in.DBInstanceIdentifier}}}, p.err
}

func (p *provider) CreateDBInstance(_ context.Context, in *sdk.CreateDBInstanceInput, opts ...func(*sdk.Options)) (*sdk.CreateDBInstanceOutput, error) {
	p.note(opts)
	return &sdk.CreateDBInstanceOutput{DBInstance: &types.DBInstance{DBInstanceIdentifier: in.DBInstanceIdentifier}}, p.err
}

func (p *provider) ResourceTags(_ context.Context, arn string) (map[string]string, error) {
	if arn == "arn:aws:rds:us-west-2:000000000000:db:blue" {
		return map[string]string{"team": "blue"}, nil
	}
	return nil, nil
}

type account struct {
	*accesstest.Account
	url string
}

func open(t *testing.T, p instance.Provider) *account {
	t.Helper()
	a := &account{Account: accesstest.New(t)}
	svc, err := rds.New(p, a)
	must(t, err)
	if left := svc.Unhandled(); len(left) > 0 {
		t.Errorf("the model describes operations that nobody handles: %v", left)
	}
	h, err := wire.New(wire.Config{Keys: a, S3: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler)}, svc)
	must(t, err)
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	a.url = s.URL
	return a
}

func (a *account) as(id, secret string) *sdk.Client {
	return sdk.New(sdk.Options{Region: "us-west-2", BaseEndpoint: &a.url, HTTPClient: awsprototest.HTTPClient, Retryer: aws.NopRetryer{}, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	})})
}

func (a *account) asAdmin() *sdk.Client { return a.as(a.Admin.AccessKeyID, a.Admin.SecretKey) }

// user makes a user with a policy, "" for none.
func (a *account) user(name, policy string) *sdk.Client { return a.as(a.NewUser(name, policy)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("%v; want %s", err, code)
	}
}

// The region of a request is that of its signature.
func TestRegions(t *testing.T) {
	p := &provider{}
	c, ctx := open(t, p).asAdmin(), t.Context()
	for _, region := range []string{"us-west-2", "eu-central-1", "home-1"} {
		out, err := c.DescribeDBInstances(ctx, &sdk.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String("a")}, func(o *sdk.Options) { o.Region = region })
		must(t, err)
		if p.region != region || *out.DBInstances[0].DBInstanceIdentifier != "a" {
			t.Errorf("%s: %s, %v", region, p.region, out)
		}
	}
}

// Every operation asks for the action of its own name on what it names, and says nothing
// else to whoever may not.
func TestEveryOperationAsks(t *testing.T) {
	a := open(t, &provider{})
	nobody := a.user("nobody", "")
	const name = "some-name"
	for m := range reflect.TypeFor[instance.Provider]().Methods() {
		in := reflect.New(m.Type.In(1).Elem())
		fill(in.Elem(), name)
		out := reflect.ValueOf(nobody).MethodByName(m.Name).Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
		err, _ := out[1].Interface().(error)
		wantCode(t, err, "AccessDenied")
		var api smithy.APIError
		if errors.As(err, &api) && !strings.Contains(api.ErrorMessage(), "not authorized to perform: rds:"+m.Name+" on resource: ") {
			t.Error(err)
		}
	}
	_, err := a.as(a.Admin.AccessKeyID, "wrong").DescribeEvents(t.Context(), &sdk.DescribeEventsInput{})
	wantCode(t, err, "SignatureDoesNotMatch")
}

// fill gives the members that requests need values.
func fill(v reflect.Value, name string) {
	for i := range v.NumField() {
		f := v.Field(i)
		if !f.CanSet() {
			continue
		}
		switch f.Interface().(type) {
		case *string:
			if v.Type().Field(i).Name != "AwsBackupRecoveryPointArn" { // which has a form of its own
				f.Set(reflect.ValueOf(&name))
			}
		case []string:
			f.Set(reflect.ValueOf([]string{name}))
		case []types.Tag:
			f.Set(reflect.ValueOf([]types.Tag{{Key: &name, Value: &name}}))
		case []types.Parameter:
			f.Set(reflect.ValueOf([]types.Parameter{{ParameterName: &name}}))
		case types.SourceType:
			f.Set(reflect.ValueOf(types.SourceTypeDbInstance))
		case *bool:
			f.Set(reflect.ValueOf(aws.Bool(true)))
		}
	}
}

// Policies name instances, groups, classes and tags.
func TestPolicies(t *testing.T) {
	a := open(t, &provider{})
	ctx := t.Context()
	describe := func(c *sdk.Client, id *string) error {
		_, err := c.DescribeDBInstances(ctx, &sdk.DescribeDBInstancesInput{DBInstanceIdentifier: id})
		return err
	}
	mine := a.user("mine", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"rds:*","Resource":["arn:aws:rds:us-west-2:*:db:mine*","arn:aws:rds:*:*:pg:default*"]}}`)
	must(t, describe(mine, aws.String("Mine-1")))
	must(t, describe(mine, aws.String("arn:aws:rds:us-west-2:000000000000:db:mine")))
	wantCode(t, describe(mine, aws.String("other")), "AccessDenied")
	wantCode(t, describe(mine, aws.String("arn:aws:rds:us-west-2:000000000000:db:other")), "AccessDenied")
	wantCode(t, describe(mine, aws.String("arn:aws:rds:us-east-1:000000000000:db:mine")), "AccessDenied")
	wantCode(t, describe(mine, nil), "AccessDenied")
	create := func(c *sdk.Client, in sdk.CreateDBInstanceInput) error {
		in.Engine = aws.String("postgres")
		if in.DBInstanceClass == nil {
			in.DBInstanceClass = aws.String("db.t3.micro")
		}
		_, err := c.CreateDBInstance(ctx, &in)
		return err
	}
	must(t, create(mine, sdk.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("mine")}))
	must(t, create(mine, sdk.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("mine"), DBParameterGroupName: aws.String("default.postgres15")}))
	wantCode(t, create(mine, sdk.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("mine"), DBParameterGroupName: aws.String("tuned")}), "AccessDenied")

	tagged := a.user("tagged", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"rds:*","Resource":"*","Condition":{"StringEquals":{"rds:db-tag/team":"blue"}}}}`)
	must(t, describe(tagged, aws.String("blue")))
	wantCode(t, describe(tagged, aws.String("red")), "AccessDenied")

	small := a.user("small", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"rds:*","Resource":"*"},
		{"Effect":"Deny","Action":"rds:CreateDBInstance","Resource":"*","Condition":{"StringNotLike":{"rds:DatabaseClass":"db.t*"}}},
		{"Effect":"Deny","Action":"rds:CreateDBInstance","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestTag/team":"blue"}}}]}`)
	blue := []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}
	must(t, create(small, sdk.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("a"), Tags: blue}))
	wantCode(t, create(small, sdk.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("a")}), "AccessDenied")
	wantCode(t, create(small, sdk.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("a"), Tags: blue, DBInstanceClass: aws.String("db.r6g.large")}), "AccessDenied")
}

// Errors keep their codes: those of RDS's model, those without one, and lethe's own.
func TestErrors(t *testing.T) {
	p := &provider{}
	c := open(t, p).asAdmin()
	for _, x := range []struct {
		err  error
		code string
		is   any
	}{
		{&types.DBInstanceNotFoundFault{Message: aws.String("m")}, "DBInstanceNotFound", new(*types.DBInstanceNotFoundFault)},
		{&types.DBInstanceAlreadyExistsFault{Message: aws.String("m")}, "DBInstanceAlreadyExists", nil},
		{&awsproto.Error{Code: "InvalidParameterCombination", Message: "m"}, "InvalidParameterCombination", nil},
		{lethe.Errorf(lethe.Exhausted, "m"), "InsufficientDBInstanceCapacity", nil},
		{lethe.Errorf(lethe.Conflict, "m"), "InvalidDBInstanceState", nil},
		{lethe.Errorf(lethe.NotFound, "m"), "ResourceNotFoundFault", nil},
		{lethe.Errorf(lethe.Unsupported, "m"), "InvalidParameterCombination", nil},
		{&smithy.OperationError{ServiceID: "RDS", OperationName: "x", Err: &types.DBInstanceNotFoundFault{Message: aws.String("m")}}, "DBInstanceNotFound", nil},
		{&smithy.OperationError{ServiceID: "RDS", OperationName: "x", Err: errors.New("no route")}, "ServiceUnavailable", nil},
		{errors.New("secret"), "InternalFailure", nil},
	} {
		p.err = x.err
		_, err := c.DescribeDBInstances(t.Context(), &sdk.DescribeDBInstancesInput{})
		wantCode(t, err, x.code)
		if x.is != nil && !errors.As(err, x.is) {
			t.Errorf("%v is not a %T", err, x.is)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
	}
}
