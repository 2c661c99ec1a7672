package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"lethe"
)

// What users give is put into SQL, configuration and connection strings here, and
// nowhere else.

// name quotes an identifier for SQL.
func name(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// text quotes a string for SQL; standard_conforming_strings may be off.
func text(s string) string {
	return `E'` + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(s) + `'`
}

// value quotes a value for postgresql.conf, whose strings know the escapes of C and end
// with the line (guc-file.l, GUC_scanstr).
func value(s string) string {
	return `'` + strings.NewReplacer(`'`, `''`, `\`, `\\`, "\n", `\n`, "\r", `\r`).Replace(s) + `'`
}

// plain returns an error unless s is 1 to most bytes without control characters.
func plain(what, s string, most int) error {
	if s == "" || len(s) > most {
		return lethe.Errorf(lethe.Invalid, "%s has %d bytes; 1 to %d are possible", what, len(s), most)
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return lethe.Errorf(lethe.Invalid, "%s has a character that is not allowed: %q", what, s)
		}
	}
	return nil
}

// verifier is what PostgreSQL keeps of a password (scram-common.c): a password itself is
// in no statement, which a server may log. Passwords are of printable ASCII, on which
// SASLprep changes nothing.
func verifier(password string) (string, error) {
	for _, c := range []byte(password) {
		if c < ' ' || c > '~' {
			return "", lethe.Errorf(lethe.Invalid, "the password has a character that is not printable ASCII")
		}
	}
	if password == "" {
		return "", lethe.Errorf(lethe.Invalid, "the password is empty")
	}
	salt := make([]byte, 16)
	rand.Read(salt)     // never fails (crypto/rand)
	const rounds = 4096 // PostgreSQL's own
	salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return "", err
	}
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", rounds, b64(salt), b64(stored[:]), b64(mac("Server Key"))), nil
}
