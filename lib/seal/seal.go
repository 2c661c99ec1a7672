// Package seal keeps secrets in a state database such that they cannot be read, nor
// changed or exchanged for one another, without a key that is not in the database.
//
//	keys, err := seal.Open(ctx, db, seal.File("keys/master"))
//	text := keys.Seal([]byte("a password"), "users", "ada")
//	plain, err := keys.Unseal(text, "users", "ada")
//
// # Envelopes
//
// A value is sealed with a data key, which lies in the table seal_keys, sealed with a
// master key, which lies in a file or comes from the environment (Source). To change
// the master key is to seal the data keys anew, however many values there are.
//
// Both are XChaCha20-Poly1305 with random nonces (draft-irtf-cfrg-xchacha-03), whose
// 192 bits leave no bound to keep on the number of values. A sealed value is a text:
//
//	sealed:1:DATAKEY:base64url(nonce, ciphertext, tag)
//
// It is bound to the words given with it, such as its table and row: sealed values that
// are put into one another's place do not open.
//
// # Master keys
//
// A source holds one or more master keys, each 32 bytes in base64; # begins a comment.
// The first is in use. Others are there to be left: what is sealed with one of them is
// sealed with the first when a Keyring is opened. Keys are named by their hashes, so
// that a wrong one is told from a damaged file.
package seal

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"lethe/lib/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// prefix begins every sealed value. The number is raised with the form.
const prefix = "sealed:1:"

// Keyring seals and opens values. It is safe for concurrent use.
type Keyring struct {
	db     *state.DB
	source Source
	// step is called before each step of a rotation, by its name, in tests.
	step func(string)

	rotating sync.Mutex

	mu      sync.RWMutex
	masters []master // as the source has them
	keys    map[string]cipher.AEAD
	current string // id of the data key that seals new values
}

// Open reads the keys, and makes them if the database has none. What an earlier
// rotation left undone is done. An error says which key is missing, and where it was
// looked for; then nothing was changed.
func Open(ctx context.Context, db *state.DB, source Source) (*Keyring, error) {
	set, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "seal", set); err != nil {
		return nil, err
	}
	k := &Keyring{db: db, source: source, step: func(string) {}}
	rows, err := k.rows(ctx)
	if err != nil {
		return nil, err
	}
	if k.masters, err = source.read(); err != nil {
		return nil, explain(err, source, rows)
	}
	if len(k.masters) == 0 {
		if len(rows) > 0 {
			return nil, missing(source, rows[0].master)
		}
		m := newMaster()
		if err := source.write([]master{m}); err != nil {
			return nil, fmt.Errorf("cannot keep a new master key in %s: %w", source, err)
		}
		k.masters = []master{m}
	}
	if err := source.sweep(); err != nil {
		return nil, fmt.Errorf("remains beside %s: %w", source, err)
	}
	if len(rows) == 0 {
		if rows, err = k.first(ctx); err != nil {
			return nil, err
		}
	}
	if err := k.unwrap(rows); err != nil {
		return nil, err
	}
	return k, k.finish(ctx)
}

// row is a data key as it is stored.
type row struct{ id, master, wrapped string }

func (k *Keyring) rows(ctx context.Context) (all []row, err error) {
	err = k.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT id, master, wrapped FROM seal_keys ORDER BY created, id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r row
			if err := rows.Scan(&r.id, &r.master, &r.wrapped); err != nil {
				return err
			}
			all = append(all, r)
		}
		return rows.Err()
	})
	return all, err
}

// first makes the first data key. The master key is durable by now.
func (k *Keyring) first(ctx context.Context) ([]row, error) {
	var key [chacha20poly1305.KeySize]byte
	rand.Read(key[:])
	r := row{id: rand.Text()[:10], master: k.masters[0].id}
	r.wrapped = k.masters[0].wrap(r.id, key[:])
	err := k.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO seal_keys (id, master, wrapped, created) VALUES ($1, $2, $3, $4)", r.id, r.master, r.wrapped, time.Now().UnixMicro())
		return err
	})
	return []row{r}, err
}

// unwrap opens the data keys.
func (k *Keyring) unwrap(rows []row) error {
	k.keys = map[string]cipher.AEAD{}
	for _, r := range rows {
		m, ok := named(k.masters, r.master)
		if !ok {
			return missing(k.source, r.master)
		}
		key, err := m.unwrap(r)
		if err != nil {
			return err
		}
		if k.keys[r.id], err = chacha20poly1305.NewX(key); err != nil {
			return err
		}
		k.current = r.id
	}
	return nil
}

// missing says that the source has not the key that is needed.
func missing(s Source, id string) error {
	return fmt.Errorf("the secrets of this lake are sealed with master key %s, which is not in %s; restore it there from a backup, or name the place that has it. Nothing was changed", id, s)
}

// explain adds to an unreadable source what it is needed for.
func explain(err error, s Source, rows []row) error {
	if len(rows) == 0 {
		return fmt.Errorf("master key in %s: %w", s, err)
	}
	return fmt.Errorf("master key %s, which seals the secrets of this lake, cannot be read from %s: %w. Nothing was changed", rows[0].master, s, err)
}

// Seal returns a text that only Unseal reads, and only with the same words.
func (k *Keyring) Seal(plain []byte, words ...string) string {
	k.mu.RLock()
	id := k.current
	aead := k.keys[id]
	k.mu.RUnlock()
	return prefix + id + ":" + sealWith(aead, plain, binding("value", id, words))
}

// Sealed reports whether a text has the form of a sealed value.
func Sealed(text string) bool { return strings.HasPrefix(text, prefix) }

// Unseal returns what was sealed. The error for what does not open holds none of it.
func (k *Keyring) Unseal(text string, words ...string) ([]byte, error) {
	where := strings.Join(words, " ")
	rest, ok := strings.CutPrefix(text, prefix)
	id, body, colon := strings.Cut(rest, ":")
	if !ok || !colon {
		return nil, fmt.Errorf("%s is not a sealed value", where)
	}
	k.mu.RLock()
	aead := k.keys[id]
	k.mu.RUnlock()
	if aead == nil {
		return nil, fmt.Errorf("%s is sealed with data key %s, which this database does not hold", where, id)
	}
	plain, err := openWith(aead, body, binding("value", id, words))
	if err != nil {
		return nil, fmt.Errorf("%s does not open: it was changed, or belongs to another record", where)
	}
	return plain, nil
}

// sealWith returns nonce and ciphertext in base64url.
func sealWith(aead cipher.AEAD, plain, bound []byte) string {
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, bound))
}

func openWith(aead cipher.AEAD, body string, bound []byte) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(b) < aead.NonceSize() {
		return nil, fmt.Errorf("malformed")
	}
	return aead.Open(nil, b[:aead.NonceSize()], b[aead.NonceSize():], bound)
}

// binding is what a value is bound to: lengths keep its words apart.
func binding(kind, key string, words []string) []byte {
	var b []byte
	for _, w := range append([]string{"lethe/seal/1", kind, key}, words...) {
		b = binary.AppendUvarint(b, uint64(len(w)))
		b = append(b, w...)
	}
	return b
}
