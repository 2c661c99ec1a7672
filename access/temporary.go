package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/lib/policy"
)

// Temporary are credentials that end by themselves.
type Temporary struct {
	AccessKeyID, SecretKey, SessionToken string
	Expires                              time.Time
	Principal                            lethe.Principal
}

// Assume says how a role is to be assumed.
type Assume struct {
	RoleARN  string
	Session  string        // a name of the caller's choice
	Duration time.Duration // 0 means an hour
	// Policy and PolicyARNs narrow what the session may do.
	Policy     string
	PolicyARNs []string
	Tags       []Tag
	ExternalID string
}

// keepExpired is how long a session's policies outlive it, for the work that it began.
const keepExpired = 24 * time.Hour

var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

// AssumeRole makes credentials of a role's session, if the role's trust policy and
// the caller's own allow it.
func (s *Service) AssumeRole(ctx context.Context, caller lethe.Principal, a Assume) (t Temporary, err error) {
	if a.Duration == 0 {
		a.Duration = defaultRoleSession * time.Second
	}
	if a.Duration < minSession*time.Second || a.Duration > maxRoleSession*time.Second {
		return t, lethe.Errorf(lethe.Invalid, "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value between %d and %d", int64(a.Duration/time.Second), minSession, maxRoleSession)
	}
	if !sessionName.MatchString(a.Session) {
		return t, lethe.Errorf(lethe.Invalid, "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", sessionName)
	}
	if err := checkTags(a.Tags); err != nil {
		return t, err
	}
	var r Role
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		r, err = roleAt(ctx, tx, a.RoleARN)
		return err
	})
	if lethe.Is(err, lethe.NotFound) {
		// Whether the role exists is nobody's business who may not assume it.
		s.recordDenied(ctx, caller, "sts:AssumeRole", a.RoleARN)
		return t, denial(caller, "sts:AssumeRole", a.RoleARN, policy.Decision{Reason: policy.TrustNotAllowed})
	}
	if err != nil {
		return t, err
	}
	if err := s.mayAssume(ctx, caller, r, a); err != nil {
		return t, err
	}
	if a.Duration > r.MaxSession {
		return t, lethe.Errorf(lethe.Invalid, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	if caller.Session != "" && strings.HasPrefix(caller.ID, rolePrefix) && a.Duration > time.Hour {
		return t, lethe.Errorf(lethe.Invalid, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	policies, err := s.sessionPolicies(ctx, a)
	if err != nil {
		return t, err
	}
	return s.issue(ctx, r.ID, a.Session, policies, a.Tags, a.Duration)
}

// mayAssume asks the role's trust policy, and with tags also whether they may be set.
func (s *Service) mayAssume(ctx context.Context, caller lethe.Principal, r Role, a Assume) error {
	trust, err := s.parsed.parse(r.Trust, policy.Trust)
	if err != nil {
		return err
	}
	more := map[string][]string{"sts:rolesessionname": {a.Session}}
	if a.ExternalID != "" {
		more["sts:externalid"] = []string{a.ExternalID}
	}
	for _, t := range a.Tags {
		more["aws:requesttag/"+strings.ToLower(t.Key)] = []string{t.Value}
		more["aws:tagkeys"] = append(more["aws:tagkeys"], t.Key)
	}
	actions := []string{"sts:AssumeRole"}
	if len(a.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	for _, action := range actions {
		q := question{principal: caller, action: action, resource: r.ARN(), more: more, policies: []policy.Named{{Name: r.ARN(), Policy: trust}}}
		if err := s.decide(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// sessionPolicies reads the policies that a session is to have; nil if it has none.
func (s *Service) sessionPolicies(ctx context.Context, a Assume) ([]Inline, error) {
	if len(a.PolicyARNs) > maxSessionPolicies {
		return nil, lethe.Errorf(lethe.Invalid, "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to %d", maxSessionPolicies)
	}
	var all []Inline
	if a.Policy != "" {
		if err := checkDocument(a.Policy, policy.Identity); err != nil {
			return nil, err
		}
		if size(a.Policy) > maxSessionPolicy {
			return nil, refuse(PackedTooLarge, "The session policy is larger than %d characters.", maxSessionPolicy)
		}
		all = append(all, Inline{"session", a.Policy})
	}
	for _, arn := range a.PolicyARNs {
		// The text as it is now: a session does not gain by what changes later.
		if err := s.db.View(ctx, func(tx *sql.Tx) error {
			document, err := defaultDocument(ctx, tx, arn)
			all = append(all, Inline{arn, document})
			return err
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// SessionToken makes temporary credentials of a user's own.
func (s *Service) SessionToken(ctx context.Context, caller lethe.Principal, d time.Duration) (Temporary, error) {
	if d == 0 {
		d = defaultTokenSession * time.Second
	}
	if d < minSession*time.Second || d > maxTokenSession*time.Second {
		return Temporary{}, lethe.Errorf(lethe.Invalid, "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value between %d and %d", int64(d/time.Second), minSession, maxTokenSession)
	}
	if caller.Session != "" || !strings.HasPrefix(caller.ID, userPrefix) {
		return Temporary{}, lethe.Errorf(lethe.Denied, "Cannot call GetSessionToken with session credentials")
	}
	return s.issue(ctx, caller.ID, "", nil, nil, d)
}

// issue stores and returns new credentials.
func (s *Service) issue(ctx context.Context, owner, session string, policies []Inline, tags []Tag, d time.Duration) (t Temporary, err error) {
	at := time.Now()
	t = Temporary{AccessKeyID: newKeyID(temporaryPrefix), SecretKey: newSecretKey(), SessionToken: newSessionToken(), Expires: at.Add(d).Truncate(time.Second).UTC()}
	policiesJSON, err := json.Marshal(policies)
	if err != nil {
		return t, err
	}
	tagsJSON, err := json.Marshal(tags)
	if err != nil {
		return t, err
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM access_temporary WHERE expires < $1", at.Add(-keepExpired).UnixMicro()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO access_temporary (id, secret, token, owner_id, session, policies, tags, issued, expires)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, t.AccessKeyID, s.seals.Seal([]byte(t.SecretKey), "access_temporary", "secret", t.AccessKeyID), s.seals.Seal([]byte(t.SessionToken), "access_temporary", "token", t.AccessKeyID), owner, session, string(policiesJSON), string(tagsJSON), at.UnixMicro(), t.Expires.UnixMicro()); err != nil {
			return err
		}
		k, err := s.temporaryKey(ctx, tx, t.AccessKeyID)
		t.Principal = k.Principal
		return err
	})
	return t, err
}

// newSessionToken has the look of AWS's, whose clients keep it as it is.
func newSessionToken() string {
	return "FwoGZXIvYXdzE" + rand.Text() + rand.Text() + rand.Text() + rand.Text()
}

// temporaryKey reads temporary credentials.
func (s *Service) temporaryKey(ctx context.Context, tx *sql.Tx, id string) (k Key, err error) {
	var owner, session string
	var expires int64
	if err := tx.QueryRowContext(ctx, "SELECT secret, token, owner_id, session, expires FROM access_temporary WHERE id = $1", id).
		Scan(&k.Secret, &k.SessionToken, &owner, &session, &expires); err != nil {
		return k, err
	}
	if err := errors.Join(s.unsealed(&k.Secret, "access_temporary", "secret", id), s.unsealed(&k.SessionToken, "access_temporary", "token", id)); err != nil {
		return k, err
	}
	k.Expires = instant(expires)
	if strings.HasPrefix(owner, userPrefix) {
		k.Principal, err = userPrincipal(ctx, tx, owner)
	} else {
		var r Role
		if r, err = scanRole(tx.QueryRowContext(ctx, roleColumns+" WHERE id = $1", owner).Scan); err != nil {
			return k, err
		}
		k.Principal = lethe.Principal{ID: r.ID + ":" + session, Name: r.Name + "/" + session, ARN: lethe.SessionARN(r.Name, session)}
	}
	k.Principal.Session = id
	return k, err
}

// roleAt returns the role of an ARN.
func roleAt(ctx context.Context, tx *sql.Tx, arn string) (Role, error) {
	path, ok := strings.CutPrefix(arn, lethe.IAMARN("role"))
	if !ok {
		return Role{}, noSuch(RoleNamed(arn))
	}
	r, err := roleNamed(ctx, tx, path[strings.LastIndexByte(path, '/')+1:])
	if err == nil && r.ARN() != arn {
		err = noSuch(RoleNamed(arn))
	}
	return r, err
}

// session is what a session adds to its owner's policies.
type session struct {
	owner, name string
	policies    []Inline
	tags        []Tag
}

// sessionOf reads the session of temporary credentials.
func sessionOf(ctx context.Context, tx *sql.Tx, id string) (x session, err error) {
	var policies, tags string
	err = tx.QueryRowContext(ctx, "SELECT owner_id, session, policies, tags FROM access_temporary WHERE id = $1", id).Scan(&x.owner, &x.name, &policies, &tags)
	if err == nil {
		err = errors.Join(json.Unmarshal([]byte(policies), &x.policies), json.Unmarshal([]byte(tags), &x.tags))
	}
	return x, err
}

// withTags returns the tags of an owner with those of its session over them.
func (x session) withTags(tags []Tag) []Tag {
	return slices.Concat(tags, x.tags)
}

// PrincipalExists reports whether a principal of a resource's policy is one of the
// account: the account itself, a user, a role, or a session's role.
func (s *Service) PrincipalExists(ctx context.Context, principal string) (bool, error) {
	if principal == lethe.Account || principal == lethe.IAMARN("root") {
		return true, nil
	}
	if role, ok := strings.CutPrefix(principal, lethe.SessionARN("", "")[:len(lethe.SessionARN("", ""))-1]); ok {
		role, _, _ = strings.Cut(role, "/")
		_, err := s.Role(ctx, role)
		return err == nil, unlessMissing(err)
	}
	err := s.db.View(ctx, func(tx *sql.Tx) error {
		_, err := s.at(ctx, tx, principal)
		return err
	})
	var c Code
	if errors.As(err, &c) || strings.HasPrefix(principal, lethe.IAMARN("group")) {
		return false, nil // not a principal's ARN
	}
	return err == nil, unlessMissing(err)
}

func unlessMissing(err error) error {
	if lethe.Is(err, lethe.NotFound) {
		return nil
	}
	return err
}
