package access_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lethe"
	"lethe/access"
	"lethe/lib/seal/sealtest"
	"lethe/lib/state"
)

func fresh(t testing.TB) *access.Service {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := access.Open(t.Context(), db, sealtest.Keyring(t, db), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		db.Close()
	})
	return s
}

// ada makes a user and returns its principal.
func ada(t testing.TB, s *access.Service) lethe.Principal {
	t.Helper()
	u, err := s.CreateUser(t.Context(), access.NewUser{Name: "ada", Tags: []access.Tag{{Key: "team", Value: "blue"}}})
	if err != nil {
		t.Fatal(err)
	}
	return lethe.Principal{ID: u.ID, Name: u.Name, ARN: u.ARN()}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func allow(action, resource, rest string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%q,"Resource":%q%s}]}`, action, resource, rest)
}

// A change that was answered counts in every decision after it, however many are made
// beside it.
func TestNoDecisionIsOlderThanTheLastChange(t *testing.T) {
	s := fresh(t)
	p := ada(t, s)
	ctx := t.Context()
	stop := make(chan struct{})
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_ = s.Decide(ctx, p, "s3:GetObject", lethe.ObjectARN("b", "k")) // fills the caches at all moments
				}
			}
		})
	}
	for range 50 {
		must(t, s.PutInline(ctx, access.UserNamed("ada"), "p", allow("s3:*", "*", "")))
		if err := s.Decide(ctx, p, "s3:GetObject", lethe.ObjectARN("b", "k")); err != nil {
			t.Fatal(err)
		}
		must(t, s.DeleteInline(ctx, access.UserNamed("ada"), "p"))
		if err := s.Decide(ctx, p, "s3:GetObject", lethe.ObjectARN("b", "k")); !lethe.Is(err, lethe.Denied) {
			t.Fatal(err)
		}
	}
	close(stop)
	others.Wait()
	must(t, s.DeleteUser(ctx, "ada"))
	if err := s.Decide(ctx, p, "s3:GetObject", "*"); !lethe.Is(err, lethe.Denied) {
		t.Fatal("who is deleted may still", err)
	}
}

func TestConditionsSeeTheRequest(t *testing.T) {
	s := fresh(t)
	p := ada(t, s)
	at := func(r *access.Request) context.Context { return access.WithRequest(t.Context(), r) }
	office := &access.Request{SourceIP: "192.0.2.7", Secure: true, UserAgent: "aws-cli", Region: "eu-central-1", Time: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	for i, c := range []struct {
		condition string
		ctx       context.Context
		want      bool
	}{
		{`{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`, at(office), true},
		{`{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`, at(&access.Request{SourceIP: "198.51.100.1"}), false},
		{`{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`, t.Context(), false},
		{`{"Bool":{"aws:SecureTransport":"true"}}`, at(office), true},
		{`{"Bool":{"aws:SecureTransport":"true"}}`, at(&access.Request{}), false},
		{`{"Bool":{"aws:ViaAWSService":"true"}}`, t.Context(), true},
		{`{"Bool":{"aws:ViaAWSService":"true"}}`, at(office), false},
		{`{"DateLessThan":{"aws:CurrentTime":"2026-11-22T13:00:00Z"}}`, at(office), true},
		{`{"DateLessThan":{"aws:CurrentTime":"2026-11-22T11:00:00Z"}}`, at(office), false},
		{`{"StringEquals":{"aws:RequestedRegion":"eu-central-1"}}`, at(office), true},
		{`{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`, at(office), true},
		{`{"StringEquals":{"aws:username":"ada"}}`, at(office), true},
		{`{"StringEquals":{"aws:username":"bob"}}`, at(office), false},
		{`{"StringLike":{"aws:UserAgent":"aws-*"}}`, at(office), true},
		{`{"StringEquals":{"s3:prefix":"home/"}}`, at(&access.Request{Context: map[string][]string{"s3:prefix": {"home/"}}}), true},
		{`{"StringEquals":{"s3:prefix":"home/"}}`, access.WithConditions(at(office), map[string][]string{"s3:prefix": {"home/"}}), true},
	} {
		must(t, s.PutInline(t.Context(), access.UserNamed("ada"), "p", allow("s3:ListBucket", "*", `,"Condition":`+c.condition)))
		err := s.Decide(c.ctx, p, "s3:ListBucket", lethe.BucketARN("b"))
		if (err == nil) != c.want || err != nil && !lethe.Is(err, lethe.Denied) {
			t.Errorf("%d: %s: %v", i, c.condition, err)
		}
	}
}

func TestAResourcesOwnPolicyCounts(t *testing.T) {
	s := fresh(t)
	p := ada(t, s)
	text := ""
	s.AddResourcePolicies("s3", func(_ context.Context, resource string) ([]string, error) {
		if text == "" {
			return nil, nil
		}
		return []string{text}, nil
	})
	get := func() error { return s.Decide(t.Context(), p, "s3:GetObject", lethe.ObjectARN("b", "k")) }
	if err := get(); !lethe.Is(err, lethe.Denied) {
		t.Fatal(err)
	}
	text = fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%q},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}`, p.ARN)
	must(t, get())
	must(t, s.Attach(t.Context(), access.UserNamed("ada"), access.AdministratorAccess))
	text = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}}`
	if err := get(); !lethe.Is(err, lethe.Denied) {
		t.Fatal(err)
	}
	// The administrator can take such a policy back.
	p.Administrator = true
	must(t, s.Decide(t.Context(), p, "s3:DeleteBucketPolicy", lethe.BucketARN("b")))
}

func TestLimits(t *testing.T) {
	s := fresh(t)
	ada(t, s)
	ctx := t.Context()
	limit := func(what string, most int, do func(i int) error) {
		t.Helper()
		for i := range most {
			if err := do(i); err != nil {
				t.Fatalf("%s %d: %v", what, i, err)
			}
		}
		if err := do(most); !lethe.Is(err, lethe.Exhausted) {
			t.Errorf("%s over the limit: %v", what, err)
		}
	}
	limit("access keys", 2, func(int) error { _, _, err := s.CreateAccessKey(ctx, "ada"); return err })
	limit("groups", 10, func(i int) error {
		if _, err := s.CreateGroup(ctx, fmt.Sprint("g", i), ""); err != nil {
			return err
		}
		return s.AddUserToGroup(ctx, fmt.Sprint("g", i), "ada")
	})
	var arns []string
	limit("attachments", 10, func(i int) error {
		p, err := s.CreatePolicy(ctx, access.NewPolicy{Name: fmt.Sprint("p", i), Document: allow("s3:*", "*", "")})
		if err != nil {
			return err
		}
		arns = append(arns, p.ARN())
		return s.Attach(ctx, access.UserNamed("ada"), p.ARN())
	})
	limit("versions", 4, func(int) error {
		_, err := s.CreatePolicyVersion(ctx, arns[0], allow("s3:*", "*", ""), true)
		return err
	})
	// Names do not differ by case alone.
	if _, err := s.CreateUser(ctx, access.NewUser{Name: "ADA"}); !lethe.Is(err, lethe.Exists) {
		t.Error(err)
	}
}
