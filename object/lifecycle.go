package object

import (
	"fmt"
	"strings"
	"time"

	"lethe"
)

// LifecycleRule says when versions of a bucket's objects, and unfinished
// uploads, are to go. Its meaning is that of a rule of S3's lifecycle
// configuration (Amazon S3 User Guide, "Managing the lifecycle of objects");
// there are no other storage classes here, so nothing moves to them.
//
// A number of days counts from a version's creation, from when it was
// superseded, or from an upload's start, and ends at the next midnight UTC.
type LifecycleRule struct {
	ID      string
	Enabled bool

	// What the rule is about: what satisfies all of these.
	Prefix  string            `json:",omitempty"`
	Tags    map[string]string `json:",omitempty"`
	Larger  *int64            `json:",omitempty"` // than so many bytes
	Smaller *int64            `json:",omitempty"`
	// Bare says that the prefix was written outside a filter, the older form.
	Bare bool `json:",omitempty"`

	// The current version goes, to a delete marker where there are versions.
	ExpireDays int        `json:",omitempty"` // after so many days
	ExpireDate *time.Time `json:",omitempty"` // from this midnight UTC on
	// A delete marker goes when nothing is left below it.
	ExpireMarkers bool `json:",omitempty"`

	// A noncurrent version goes so many days after it was superseded, except
	// the newest KeepNoncurrent ones.
	NoncurrentDays int `json:",omitempty"`
	KeepNoncurrent int `json:",omitempty"`

	// An upload is aborted so many days after it began.
	AbortDays int `json:",omitempty"`
}

// S3's limits of a lifecycle configuration.
const (
	MaxLifecycleRules = 1000
	maxLifecycleID    = 255
	maxKeepNoncurrent = 100
)

// CheckLifecycle says what is wrong with a bucket's rules; errors are of kind Invalid.
func CheckLifecycle(rules []LifecycleRule) error {
	if n := len(rules); n == 0 || n > MaxLifecycleRules {
		return lethe.Errorf(lethe.Invalid, "a lifecycle configuration has 1 to %d rules, not %d", MaxLifecycleRules, n)
	}
	seen := map[string]bool{}
	for i, r := range rules {
		if seen[r.ID] {
			return lethe.Errorf(lethe.Invalid, "rule ID must be unique; two rules have the ID %q", r.ID)
		}
		seen[r.ID] = true
		if wrong := r.wrong(); wrong != "" {
			return lethe.Errorf(lethe.Invalid, "rule %d (%s): %s", i+1, r.ID, wrong)
		}
	}
	return nil
}

func (r LifecycleRule) wrong() string {
	var expirations int
	for _, has := range []bool{r.ExpireDays != 0, r.ExpireDate != nil, r.ExpireMarkers} {
		if has {
			expirations++
		}
	}
	sized := r.Larger != nil || r.Smaller != nil
	switch {
	case r.ID == "" || len(r.ID) > maxLifecycleID:
		return fmt.Sprintf("an ID has 1 to %d bytes", maxLifecycleID)
	case r.ExpireDays < 0:
		return "'Days' for Expiration action must be a positive integer"
	case r.NoncurrentDays < 0:
		return "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer"
	case r.AbortDays < 0:
		return "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer"
	case expirations > 1:
		return "Days, Date and ExpiredObjectDeleteMarker exclude one another in an expiration"
	case expirations == 0 && r.NoncurrentDays == 0 && r.AbortDays == 0:
		return "at least one action needs to be specified in a rule"
	case r.ExpireDate != nil && !r.ExpireDate.Equal(midnight(*r.ExpireDate)):
		return "'Date' must be at midnight GMT"
	case r.KeepNoncurrent < 0 || r.KeepNoncurrent > maxKeepNoncurrent:
		return fmt.Sprintf("'NewerNoncurrentVersions' must be 1 to %d", maxKeepNoncurrent)
	case r.KeepNoncurrent > 0 && r.NoncurrentDays == 0:
		return "NewerNoncurrentVersions needs NoncurrentDays"
	case r.Larger != nil && *r.Larger < 0, r.Smaller != nil && *r.Smaller < 1:
		return "an object size in a filter must be positive"
	case r.Larger != nil && r.Smaller != nil && *r.Larger >= *r.Smaller:
		return "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'"
	case r.ExpireMarkers && (len(r.Tags) > 0 || sized):
		return "ExpiredObjectDeleteMarker cannot be specified with tags or object sizes, which delete markers do not have"
	case r.AbortDays > 0 && (len(r.Tags) > 0 || sized):
		return "AbortIncompleteMultipartUpload cannot be specified with tags or object sizes, which uploads do not have"
	}
	return ""
}

// Matches reports whether the rule is about an object's version. Delete markers
// and uploads have no tags and no size, which they say by a negative one.
func (r LifecycleRule) Matches(key string, size int64, tags map[string]string) bool {
	if !r.Enabled || !strings.HasPrefix(key, r.Prefix) {
		return false
	}
	if r.Larger != nil && size <= *r.Larger || r.Smaller != nil && (size < 0 || size >= *r.Smaller) {
		return false
	}
	for k, v := range r.Tags {
		if have, ok := tags[k]; !ok || have != v {
			return false
		}
	}
	return true
}

// After is the moment so many days after t: the next midnight UTC.
func After(t time.Time, days int) time.Time {
	t = t.UTC().AddDate(0, 0, days)
	if m := midnight(t); !m.Equal(t) {
		return m.AddDate(0, 0, 1)
	}
	return t
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
