package iam_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto/awsprototest"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
	wire "lethe/wire/aws"
	"lethe/wire/iam"
	"lethe/wire/sts"
)

// account is an account with its administrator, behind the AWS port.
type account struct {
	access *access.Service
	admin  access.Credentials
	url    string
}

func open(t *testing.T) *account {
	t.Helper()
	s, c := service(t, t.TempDir())
	a := &account{access: s, admin: c}
	server := httptest.NewServer(handler(t, s, s))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

func service(t *testing.T, dir string) (s *access.Service, c access.Credentials) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	audit, err := access.OpenAudit(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := audit.Close(); err != nil {
			t.Error(err)
		}
	})
	if s, err = access.Open(t.Context(), db, sealtest.Keyring(t, db), audit); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if _, err := s.Bootstrap(t.Context(), func(x access.Credentials) error { c = x; return nil }); err != nil {
		t.Fatal(err)
	}
	return s, c
}

// handler serves IAM and STS of a service; keys may be others than its own.
func handler(t *testing.T, s *access.Service, keys access.Keys) http.Handler {
	t.Helper()
	users, err := iam.New(s)
	if err != nil {
		t.Fatal(err)
	}
	if left := users.Unhandled(); len(left) > 0 {
		t.Errorf("the model describes operations that nobody handles: %v", left)
	}
	tokens, err := sts.New(s)
	if err != nil {
		t.Fatal(err)
	}
	h, err := wire.New(wire.Config{Keys: keys, S3: http.NotFoundHandler()}, users, tokens)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func credentials(id, secret, token string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, nil
	})
}

// as returns a client of IAM that signs with a key.
func (a *account) as(id, secret, token string) *sdk.Client {
	return sdk.New(sdk.Options{Region: "eu-central-1", BaseEndpoint: &a.url, HTTPClient: awsprototest.HTTPClient, Retryer: aws.NopRetryer{}, Credentials: credentials(id, secret, token)})
}

func (a *account) sts(id, secret, token string) *stssdk.Client {
	return stssdk.New(stssdk.Options{Region: "eu-central-1", BaseEndpoint: &a.url, HTTPClient: awsprototest.HTTPClient, Retryer: aws.NopRetryer{}, Credentials: credentials(id, secret, token)})
}

func (a *account) asAdmin() *sdk.Client { return a.as(a.admin.AccessKeyID, a.admin.SecretKey, "") }

// user makes a user with a key.
func (a *account) user(t *testing.T, name string) (id, secret string) {
	t.Helper()
	c := a.asAdmin()
	if _, err := c.CreateUser(t.Context(), &sdk.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	out, err := c.CreateAccessKey(t.Context(), &sdk.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey
}

// wantCode fails unless err is an API error of this code; "" means success.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	got := ""
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		got = api.ErrorCode()
	case err != nil:
		t.Fatal(err)
	}
	if got != code {
		t.Errorf("got %q (%v), want %q", got, err, code)
	}
}

func TestAUserMayDoWhatPoliciesSayAtOnce(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	id, secret := a.user(t, "ada")
	admin, ada := a.asAdmin(), a.as(id, secret, "")
	list := func() error { _, err := ada.ListUsers(ctx, &sdk.ListUsersInput{}); return err }
	wantCode(t, list(), "AccessDenied")

	_, err := admin.PutUserPolicy(ctx, &sdk.PutUserPolicyInput{UserName: aws.String("ada"), PolicyName: aws.String("list"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}}`)})
	wantCode(t, err, "")
	wantCode(t, list(), "")
	_, err = admin.CreateGroup(ctx, &sdk.CreateGroupInput{GroupName: aws.String("g")})
	wantCode(t, err, "")
	_, err = admin.PutGroupPolicy(ctx, &sdk.PutGroupPolicyInput{GroupName: aws.String("g"), PolicyName: aws.String("no"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:List*","Resource":"*"}}`)})
	wantCode(t, err, "")
	wantCode(t, list(), "")
	_, err = admin.AddUserToGroup(ctx, &sdk.AddUserToGroupInput{GroupName: aws.String("g"), UserName: aws.String("ada")})
	wantCode(t, err, "")
	wantCode(t, list(), "AccessDenied")
	_, err = admin.RemoveUserFromGroup(ctx, &sdk.RemoveUserFromGroupInput{GroupName: aws.String("g"), UserName: aws.String("ada")})
	wantCode(t, err, "")
	wantCode(t, list(), "")
	_, err = admin.PutUserPermissionsBoundary(ctx, &sdk.PutUserPermissionsBoundaryInput{UserName: aws.String("ada"), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AmazonS3FullAccess")})
	wantCode(t, err, "")
	wantCode(t, list(), "AccessDenied")
	_, err = admin.DeleteUserPermissionsBoundary(ctx, &sdk.DeleteUserPermissionsBoundaryInput{UserName: aws.String("ada")})
	wantCode(t, err, "")
	wantCode(t, list(), "")
	_, err = admin.UpdateAccessKey(ctx, &sdk.UpdateAccessKeyInput{UserName: aws.String("ada"), AccessKeyId: &id, Status: "Inactive"})
	wantCode(t, err, "")
	wantCode(t, list(), "InvalidClientTokenId")
}

func TestARoleIsAssumedByWhomItTrusts(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	id, secret := a.user(t, "ada")
	otherID, otherSecret := a.user(t, "bob")
	admin := a.asAdmin()
	role, err := admin.CreateRole(ctx, &sdk.CreateRoleInput{RoleName: aws.String("reader"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + lethe.UserARN("ada") + `"},"Action":"sts:AssumeRole"}}`)})
	wantCode(t, err, "")
	_, err = admin.AttachRolePolicy(ctx, &sdk.AttachRolePolicyInput{RoleName: aws.String("reader"), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")})
	wantCode(t, err, "")

	in := &stssdk.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("morning")}
	_, err = a.sts(otherID, otherSecret, "").AssumeRole(ctx, in)
	wantCode(t, err, "AccessDenied")
	// The administrator's own policies do not make the role trust.
	_, err = a.sts(a.admin.AccessKeyID, a.admin.SecretKey, "").AssumeRole(ctx, in)
	wantCode(t, err, "AccessDenied")

	out, err := a.sts(id, secret, "").AssumeRole(ctx, in)
	wantCode(t, err, "")
	c := out.Credentials
	session := a.as(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	_, err = session.ListUsers(ctx, &sdk.ListUsersInput{})
	wantCode(t, err, "")
	who, err := a.sts(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken).GetCallerIdentity(ctx, &stssdk.GetCallerIdentityInput{})
	wantCode(t, err, "")
	if *who.Arn != lethe.SessionARN("reader", "morning") || *who.UserId != *role.Role.RoleId+":morning" {
		t.Errorf("%s %s", *who.Arn, *who.UserId)
	}
	// Without its token, or with another's, the key is nobody's.
	_, err = a.as(*c.AccessKeyId, *c.SecretAccessKey, "").ListUsers(ctx, &sdk.ListUsersInput{})
	wantCode(t, err, "InvalidClientTokenId")
	_, err = a.as(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken+"x").ListUsers(ctx, &sdk.ListUsersInput{})
	wantCode(t, err, "InvalidClientTokenId")

	// A session's policy narrows it.
	in.Policy = aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}}`)
	out, err = a.sts(id, secret, "").AssumeRole(ctx, in)
	wantCode(t, err, "")
	c = out.Credentials
	narrow := a.as(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	_, err = narrow.ListUsers(ctx, &sdk.ListUsersInput{})
	wantCode(t, err, "AccessDenied")
	_, err = narrow.GetUser(ctx, &sdk.GetUserInput{UserName: aws.String("ada")})
	wantCode(t, err, "")

	// A role's end is its sessions' end.
	_, err = admin.DetachRolePolicy(ctx, &sdk.DetachRolePolicyInput{RoleName: aws.String("reader"), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")})
	wantCode(t, err, "")
	_, err = session.ListUsers(ctx, &sdk.ListUsersInput{})
	wantCode(t, err, "AccessDenied")
	_, err = admin.DeleteRole(ctx, &sdk.DeleteRoleInput{RoleName: aws.String("reader")})
	wantCode(t, err, "")
	_, err = session.ListUsers(ctx, &sdk.ListUsersInput{})
	wantCode(t, err, "InvalidClientTokenId")
}

func TestAUsersOwnToken(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	out, err := a.sts(a.admin.AccessKeyID, a.admin.SecretKey, "").GetSessionToken(ctx, &stssdk.GetSessionTokenInput{})
	wantCode(t, err, "")
	c := out.Credentials
	s := a.sts(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	who, err := s.GetCallerIdentity(ctx, &stssdk.GetCallerIdentityInput{})
	wantCode(t, err, "")
	if *who.Arn != lethe.UserARN("admin") {
		t.Error(*who.Arn)
	}
	// It calls neither IAM nor for another token, as on AWS.
	_, err = a.as(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken).ListUsers(ctx, &sdk.ListUsersInput{})
	wantCode(t, err, "AccessDenied")
	_, err = s.GetSessionToken(ctx, &stssdk.GetSessionTokenInput{})
	wantCode(t, err, "AccessDenied")
}

func TestWhatIsHeldIsNotDeleted(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	id, _ := a.user(t, "ada")
	admin := a.asAdmin()
	name, group, arn := aws.String("ada"), aws.String("g"), aws.String("arn:aws:iam::aws:policy/AmazonS3FullAccess")
	del := func() error { _, err := admin.DeleteUser(ctx, &sdk.DeleteUserInput{UserName: name}); return err }
	_, err := admin.CreateGroup(ctx, &sdk.CreateGroupInput{GroupName: group})
	wantCode(t, err, "")
	_, err = admin.AddUserToGroup(ctx, &sdk.AddUserToGroupInput{GroupName: group, UserName: name})
	wantCode(t, err, "")
	_, err = admin.AttachUserPolicy(ctx, &sdk.AttachUserPolicyInput{UserName: name, PolicyArn: arn})
	wantCode(t, err, "")
	_, err = admin.CreateLoginProfile(ctx, &sdk.CreateLoginProfileInput{UserName: name, Password: aws.String("correct horse"), PasswordResetRequired: true})
	wantCode(t, err, "")
	for _, required := range []*bool{nil, new(false), new(true)} {
		_, err = admin.UpdateLoginProfile(ctx, &sdk.UpdateLoginProfileInput{UserName: name, PasswordResetRequired: required})
		wantCode(t, err, "")
		got, err := admin.GetLoginProfile(ctx, &sdk.GetLoginProfileInput{UserName: name})
		wantCode(t, err, "")
		if want := required == nil || *required; got.LoginProfile.PasswordResetRequired != want {
			t.Errorf("PasswordResetRequired is %v, not %v", !want, want)
		}
	}
	for _, undo := range []func() error{
		func() error {
			_, err := admin.RemoveUserFromGroup(ctx, &sdk.RemoveUserFromGroupInput{GroupName: group, UserName: name})
			return err
		},
		func() error {
			_, err := admin.DetachUserPolicy(ctx, &sdk.DetachUserPolicyInput{UserName: name, PolicyArn: arn})
			return err
		},
		func() error {
			_, err := admin.DeleteLoginProfile(ctx, &sdk.DeleteLoginProfileInput{UserName: name})
			return err
		},
		func() error {
			_, err := admin.DeleteAccessKey(ctx, &sdk.DeleteAccessKeyInput{UserName: name, AccessKeyId: &id})
			return err
		},
	} {
		wantCode(t, del(), "DeleteConflict")
		wantCode(t, undo(), "")
	}
	wantCode(t, del(), "")
	wantCode(t, del(), "NoSuchEntity")
	_, err = admin.DeletePolicy(ctx, &sdk.DeletePolicyInput{PolicyArn: arn})
	wantCode(t, err, "AccessDenied") // AWS's own
}

func TestPagesFollowOneAnother(t *testing.T) {
	a := open(t)
	want := []string{"admin"}
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		if _, err := a.asAdmin().CreateUser(t.Context(), &sdk.CreateUserInput{UserName: aws.String("u" + n)}); err != nil {
			t.Fatal(err)
		}
		want = append(want, "u"+n)
	}
	var got []string
	pages := sdk.NewListUsersPaginator(a.asAdmin(), &sdk.ListUsersInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range out.Users {
			got = append(got, *u.UserName)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestSimulation(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	out, err := a.asAdmin().SimulatePrincipalPolicy(ctx, &sdk.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(lethe.UserARN("admin")), ActionNames: []string{"s3:GetObject"},
		PolicyInputList: []string{`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}`},
		ResourceArns:    []string{"arn:aws:s3:::a/k", "arn:aws:s3:::b/k"}})
	wantCode(t, err, "")
	if len(out.EvaluationResults) != 2 || out.EvaluationResults[0].EvalDecision != "allowed" || out.EvaluationResults[1].EvalDecision != "explicitDeny" {
		t.Errorf("%+v", out.EvaluationResults)
	}
	_, err = a.asAdmin().SimulateCustomPolicy(ctx, &sdk.SimulateCustomPolicyInput{ActionNames: []string{"s3:GetObject"}, PolicyInputList: []string{"{"}})
	wantCode(t, err, "InvalidInput")
}
