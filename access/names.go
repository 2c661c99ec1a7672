package access

import (
	"crypto/rand"
	"regexp"
	"strings"

	"lethe"
)

// The account's limits are AWS's defaults (IAM User Guide, "IAM and AWS STS quotas").
const (
	maxUsers            = 5000
	maxGroups           = 300
	maxRoles            = 1000
	maxPolicies         = 1500
	maxVersions         = 5
	maxKeysPerUser      = 2
	maxGroupsPerUser    = 10
	maxAttachments      = 10 // per user, group or role
	maxTags             = 50
	maxPolicySize       = 6144 // characters without white space
	maxTrustSize        = 2048
	maxUserInline       = 2048 // of all inline policies together
	maxGroupInline      = 5120
	maxRoleInline       = 10240
	maxSessionPolicy    = 2048
	maxSessionPolicies  = 10
	minSession          = 900  // seconds, as all that follow
	defaultRoleSession  = 3600 // of a role's sessions, and the longest unless the role says otherwise
	maxRoleSession      = 12 * 3600
	defaultTokenSession = 12 * 3600
	maxTokenSession     = 36 * 3600
)

// The prefixes of AWS's unique identifiers (IAM User Guide, "IAM identifiers"),
// which some clients check.
const (
	userPrefix      = "AIDA"
	groupPrefix     = "AGPA"
	rolePrefix      = "AROA"
	policyPrefix    = "ANPA"
	keyPrefix       = "AKIA"
	temporaryPrefix = "ASIA"
)

// newID returns a unique identifier of 21 characters.
func newID(prefix string) string { return prefix + rand.Text()[:17] }

// newKeyID returns an access key's id, of 20 characters.
func newKeyID(prefix string) string { return prefix + rand.Text()[:16] }

var (
	entityName = regexp.MustCompile(`^[\w+=,.@-]+$`)
	entityPath = regexp.MustCompile(`^/([\x21-\x7e]*/)?$`)
	tagText    = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

// checkName holds the name of a user, group, role or policy against IAM's rules.
func checkName(what, name string, most int) error {
	if name == "" || len(name) > most || !entityName.MatchString(name) {
		return lethe.Errorf(lethe.Invalid, "The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and be 1 to %d long", what, most)
	}
	return nil
}

// checkPath returns the path, which is / if none was given.
func checkPath(path string) (string, error) {
	if path == "" {
		return "/", nil
	}
	if len(path) > 512 || !entityPath.MatchString(path) || strings.Contains(path, "//") {
		return "", lethe.Errorf(lethe.Invalid, "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return path, nil
}

// Tag is a label on a user, a role, a policy or a session.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// checkTags holds tags that are to be set against IAM's rules. Their keys do not
// differ by case alone.
func checkTags(tags []Tag) error {
	if len(tags) > maxTags {
		return lethe.Errorf(lethe.Invalid, "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to %d.", maxTags)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		key := strings.ToLower(t.Key)
		switch {
		case seen[key]:
			return refuse(InvalidInput, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		case strings.HasPrefix(key, "aws:"):
			return refuse(InvalidInput, "Tag keys that begin with aws: are reserved and cannot be set")
		case t.Key == "" || len([]rune(t.Key)) > 128 || !tagText.MatchString(t.Key):
			return lethe.Errorf(lethe.Invalid, "1 validation error detected: Value at 'tags.X.member.key' failed to satisfy constraint: Member must have length between 1 and 128 and satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+")
		case len([]rune(t.Value)) > 256 || !tagText.MatchString(t.Value):
			return lethe.Errorf(lethe.Invalid, "1 validation error detected: Value at 'tags.X.member.value' failed to satisfy constraint: Member must have length at most 256 and satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*")
		}
		seen[key] = true
	}
	return nil
}
