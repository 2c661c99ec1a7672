package s3

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"lethe"
	"lethe/access"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
)

// identities gives the front end lethe's keys and decisions, in the places where
// it would ask a remote identity service.
type identities struct {
	ctx     context.Context // the gateway's life: the front end passes none
	keys    access.Keys
	decider access.Decider
	region  string
	label   label // of requests
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

// find returns an access key and its account.
func (i *identities) find(id string) (k access.Key, a auth.Account, err error) {
	id = strings.Clone(id) // it points into a request that will be overwritten
	k, err = i.keys.Key(i.ctx, id)
	if lethe.Is(err, lethe.NotFound) || lethe.Is(err, lethe.Denied) {
		return k, a, auth.ErrNoSuchUser
	}
	// Every account is a plain user: an administrator is so by decision.
	return k, auth.Account{Access: id, Role: auth.RoleUser, Arn: k.Principal.ARN}, err
}

// expired is S3's error for temporary credentials that have ended.
var expired = s3err.APIError{Code: "ExpiredToken", HTTPStatusCode: http.StatusBadRequest, Description: "The provided token has expired."}

// DeriveSigningKey makes the key that must have signed a request.
func (i *identities) DeriveSigningKey(id, sessionToken, date, region, service string) ([]byte, auth.Account, error) {
	k, a, err := i.find(id)
	if err != nil {
		return nil, a, err
	}
	if subtle.ConstantTimeCompare([]byte(sessionToken), []byte(k.SessionToken)) != 1 {
		return nil, a, auth.ErrInvalidSessionToken
	}
	if !k.Expires.IsZero() && !time.Now().Before(k.Expires) {
		return nil, a, expired
	}
	a.SessionToken, a.IsSession = strings.Clone(sessionToken), sessionToken != ""
	key := []byte("AWS4" + k.Secret)
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

// EvaluatePolicy asks the decider about every action on every resource. The decider
// knows the policies of sessions and of buckets: to the front end there are none.
func (i *identities) EvaluatePolicy(id, _ string, actions []auth.Action, resources []string, conditions map[string][]string) (ev auth.PolicyEvaluation, err error) {
	k, _, err := i.find(id)
	if err != nil {
		return ev, err
	}
	p := k.Principal
	i.keys.Used(strings.Clone(id), "s3", i.region)
	ev.PrincipalArn = p.ARN
	ctx := access.WithRequest(lethe.WithPrincipal(i.ctx, p), i.request(conditions))
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

// request is what the front end tells of a request, by the names of condition keys.
// Its strings point into a request that will be overwritten.
func (i *identities) request(conditions map[string][]string) *access.Request {
	r := &access.Request{Region: i.region, Context: make(map[string][]string, len(conditions))}
	for name, values := range conditions {
		own := make([]string, len(values))
		for j, v := range values {
			own[j] = strings.Clone(v)
		}
		for _, x := range labeled {
			if name == x.key {
				var id string
				if id, own[0] = i.label.take(own[0]); id != "" {
					r.ID = id
				}
			}
		}
		switch name {
		case "aws:SourceIp":
			r.SourceIP = own[0]
		case "aws:SecureTransport":
			r.Secure = own[0] == "true"
		case "aws:UserAgent":
			r.UserAgent = own[0]
		case "aws:CurrentTime", "aws:EpochTime": // the decider's own
		case "aws:Referer":
			if own[0] != "" {
				r.Context[name] = own
			}
		default:
			r.Context[name] = own
		}
	}
	return r
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
	_, a, err := i.find(id)
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
