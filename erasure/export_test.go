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
