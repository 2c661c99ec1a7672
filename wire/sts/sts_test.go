package sts_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"lethe"
	"lethe/access"
	"lethe/lib/awsproto/awsprototest"
	"lethe/wire/aws"
	"lethe/wire/sts"
)

// keys knows one key.
type keys struct{}

func (keys) Key(_ context.Context, id string) (access.Key, error) {
	switch id {
	case "AKIATEST":
		return access.Key{Secret: "secret", Principal: lethe.Principal{ID: "AIDATEST", Name: "ada", ARN: lethe.UserARN("ada")}}, nil
	case "AKIABROKEN":
		return access.Key{}, errors.New("the state database is closed")
	}
	return access.Key{}, lethe.Errorf(lethe.NotFound, "no key %s", id)
}

func (keys) Used(string, string, string) {}

func client(t *testing.T, key, secret string) *sdk.Client {
	t.Helper()
	svc, err := sts.New(nobody{})
	if err != nil {
		t.Fatal(err)
	}
	if left := svc.Unhandled(); len(left) > 0 {
		t.Errorf("the model describes operations that nobody handles: %v", left)
	}
	handler, err := aws.New(aws.Config{Keys: keys{}, S3: http.NotFoundHandler()}, svc)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return sdk.New(sdk.Options{
		Region: "eu-central-1", BaseEndpoint: &server.URL, HTTPClient: awsprototest.HTTPClient, Retryer: awssdk.NopRetryer{},
		Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
			return awssdk.Credentials{AccessKeyID: key, SecretAccessKey: secret}, nil
		}),
	})
}

func TestGetCallerIdentity(t *testing.T) {
	c := client(t, "AKIATEST", "secret")
	out, err := c.GetCallerIdentity(t.Context(), &sdk.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Account != lethe.Account || *out.Arn != lethe.UserARN("ada") || *out.UserId != "AIDATEST" {
		t.Errorf("%s %s %s", *out.Account, *out.Arn, *out.UserId)
	}

	// A presigned request may be sent by somebody else, and answers for its signer.
	signed, err := sdk.NewPresignClient(c).PresignGetCallerIdentity(t.Context(), &sdk.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequest(signed.Method, signed.URL, nil)
	r.Header = signed.SignedHeader.Clone()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), lethe.UserARN("ada")) {
		t.Errorf("presigned: %s %s %v", resp.Status, body, err)
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct{ key, secret, code string }{
		{"AKIANOBODY", "secret", "InvalidClientTokenId"},
		{"AKIATEST", "guess", "SignatureDoesNotMatch"},
		{"AKIABROKEN", "secret", "InternalFailure"},
	} {
		_, err := client(t, c.key, c.secret).GetCallerIdentity(t.Context(), &sdk.GetCallerIdentityInput{})
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != c.code {
			t.Errorf("%s: got %v, want %s", c.key, err, c.code)
		}
	}
	_, err := client(t, "AKIATEST", "secret").GetFederationToken(t.Context(), &sdk.GetFederationTokenInput{Name: awssdk.String("ada")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "NotImplemented" {
		t.Errorf("got %v, want NotImplemented", err)
	}
	_, err = client(t, "AKIATEST", "secret").AssumeRole(t.Context(), &sdk.AssumeRoleInput{RoleArn: awssdk.String("arn:aws:iam::000000000000:role/r"), RoleSessionName: awssdk.String("ada")})
	if !errors.As(err, &api) || api.ErrorCode() != "AccessDenied" {
		t.Errorf("got %v, want AccessDenied", err)
	}
}

// nobody may do nothing, and gets no credentials.
type nobody struct{}

var errNobody = lethe.Errorf(lethe.Denied, "nobody may")

func (nobody) Decide(context.Context, lethe.Principal, string, string) error { return errNobody }
func (nobody) AssumeRole(context.Context, lethe.Principal, access.Assume) (access.Temporary, error) {
	return access.Temporary{}, errNobody
}
func (nobody) SessionToken(context.Context, lethe.Principal, time.Duration) (access.Temporary, error) {
	return access.Temporary{}, errNobody
}
