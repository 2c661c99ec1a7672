package secretsmanager_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"

	"lethe"
	"lethe/access"
	"lethe/access/accesstest"
	"lethe/lib/awsproto/awsprototest"
	"lethe/secret"
	wire "lethe/wire/aws"
	"lethe/wire/secretsmanager"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// account is a port with the service, its users, and all that it logs.
type account struct {
	*accesstest.Account
	h   http.Handler
	url string
	log bytes.Buffer
}

func newAccount(t *testing.T, keys func(*access.Service) access.Keys) *account {
	t.Helper()
	a := &account{Account: accesstest.New(t)}
	secrets, err := secret.Open(t.Context(), secret.Config{DB: a.DB, Keys: a.Keys})
	must(t, err)
	a.AddResourcePolicies("secretsmanager", secrets.ResourcePolicies)
	svc, err := secretsmanager.New(secrets, a)
	must(t, err)
	if left := svc.Unhandled(); len(left) > 0 {
		t.Errorf("the model describes operations that nobody handles: %v", left)
	}
	a.h, err = wire.New(wire.Config{Keys: keys(a.Service), S3: http.NotFoundHandler(), Log: slog.New(slog.NewTextHandler(&a.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, svc)
	must(t, err)
	return a
}

func open(t *testing.T) *account {
	a := newAccount(t, func(x *access.Service) access.Keys { return x })
	s := httptest.NewServer(a.h)
	t.Cleanup(s.Close)
	a.url = s.URL
	return a
}

func (a *account) as(id, secretKey string) *sdk.Client {
	return sdk.New(sdk.Options{Region: "eu-central-1", BaseEndpoint: &a.url, HTTPClient: awsprototest.HTTPClient, Retryer: aws.NopRetryer{}, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secretKey}, nil
	})})
}

func (a *account) asAdmin() *sdk.Client { return a.as(a.Admin.AccessKeyID, a.Admin.SecretKey) }

// user makes a user with a policy, "" for none.
func (a *account) user(name, policy string) *sdk.Client { return a.as(a.NewUser(name, policy)) }

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("%v; want %s", err, code)
	}
}

func TestThroughTheSDK(t *testing.T) {
	a := open(t)
	c, ctx := a.asAdmin(), t.Context()
	made, err := c.CreateSecret(ctx, &sdk.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("one"), Description: aws.String("d"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}})
	must(t, err)
	put, err := c.PutSecretValue(ctx, &sdk.PutSecretValueInput{SecretId: made.ARN, SecretBinary: []byte{0, 1, 255}})
	must(t, err)
	got, err := c.GetSecretValue(ctx, &sdk.GetSecretValueInput{SecretId: aws.String("s")})
	if err != nil || got.SecretString != nil || !bytes.Equal(got.SecretBinary, []byte{0, 1, 255}) || *got.VersionId != *put.VersionId || got.CreatedDate == nil {
		t.Error(got, err)
	}
	got, err = c.GetSecretValue(ctx, &sdk.GetSecretValueInput{SecretId: aws.String("s"), VersionStage: aws.String("AWSPREVIOUS")})
	if err != nil || *got.SecretString != "one" || got.SecretBinary != nil {
		t.Error(got, err)
	}
	d, err := c.DescribeSecret(ctx, &sdk.DescribeSecretInput{SecretId: aws.String("s")})
	if err != nil || *d.Description != "d" || len(d.Tags) != 1 || !reflect.DeepEqual(d.VersionIdsToStages, map[string][]string{*made.VersionId: {"AWSPREVIOUS"}, *put.VersionId: {"AWSCURRENT"}}) ||
		d.DeletedDate != nil || d.RotationEnabled != nil || d.LastAccessedDate == nil {
		t.Error(d, err)
	}
	pages := sdk.NewListSecretVersionIdsPaginator(c, &sdk.ListSecretVersionIdsInput{SecretId: aws.String("s"), MaxResults: aws.Int32(1)})
	n := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(t, err)
		n += len(page.Versions)
	}
	if n != 2 {
		t.Errorf("%d versions", n)
	}
	_, err = c.CreateSecret(ctx, &sdk.CreateSecretInput{Name: aws.String("other"), SecretString: aws.String("x")})
	must(t, err)
	batch, err := c.BatchGetSecretValue(ctx, &sdk.BatchGetSecretValueInput{SecretIdList: []string{"s", "absent", "other"}})
	if err != nil || len(batch.SecretValues) != 2 || len(batch.Errors) != 1 || *batch.Errors[0].ErrorCode != "ResourceNotFoundException" {
		t.Error(batch, err)
	}
	_, err = c.DeleteSecret(ctx, &sdk.DeleteSecretInput{SecretId: aws.String("s"), RecoveryWindowInDays: aws.Int64(0)})
	wantCode(t, err, "InvalidParameterException")
	_, err = c.CreateSecret(ctx, &sdk.CreateSecretInput{Name: aws.String("k"), KmsKeyId: aws.String("alias/mine")})
	wantCode(t, err, "InvalidParameterException")
	_, err = c.CreateSecret(ctx, &sdk.CreateSecretInput{Name: aws.String("k"), AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String("us-east-1")}}})
	wantCode(t, err, "InvalidParameterException")
	_, err = c.GetSecretValue(ctx, &sdk.GetSecretValueInput{SecretId: aws.String("absent")})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = c.ReplicateSecretToRegions(ctx, &sdk.ReplicateSecretToRegionsInput{SecretId: aws.String("s"), AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String("us-east-1")}}})
	wantCode(t, err, "NotImplemented")
}

// Every operation asks for the action of its own name on the secret, and says nothing
// else to whoever may not: not even whether there is the secret.
func TestEveryOperationAsks(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	made, err := a.asAdmin().CreateSecret(ctx, &sdk.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("one")})
	must(t, err)
	nobody := a.user("nobody", "")
	policy := `{"Version":"2012-10-17","Statement":[]}`
	inputs := func(id *string) []any {
		return []any{
			&sdk.CreateSecretInput{Name: aws.String("n")}, &sdk.GetRandomPasswordInput{}, &sdk.ListSecretsInput{}, &sdk.BatchGetSecretValueInput{SecretIdList: []string{*id}},
			&sdk.GetSecretValueInput{SecretId: id}, &sdk.PutSecretValueInput{SecretId: id, SecretString: aws.String("x")}, &sdk.UpdateSecretInput{SecretId: id}, &sdk.DescribeSecretInput{SecretId: id},
			&sdk.ListSecretVersionIdsInput{SecretId: id}, &sdk.DeleteSecretInput{SecretId: id}, &sdk.RestoreSecretInput{SecretId: id}, &sdk.UpdateSecretVersionStageInput{SecretId: id, VersionStage: aws.String("x")},
			&sdk.TagResourceInput{SecretId: id, Tags: []types.Tag{}}, &sdk.UntagResourceInput{SecretId: id, TagKeys: []string{}}, &sdk.GetResourcePolicyInput{SecretId: id},
			&sdk.PutResourcePolicyInput{SecretId: id, ResourcePolicy: &policy}, &sdk.DeleteResourcePolicyInput{SecretId: id}, &sdk.ValidateResourcePolicyInput{SecretId: id, ResourcePolicy: &policy},
			&sdk.RotateSecretInput{SecretId: id}, &sdk.CancelRotateSecretInput{SecretId: id},
		}
	}
	call := func(c *sdk.Client, in any) (string, error) {
		name := strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input")
		out := reflect.ValueOf(c).MethodByName(name).Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(in)})
		err, _ := out[1].Interface().(error)
		return name, err
	}
	texts := map[string]string{}
	for _, id := range []*string{made.ARN, aws.String("s"), aws.String("absent")} {
		for _, in := range inputs(id) {
			name, err := call(nobody, in)
			wantCode(t, err, "AccessDeniedException")
			var api smithy.APIError
			if errors.As(err, &api) && !strings.Contains(api.ErrorMessage(), "not authorized to perform: secretsmanager:"+name+" on resource: ") {
				t.Error(err)
			}
			texts[name+*id] = err.Error()
		}
	}
	if len(texts) < 20 {
		t.Error(len(texts))
	}
	// Wrong and missing signatures are told as everywhere.
	_, err = a.as(a.Admin.AccessKeyID, "wrong").ListSecrets(ctx, &sdk.ListSecretsInput{})
	wantCode(t, err, "InvalidSignatureException")
	unsigned, err := http.Post(a.url, "application/x-amz-json-1.1", strings.NewReader("{}"))
	must(t, err)
	unsigned.Body.Close()
	if unsigned.StatusCode/100 == 2 {
		t.Error(unsigned.Status)
	}
}

// Policies of identities and of secrets decide together.
func TestPolicies(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	admin := a.asAdmin()
	made, err := admin.CreateSecret(ctx, &sdk.CreateSecretInput{Name: aws.String("blue/db"), SecretString: aws.String("one"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}})
	must(t, err)
	_, err = admin.CreateSecret(ctx, &sdk.CreateSecretInput{Name: aws.String("red/db"), SecretString: aws.String("two")})
	must(t, err)
	get := func(c *sdk.Client, id string) error {
		_, err := c.GetSecretValue(ctx, &sdk.GetSecretValueInput{SecretId: &id})
		return err
	}
	byARN := a.user("byarn", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:*:*:secret:blue/db-??????"}}`)
	byTag := a.user("bytag", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue"}}}}`)
	byStage := a.user("bystage", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*","Condition":{"StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT"}}}}`)
	other := a.user("other", "")
	for _, c := range []*sdk.Client{byARN, byTag, byStage} {
		must(t, get(c, "blue/db"))
		must(t, get(c, *made.ARN))
	}
	wantCode(t, get(byARN, "red/db"), "AccessDeniedException")
	wantCode(t, get(byTag, "red/db"), "AccessDeniedException")
	wantCode(t, get(other, "blue/db"), "AccessDeniedException")
	_, err = byStage.GetSecretValue(ctx, &sdk.GetSecretValueInput{SecretId: made.ARN, VersionStage: aws.String("AWSPREVIOUS")})
	wantCode(t, err, "AccessDeniedException")

	// The secret's own policy lets in, and shuts out.
	_, err = admin.PutResourcePolicy(ctx, &sdk.PutResourcePolicyInput{SecretId: made.ARN, BlockPublicPolicy: aws.Bool(true), ResourcePolicy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:user/other"},"Action":"secretsmanager:GetSecretValue","Resource":"*"},
		{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::000000000000:user/byarn"},"Action":"*","Resource":"*"}]}`)})
	must(t, err)
	must(t, get(other, "blue/db"))
	wantCode(t, get(byARN, "blue/db"), "AccessDeniedException")
	// Who is shut out with everyone can still be let in again, by an administrator.
	everyone := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}`
	_, err = admin.PutResourcePolicy(ctx, &sdk.PutResourcePolicyInput{SecretId: made.ARN, ResourcePolicy: &everyone})
	must(t, err)
	wantCode(t, get(admin, "blue/db"), "AccessDeniedException")
	_, err = admin.DeleteResourcePolicy(ctx, &sdk.DeleteResourcePolicyInput{SecretId: made.ARN})
	must(t, err)
	must(t, get(admin, "blue/db"))
	public := strings.Replace(everyone, "Deny", "Allow", 1)
	_, err = admin.PutResourcePolicy(ctx, &sdk.PutResourcePolicyInput{SecretId: made.ARN, BlockPublicPolicy: aws.Bool(true), ResourcePolicy: &public})
	wantCode(t, err, "PublicPolicyException")
	_, err = admin.PutResourcePolicy(ctx, &sdk.PutResourcePolicyInput{SecretId: made.ARN, ResourcePolicy: aws.String("{")})
	wantCode(t, err, "MalformedPolicyDocumentException")

	// A batch holds what the caller may read.
	batcher := a.user("batcher", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:BatchGetSecretValue","Resource":"*"},
		{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:*:*:secret:red/*"}]}`)
	out, err := batcher.BatchGetSecretValue(ctx, &sdk.BatchGetSecretValueInput{SecretIdList: []string{"blue/db", "red/db"}})
	if err != nil || len(out.SecretValues) != 1 || *out.SecretValues[0].Name != "red/db" || len(out.Errors) != 1 || *out.Errors[0].ErrorCode != "AccessDeniedException" {
		t.Error(out, err)
	}
}

// No value reaches the log or an error, whatever happens to it.
func TestNothingSecretIsSaid(t *testing.T) {
	a := open(t)
	c, ctx := a.asAdmin(), t.Context()
	const value = "do-not-say-this"
	var errs []string
	try := func(_ any, err error) {
		if err != nil {
			errs = append(errs, err.Error())
		}
	}
	try(c.CreateSecret(ctx, &sdk.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String(value)}))
	try(c.CreateSecret(ctx, &sdk.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String(value)}))
	try(c.PutSecretValue(ctx, &sdk.PutSecretValueInput{SecretId: aws.String("s"), SecretString: aws.String(value), SecretBinary: []byte(value)}))
	try(c.PutSecretValue(ctx, &sdk.PutSecretValueInput{SecretId: aws.String("s"), SecretString: aws.String(strings.Repeat(value, 10_000))}))
	try(c.PutSecretValue(ctx, &sdk.PutSecretValueInput{SecretId: aws.String("absent"), SecretString: aws.String(value)}))
	try(a.user("nobody", "").PutSecretValue(ctx, &sdk.PutSecretValueInput{SecretId: aws.String("s"), SecretString: aws.String(value)}))
	try(c.RotateSecret(ctx, &sdk.RotateSecretInput{SecretId: aws.String("s"), RotationLambdaARN: aws.String(lethe.FunctionARN(lethe.DefaultRegion, "f"))}))
	if len(errs) != 6 {
		t.Errorf("%d of 6 failed: %q", len(errs), errs)
	}
	if all := a.log.String() + strings.Join(errs, "\n"); strings.Contains(all, value) {
		t.Error(all)
	}
}
