package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"slices"
	"strings"

	"lethe"
)

// Sight is what the rules of a table leave of it for a principal.
type Sight struct {
	Table TableName
	// Whole is set where no rule narrows what is seen.
	Whole bool
	// Rules are those that apply. If there are none and the sight is not Whole, the
	// table is not seen at all.
	Rules []TableRule
	// Self are the values of the variables in rules.
	Self Self
	// HashKey makes the hashes of masks, so that nobody can look up whose they are by
	// hashing names.
	HashKey []byte
}

// Closed reports whether nothing is seen of the table.
func (s Sight) Closed() bool { return !s.Whole && len(s.Rules) == 0 }

// Self is what a rule can know of the principal.
type Self struct {
	// User is the name of a user; "" of a role's session, which gives itself its name.
	User   string
	Groups []string
	Tags   map[string]string
}

// Tag returns the value of a tag, whose key does not distinguish case.
func (s Self) Tag(key string) (string, bool) {
	for k, v := range s.Tags {
		if strings.EqualFold(k, key) {
			return v, true
		}
	}
	return "", false
}

// Sights tells what somebody sees of tables. *Service is one.
type Sights interface {
	// TableSight returns what the rules of a table leave of it for p.
	TableSight(ctx context.Context, p lethe.Principal, t TableName) (Sight, error)
}

// bypass is the action of those for whom rules do not count: administrators, and
// engines that are trusted to enforce rules of their own.
const bypass = "lethe:BypassTableRules"

// TableSight implements Sights.
func (s *Service) TableSight(ctx context.Context, p lethe.Principal, t TableName) (Sight, error) {
	t = t.lower()
	sight := Sight{Table: t, Whole: true}
	book, err := s.ruleBook(ctx)
	if err != nil {
		return Sight{}, err
	}
	if len(book.byTable) == 0 || len(book.byTable[t]) == 0 || p == lethe.System {
		return sight, nil
	}
	if sight.Whole = false; p.Zero() {
		return sight, nil
	}
	r, err := s.rights(ctx, p)
	if lethe.Is(err, lethe.NotFound) {
		return sight, nil // who was deleted sees nothing any more
	}
	if err != nil {
		return Sight{}, err
	}
	d, err := s.evaluate(ctx, question{principal: p, action: bypass, resource: lethe.TableARN(s.Region(), t.Database, t.Table)})
	if err != nil {
		return Sight{}, err
	}
	return s.sightOf(ctx, r, book.byTable[t], sight, d.Allowed)
}

// sightOf is what rules leave for somebody who has rights.
func (s *Service) sightOf(ctx context.Context, r *rights, rules []TableRule, sight Sight, whole bool) (Sight, error) {
	if sight.Whole = whole; whole {
		return sight, nil
	}
	for _, rule := range rules {
		if slices.ContainsFunc(rule.owners, func(o string) bool { return o == Everyone || slices.Contains(r.owners, o) }) {
			sight.Rules = append(sight.Rules, rule)
		}
	}
	sight.Self = r.self()
	var err error
	sight.HashKey, err = s.hashKey(ctx)
	return sight, err
}

// hashKey returns the key of the lake by which masks hash values; it is made once.
func (s *Service) hashKey(ctx context.Context) ([]byte, error) {
	if k := s.maskKey.Load(); k != nil {
		return *k, nil
	}
	var key []byte
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		var made [32]byte
		rand.Read(made[:])
		if _, err := tx.ExecContext(ctx, "INSERT INTO access_lake (name, value) VALUES ('mask-key', $1) ON CONFLICT DO NOTHING",
			s.seals.Seal([]byte(hex.EncodeToString(made[:])), "access_lake", "value", "mask-key")); err != nil {
			return err
		}
		var text string
		if err := tx.QueryRowContext(ctx, "SELECT value FROM access_lake WHERE name = 'mask-key'").Scan(&text); err != nil {
			return err
		}
		err := s.unsealed(&text, "access_lake", "value", "mask-key")
		if err != nil {
			return err
		}
		key, err = hex.DecodeString(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.maskKey.Store(&key)
	return key, nil
}
