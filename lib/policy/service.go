package policy

// serviceSet is a set of services by a hash of their names: what is not in it
// is certainly absent.
type serviceSet uint64

const allServices = ^serviceSet(0)

// actionServices returns the services that an action, or a pattern of actions,
// may belong to.
func actionServices(action string) serviceSet {
	h := uint32(2166136261) // FNV-1a
	for i := 0; i < len(action); i++ {
		c := lower(action[i])
		if c == ':' {
			return 1 << (h >> 26)
		}
		if c == '*' || c == '?' {
			return allServices
		}
		h = (h ^ uint32(c)) * 16777619
	}
	return allServices
}
