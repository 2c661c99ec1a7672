package iam_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"lethe/lib/awsproto/awsprototest"
)

// Every operation is refused to whoever may not, and to whoever did not sign.
func TestEveryOperationAsksForADecision(t *testing.T) {
	a := open(t)
	id, secret := a.user(t, "ada")
	text, err := os.ReadFile("model.json")
	if err != nil {
		t.Fatal(err)
	}
	var model struct{ Operations map[string]*struct{} }
	if err := json.Unmarshal(text, &model); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for name, described := range model.Operations {
		if described == nil {
			continue
		}
		asked++
		for _, c := range []struct {
			why    string
			client *sdk.Client
			codes  []string
		}{
			{"without permission", a.as(id, secret, ""), []string{"AccessDenied"}},
			{"with a wrong secret", a.as(id, secret+"x", ""), []string{"SignatureDoesNotMatch"}},
			{"with an unknown key", a.as("AKIANOBODY", secret, ""), []string{"InvalidClientTokenId"}},
			{"with a token that is none", a.as(id, secret, "token"), []string{"InvalidClientTokenId"}},
			{"unsigned", sdk.New(sdk.Options{Region: "eu-central-1", BaseEndpoint: &a.url, HTTPClient: awsprototest.HTTPClient, Retryer: aws.NopRetryer{}, Credentials: aws.AnonymousCredentials{}}), []string{"MissingAuthenticationToken"}},
		} {
			m := reflect.ValueOf(c.client).MethodByName(name)
			in := reflect.New(m.Type().In(1).Elem())
			fill(in.Elem())
			out := m.Call([]reflect.Value{reflect.ValueOf(context.Background()), in})
			var api smithy.APIError
			err, _ := out[1].Interface().(error)
			if !errors.As(err, &api) || !slices.Contains(c.codes, api.ErrorCode()) {
				t.Errorf("%s %s: %v", name, c.why, err)
			}
		}
	}
	if asked < 80 {
		t.Errorf("only %d operations", asked)
	}
}

// fill gives every member of an input a value that is none's but valid.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if !f.CanSet() {
			continue
		}
		switch {
		case f.Type() == reflect.TypeFor[*string]():
			f.Set(reflect.ValueOf(aws.String(sample(name))))
		case f.Type() == reflect.TypeFor[[]string]():
			f.Set(reflect.ValueOf([]string{sample(name)}))
		case f.Type() == reflect.TypeFor[[]types.Tag]():
			f.Set(reflect.ValueOf([]types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}))
		case f.Kind() == reflect.String && name == "Status":
			f.SetString("Inactive")
		}
	}
}

func sample(name string) string {
	const document = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
	switch {
	case strings.Contains(name, "Document"), strings.Contains(name, "PolicyInputList"), name == "ResourcePolicy":
		return document
	case strings.Contains(name, "Arn"), name == "PermissionsBoundary":
		return "arn:aws:iam::000000000000:policy/none"
	case name == "ActionNames":
		return "s3:GetObject"
	case strings.Contains(name, "Path"):
		return "/x/"
	case name == "AccessKeyId":
		return "AKIA0123456789ABCDEF"
	case strings.Contains(name, "Password"):
		return "correct horse"
	case name == "VersionId":
		return "v1"
	}
	return "none"
}
