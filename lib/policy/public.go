package policy

// Public reports whether a resource's policy lets everyone in: whether it has a statement
// that allows something to every principal, or to all but some, without a condition.
func (p *Policy) Public() bool {
	for _, st := range p.statements {
		if !st.deny && len(st.conditions) == 0 && st.principals != nil && (st.principals.anyone || st.notPrincipal) {
			return true
		}
	}
	return false
}
