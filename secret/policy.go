package secret

import (
	"context"
	"database/sql"
	"strings"
	"unicode/utf8"

	"lethe/lib/policy"
)

// Policy returns a secret's resource policy, "" if it has none.
func (s *Service) Policy(ctx context.Context, id string) (x Secret, text string, err error) {
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		if x, err = s.live(ctx, tx, id); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT policy FROM secret_secrets WHERE id = $1", x.ID).Scan(&text)
	})
	return x, text, err
}

// SetPolicy gives a secret a resource policy, or with "" takes it away.
func (s *Service) SetPolicy(ctx context.Context, id, text string) (x Secret, err error) {
	if text != "" {
		if err := CheckPolicy(text); err != nil {
			return x, err
		}
	}
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if x, err = s.live(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE secret_secrets SET policy = $1 WHERE id = $2", text, x.ID)
		return err
	})
	return x, err
}

// CheckPolicy holds a text against the rules of resource policies.
func CheckPolicy(text string) error {
	if utf8.RuneCountInString(text) > maxPolicy {
		return refuse(InvalidParameter, "A resource policy has at most %d characters.", maxPolicy)
	}
	if _, err := policy.Parse([]byte(text), policy.Resource); err != nil {
		return refuse(MalformedPolicy, "This resource policy contains a syntax error: %s", err)
	}
	return nil
}

// CheckNotPublic refuses a policy that lets everyone in.
func CheckNotPublic(text string) error {
	if err := CheckPolicy(text); err != nil {
		return err
	}
	if p, err := policy.Parse([]byte(text), policy.Resource); err != nil || p.Public() {
		return refuse(PublicPolicy, "You can't use a resource policy that allows public access to a secret: name who may, or add a condition.")
	}
	return nil
}

// ResourcePolicies returns the policy of the secret with an ARN; none if it has none.
func (s *Service) ResourcePolicies(ctx context.Context, arn string) (texts []string, err error) {
	name, ok := strings.CutPrefix(arn, s.arn("", ""))
	if !ok {
		return nil, nil
	}
	err = s.DB.View(ctx, func(tx *sql.Tx) (err error) {
		texts, err = query(ctx, tx, func(scan func(...any) error) (text string, err error) {
			err = scan(&text)
			return text, err
		}, "SELECT policy FROM secret_secrets WHERE name || '-' || suffix = $1 AND policy <> ''", name)
		return err
	})
	return texts, err
}
