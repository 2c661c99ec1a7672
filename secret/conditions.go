package secret

import "context"

// Conditions returns the ARN of what a request calls a secret, as ARN does, and the
// condition keys that every decision about it knows (Service Authorization Reference,
// AWS Secrets Manager).
func (s *Service) Conditions(ctx context.Context, id string) (arn string, keys map[string][]string, err error) {
	arn, x, err := s.ARN(ctx, id)
	if err != nil {
		return "", nil, err
	}
	keys = map[string][]string{"secretsmanager:SecretId": {arn}}
	for _, t := range x.Tags {
		keys["aws:ResourceTag/"+t.Key] = []string{t.Value}
		keys["secretsmanager:ResourceTag/"+t.Key] = []string{t.Value}
	}
	return arn, keys, nil
}
