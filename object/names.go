package object

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"lethe"
)

// MaxKey is how many bytes a key may have.
const MaxKey = 1024

// CheckKey refuses keys that S3 does not have.
func CheckKey(key string) error {
	switch {
	case key == "":
		return lethe.Errorf(lethe.Invalid, "an object needs a key")
	case len(key) > MaxKey:
		return lethe.Errorf(lethe.Invalid, "key %q... has %d bytes; %d are allowed", key[:64], len(key), MaxKey)
	case !utf8.ValidString(key):
		return lethe.Errorf(lethe.Invalid, "key %q is not UTF-8", key)
	}
	return nil
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// CheckBucket refuses names that a bucket cannot have (Amazon S3 User Guide,
// "General purpose bucket naming rules").
func CheckBucket(name string) error {
	if bucketName.MatchString(name) && !strings.Contains(name, "..") {
		return nil
	}
	return lethe.Errorf(lethe.Invalid, "%q is no bucket name", name).
		WithHint("3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit")
}

// CheckCommit answers Invalid for a commit that names a key twice, gives one
// Staged two keys, or has a key that cannot be.
func CheckCommit(bucket string, puts []Named, deletes []string) error {
	keys := map[string]bool{}
	staged := map[Staged]bool{}
	for _, p := range puts {
		if err := CheckKey(p.Key); err != nil {
			return err
		}
		if p.Staged == nil || staged[p.Staged] {
			return lethe.Errorf(lethe.Invalid, "s3://%s/%s: the staged bytes are missing, or are given two keys", bucket, p.Key)
		}
		staged[p.Staged] = true
		if keys[p.Key] {
			return lethe.Errorf(lethe.Invalid, "a commit names s3://%s/%s twice", bucket, p.Key)
		}
		keys[p.Key] = true
	}
	for _, k := range deletes {
		if keys[k] {
			return lethe.Errorf(lethe.Invalid, "a commit names s3://%s/%s twice", bucket, k)
		}
		keys[k] = true
	}
	return nil
}
