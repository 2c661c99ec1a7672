package policy

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestRefusals(t *testing.T) {
	f, err := os.Open("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kinds := map[string]Kind{"identity": Identity, "resource": Resource, "trust": Trust}
	var kind Kind
	var text []string
	var parsed error
	cases := 0
	lines := bufio.NewScanner(f)
	for n, started := 1, false; lines.Scan(); n++ {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch {
		case word == "==":
			kind, text, started = kinds[rest], nil, true
		case !started || lines.Text() == "" && text == nil:
		case word == "error":
			cases++
			at, rest, _ := strings.Cut(rest, " ")
			path, msg, _ := strings.Cut(rest, " ")
			if path == "-" {
				path = ""
			}
			document := strings.Join(text, "\n")
			if strings.HasSuffix(document, "[") {
				document += "\n"
			}
			_, parsed = Parse([]byte(document), kind)
			var e *Error
			if !errors.As(parsed, &e) {
				t.Errorf("errors.txt:%d: accepted", n)
				continue
			}
			if got := fmt.Sprintf("%d:%d", e.Line, e.Column); got != at || e.Path != path || !strings.Contains(e.Msg, msg) {
				t.Errorf("errors.txt:%d: %v", n, e)
			}
		case word == "aws":
			if e := (*Error)(nil); errors.As(parsed, &e) && e.AWS != rest {
				t.Errorf("errors.txt:%d: AWS's words are %q", n, e.AWS)
			}
		default:
			text = append(text, lines.Text())
		}
	}
	if cases < 50 {
		t.Errorf("only %d cases", cases)
	}
}

func TestInvalidUTF8IsRefused(t *testing.T) {
	_, err := Parse([]byte("{\n\"Version\": \"\xff\"}"), Identity)
	var e *Error
	if !errors.As(err, &e) || e.Line != 2 || e.Column != 13 {
		t.Error(err)
	}
}

// TestHostileDocuments reads a quarter of a megabyte of what costs most. It would not end, or
// not fit, if any of it cost more than in proportion to its length.
func TestHostileDocuments(t *testing.T) {
	const size = 1 << 18
	long := strings.Repeat("a", size/2)
	for name, text := range map[string]string{
		"deep":           strings.Repeat("[", size),
		"deep objects":   strings.Repeat(`{"a":`, size/5),
		"wide":           `{"Version":"2012-10-17","Statement":[` + strings.Repeat("{},", size/3) + `{}]}`,
		"long path":      `{"` + long + `":{"` + long + `":[` + strings.Repeat("1,", size/4) + `1]}}`,
		"long action":    wrap(`{"Effect":"Allow","Action":"` + long + `","Resource":"*"}`),
		"many actions":   wrap(`{"Effect":"Allow","Action":[` + strings.Repeat(`"s3:*",`, size/7) + `"s3:*"],"Resource":"*"}`),
		"many warnings":  wrap(`{"Effect":"Allow","Action":[` + strings.Repeat(`"s3: ",`, size/7) + `"s3:*"],"Resource":"*"}`),
		"many wildcards": wrap(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:athena:` + strings.Repeat("*a", size/2) + `:x"}`),
		"many variables": wrap(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + strings.Repeat("${a:b}", size/6) + `"}`),
		"lines":          strings.Repeat("\n", size) + "x",
	} {
		p, err := Parse([]byte(text), Identity)
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
			}
			continue
		}
		set := Set{Identity: []Named{{"p", p}}}
		set.Evaluate(&Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/aaa", Context: map[string][]string{"a:b": {"x"}}})
		if n := len(p.Warnings()); n > maxWarnings {
			t.Errorf("%s: %d warnings", name, n)
		}
	}
}

func parse(t testing.TB, text string, k Kind) *Policy {
	t.Helper()
	p, err := Parse([]byte(wrap(text)), k)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		text string
		kind Kind
		want string
	}{
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`, Identity, ""},
		{`{"Effect":"Allow","Action":"s3:Get Object","Resource":"*"}`, Identity, "no action has such a name"},
		{`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:athena:${aws:RequestedRegion}:*:workgroup/x"}`, Identity, "before the fifth colon"},
		{`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"a":"b"}}}`, Identity, "no condition key"},
		{`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"a:b":[]}}}`, Identity, "the list of values is empty"},
		{`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"b"}}}`, Identity, "also met by a request without aws:TagKeys"},
		{`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"b"},"Null":{"aws:TagKeys":false}}}`, Identity, ""},
		{`{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}`, Identity, "allows everything else"},
		{`{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}`, Identity, ""},
		{`{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}`, Resource, "has not signed in"},
	} {
		p, err := Parse([]byte(wrap(c.text)), c.kind)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := p.Warnings(); (c.want == "") != (len(got) == 0) || c.want != "" && !strings.Contains(got[0].Msg, c.want) {
			t.Errorf("%s: %v", c.text, got)
		}
	}
}

func TestContextKeys(t *testing.T) {
	p := parse(t, `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/${aws:PrincipalTag/team, 'x'}","Condition":{"StringLike":{"s3:prefix":"${AWS:USERNAME}/${aws:SourceVpc}"},"Bool":{"aws:SecureTransport":"true"}}}`, Identity)
	want := []string{"aws:PrincipalTag/team", "aws:SecureTransport", "aws:SourceVpc", "aws:username", "s3:prefix"}
	if got := ContextKeys(p, p); !slices.Equal(got, want) {
		t.Error(got)
	}
	set := Set{Identity: []Named{{"p", p}}}
	r := Request{Principal: callers["ann"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: map[string][]string{"aws:SecureTransport": {"true"}}}
	if got, want := set.MissingContext(&r), []string{"aws:SourceVpc", "s3:prefix"}; !slices.Equal(got, want) {
		t.Error(got)
	}
	r.Action = "athena:GetWorkGroup"
	if got := set.MissingContext(&r); len(got) != 0 {
		t.Error(got)
	}
}

func TestMatchedStatementsHavePlaces(t *testing.T) {
	p := parse(t, `{"Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"
    },
    {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::secret/*"}
  ]
}`, Identity)
	set := Set{Identity: []Named{{"reader", p}}}
	got := set.Matched(&Request{Principal: callers["ann"], Action: "s3:GetObject", Resource: "arn:aws:s3:::secret/k"})
	want := []MatchedStatement{
		{IdentitySource, "reader", "Read", false, Position{3, 5}, Position{5, 5}},
		{IdentitySource, "reader", "2", true, Position{6, 5}, Position{6, 77}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestDecisionsExplainThemselves(t *testing.T) {
	allow := func(action string) []Named {
		return []Named{{"arn:aws:iam::111122223333:policy/p", parse(t, `{"Sid":"S","Effect":"Allow","Action":"`+action+`","Resource":"*"}`, Identity)}}
	}
	on := func(statement string, k Kind) []Named { return []Named{{"arn:aws:s3:::b", parse(t, statement, k)}} }
	const eve = `{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"*","Resource":"*"}`
	for _, c := range []struct {
		by     string
		set    Set
		reason Reason
		want   string
	}{
		{"ann", Set{}, NotAllowed, "no identity-based or resource-based policy allows s3:GetObject on arn:aws:s3:::b/k"},
		{"ann", Set{Identity: allow("*")}, AllowedByIdentity, "statement S of the identity-based policy arn:aws:iam::111122223333:policy/p allows s3:GetObject on arn:aws:s3:::b/k"},
		{"ann", Set{Resource: on(`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`, Resource)}, ExplicitDeny, "statement 1 of the resource-based policy arn:aws:s3:::b denies s3:GetObject on arn:aws:s3:::b/k"},
		{"ann", Set{Identity: allow("*"), Boundary: allow("sqs:*")}, BoundaryNotAllowed, "the permissions boundary does not allow s3:GetObject on arn:aws:s3:::b/k"},
		{"session", Set{Identity: allow("*"), Session: allow("sqs:*")}, SessionNotAllowed, "no session policy allows s3:GetObject on arn:aws:s3:::b/k"},
		{"eve", Set{Identity: allow("*")}, ResourceNotAllowed, "the resource belongs to another account, and no policy there allows s3:GetObject on arn:aws:s3:::b/k"},
		{"eve", Set{Resource: on(eve, Resource)}, IdentityNotAllowed, "no identity-based policy allows s3:GetObject on arn:aws:s3:::b/k; that the resource's policy allows it is not enough"},
		{"eve", Set{Identity: allow("*"), Resource: on(eve, Resource)}, AllowedByAccounts, "statement 1 of the resource-based policy arn:aws:s3:::b allows s3:GetObject on arn:aws:s3:::b/k, and so does a policy of the caller's account"},
		{"root", Set{}, AllowedAsRoot, "the root user may do everything in its account, so s3:GetObject on arn:aws:s3:::b/k"},
		{"ann", Set{Identity: allow("*"), Resource: on(`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"}`, Trust)}, TrustNotAllowed, "the role's trust policy does not allow s3:GetObject on arn:aws:s3:::b/k"},
		{"sns", Set{Resource: on(`{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"*"}`, Resource)}, AllowedByResource, "statement 1 of the resource-based policy arn:aws:s3:::b allows s3:GetObject on arn:aws:s3:::b/k"},
	} {
		d := c.set.Evaluate(&Request{Principal: callers[c.by], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: account})
		if d.Reason != c.reason || d.String() != c.want {
			t.Errorf("%s: %s: %s", c.by, d.Reason, d)
		}
	}
}

func TestValuesThatAreNotTextMatchNoVariable(t *testing.T) {
	p := parse(t, `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${k:v}/x"}`, Identity)
	set := Set{Identity: []Named{{"p", p}}}
	for _, v := range []string{"\xff", "\xfe", "\xfd", "\xfc"} {
		r := Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/secret/x", Context: map[string][]string{"k:v": {v}}}
		if d := set.Evaluate(&r); d.Allowed {
			t.Errorf("%q is a wildcard: %s", v, d)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"?", "", false}, {"a", "a", true}, {"a", "A", false}, {"a*", "a", true}, {"*a", "ba", true}, {"*a", "ab", false},
		{"a*b*c", "axbyc", true}, {"a*b*c", "axcyb", false}, {"?", "é", true}, {"??", "é", false}, {"**", "x", true}, {"a**b", "ab", true}, {"*", "\xff", true}, {"a", "\xff", false},
	} {
		if got := Match(c.pattern, c.s); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}
