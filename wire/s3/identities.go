package s3

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"

	"lethe"
	"lethe/access"

	"github.com/versity/versitygw/auth"
)

// identities gives the front end lethe's keys and decisions, in the places where
// it would ask a remote identity service.
type identities struct {
	ctx     context.Context // the gateway's life: the front end passes none
	keys    access.Keys
	decider access.Decider
}

var (
	_ auth.IAMService         = (*identities)(nil)
	_ auth.SigningKeyProvider = (*identities)(nil)
	_ auth.PolicyEvaluator    = (*identities)(nil)
	_ auth.FixedBucketOwner   = (*identities)(nil)
)

// BucketOwner is the account: as in AWS, buckets belong to it and not to a user.
func (*identities) BucketOwner() auth.Account {
	return auth.Account{Access: lethe.Account, Role: auth.RoleUser, Arn: lethe.System.ARN}
}

// find returns an access key's secret and account.
func (i *identities) find(id string) (secret string, a auth.Account, p lethe.Principal, err error) {
	id = strings.Clone(id) // it points into a request that will be overwritten
	secret, p, err = i.keys.Secret(i.ctx, id)
	if lethe.Is(err, lethe.NotFound) || lethe.Is(err, lethe.Denied) {
		return "", a, p, auth.ErrNoSuchUser
	}
	// Every account is a plain user: an administrator is so by decision.
	return secret, auth.Account{Access: id, Role: auth.RoleUser, Arn: p.ARN}, p, err
}

// DeriveSigningKey makes the key that must have signed a request.
func (i *identities) DeriveSigningKey(id, sessionToken, date, region, service string) ([]byte, auth.Account, error) {
	secret, a, _, err := i.find(id)
	if err != nil {
		return nil, a, err
	}
	if sessionToken != "" {
		return nil, a, auth.ErrInvalidSessionToken // no temporary keys yet
	}
	key := []byte("AWS4" + secret)
	for _, part := range []string{date, region, service, "aws4_request"} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return key, a, nil
}

// The front end's decisions, whose type it does not export.
const (
	noMatch = 0 // not allowed, in words that say no policy allows it
	allow   = 1
)

// EvaluatePolicy asks the decider about every action on every resource.
func (i *identities) EvaluatePolicy(id, _ string, actions []auth.Action, resources []string, _ map[string][]string) (ev auth.PolicyEvaluation, err error) {
	_, _, p, err := i.find(id)
	if err != nil {
		return ev, err
	}
	ev.PrincipalArn = p.ARN
	ctx := lethe.WithPrincipal(i.ctx, p)
	return ev, fill(&ev.Decisions, len(resources), len(actions), func(r, a int) (int, error) {
		err := i.decider.Decide(ctx, p, string(actions[a]), resources[r])
		switch {
		case err == nil:
			return allow, nil
		case lethe.Is(err, lethe.Denied):
			return noMatch, nil
		}
		return noMatch, err
	})
}

// fill makes a matrix of decisions; D is found by inference.
func fill[D ~int](dst *[][]D, rows, cols int, decide func(row, col int) (int, error)) error {
	*dst = make([][]D, rows)
	for r := range *dst {
		(*dst)[r] = make([]D, cols)
		for c := range (*dst)[r] {
			d, err := decide(r, c)
			if err != nil {
				return err
			}
			(*dst)[r][c] = D(d)
		}
	}
	return nil
}

// GetUserAccount finds an account without its secret.
func (i *identities) GetUserAccount(id string) (auth.Account, error) {
	_, a, _, err := i.find(id)
	return a, err
}

// ResolveAccounts returns the ids that are nobody's.
func (i *identities) ResolveAccounts(ids []string) (missing []string, err error) {
	for _, id := range ids {
		if id == lethe.Account {
			continue
		}
		switch _, err := i.GetUserAccount(id); {
		case errors.Is(err, auth.ErrNoSuchUser):
			missing = append(missing, id)
		case err != nil:
			return nil, err
		}
	}
	return missing, nil
}

// Accounts are made and changed elsewhere.
var errElsewhere = lethe.Errorf(lethe.Unsupported, "access keys are not managed through S3")

func (*identities) CreateAccount(auth.Account) error                  { return errElsewhere }
func (*identities) UpdateUserAccount(string, auth.MutableProps) error { return errElsewhere }
func (*identities) DeleteUserAccount(string) error                    { return errElsewhere }
func (*identities) ListUserAccounts() ([]auth.Account, error)         { return nil, errElsewhere }
func (*identities) Shutdown() error                                   { return nil }
