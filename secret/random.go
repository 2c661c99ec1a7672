package secret

import (
	"strings"
)

// Password says what a random password is made of.
type Password struct {
	Length  int    // 0 means 32
	Exclude string // characters that it must not hold
	// NoLower and so on leave kinds of characters out.
	NoLower, NoUpper, NoNumbers, NoPunctuation bool
	Space                                      bool
	// AnyTypes lets kinds be missing by chance; else there is one of each.
	AnyTypes bool
}

// The kinds of characters (API Reference, GetRandomPassword).
const (
	lower       = "abcdefghijklmnopqrstuvwxyz"
	upper       = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits      = "0123456789"
	punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

const maxPassword = 4096

// RandomPassword makes a password.
func RandomPassword(p Password) (string, error) {
	if p.Length == 0 {
		p.Length = 32
	}
	if p.Length < 1 || p.Length > maxPassword {
		return "", refuse(InvalidParameter, "InvalidParameterException: PasswordLength must be from 1 to %d.", maxPassword)
	}
	var kinds []string
	for _, k := range []struct {
		characters string
		out        bool
	}{{lower, p.NoLower}, {upper, p.NoUpper}, {digits, p.NoNumbers}, {punctuation, p.NoPunctuation}, {" ", !p.Space}} {
		left := strings.Map(func(r rune) rune {
			if strings.ContainsRune(p.Exclude, r) {
				return -1
			}
			return r
		}, k.characters)
		if !k.out && left != "" {
			kinds = append(kinds, left)
		}
	}
	all := strings.Join(kinds, "")
	if all == "" {
		return "", refuse(InvalidParameter, "You excluded every character that a password could hold.")
	}
	password := make([]byte, p.Length)
	for i := range password {
		password[i] = all[below(len(all))]
	}
	if p.AnyTypes {
		return string(password), nil
	}
	if p.Length < len(kinds) {
		return "", refuse(InvalidParameter, "A password of %d characters can't hold each of the %d types of characters.", p.Length, len(kinds))
	}
	for i, k := range kinds { // one of each, and then to random places
		password[i] = k[below(len(k))]
	}
	for i := len(password) - 1; i > 0; i-- {
		j := below(i + 1)
		password[i], password[j] = password[j], password[i]
	}
	return string(password), nil
}
