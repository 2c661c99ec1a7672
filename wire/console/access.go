package console

import (
	"context"
	"net/http"
	"strings"

	"lethe"
	"lethe/access"
	"lethe/lib/policy"
)

// Explainer says what would be decided, and why. *access.Service is one.
type Explainer interface {
	// Explain looks at a user, a group or a role as it is; NotFound if there is none.
	Explain(ctx context.Context, arn string, conditions map[string][]string) (*access.Simulator, error)
}

type explanationJSON struct {
	Principal string          `json:"principal"`
	Action    string          `json:"action"`
	Resource  string          `json:"resource"`
	Allowed   bool            `json:"allowed"`
	Explicit  bool            `json:"explicit"` // denied by a statement
	Reason    string          `json:"reason"`
	Sentence  string          `json:"sentence"`
	Decided   *statementJSON  `json:"decided,omitempty"`
	Matched   []statementJSON `json:"matched"`
	Missing   []string        `json:"missing"` // condition keys without which the decision may be another
	Beside    []string        `json:"beside"`  // kinds of policies that have a say beside identity-based ones
	Sights    []sightJSON     `json:"sights"`  // of tables that have rules: what is seen of them
}

type sightJSON struct {
	Database string   `json:"database"`
	Table    string   `json:"table"`
	Whole    bool     `json:"whole"`
	Rules    []string `json:"rules"` // that apply; none, if not whole: nothing is seen
	Sentence string   `json:"sentence"`
}

type statementJSON struct {
	Policy    string `json:"policy"`
	Source    string `json:"source"` // identity-based policy, permissions boundary, ...
	Statement string `json:"statement"`
	Deny      bool   `json:"deny"`
	Line      int    `json:"line"`
}

// explainAccess says which statement decides about an action of somebody.
func (s *server) explainAccess(c *call) ([]need, func() error, error) {
	who := c.query("as")
	switch kind, _, _ := strings.Cut(who, "/"); {
	case who == "":
		who = c.principal.ARN
	case strings.HasPrefix(who, "arn:"):
	case kind == "user" || kind == "group" || kind == "role":
		who = lethe.IAMARN(who)
	default:
		who = lethe.UserARN(who)
	}
	return []need{{"iam:SimulatePrincipalPolicy", who}}, func() error {
		action, resource := c.query("action"), c.query("resource")
		if service, name, ok := strings.Cut(action, ":"); !ok || service == "" || name == "" {
			return lethe.Errorf(lethe.Invalid, "action=%q is not of the form service:Action", action)
		}
		if resource == "" {
			resource = "*"
		}
		conditions := map[string][]string{}
		for _, pair := range c.r.URL.Query()["context"] {
			k, v, ok := strings.Cut(pair, "=")
			if !ok {
				return lethe.Errorf(lethe.Invalid, "context=%q is not of the form key=value", pair)
			}
			conditions[k] = append(conditions[k], v)
		}
		m, err := s.Explainer.Explain(c.r.Context(), who, conditions)
		if err != nil {
			return err
		}
		d, err := m.Decide(c.r.Context(), action, resource)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, explanation(who, d))
	}, nil
}

func explanation(who string, d access.Simulated) explanationJSON {
	out := explanationJSON{Principal: who, Action: d.Action, Resource: d.Resource, Allowed: d.Allowed, Explicit: d.Explicit,
		Reason: d.Reason.String(), Sentence: d.String(), Matched: []statementJSON{}, Missing: d.Missing, Beside: []string{}, Sights: []sightJSON{}}
	for _, s := range d.Sights {
		j := sightJSON{Database: s.Table.Database, Table: s.Table.Table, Whole: s.Whole, Rules: []string{}, Sentence: s.String()}
		for _, r := range s.Rules {
			j.Rules = append(j.Rules, r.Name)
		}
		out.Sights = append(out.Sights, j)
	}
	for _, b := range d.Beside {
		out.Beside = append(out.Beside, b.String())
	}
	if out.Missing == nil {
		out.Missing = []string{}
	}
	if d.Policy != "" {
		out.Decided = &statementJSON{d.Policy, d.Source.String(), d.Statement, d.Reason == policy.ExplicitDeny, d.Start.Line}
	}
	for _, m := range d.Matched {
		out.Matched = append(out.Matched, statementJSON{m.Policy, m.Source.String(), m.Statement, m.Deny, m.Start.Line})
	}
	return out
}
