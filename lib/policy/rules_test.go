package policy

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
)

const account = "111122223333"

// callers are those of testdata/rules.txt.
var callers = map[string]Principal{
	"ann": {Type: User, ARN: "arn:aws:iam::111122223333:user/ann", Account: account, ID: "AIDAANNANNANNANNANNA", Name: "ann",
		Tags: map[string]string{"team": "red", "dept": "sales*"}},
	"bob": {Type: User, ARN: "arn:aws:iam::111122223333:user/bob", Account: account, ID: "AIDABOBBOBBOBBOBBOBB", Name: "bob"},
	"eve": {Type: User, ARN: "arn:aws:iam::444455556666:user/eve", Account: "444455556666", ID: "AIDAEVEEVEEVEEVEEVEE", Name: "eve"},
	"session": {Type: AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/etl/nightly", RoleARN: "arn:aws:iam::111122223333:role/jobs/etl",
		Account: account, ID: "AROAETLETLETLETLETLE:nightly"},
	"othersession": {Type: AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/etl/hourly", RoleARN: "arn:aws:iam::111122223333:role/jobs/etl",
		Account: account, ID: "AROAETLETLETLETLETLE:hourly"},
	"role": {Type: Role, ARN: "arn:aws:iam::111122223333:role/jobs/etl", Account: account, ID: "AROAETLETLETLETLETLE"},
	"guest": {Type: FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/guest", UserARN: "arn:aws:iam::111122223333:user/ann",
		Account: account, ID: "111122223333:guest"},
	"root":      {Type: Root, ARN: "arn:aws:iam::111122223333:root", Account: account, ID: account},
	"sns":       {Type: Service, ARN: "sns.amazonaws.com"},
	"lambda":    {Type: Service, ARN: "lambda.amazonaws.com"},
	"idp":       {Type: Federated, ARN: "arn:aws:iam::111122223333:oidc-provider/login.example.com"},
	"anonymous": {Type: Anonymous},
}

// question is one line of testdata/rules.txt that asks.
type question struct {
	line      int
	title     string
	ref       string
	set       Set
	documents map[Source][]string
	request   Request
	want      string
}

// wrap makes a document of statements.
func wrap(text string) string {
	if strings.HasPrefix(text, `{"Version"`) || strings.HasPrefix(text, `{"Statement"`) {
		return text
	}
	return `{"Version":"2012-10-17","Statement":[` + text + `]}`
}

func readRules(t testing.TB) []question {
	f, err := os.Open("testdata/rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []question
	var now question
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n, started := 1, false; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), " ")
		word, rest, _ := strings.Cut(line, " ")
		if word == "==" {
			started = true
			now = question{title: rest, documents: map[Source][]string{}, request: Request{Principal: callers["ann"], ResourceAccount: account}}
			continue
		}
		if !started || word == "" {
			continue
		}
		add := func(to []Named, source Source, k Kind) []Named {
			p, err := Parse([]byte(wrap(rest)), k)
			if err != nil {
				t.Fatalf("rules.txt:%d: %v", n, err)
			}
			documents := map[Source][]string{}
			for s, d := range now.documents {
				documents[s] = d
			}
			documents[source] = append(append([]string(nil), documents[source]...), wrap(rest))
			now.documents = documents
			return append(append([]Named(nil), to...), Named{fmt.Sprintf("line%d", n), p})
		}
		switch word {
		case "ref":
			now.ref = rest
		case "identity":
			now.set.Identity = add(now.set.Identity, IdentitySource, Identity)
		case "boundary":
			now.set.Boundary = add(now.set.Boundary, BoundarySource, Boundary)
		case "session":
			now.set.Session = add(now.set.Session, SessionSource, Session)
		case "resource":
			now.set.Resource = add(now.set.Resource, ResourceSource, Resource)
		case "trust":
			now.set.Resource = add(now.set.Resource, ResourceSource, Trust)
		case "none":
			if rest != "boundary" {
				t.Fatalf("rules.txt:%d: none of what?", n)
			}
			now.set.Boundary = []Named{}
		case "by":
			p, ok := callers[rest]
			if !ok {
				t.Fatalf("rules.txt:%d: who is %q?", n, rest)
			}
			now.request.Principal = p
		case "in":
			now.request.ResourceAccount = rest
		case "with":
			now.request.Context = map[string][]string{}
			for _, pair := range strings.Fields(rest) {
				key, values, _ := strings.Cut(pair, "=")
				now.request.Context[key] = strings.Split(values, ",")
			}
		case "allow", "implicit", "deny":
			q := now
			q.line, q.want = n, word
			q.request.Action, q.request.Resource, _ = strings.Cut(rest, " ")
			all = append(all, q)
		default:
			t.Fatalf("rules.txt:%d: what is %q?", n, word)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func verdict(d Decision) string {
	switch {
	case d.Allowed:
		return "allow"
	case d.Explicit:
		return "deny"
	}
	return "implicit"
}

func TestDocumentedRules(t *testing.T) {
	all := readRules(t)
	for _, q := range all {
		if q.ref == "" {
			t.Errorf("rules.txt:%d: %q refers to no page", q.line, q.title)
		}
		d := q.set.Evaluate(&q.request)
		if got := verdict(d); got != q.want {
			t.Errorf("rules.txt:%d: %s: %s for %s %s: %s; the guide (%s.html) has %s", q.line, q.title, got, q.request.Action, q.request.Resource, d, q.ref, q.want)
		}
		if d.Explicit && d.Allowed || d.Explicit != (d.Reason == ExplicitDeny) || d.Allowed && d.Statement == "" && d.Reason != AllowedAsRoot {
			t.Errorf("rules.txt:%d: the decision contradicts itself: %+v", q.line, d)
		}
		if matched := q.set.Matched(&q.request); d.Statement != "" {
			found := false
			for _, m := range matched {
				found = found || m.Policy == d.Policy && m.Statement == d.Statement && m.Source == d.Source && m.Deny == d.Explicit
			}
			if !found {
				t.Errorf("rules.txt:%d: the statement that decided is not among those that match: %v, %v", q.line, d, matched)
			}
		}
	}
	if len(all) < 150 {
		t.Errorf("only %d questions", len(all))
	}
}
