package policy

import (
	"fmt"
	"slices"
	"strings"
)

// compiler makes a policy of a document.
type compiler struct {
	*document
	policy *Policy
	vars   bool
	sids   map[string]bool
}

func (c *compiler) compile(root *node) error {
	var statements *node
	for _, n := range root.children {
		switch n.key {
		case "Version":
			if n.kind != stringNode || n.text != Version2012 && n.text != Version2008 {
				return c.wrong(n, "the Version must be %q or %q", Version2012, Version2008)
			}
			c.policy.version = n.text
		case "Id":
			if n.kind != stringNode {
				return c.wrong(n, "the Id must be a string, not %s", n.kind)
			}
			c.policy.id = n.text
		case "Statement":
			statements = n
		default:
			return c.unknown(n, "a policy")
		}
	}
	c.vars = c.policy.version == Version2012
	if statements == nil {
		return c.wrong(root, "a policy needs a Statement")
	}
	list := statements.children
	switch statements.kind {
	case objectNode:
		list = []*node{statements}
	case arrayNode:
		if len(list) == 0 {
			return c.wrong(statements, "a policy needs at least one statement")
		}
	default:
		return c.wrong(statements, "a Statement is an object or a list of objects, not %s", statements.kind)
	}
	for i, n := range list {
		s, err := c.statement(n)
		if err != nil {
			return err
		}
		s.index = i
		c.policy.statements = append(c.policy.statements, s)
		f := &c.policy.allow
		if s.deny {
			f = &c.policy.deny
		}
		f.statements = append(f.statements, s)
		f.services |= s.services
	}
	return nil
}

func (c *compiler) statement(n *node) (*statement, error) {
	if n.kind != objectNode {
		return nil, c.wrong(n, "a statement is an object, not %s", n.kind)
	}
	s := &statement{start: c.position(n.start), end: c.position(n.end - 1)}
	var effect, principal, action, resource, condition *node
	for _, e := range n.children {
		var err error
		switch e.key {
		case "Sid":
			err = c.sid(s, e)
		case "Effect":
			effect = e
		case "Principal", "NotPrincipal":
			err = c.only(&principal, e)
		case "Action", "NotAction":
			err = c.only(&action, e)
		case "Resource", "NotResource":
			err = c.only(&resource, e)
		case "Condition":
			condition = e
		default:
			err = c.unknown(e, "a statement")
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case effect == nil:
		return nil, c.wrong(n, "a statement needs an Effect, Allow or Deny")
	case effect.kind != stringNode || effect.text != "Allow" && effect.text != "Deny":
		e := c.wrong(effect, `the Effect must be "Allow" or "Deny", so spelled`)
		if effect.kind == stringNode && (strings.EqualFold(effect.text, "Allow") || strings.EqualFold(effect.text, "Deny")) {
			e.AWS = awsLegacy
		}
		return nil, e
	}
	s.deny = effect.text == "Deny"
	// The order is AWS's: of several errors it tells the first of these.
	if condition != nil {
		if err := c.conditions(s, condition); err != nil {
			return nil, err
		}
	}
	if err := c.principal(s, n, principal); err != nil {
		return nil, err
	}
	if err := c.resources(s, resource); err != nil {
		return nil, err
	}
	if err := c.actions(s, n, action); err != nil {
		return nil, err
	}
	if s.resources == nil && c.policy.kind == Identity {
		at := n
		if resource != nil {
			at = resource
		}
		return nil, c.wrong(at, "a statement needs a Resource or a NotResource, with at least one ARN").as(awsResources)
	}
	c.warnOf(s, n)
	return s, nil
}

// only keeps an element of which its opposite must not stand beside it.
func (c *compiler) only(place **node, n *node) error {
	if *place != nil {
		return c.errorAt(n.keyStart, n, fmt.Sprintf("a statement has either %s or %s, not both", (*place).key, n.key))
	}
	*place = n
	return nil
}

func (c *compiler) sid(s *statement, n *node) error {
	if n.kind != stringNode {
		return c.wrong(n, "the Sid must be a string, not %s", n.kind)
	}
	// Services with resource-based policies allow spaces; IAM does not.
	if c.policy.kind != Resource && strings.IndexFunc(n.text, notAlphanumeric) >= 0 {
		return c.wrong(n, "the Sid %q has other characters than letters and digits", n.text).as(awsSidCharacters)
	}
	if c.sids[n.text] {
		return c.wrong(n, "the Sid %q is used twice; a Sid must be unique in its policy", n.text).as(awsSid)
	}
	if s.sid = n.text; s.sid != "" {
		c.sids[s.sid] = true
	}
	return nil
}

func notAlphanumeric(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// strings returns the values of an element that holds a string or a list.
func (c *compiler) strings(n *node) ([]*node, error) {
	list := []*node{n}
	if n.kind == arrayNode {
		list = n.children
	}
	for _, v := range list {
		if v.kind != stringNode {
			return nil, c.wrong(v, "expected a string or a list of strings, not %s", v.kind)
		}
	}
	return list, nil
}

func (c *compiler) principal(s *statement, stmt, n *node) error {
	switch {
	case c.policy.kind == Identity && n != nil:
		return c.errorAt(n.keyStart, n, "an identity-based policy names no principal: it is the one the policy is attached to").as(awsPrincipal)
	case c.policy.kind == Identity:
		return nil
	case n == nil:
		return c.wrong(stmt, "the statement needs a Principal: whom it speaks of")
	}
	s.principals, s.notPrincipal = &principals{}, n.key == "NotPrincipal"
	if c.policy.kind == Trust && s.notPrincipal {
		return c.errorAt(n.keyStart, n, "a role's trust policy cannot have NotPrincipal")
	}
	if n.kind == stringNode {
		if n.text != "*" {
			return c.wrong(n, `the only principal without a type is "*"; write {"AWS": %q}`, n.text)
		}
		s.principals.anyone = true
		return nil
	}
	if n.kind != objectNode || len(n.children) == 0 {
		return c.wrong(n, `a Principal is "*" or an object with the types AWS, Service, Federated, CanonicalUser`)
	}
	for _, kind := range n.children {
		values, err := c.strings(kind)
		if err != nil {
			return err
		}
		if len(values) == 0 {
			return c.wrong(kind, "the list of principals is empty")
		}
		for _, v := range values {
			var err error
			switch kind.key {
			case "AWS":
				err = s.principals.addAWS(v.text)
			case "Service":
				s.principals.services = append(s.principals.services, v.text)
				err = noWildcard(v.text)
			case "Federated":
				s.principals.federated = append(s.principals.federated, v.text)
				err = noWildcard(v.text)
			case "CanonicalUser":
				err = noWildcard(v.text) // names nobody: no caller has a canonical id
			default:
				return c.errorAt(kind.keyStart, kind, fmt.Sprintf("%q is no type of principal; there are AWS, Service, Federated, CanonicalUser", kind.key))
			}
			if err != nil {
				return c.wrong(v, "%s", err)
			}
		}
	}
	return nil
}

func noWildcard(v string) error {
	if v == "" || strings.ContainsAny(v, "*?") {
		return fmt.Errorf("%q names no principal: wildcards do not stand for a part of a name", v)
	}
	return nil
}

func (c *compiler) actions(s *statement, stmt, n *node) error {
	if n == nil {
		return c.wrong(stmt, "a statement needs an Action or a NotAction").as(awsActions)
	}
	values, err := c.strings(n)
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return c.wrong(n, "the list of actions is empty").as(awsActions)
	}
	s.notAction = n.key == "NotAction"
	for _, v := range values {
		if msg, words := checkAction(v.text); msg != "" {
			return c.wrong(v, "%s", msg).as(words)
		}
		g := newGlob(string(appendWildcards(nil, strings.Map(lowerRune, v.text))))
		if c.policy.kind == Trust && !slices.ContainsFunc(trustActions, func(a string) bool { return g.match(a, true) }) {
			return c.wrong(v, "the action %q is not one of assuming a role, as sts:AssumeRole", v.text).as(awsTrust)
		}
		s.actions = append(s.actions, g)
		s.services |= actionServices(v.text)
		if strings.IndexFunc(v.text, notAction) >= 0 {
			c.warn(v, "no action has such a name")
		}
	}
	if s.notAction {
		s.services = allServices
	}
	return nil
}

// trustActions are what a role's trust policy can speak of: the actions of the
// security token service that begin a session or give it properties.
var trustActions = []string{
	"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity",
	"sts:SetSourceIdentity", "sts:TagSession", "sts:SetContext",
}

// checkAction returns what is wrong with an action, in our words and AWS's.
func checkAction(text string) (msg, words string) {
	if strings.Trim(text, "*") == "" && text != "" {
		return "", ""
	}
	service, name, ok := strings.Cut(text, ":")
	switch {
	case !ok || service == "" || name == "":
		return fmt.Sprintf(`the action %q lacks its service; write it as s3:GetObject, or "*"`, text), awsPrefix
	case strings.Trim(service, "*") != "" && strings.IndexFunc(service, func(r rune) bool { return notAlphanumeric(r) && r != '-' && r != '.' }) >= 0:
		return fmt.Sprintf("the service of the action %q has other characters than letters, digits and hyphens", text), "Vendor " + service + " is not valid"
	case strings.IndexByte(name, ':') >= 0:
		return fmt.Sprintf("the action %q has more than one colon", text), awsColon
	}
	return "", ""
}

// notAction tells the characters that no action and no pattern of actions has.
func notAction(r rune) bool { return notAlphanumeric(r) && !strings.ContainsRune("*?:-.", r) }

func (c *compiler) resources(s *statement, n *node) error {
	if n == nil {
		return nil
	}
	if c.policy.kind == Trust {
		return c.errorAt(n.keyStart, n, "a role's trust policy names no resource: it is the role").as(awsProhibited)
	}
	values, err := c.strings(n)
	if err != nil {
		return err
	}
	if len(values) == 0 && c.policy.kind != Identity {
		return c.wrong(n, "the list of resources is empty").as(awsResources)
	}
	s.notResource = n.key == "NotResource"
	for _, v := range values {
		if msg, words := checkResource(v.text); msg != "" {
			return c.wrong(v, "%s", msg).as(words)
		}
		t, err := newResource(v.text, c.vars)
		if err != nil {
			return c.wrong(v, "%s", err)
		}
		if c.vars && strings.Contains(beforeResource(v.text), "${") {
			c.warn(v, "a policy variable before the fifth colon of an ARN stands for itself, and so matches nothing")
		}
		s.resources = append(s.resources, t)
	}
	return nil
}

func (c *compiler) conditions(s *statement, n *node) error {
	if n.kind != objectNode {
		return c.wrong(n, "a Condition is an object of operators, not %s", n.kind)
	}
	for _, op := range n.children {
		t, set, ifExists, err := parseOperator(op.key)
		if err != nil {
			return c.errorAt(op.keyStart, op, err.Error())
		}
		if op.kind != objectNode {
			return c.wrong(op, "an operator has an object of keys and values, not %s", op.kind)
		}
		seen := map[string]bool{}
		for _, kn := range op.children {
			cond := condition{operator: op.key, test: t, set: set, ifExists: ifExists, key: newKey(kn.key), keyName: kn.key}
			if seen[cond.key.name] {
				return c.errorAt(kn.keyStart, kn, "the condition key appears twice: names of condition keys do not differ by case")
			}
			seen[cond.key.name] = true
			if i := strings.IndexByte(kn.key, ':'); i <= 0 || i == len(kn.key)-1 {
				c.warn(kn, "no condition key has such a name: keys are written as aws:SourceIp")
			}
			values := []*node{kn}
			if kn.kind == arrayNode {
				values = kn.children
			}
			for _, vn := range values {
				if vn.kind != stringNode && vn.kind != numberNode && vn.kind != boolNode {
					return c.wrong(vn, "expected a string, number, boolean, or a list of these, not %s", vn.kind)
				}
				v, err := t.newValue(vn.text, c.vars)
				if err != nil {
					return c.wrong(vn, "%s", err).as(awsLegacy)
				}
				cond.values = append(cond.values, v)
			}
			if len(values) == 0 {
				c.warn(kn, "the list of values is empty, so that none matches")
			}
			s.conditions = append(s.conditions, cond)
		}
	}
	return nil
}
