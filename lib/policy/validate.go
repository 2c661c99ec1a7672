package policy

// maxWarnings are enough for a reader.
const maxWarnings = 100

// Warnings returns what is permitted and yet probably not meant: statements or
// values that can never match, and permissions wider than they look. It is
// computed by Parse.
func (p *Policy) Warnings() []Error { return p.warnings }

func (c *compiler) warn(n *node, msg string) {
	if len(c.policy.warnings) == maxWarnings {
		return
	}
	e := c.errorAt(n.start, n, msg)
	e.AWS = ""
	c.policy.warnings = append(c.policy.warnings, *e)
}

// warnOf adds what can be told of a whole statement.
func (c *compiler) warnOf(s *statement, n *node) {
	if s.deny {
		return
	}
	for i := range s.conditions {
		if cond := &s.conditions[i]; cond.set == forAllValues && !s.requires(cond.key) {
			c.warn(n, cond.operator+" is also met by a request without "+cond.keyName+"; with Allow, add a Null condition or use ForAnyValue")
		}
	}
	if s.notPrincipal {
		c.warn(n, "NotPrincipal with Allow allows everyone else, also who has not signed in")
	}
	if s.notAction && !s.notResource && len(s.resources) > 0 && s.resources[0].glob.form == everything && s.resources[0].pieces == nil && len(s.conditions) == 0 {
		c.warn(n, "NotAction with Allow and any resource allows everything else, also in services to come")
	}
}

// requires reports whether a Null condition asks for the key.
func (s *statement) requires(k *key) bool {
	for i := range s.conditions {
		c := &s.conditions[i]
		if c.test.class == nullTest && c.key.name == k.name && len(c.values) == 1 && !c.values[0].bool {
			return true
		}
	}
	return false
}
