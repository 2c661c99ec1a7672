package secret

import (
	"crypto/rand"
	"math/big"
	"regexp"
	"strings"
	"unicode/utf8"

	"lethe"
)

// The limits are AWS's (User Guide, "AWS Secrets Manager quotas"; API Reference).
const (
	maxValue       = 65536 // bytes
	maxName        = 512
	maxDescription = 2048
	maxTags        = 50
	maxVersions    = 100
	maxStages      = 20 // of all versions of a secret
	maxPolicy      = 20480
	minWindow      = 7 // days
	maxWindow      = 30
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]+$`)

func checkName(name string) error {
	if len(name) > maxName || !nameForm.MatchString(name) {
		return refuse(Validation, "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	return nil
}

func checkDescription(d string) error {
	if utf8.RuneCountInString(d) > maxDescription {
		return refuse(InvalidParameter, "A description has at most %d characters.", maxDescription)
	}
	return nil
}

// tokenForm is the form of tokens, which become versions' ids.
func checkToken(token string) error {
	if n := utf8.RuneCountInString(token); n < 32 || n > 64 {
		return refuse(InvalidParameter, "ClientRequestToken must be 32-64 characters long.")
	}
	return nil
}

func checkValue(v Value) error {
	switch {
	case v.Text != "" && v.Binary != nil:
		return refuse(InvalidRequest, "You can't specify both a binary secret value and a string secret value in the same secret.")
	case len(v.Text) > maxValue || len(v.Binary) > maxValue:
		return refuse(InvalidParameter, "A secret's value has at most %d bytes.", maxValue)
	}
	return nil
}

func checkTags(tags []Tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return refuse(InvalidParameter, "Tag keys that begin with aws: are reserved.")
		case t.Key == "" || utf8.RuneCountInString(t.Key) > 128 || utf8.RuneCountInString(t.Value) > 256:
			return refuse(InvalidParameter, "A tag's key has 1 to 128 characters, its value at most 256.")
		case seen[t.Key]:
			return refuse(InvalidParameter, "The tag key %s is given twice.", t.Key)
		}
		seen[t.Key] = true
	}
	return nil
}

// letters are what suffixes are made of.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// newSuffix returns the end of a new secret's ARN, so that a policy for a deleted secret
// does not count for a new one of its name.
func newSuffix() string {
	b := make([]byte, 6)
	for i := range b {
		b[i] = letters[below(len(letters))]
	}
	return string(b)
}

// below returns a random number less than n.
func below(n int) int {
	r, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand's reader never fails
	}
	return int(r.Int64())
}

// arn names a secret; suffix may be "".
func (s *Service) arn(name, suffix string) string {
	if suffix != "" {
		name += "-" + suffix
	}
	return lethe.SecretARN(s.Region, name)
}

// place is what a secret id says: a name, or an ARN whose end is a name, or a name and
// a suffix.
func (s *Service) place(id string) (name, withSuffix string) {
	rest, ok := strings.CutPrefix(id, s.arn("", ""))
	if ok {
		return rest, rest
	}
	return id, ""
}
