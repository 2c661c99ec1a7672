package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The cost of a password hash: 64 MiB and three passes, RFC 9106's choice for
// where memory is short (section 4), with one lane.
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonLanes   = 1
	argonKeySize = 32
)

func hashPassword(password string) string {
	var salt [16]byte
	rand.Read(salt[:])
	return phc(salt[:], argon2.IDKey([]byte(password), salt[:], argonTime, argonMemory, argonLanes, argonKeySize))
}

func phc(salt, hash []byte) string {
	e := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes, e.EncodeToString(salt), e.EncodeToString(hash))
}

// absent is the hash of a password that nobody has, so that a login with a
// wrong name costs what one with a wrong password does.
var absent = phc(make([]byte, 16), make([]byte, argonKeySize))

func checkPassword(stored, password string) bool {
	f := strings.Split(stored, "$")
	if len(f) != 6 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(f[4])
	if err != nil {
		return false
	}
	got := phc(salt, argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonKeySize))
	return subtle.ConstantTimeCompare([]byte(got), []byte(stored)) == 1
}
