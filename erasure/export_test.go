package erasure

import "context"

// Erase erases a person from one key.
func (s *Service) Erase(ctx context.Context, given []Named, bucket, key string) (Outcome, error) {
	k, err := s.known(ctx)
	if err != nil {
		return Outcome{}, err
	}
	sub, err := k.subject(given)
	if err != nil {
		return Outcome{}, err
	}
	return s.erase(ctx, sub, bucket, key)
}

// Exactly has the service look at objects from so many bytes on by what the index
// knows, with a mark every so many bytes.
func (s *Service) Exactly(from, every int64) { s.exactness.from, s.exactness.every = from, every }
