package erasure

// NewPerson returns a person as the requests for the given identifiers give them to
// Holders. Its errors are of kind Invalid, and do not repeat the values.
func NewPerson(types []IdentifierType, given []Named) (Person, error) {
	k := known{types: map[string]IdentifierType{}}
	for _, t := range types {
		k.types[t.Name] = t
	}
	sub, err := k.subject(given)
	return Person{Identifiers: given, known: k, sub: sub}, err
}

// Suppressed says whether an identifier is of a person who was erased, or is being
// erased, and must not come back.
func (s *Service) Suppressed(h Hash) bool { return s.suppressed.has(h) }

// Suppresses says whether there is anybody of whom Suppressed says so.
func (s *Service) Suppresses() bool { return len(s.suppressed.all()) > 0 }
