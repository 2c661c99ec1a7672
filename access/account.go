package access

import (
	"context"
	"database/sql"
	"errors"
	"regexp"

	"lethe"
)

var aliasForm = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])+$`)

// Alias returns the account's alias; "" if it has none.
func (s *Service) Alias(ctx context.Context) (alias string, err error) {
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT value FROM access_lake WHERE name = 'alias'").Scan(&alias)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return alias, err
}

// SetAlias gives the account its alias.
func (s *Service) SetAlias(ctx context.Context, alias string) error {
	if len(alias) < 3 || len(alias) > 63 || !aliasForm.MatchString(alias) {
		return lethe.Errorf(lethe.Invalid, "1 validation error detected: Value at 'accountAlias' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", aliasForm)
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO access_lake (name, value) VALUES ('alias', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", alias)
		return err
	})
}

// DeleteAlias takes the account's alias away.
func (s *Service) DeleteAlias(ctx context.Context, alias string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "DELETE FROM access_lake WHERE name = 'alias' AND value = $1", alias)
		return affected(r, err, "The account alias %s cannot be found.", alias)
	})
}

// Summary counts what the account has and may have, by the names of IAM's
// GetAccountSummary.
func (s *Service) Summary(ctx context.Context) (map[string]int32, error) {
	m := map[string]int32{
		"UsersQuota": maxUsers, "GroupsQuota": maxGroups, "RolesQuota": maxRoles, "PoliciesQuota": maxPolicies, "GroupsPerUserQuota": maxGroupsPerUser,
		"AccessKeysPerUserQuota": maxKeysPerUser, "VersionsPerPolicyQuota": maxVersions, "PolicySizeQuota": maxPolicySize, "PolicyVersionsInUseQuota": maxVersions * maxPolicies,
		"AttachedPoliciesPerUserQuota": maxAttachments, "AttachedPoliciesPerGroupQuota": maxAttachments, "AttachedPoliciesPerRoleQuota": maxAttachments,
		"UserPolicySizeQuota": maxUserInline, "GroupPolicySizeQuota": maxGroupInline, "RolePolicySizeQuota": maxRoleInline, "AssumeRolePolicySizeQuota": maxTrustSize,
		// What lethe does not have.
		"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 0, "AccountSigningCertificatesPresent": 0, "MFADevices": 0, "MFADevicesInUse": 0,
		"Providers": 0, "ServerCertificates": 0, "ServerCertificatesQuota": 0, "SigningCertificatesPerUserQuota": 0, "InstanceProfiles": 0, "InstanceProfilesQuota": 0,
		"GlobalEndpointTokenVersion": 1,
	}
	err := s.db.View(ctx, func(tx *sql.Tx) error {
		for name, from := range map[string][2]string{
			"Users": {"access_users", "1 = 1"}, "Groups": {"access_groups", "1 = 1"}, "Roles": {"access_roles", "1 = 1"}, "Policies": {"access_policies", "1 = 1"},
			"PolicyVersionsInUse": {"access_policy_versions", "1 = 1"},
		} {
			n, err := count(ctx, tx, from[0], from[1])
			if err != nil {
				return err
			}
			m[name] = int32(n)
		}
		return nil
	})
	return m, err
}
