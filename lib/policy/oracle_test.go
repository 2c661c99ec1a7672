package policy

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"
)

// The oracle evaluates documents as they are, without compiling anything, by
// the shortest reading of the rules. It shares no code with the package.
type oracle struct {
	identity, boundary, session, resource []any // documents
	bounded, limited                      bool  // whether there is a boundary, a session policy
	r                                     *Request
	vars                                  bool
	context                               map[string][]string
}

func newOracle(documents map[Source][]string, set *Set, r *Request) *oracle {
	decode := func(list []string) (out []any) {
		for _, text := range list {
			var v any
			d := json.NewDecoder(strings.NewReader(text))
			d.UseNumber()
			if err := d.Decode(&v); err != nil {
				panic(err)
			}
			out = append(out, v)
		}
		return out
	}
	o := &oracle{r: r, bounded: set.Boundary != nil, limited: set.Session != nil, context: map[string][]string{}}
	o.identity, o.boundary = decode(documents[IdentitySource]), decode(documents[BoundarySource])
	o.session, o.resource = decode(documents[SessionSource]), decode(documents[ResourceSource])
	for k, v := range r.Context {
		o.context[strings.ToLower(k)] = v
	}
	p := r.Principal
	put := func(k, v string) {
		if v != "" {
			o.context[k] = []string{v}
		}
	}
	arn, kind, id := p.ARN, p.Type, p.ID
	switch p.Type {
	case AssumedRole:
		arn = p.RoleARN
	case Role:
		kind = "AssumedRole"
	case Root:
		kind, id = "Account", p.Account
	case Service:
		put("aws:principalservicename", p.ARN)
		arn = ""
	case Federated:
		arn = ""
	case Anonymous:
		arn, id = "", "anonymous"
	}
	put("aws:principalarn", arn)
	put("aws:principaltype", kind)
	put("aws:userid", id)
	put("aws:principalaccount", p.Account)
	put("aws:resourceaccount", r.ResourceAccount)
	put("aws:principalisawsservice", fmt.Sprint(p.Type == Service))
	if p.Type == User {
		put("aws:username", p.Name)
	}
	for k, v := range p.Tags {
		put("aws:principaltag/"+strings.ToLower(k), v)
	}
	return o
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func texts(v any) (out []string) {
	for _, x := range list(v) {
		out = append(out, fmt.Sprint(x))
	}
	return out
}

// like is a glob by recursion.
func like(p, s []rune) bool {
	switch {
	case len(p) == 0:
		return len(s) == 0
	case p[0] == '*':
		return like(p[1:], s) || len(s) > 0 && like(p, s[1:])
	case len(s) == 0:
		return false
	}
	return (p[0] == '?' || unliteral(p[0]) == s[0]) && like(p[1:], s[1:])
}

// Literal wildcards stand in the private use area.
const privateUse = 0xe000

func literal(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '*' || r == '?' {
			return r + privateUse
		}
		return r
	}, s)
}

func unliteral(r rune) rune {
	if r == '*'+privateUse || r == '?'+privateUse {
		return r - privateUse
	}
	return r
}

func (o *oracle) expand(s string) (string, bool) {
	if !o.vars {
		return s, true
	}
	out := ""
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			return out + s, true
		}
		j := strings.Index(s, "}")
		out += s[:i]
		name := s[i+2 : j]
		s = s[j+1:]
		if name == "*" || name == "?" || name == "$" {
			out += literal(name)
			continue
		}
		name, def, hasDefault := strings.Cut(name, ",")
		v := o.context[strings.ToLower(name)]
		switch {
		case len(v) == 1:
			out += literal(v[0])
		case len(v) == 0 && hasDefault:
			out += literal(strings.Trim(strings.TrimSpace(def), "'"))
		default:
			return "", false
		}
	}
}

// resource matches an ARN with a value of Resource, segment by segment.
func (o *oracle) resourceMatches(p string) bool {
	s := o.r.Resource
	if strings.Trim(p, "*") == "" {
		return true
	}
	head, tail := strings.SplitN(p, ":", 6), ""
	if len(head) == 6 {
		var ok bool
		if tail, ok = o.expand(head[5]); !ok {
			return false
		}
		head = head[:5]
		return segments(head, s, &tail)
	}
	return segments(head, s, nil)
}

func segments(head []string, s string, tail *string) bool {
	if len(head) == 0 {
		return tail != nil && like([]rune(*tail), []rune(s)) || tail == nil && s == ""
	}
	for i := 0; i <= len(s); i++ {
		end := i == len(s)
		if !end && s[i] != ':' || end && (len(head) > 1 || tail != nil) {
			continue
		}
		if !segment(head[0], s[:i]) {
			continue
		}
		if end || len(head) > 1 || tail != nil {
			rest := ""
			if !end {
				rest = s[i+1:]
			}
			if segments(head[1:], rest, tail) {
				return true
			}
		}
	}
	return false
}

func segment(p, s string) bool {
	body := strings.TrimRight(p, "*")
	if body == p {
		return !strings.Contains(s, ":") && like([]rune(p), []rune(s))
	}
	for i := 0; i <= len(s); i++ {
		if !strings.Contains(s[:i], ":") && like([]rune(body), []rune(s[:i])) {
			return true
		}
	}
	return false
}

func (o *oracle) statementMatches(st map[string]any) bool {
	action := func(v any) bool {
		for _, p := range texts(v) {
			if like([]rune(strings.ToLower(p)), []rune(strings.ToLower(o.r.Action))) {
				return true
			}
		}
		return false
	}
	resource := func(v any) bool {
		for _, p := range texts(v) {
			if o.resourceMatches(p) {
				return true
			}
		}
		return false
	}
	if v, ok := st["Action"]; ok && !action(v) {
		return false
	}
	if v, ok := st["NotAction"]; ok && action(v) {
		return false
	}
	if v, ok := st["Resource"]; ok && !resource(v) {
		return false
	}
	if v, ok := st["NotResource"]; ok && resource(v) {
		return false
	}
	condition, _ := st["Condition"].(map[string]any)
	for op, keys := range condition {
		for key, values := range keys.(map[string]any) {
			if !o.met(op, strings.ToLower(key), texts(values)) {
				return false
			}
		}
	}
	return true
}

func (o *oracle) met(op, key string, want []string) bool {
	have := o.context[key]
	set := ""
	if q, rest, ok := strings.Cut(op, ":"); ok {
		set, op = q, rest
	}
	if op == "Null" {
		for _, w := range want {
			if (w == "true") == (len(have) == 0) {
				return true
			}
		}
		return false
	}
	ifExists := strings.HasSuffix(op, "IfExists")
	op = strings.TrimSuffix(op, "IfExists")
	negated := strings.Contains(op, "Not")
	op = strings.Replace(op, "Not", "", 1)
	if len(have) == 0 && ifExists {
		return true
	}
	null := strings.Join(have, "") == ""
	if set == "ForAllValues" && null {
		return true
	}
	if set == "ForAnyValue" && null {
		return false
	}
	one := func(h string) bool {
		for _, w := range want {
			if o.compare(op, w, h) {
				return true
			}
		}
		return false
	}
	yes := 0
	for _, h := range have {
		if one(h) != negated {
			yes++
		}
	}
	switch {
	case len(have) == 0:
		return negated
	case set == "ForAllValues", set == "" && negated:
		return yes == len(have)
	}
	return yes > 0
}

func (o *oracle) compare(op, want, have string) bool {
	switch op {
	case "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool":
		w, ok := o.expand(want)
		if !ok {
			return false
		}
		plain := strings.Map(unliteral, w)
		switch op {
		case "StringEquals":
			return plain == have
		case "StringEqualsIgnoreCase", "Bool":
			return strings.EqualFold(plain, have)
		case "StringLike":
			return like([]rune(w), []rune(have))
		}
		if strings.Trim(w, "*") == "" && w != "" {
			return true
		}
		pp, ss := strings.SplitN(w, ":", 6), strings.SplitN(have, ":", 6)
		if len(pp) != 6 || len(ss) != 6 {
			return false
		}
		for i := range pp {
			if !like([]rune(pp[i]), []rune(ss[i])) {
				return false
			}
		}
		return true
	case "BinaryEquals":
		return want == have
	case "IpAddress":
		ip := net.ParseIP(have)
		if ip == nil {
			return false
		}
		if _, n, err := net.ParseCIDR(want); err == nil {
			return n.Contains(ip)
		}
		return net.ParseIP(want).Equal(ip)
	}
	order := 0
	if kind, _, _ := strings.Cut(op, "L"); strings.HasPrefix(kind, "Numeric") {
		w, ok1 := new(big.Rat).SetString(want)
		h, ok2 := new(big.Rat).SetString(have)
		if !ok1 || !ok2 {
			return false
		}
		order = h.Cmp(w)
	} else {
		w, ok1 := instant(want)
		h, ok2 := instant(have)
		if !ok1 || !ok2 {
			return false
		}
		order = h.Compare(w)
	}
	switch strings.TrimPrefix(strings.TrimPrefix(op, "Numeric"), "Date") {
	case "Equals":
		return order == 0
	case "LessThan":
		return order < 0
	case "LessThanEquals":
		return order <= 0
	case "GreaterThan":
		return order > 0
	case "GreaterThanEquals":
		return order >= 0
	}
	panic(op)
}

func instant(s string) (time.Time, bool) {
	var n int64
	if _, err := fmt.Sscanf(s+"|", "%d|", &n); err == nil {
		return time.Unix(n, 0), true
	}
	for _, form := range []string{time.RFC3339, "2006-01-02", "20060102T150405Z"} {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// names tells which of the caller's names a Principal element has.
func (o *oracle) names(v any) (everyone, self, role, acct bool) {
	if v == "*" {
		return true, true, true, true
	}
	p := o.r.Principal
	for kind, values := range v.(map[string]any) {
		for _, s := range texts(values) {
			switch kind {
			case "AWS":
				if s == "*" {
					return true, true, true, true
				}
				if p.Type == Service || p.Type == Federated || p.Type == Anonymous {
					continue
				}
				acct = acct || s == p.Account || s == "arn:aws:iam::"+p.Account+":root"
				role = role || s == p.RoleARN || s == p.UserARN || p.Type == AssumedRole && s == strings.Split(p.ID, ":")[0] || p.Type == Role && (s == p.ARN || s == p.ID)
				self = self || p.Type != Role && (s == p.ARN || s == p.ID && p.Type != Root) || p.Type == Root && acct
			case "Service":
				self = self || p.Type == Service && s == p.ARN
			case "Federated":
				self = self || p.Type == Federated && s == p.ARN
			}
		}
	}
	return false, self, role, acct
}

// verdict of the documents together.
func (o *oracle) verdict() string {
	p := o.r.Principal
	has := func(docs []any, effect string, who func(map[string]any) bool) bool {
		for _, d := range docs {
			doc := d.(map[string]any)
			o.vars = doc["Version"] == "2012-10-17"
			for _, s := range list(doc["Statement"]) {
				st := s.(map[string]any)
				if st["Effect"] == effect && o.statementMatches(st) && (who == nil || who(st)) {
					return true
				}
			}
		}
		return false
	}
	denied := func(st map[string]any) bool {
		if v, ok := st["Principal"]; ok {
			everyone, self, role, acct := o.names(v)
			return everyone || self || role || acct
		}
		everyone, self, role, acct := o.names(st["NotPrincipal"])
		switch {
		case o.bounded:
			return true
		case everyone:
			return false
		case p.Type == User, p.Type == Root:
			v := fmt.Sprint(texts(st["NotPrincipal"].(map[string]any)["AWS"]))
			return !acct || p.Type == User && !strings.Contains(v, p.ARN)
		case p.Type == AssumedRole, p.Type == FederatedUser:
			v := fmt.Sprint(texts(st["NotPrincipal"].(map[string]any)["AWS"]))
			return !acct || !strings.Contains(v, p.ARN) || !strings.Contains(v, p.RoleARN) || !strings.Contains(v, p.UserARN)
		case p.Type == Role:
			return !acct || !role
		}
		return !self
	}
	if has(o.identity, "Deny", nil) || has(o.boundary, "Deny", nil) || has(o.session, "Deny", nil) || has(o.resource, "Deny", denied) {
		return "deny"
	}
	granted := func(direct, byRole bool) bool {
		return has(o.resource, "Allow", func(st map[string]any) bool {
			if v, ok := st["NotPrincipal"]; ok {
				everyone, self, role, acct := o.names(v)
				return !everyone && !self && !role && !acct
			}
			everyone, self, role, acct := o.names(st["Principal"])
			return everyone || self || byRole && role || !direct && acct
		})
	}
	trust := false
	for _, d := range o.resource {
		trust = trust || strings.Contains(fmt.Sprint(d), "sts:AssumeRole") && !strings.Contains(fmt.Sprint(d), "Resource")
	}
	allowed := func(b bool) string {
		if b {
			return "allow"
		}
		return "implicit"
	}
	if p.Type == Service || p.Type == Federated || p.Type == Anonymous {
		return allowed(granted(true, true))
	}
	own := has(o.identity, "Allow", nil) || p.Type == Root
	within := true
	if o.bounded && p.Type != Root {
		within = len(o.boundary) > 0
		for _, d := range o.boundary {
			within = within && has([]any{d}, "Allow", nil)
		}
	}
	if o.limited {
		within = within && has(o.session, "Allow", nil)
	}
	if o.r.ResourceAccount != "" && o.r.ResourceAccount != p.Account {
		return allowed(own && within && granted(false, true))
	}
	if trust && !granted(false, true) {
		return "implicit"
	}
	return allowed(granted(true, false) || own && within || granted(true, true) && within)
}

// TestOracleKnowsTheRules makes sure that the oracle is one.
func TestOracleKnowsTheRules(t *testing.T) {
	for _, q := range readRules(t) {
		if got := newOracle(q.documents, &q.set, &q.request).verdict(); got != q.want {
			t.Errorf("rules.txt:%d: %s: the oracle says %s for %s %s, not %s", q.line, q.title, got, q.request.Action, q.request.Resource, q.want)
		}
	}
}

// chance makes random policies and requests of a small vocabulary, so that they
// often match.
type chance struct{ *rand.Rand }

func (c chance) of(s ...string) string { return s[c.IntN(len(s))] }

func (c chance) some(f func() string) any {
	if c.IntN(2) == 0 {
		return f()
	}
	var out []any
	for range 1 + c.IntN(3) {
		out = append(out, f())
	}
	return out
}

func (c chance) action() string {
	return c.of("*", "s3:*", "s3:Get*", "S3:getobject", "s3:?etObject", "s3:*Object", "athena:*", "*:*", "athena:GetWorkGroup", "*:PutObject")
}

func (c chance) resource() string {
	return c.of("*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${aws:PrincipalTag/team, 'red'}/?", "arn:aws:s3:::*/x", "arn:aws:s3:*",
		"arn:aws:athena:*:*:workgroup/x", "arn:aws:athena:us-*-1:111122223333:workgroup/*", "arn:aws:athena:*:workgroup/?", "arn:aws:s3:::b/a${*}", "arn:aws:s3:::b/${aws:TagKeys}", "arn:*:s3:::b/x")
}

func (c chance) condition() (op, key string, values any) {
	set := c.of("", "", "", "ForAllValues:", "ForAnyValue:")
	suffix := c.of("", "", "IfExists")
	switch c.IntN(8) {
	case 0:
		return set + c.of("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase") + suffix,
			c.of("aws:TagKeys", "aws:username", "aws:PrincipalTag/team", "k:s"), c.some(func() string {
				return c.of("ann", "a*", "A", "red", "${aws:username}", "${k:s, 'a'}", "${*}", "?", "", "b")
			})
	case 1:
		return set + c.of("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals") + suffix, "k:n", c.some(func() string { return c.of("1", "2", "2.5", "-1", "1e1") })
	case 2:
		return set + c.of("DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals") + suffix, "aws:CurrentTime", c.some(func() string {
			return c.of("2026-11-22T00:00:00Z", "2026-11-22", "1795000000", "2026-11-22T10:00:00+01:00", "20261122T090000Z")
		})
	case 3:
		return "Bool" + suffix, "aws:SecureTransport", c.of("true", "false")
	case 4:
		return set + c.of("IpAddress", "NotIpAddress") + suffix, "aws:SourceIp", c.some(func() string { return c.of("192.0.2.0/24", "10.0.0.1", "2001:db8::/32") })
	case 5:
		return set + c.of("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals") + suffix, c.of("aws:SourceArn", "aws:PrincipalArn"), c.some(func() string {
			return c.of("arn:aws:iam::*:user/a*", "arn:aws:s3:::b", "*", "arn:*:s3:::?", "${aws:PrincipalArn}")
		})
	case 6:
		return "Null", c.of("k:s", "k:n", "aws:username"), c.of("true", "false")
	}
	return "BinaryEquals" + suffix, "k:b", c.of("YQ==", "Yg==")
}

func (c chance) principal() any {
	if c.IntN(5) == 0 {
		return "*"
	}
	p := map[string]any{"AWS": c.some(func() string {
		return c.of("*", "111122223333", "arn:aws:iam::111122223333:root", "444455556666", "arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:user/bob",
			"arn:aws:iam::444455556666:user/eve", "arn:aws:iam::111122223333:role/jobs/etl", "arn:aws:sts::111122223333:assumed-role/etl/nightly", "AIDAANNANNANNANNANNA")
	})}
	if c.IntN(4) == 0 {
		p["Service"] = "sns.amazonaws.com"
	}
	return p
}

func (c chance) statement(k Kind, effect string) map[string]any {
	st := map[string]any{"Effect": effect}
	st[c.of("Action", "Action", "Action", "NotAction")] = c.some(c.action)
	st[c.of("Resource", "Resource", "Resource", "NotResource")] = c.some(c.resource)
	if k == Resource {
		st[c.of("Principal", "Principal", "Principal", "NotPrincipal")] = c.principal()
	}
	if c.IntN(2) == 0 {
		all := map[string]any{}
		for range 1 + c.IntN(2) {
			op, key, values := c.condition()
			all[op] = map[string]any{key: values}
		}
		st["Condition"] = all
	}
	return st
}

func (c chance) document(k Kind) string {
	var statements []any
	for range 1 + c.IntN(3) {
		statements = append(statements, c.statement(k, c.of("Allow", "Allow", "Allow", "Deny")))
	}
	doc := map[string]any{"Statement": statements}
	if v := c.of(Version2012, Version2012, Version2012, Version2008, ""); v != "" {
		doc["Version"] = v
	}
	text, _ := json.Marshal(doc)
	return string(text)
}

func (c chance) request() Request {
	r := Request{Action: c.of("s3:GetObject", "s3:PutObject", "athena:GetWorkGroup"), Context: map[string][]string{}, ResourceAccount: c.of("", account, account, "444455556666")}
	r.Resource = c.of("*", "arn:aws:s3:::b/x", "arn:aws:s3:::b/ann/x", "arn:aws:s3:::b/red/y", "arn:aws:s3:::b/a*", "arn:aws:athena:us-east-1:111122223333:workgroup/x", "arn:aws:s3:::c:d/x")
	r.Principal = callers[c.of("ann", "ann", "bob", "eve", "session", "othersession", "role", "guest", "root", "sns", "anonymous")]
	maybe := func(key string, values ...string) {
		if c.IntN(2) == 0 {
			r.Context[key] = []string{c.of(values...)}
			if c.IntN(4) == 0 {
				r.Context[key] = append(r.Context[key], c.of(values...))
			}
		}
	}
	maybe("aws:tagkeys", "ann", "a", "A", "b", "", "*")
	maybe("k:s", "a", "ann", "b*", "?")
	maybe("K:N", "1", "2", "2.50", "x", "10")
	maybe("aws:CurrentTime", "2026-11-22T09:00:00Z", "2026-11-22T00:00:00Z", "soon")
	maybe("aws:securetransport", "true", "false")
	maybe("aws:sourceip", "192.0.2.1", "10.0.0.1", "2001:db8::9", "here")
	maybe("aws:SourceArn", "arn:aws:s3:::b", "arn:aws:iam::1:user/a:b", "b")
	maybe("k:b", "YQ==", "Yg==")
	return r
}

// policies are random documents of one set.
func (c chance) policies() map[Source][]string {
	docs := map[Source][]string{}
	for _, s := range []struct {
		source Source
		most   int
		kind   Kind
	}{{IdentitySource, 3, Identity}, {BoundarySource, 2, Boundary}, {SessionSource, 3, Session}, {ResourceSource, 2, Resource}} {
		if s.source != IdentitySource && c.IntN(2) == 0 {
			continue
		}
		for range c.IntN(s.most) {
			docs[s.source] = append(docs[s.source], c.document(s.kind))
		}
	}
	return docs
}

func compile(t testing.TB, docs map[Source][]string) *Set {
	s := &Set{}
	for source, place := range map[Source]*[]Named{IdentitySource: &s.Identity, BoundarySource: &s.Boundary, SessionSource: &s.Session, ResourceSource: &s.Resource} {
		k := Identity
		if source == ResourceSource {
			k = Resource
		}
		for i, text := range docs[source] {
			p, err := Parse([]byte(text), k)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			*place = append(*place, Named{fmt.Sprint(source, i), p})
		}
	}
	return s
}

// TestRandomPolicies compares with the oracle.
func TestRandomPolicies(t *testing.T) {
	c := chance{rand.New(rand.NewPCG(1, 4))}
	count := map[string]int{}
	for range 6000 {
		docs, r := c.policies(), c.request()
		set := compile(t, docs)
		want := newOracle(docs, set, &r).verdict()
		d := set.Evaluate(&r)
		if got := verdict(d); got != want {
			t.Fatalf("%s (%s), the oracle says %s\nrequest %+v\npolicies %q", got, d, want, r, docs)
		}
		count[want]++
	}
	t.Log(count)
	for _, v := range []string{"allow", "implicit", "deny"} {
		if count[v] < 300 {
			t.Errorf("only %d requests with the answer %s", count[v], v)
		}
	}
}

// TestDenyNeverAllowsMore adds a statement to random policies: a Deny anywhere
// turns no denial into an allowance, and an Allow in an identity-based policy no
// allowance into a denial.
func TestDenyNeverAllowsMore(t *testing.T) {
	c := chance{rand.New(rand.NewPCG(2, 4))}
	one := func(k Kind, effect string) *Policy {
		text, _ := json.Marshal(map[string]any{"Version": Version2012, "Statement": c.statement(k, effect)})
		p, err := Parse(text, k)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for range 3000 {
		docs, r := c.policies(), c.request()
		before := *compile(t, docs)
		d := before.Evaluate(&r)

		more := before
		switch where := c.IntN(4); {
		case where == 0:
			more.Identity = append(more.Identity[:len(more.Identity):len(more.Identity)], Named{"new", one(Identity, "Deny")})
		case where == 1 && more.Boundary != nil:
			more.Boundary = append(more.Boundary[:len(more.Boundary):len(more.Boundary)], Named{"new", one(Identity, "Deny")})
		case where == 2 && more.Session != nil:
			more.Session = append(more.Session[:len(more.Session):len(more.Session)], Named{"new", one(Identity, "Deny")})
		default:
			more.Resource = append(more.Resource[:len(more.Resource):len(more.Resource)], Named{"new", one(Resource, "Deny")})
		}
		if after := more.Evaluate(&r); after.Allowed && !d.Allowed {
			t.Fatalf("a Deny turned %q into %q\n%q", d, after, docs)
		}

		more = before
		more.Identity = append(more.Identity[:len(more.Identity):len(more.Identity)], Named{"new", one(Identity, "Allow")})
		if after := more.Evaluate(&r); !after.Allowed && d.Allowed {
			t.Fatalf("an Allow turned %q into %q\n%q", d, after, docs)
		}
	}
}
