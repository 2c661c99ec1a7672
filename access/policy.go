package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"lethe"
	"lethe/lib/policy"
)

// ManagedPolicy is a policy with a name of its own, which users, groups and roles
// share.
type ManagedPolicy struct {
	ID, Name, Path string
	Description    string
	Default        string // the version that counts, such as v1
	Created        time.Time
	Updated        time.Time
	// Attachments counts the users, groups and roles that it is attached to,
	// Boundaries those whose permissions boundary it is.
	Attachments, Boundaries int
	Tags                    []Tag

	aws bool
}

// AWS reports whether the policy is one of AWS's, which come with lethe and cannot be
// changed.
func (p ManagedPolicy) AWS() bool { return p.aws }

// ARN names the policy.
func (p ManagedPolicy) ARN() string {
	if p.aws {
		return awsPolicyPrefix + p.Path + p.Name
	}
	return lethe.IAMARN("policy" + p.Path + p.Name)
}

// Version is one text of a managed policy.
type Version struct {
	ID       string // v1, v2, ...
	Document string
	Default  bool
	Created  time.Time
}

var policyARN = regexp.MustCompile(`^arn:aws:iam::(aws|[0-9]{12}):policy/[\x21-\x7e]+$`)

// checkDocument refuses a document that is not a policy of the kind.
func checkDocument(document string, k policy.Kind) error {
	_, err := parseDocument(document, k)
	return err
}

func parseDocument(document string, k policy.Kind) (*policy.Policy, error) {
	p, err := policy.Parse([]byte(document), k)
	if err == nil {
		return p, nil
	}
	var wrong *policy.Error
	if errors.As(err, &wrong) && wrong.AWS != "" {
		return nil, refuse(Malformed, "%s", wrong.AWS).WithHint("%v", err)
	}
	return nil, refuse(Malformed, "The policy is not valid: %v", err)
}

// size counts a document's characters as IAM's quotas do: without white space.
func size(document string) (n int) {
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

const policyColumns = `SELECT p.id, p.name, p.path, p.description, p.default_version, p.created, p.updated FROM access_policies p`

func scanPolicy(scan func(...any) error) (p ManagedPolicy, err error) {
	var version, created, updated int64
	err = scan(&p.ID, &p.Name, &p.Path, &p.Description, &version, &created, &updated)
	p.Default, p.Created, p.Updated = versionID(version), instant(created), instant(updated)
	return p, err
}

func versionID(n int64) string { return "v" + strconv.FormatInt(n, 10) }

// versionNumber is the reverse of versionID; 0, which no version has, if it is none.
func versionNumber(id string) int64 {
	digits, ok := strings.CutPrefix(id, "v")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || versionID(n) != id {
		return 0
	}
	return n
}

// policyAt returns the managed policy of an ARN, without counts and tags.
func policyAt(ctx context.Context, tx *sql.Tx, arn string) (ManagedPolicy, error) {
	if m, ok := managed[arn]; ok {
		return m.ManagedPolicy, nil
	}
	path, ok := strings.CutPrefix(arn, lethe.IAMARN("policy"))
	if !ok {
		if !policyARN.MatchString(arn) {
			return ManagedPolicy{}, lethe.Errorf(lethe.Invalid, "ARN %s is not valid.", arn).WithHint("%s", "a policy's is arn:aws:iam::ACCOUNT:policy/NAME")
		}
		return ManagedPolicy{}, noSuch(PolicyAt(arn))
	}
	at := strings.LastIndexByte(path, '/') + 1
	p, err := scanPolicy(tx.QueryRowContext(ctx, policyColumns+" WHERE p.name = $1 AND p.path = $2", path[at:], path[:at]).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return p, noSuch(PolicyAt(arn))
	}
	return p, err
}

// counted adds the counts and tags.
func counted(ctx context.Context, tx *sql.Tx, p *ManagedPolicy) error {
	n, err := count(ctx, tx, "access_attachments", "policy_arn = $1", p.ARN())
	if err != nil {
		return err
	}
	p.Attachments = int(n)
	p.Boundaries = 0
	for _, table := range []string{"access_users", "access_roles"} {
		n, err := count(ctx, tx, table, "boundary = $1", p.ARN())
		if err != nil {
			return err
		}
		p.Boundaries += int(n)
	}
	p.Tags, err = tagsOf(ctx, tx, p.ID)
	return err
}

// NewPolicy is what CreatePolicy makes.
type NewPolicy struct {
	Name, Path, Description, Document string
	Tags                              []Tag
}

// CreatePolicy makes a managed policy, attached to nobody.
func (s *Service) CreatePolicy(ctx context.Context, n NewPolicy) (p ManagedPolicy, err error) {
	if err := checkManaged(n.Document); err != nil {
		return p, err
	}
	if err := checkName("policyName", n.Name, 128); err != nil {
		return p, err
	}
	if n.Path, err = checkPath(n.Path); err != nil {
		return p, err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		taken, err := count(ctx, tx, "access_policies", "lower(name) = lower($1)", n.Name)
		if err != nil {
			return err
		}
		if taken > 0 {
			return lethe.Errorf(lethe.Exists, "A policy called %s already exists. Duplicate names are not allowed.", n.Name)
		}
		have, err := count(ctx, tx, "access_policies", "1 = 1")
		if err != nil {
			return err
		}
		if err := atMost(have, maxPolicies, "PoliciesPerAccount"); err != nil {
			return err
		}
		at := now()
		p = ManagedPolicy{ID: newID(policyPrefix), Name: n.Name, Path: n.Path, Description: n.Description, Default: versionID(1), Created: instant(at), Updated: instant(at), Tags: n.Tags}
		if _, err := tx.ExecContext(ctx, `INSERT INTO access_policies (id, name, path, description, default_version, last_version, created, updated)
			VALUES ($1, $2, $3, $4, 1, 1, $5, $5)`, p.ID, p.Name, p.Path, p.Description, at); err != nil {
			return err
		}
		if err := insertVersion(ctx, tx, p.ID, 1, n.Document, at); err != nil {
			return err
		}
		return setTags(ctx, tx, p.ID, n.Tags)
	})
	return p, err
}

func checkManaged(document string) error {
	p, err := parseDocument(document, policy.Identity)
	if err != nil {
		return err
	}
	if p.Version() != "2012-10-17" {
		// The older version, which is the default, has no variables.
		return refuse(Malformed, "Policy document must be version 2012-10-17 or greater.")
	}
	if size(document) > maxPolicySize {
		return refuse(LimitExceeded, "Cannot exceed quota for PolicySize: %d", maxPolicySize)
	}
	return nil
}

func insertVersion(ctx context.Context, tx *sql.Tx, id string, n int64, document string, at int64) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO access_policy_versions (policy_id, version, document, created) VALUES ($1, $2, $3, $4)", id, n, document, at)
	return err
}

// Policy returns a managed policy by ARN.
func (s *Service) Policy(ctx context.Context, arn string) (p ManagedPolicy, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		if p, err = policyAt(ctx, tx, arn); err != nil {
			return err
		}
		return counted(ctx, tx, &p)
	})
	return p, err
}

// Policies returns all managed policies: the account's by name, then AWS's.
func (s *Service) Policies(ctx context.Context) (all []ManagedPolicy, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		if all, err = collect(ctx, tx, scanPolicy, policyColumns+" ORDER BY p.name"); err != nil {
			return err
		}
		for _, arn := range managedARNs {
			all = append(all, managed[arn].ManagedPolicy)
		}
		uses, err := usesOf(ctx, tx)
		if err != nil {
			return err
		}
		for i := range all {
			u := uses[all[i].ARN()]
			all[i].Attachments, all[i].Boundaries = u.attachments, u.boundaries
		}
		return nil
	})
	return all, err
}

type uses struct{ attachments, boundaries int }

// usesOf counts the uses of all managed policies at once.
func usesOf(ctx context.Context, tx *sql.Tx) (map[string]uses, error) {
	rows, err := tx.QueryContext(ctx, `SELECT policy_arn, 0 FROM access_attachments
		UNION ALL SELECT boundary, 1 FROM access_users UNION ALL SELECT boundary, 1 FROM access_roles`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]uses{}
	for rows.Next() {
		var arn string
		var boundary int
		if err := rows.Scan(&arn, &boundary); err != nil {
			return nil, err
		}
		u := all[arn]
		u.attachments += 1 - boundary
		u.boundaries += boundary
		all[arn] = u
	}
	return all, rows.Err()
}

// DeletePolicy deletes a managed policy that is in use nowhere and has no versions
// but its default.
func (s *Service) DeletePolicy(ctx context.Context, arn string) error {
	return s.changePolicy(ctx, arn, func(tx *sql.Tx, p ManagedPolicy) error {
		if err := counted(ctx, tx, &p); err != nil {
			return err
		}
		if p.Attachments+p.Boundaries > 0 {
			return refuse(DeleteConflict, "Cannot delete a policy attached to entities.")
		}
		n, err := count(ctx, tx, "access_policy_versions", "policy_id = $1", p.ID)
		if err != nil {
			return err
		}
		if n > 1 {
			return refuse(DeleteConflict, "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
		}
		return run(ctx, tx, p.ID, "DELETE FROM access_tags WHERE owner_id = $1", "DELETE FROM access_policy_versions WHERE policy_id = $1", "DELETE FROM access_policies WHERE id = $1")
	})
}

// changePolicy changes one of the account's managed policies.
func (s *Service) changePolicy(ctx context.Context, arn string, fn func(*sql.Tx, ManagedPolicy) error) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		p, err := policyAt(ctx, tx, arn)
		if err != nil {
			return err
		}
		if p.AWS() {
			return lethe.Errorf(lethe.Denied, "Policy %s is AWS's own and cannot be changed.", arn)
		}
		return fn(tx, p)
	})
}

// CreatePolicyVersion adds a text to a managed policy, of which there are at most
// five, and makes it the default if that is wished.
func (s *Service) CreatePolicyVersion(ctx context.Context, arn, document string, isDefault bool) (v Version, err error) {
	if err := checkManaged(document); err != nil {
		return v, err
	}
	err = s.changePolicy(ctx, arn, func(tx *sql.Tx, p ManagedPolicy) error {
		n, err := count(ctx, tx, "access_policy_versions", "policy_id = $1", p.ID)
		if err != nil {
			return err
		}
		if n >= maxVersions {
			return refuse(LimitExceeded, "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
		}
		at := now()
		var number int64
		if err := tx.QueryRowContext(ctx, "UPDATE access_policies SET last_version = last_version + 1, updated = $1 WHERE id = $2 RETURNING last_version", at, p.ID).Scan(&number); err != nil {
			return err
		}
		v = Version{ID: versionID(number), Document: document, Default: isDefault, Created: instant(at)}
		if err := insertVersion(ctx, tx, p.ID, number, document, at); err != nil || !isDefault {
			return err
		}
		return setDefault(ctx, tx, p.ID, number)
	})
	return v, err
}

func setDefault(ctx context.Context, tx *sql.Tx, id string, n int64) error {
	_, err := tx.ExecContext(ctx, "UPDATE access_policies SET default_version = $1, updated = $2 WHERE id = $3", n, now(), id)
	return err
}

func noSuchVersion(arn, version string) error {
	return lethe.Errorf(lethe.NotFound, "Policy %s version %s does not exist or is not attachable.", arn, version)
}

// PolicyVersions returns the texts of a managed policy, the newest first.
func (s *Service) PolicyVersions(ctx context.Context, arn string) (versions []Version, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		versions, err = versionsOf(ctx, tx, arn)
		return err
	})
	return versions, err
}

func versionsOf(ctx context.Context, tx *sql.Tx, arn string) ([]Version, error) {
	if m, ok := managed[arn]; ok {
		return []Version{m.version()}, nil
	}
	p, err := policyAt(ctx, tx, arn)
	if err != nil {
		return nil, err
	}
	return collect(ctx, tx, func(scan func(...any) error) (v Version, err error) {
		var n, created int64
		err = scan(&n, &v.Document, &created)
		v.ID, v.Created = versionID(n), instant(created)
		v.Default = v.ID == p.Default
		return v, err
	}, "SELECT version, document, created FROM access_policy_versions WHERE policy_id = $1 ORDER BY version DESC", p.ID)
}

// PolicyVersion returns one text of a managed policy.
func (s *Service) PolicyVersion(ctx context.Context, arn, version string) (Version, error) {
	versions, err := s.PolicyVersions(ctx, arn)
	if err != nil {
		return Version{}, err
	}
	for _, v := range versions {
		if v.ID == version {
			return v, nil
		}
	}
	return Version{}, noSuchVersion(arn, version)
}

// SetDefaultPolicyVersion makes a version the one that counts.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, arn, version string) error {
	return s.changePolicy(ctx, arn, func(tx *sql.Tx, p ManagedPolicy) error {
		n, err := count(ctx, tx, "access_policy_versions", "policy_id = $1 AND version = $2", p.ID, versionNumber(version))
		if err != nil {
			return err
		}
		if n == 0 {
			return noSuchVersion(arn, version)
		}
		return setDefault(ctx, tx, p.ID, versionNumber(version))
	})
}

// DeletePolicyVersion deletes a version that is not the default.
func (s *Service) DeletePolicyVersion(ctx context.Context, arn, version string) error {
	return s.changePolicy(ctx, arn, func(tx *sql.Tx, p ManagedPolicy) error {
		if version == p.Default {
			return refuse(DeleteConflict, "Cannot delete the default version of a policy.")
		}
		r, err := tx.ExecContext(ctx, "DELETE FROM access_policy_versions WHERE policy_id = $1 AND version = $2", p.ID, versionNumber(version))
		if err := affected(r, err, "Policy %s version %s does not exist or is not attachable.", arn, version); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE access_policies SET updated = $1 WHERE id = $2", now(), p.ID)
		return err
	})
}

// defaultDocument returns the text of a managed policy that counts.
func defaultDocument(ctx context.Context, tx *sql.Tx, arn string) (string, error) {
	if m, ok := managed[arn]; ok {
		return m.document, nil
	}
	p, err := policyAt(ctx, tx, arn)
	if err != nil {
		return "", err
	}
	var document string
	err = tx.QueryRowContext(ctx, "SELECT document FROM access_policy_versions WHERE policy_id = $1 AND version = $2", p.ID, versionNumber(p.Default)).Scan(&document)
	if err != nil {
		return "", fmt.Errorf("default version of %s: %w", arn, err)
	}
	return document, nil
}
