package parquet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"lethe"
	"lethe/erasure"
	"lethe/lib/runs"
	"lethe/object"
)

// A file says itself which of its rows were blanked, in its key-value metadata: a row of
// nothing but nulls and zeros may also be one that somebody wrote, and must not be dropped
// for that. So a row is known to be blank from the moment that it is, and wherever the
// object is copied to.
//
// Other programs copy such metadata into files that they make of others' rows. Therefore
// a hash over all the rest of the footer stands with the numbers, and these mean nothing
// where it is another.

// blankedKey is the key; its value are "1", 16 bytes of the SHA-256 over the footer without
// the pair, in hexadecimal digits, and the text of a runs.Set, with spaces between.
const blankedKey = "lethe.blanked"

// maxBlanked bounds the value. What is blanked beyond it stays blank for good.
const maxBlanked = 8 << 20

// takeBlanked takes out of the footer which rows were blanked, and returns them.
func (f *file) takeBlanked() (rows runs.Set) {
	list := f.footer.get(fileKeyValues)
	if list == nil {
		return rows
	}
	said := ""
	list.list = slices.DeleteFunc(list.list, func(kv node) bool {
		if string(kv.get(1).bytes()) != blankedKey {
			return false
		}
		said = string(kv.get(2).bytes())
		return true
	})
	if said == "" {
		return rows
	}
	if len(list.list) == 0 {
		f.footer.del(fileKeyValues)
	}
	part := strings.Split(said, " ")
	if len(part) != 3 || part[0] != "1" || part[1] != footerSum(f.encode(f.groups)) {
		return rows
	}
	if rows.UnmarshalText([]byte(part[2])) != nil || rows.Next(f.rows) >= 0 {
		return runs.Set{}
	}
	return rows
}

// sayBlanked puts into the footer, of which all else is as it will be with these row
// groups, which rows are blanked. It is not ok if they are too many.
func (f *file) sayBlanked(groups [][]byte, rows runs.Set) (ok bool, err error) {
	if rows.Len() == 0 {
		return true, nil
	}
	text, err := rows.MarshalText()
	if err != nil || len(text) > maxBlanked {
		return false, err
	}
	if len(f.footer.items(fileKeyValues)) == 0 {
		f.footer.del(fileKeyValues) // as takeBlanked leaves it
	}
	value := "1 " + footerSum(f.encode(groups)) + " " + string(text)
	pair := node{kind: tStruct, fields: []field{{1, node{kind: tBinary, data: []byte(blankedKey)}}, {2, node{kind: tBinary, data: []byte(value)}}}}
	list := node{kind: tList, elem: tStruct, list: append(slices.Clone(f.footer.items(fileKeyValues)), pair)}
	f.footer.set(fileKeyValues, list)
	return true, nil
}

func footerSum(footer []byte) string {
	sum := sha256.Sum256(footer)
	return hex.EncodeToString(sum[:16])
}

// stillBlanked takes note of which rows of a row group are blanked once some were cut.
func (p *planner) stillBlanked(g *group, cut *rowSet) {
	was := p.was.Next(g.first)
	next := cut.next(0)
	gone := p.gone
	for {
		old, now := was >= 0 && was < g.first+g.rows, next >= 0
		row := was
		if now && (!old || g.first+next <= was) {
			row = g.first + next
		} else if !old {
			break
		}
		is := now && row == g.first+next
		switch {
		case is && p.cut.Mode == erasure.Delete:
			gone++
		case old && row == was || is && p.cut.Mode == erasure.Blank:
			p.blanked.Add(row - gone)
		}
		if old && row == was {
			was = p.was.Next(row + 1)
		}
		if is {
			next = cut.next(next + 1)
		}
	}
	p.gone = gone
}

// Vacuum implements erasure.Vacuumer: it takes out the rows that mode Blank has blanked, as
// the file says, and no others. One that holds something is an error of kind BadData.
func (Format) Vacuum(ctx context.Context, src object.Content, dir string) (*erasure.Plan, error) {
	return plan(ctx, src, erasure.Cut{Mode: erasure.Delete, Dir: dir}, func(p *planner) error {
		was := p.was
		p.plan.Gone = func(row int64) bool { _, is := was.Find(row); return is }
		p.was = runs.Set{}
		return p.cutRows(ctx, nil, func(g *group, rows *rowSet) error {
			for r := was.Next(g.first); r >= 0 && r < g.first+g.rows; r = was.Next(r + 1) {
				rows.add(r - g.first)
			}
			return nil
		})
	})
}

// wantBlank says which row of a page holds something though it should be blank.
func (l *leaf) wantBlank(p *loaded, dict *values, rows *rowSet) error {
	c := change{rows: rows, kind: blank, with: make([]byte, l.size)}
	e := c.on(p, l)
	full := len(e.entries) > 0
	if !full && len(e.values) > 0 {
		v, err := p.values(l, dict)
		if err != nil {
			return err
		}
		for _, x := range e.values {
			for i := x.from; i < x.to && !full; i++ {
				full = string(v.at(i)) != string(c.with)
			}
		}
	}
	if full {
		return lethe.Errorf(lethe.BadData, "a row that is said to be blank holds something")
	}
	return nil
}
