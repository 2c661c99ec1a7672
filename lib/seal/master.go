package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// master is a key that seals data keys.
type master struct {
	id   string // by which it is named; tells nothing of it
	key  [chacha20poly1305.KeySize]byte
	aead cipher.AEAD
}

func masterOf(key []byte) master {
	h := sha256.Sum256(append([]byte("lethe master key id\x00"), key...))
	m := master{id: hex.EncodeToString(h[:8])}
	copy(m.key[:], key)
	var err error
	if m.aead, err = chacha20poly1305.NewX(m.key[:]); err != nil {
		panic(err) // the length is right
	}
	return m
}

func newMaster() master {
	var key [chacha20poly1305.KeySize]byte
	rand.Read(key[:])
	return masterOf(key[:])
}

func (m master) wrap(id string, key []byte) string {
	return sealWith(m.aead, key, binding("data key", m.id, []string{id}))
}

func (m master) unwrap(r row) ([]byte, error) {
	key, err := openWith(m.aead, r.wrapped, binding("data key", m.id, []string{r.id}))
	if err != nil || len(key) != chacha20poly1305.KeySize {
		return nil, fmt.Errorf("data key %s does not open with master key %s, with which it was sealed: the state file was changed; restore it from a backup", r.id, m.id)
	}
	return key, nil
}

func named(all []master, id string) (master, bool) {
	for _, m := range all {
		if m.id == id {
			return m, true
		}
	}
	return master{}, false
}

// parseMasters reads keys in base64, of either alphabet, with or without padding, apart by
// white space or commas. No error repeats what it read.
func parseMasters(text string) (all []master, err error) {
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' }) {
			word = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(word, "="))
			key, err := base64.RawStdEncoding.DecodeString(word)
			if err != nil || len(key) != chacha20poly1305.KeySize {
				return nil, fmt.Errorf("line %d holds no key, which is 32 bytes in base64, as openssl rand -base64 32 makes", n+1)
			}
			m := masterOf(key)
			if _, twice := named(all, m.id); !twice {
				all = append(all, m)
			}
		}
	}
	return all, nil
}

func formatMasters(all []master) string {
	var b strings.Builder
	b.WriteString("# Master keys of a lake's secrets; the first is in use. Keep a copy elsewhere than the\n# copies of state.db: without its key nobody reads the secrets in it.\n")
	for _, m := range all {
		fmt.Fprintf(&b, "%s # %s\n", base64.StdEncoding.EncodeToString(m.key[:]), m.id)
	}
	return b.String()
}
