package erasure

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"lethe"
)

// keepFound keeps what holders were found to have, for the report: asking a database
// may take reading it. Holds are left out, as the report has those of its own time.
func (s *Service) keepFound(ctx context.Context, tx *sql.Tx, id string, found []Holding) error {
	by := map[string][]Holding{}
	for _, f := range found {
		if f.Hold != "" {
			f.Hold, f.Reason, f.Until = "", "", time.Time{}
		}
		by[f.Holder] = append(by[f.Holder], f)
	}
	for _, h := range s.Holders {
		raw, err := json.Marshal(append([]Holding{}, by[h.Name()]...))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE erasure_holders SET found = $1 WHERE request = $2 AND holder = $3`, string(raw), id, h.Name()); err != nil {
			return err
		}
	}
	return nil
}

// foundHoldings returns what a request's holders were found to have when it was
// located, and asks them all if one of them was not asked then.
func (s *Service) foundHoldings(ctx context.Context, id string, p Person) (all []Holding, err error) {
	found := map[string]string{}
	err = s.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT holder, found FROM erasure_holders WHERE request = $1 AND asked = 1 AND found <> ''`, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name, text string
			if err := rows.Scan(&name, &text); err != nil {
				return err
			}
			found[name] = text
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	for _, h := range s.Holders {
		text, ok := found[h.Name()]
		if !ok {
			return s.locateHoldings(ctx, p)
		}
		var hs []Holding
		if err := json.Unmarshal([]byte(text), &hs); err != nil {
			return nil, err
		}
		all = append(all, s.holdings(p, h.Name(), hs)...)
	}
	sortHoldings(all)
	return all, nil
}

// dropFound forgets what was kept for the report.
func dropFound(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `UPDATE erasure_holders SET found = '' WHERE request = $1`, id)
	return err
}

// personOfCertificate returns whom a certificate is of, by the identifiers that somebody
// gives, or by those that the request has still sealed; false if there are none.
func (s *Service) personOfCertificate(ctx context.Context, c Certificate, given []Named) (p Person, ok bool, err error) {
	if len(given) == 0 {
		named := false
		err := s.DB.View(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM erasure_requests WHERE id = $1 AND identifiers <> '')`, c.Request).Scan(&named)
		})
		if err != nil || !named {
			return p, false, err
		}
		p, err = s.personOf(ctx, c.Request)
		return p, err == nil, err
	}
	if p, err = s.person(ctx, given); err != nil {
		return p, false, err
	}
	var have []string
	for _, h := range s.hashesOf(p.sub) {
		have = append(have, h.String())
	}
	for _, id := range c.Identifiers {
		if !slices.Contains(have, id.Hash) {
			return p, false, lethe.Errorf(lethe.Invalid, "the certificate is of an identifier of type %s that was not given, or was given otherwise", id.Type).
				WithHint("give all of those that the request was made with, or none")
		}
		have = slices.DeleteFunc(have, func(h string) bool { return h == id.Hash })
	}
	if len(have) > 0 {
		return p, false, lethe.Errorf(lethe.Invalid, "%d of the identifiers are not those of the certificate", len(have))
	}
	return p, true, nil
}

// checkHolders asks the holders again for the person of a certificate. Those that expire need
// no person: what the certificate names of them is looked for.
func (s *Service) checkHolders(ctx context.Context, c Certificate, given []Named, k *Check) error {
	p, ok, err := s.personOfCertificate(ctx, c, given)
	if err != nil {
		return err
	}
	for _, h := range s.Holders {
		x, expires := h.(Expiring)
		switch {
		case expires:
			n, err := remaining(ctx, c, x)
			if err != nil {
				return err
			}
			k.Exceptions += n
		case !ok:
			k.NotAsked = append(k.NotAsked, h.Name())
			continue
		default:
			found, err := s.locateAt(ctx, p, h)
			if err != nil {
				return err
			}
			for _, f := range found {
				if f.Reason == "" {
					k.Places = append(k.Places, f)
				} else {
					k.Exceptions++
				}
			}
		}
		k.Asked++
	}
	sortHoldings(k.Places)
	return nil
}

// sortHoldings sorts by holder and place.
func sortHoldings(hs []Holding) {
	slices.SortStableFunc(hs, func(a, b Holding) int {
		return cmp.Or(strings.Compare(a.Holder, b.Holder), strings.Compare(a.Place, b.Place))
	})
}
