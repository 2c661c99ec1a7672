package parquet

import (
	"bytes"
	"strings"

	"lethe"
	"lethe/erasure"
)

// change is what becomes of the values that a column has in the rows of a set.
type change struct {
	rows *rowSet
	kind changeKind
	with []byte // the value that comes in their place
	// empty says that nothing is in the rows: what is, is an error.
	empty bool
}

type changeKind int

const (
	drop  changeKind = iota + 1 // the rows go
	blank                       // they become null, or with where nothing above them can be null
	null                        // the values that are there become null
	put                         // the values that are there become with
)

// changes returns what becomes of each column, by its number; columns that are not
// in it stay.
func (f *file) changes(c erasure.Cut) (map[int]change, error) {
	all := map[int]change{}
	switch c.Mode {
	case erasure.Delete:
		for i := range f.leaves {
			all[i] = change{kind: drop}
		}
	case erasure.Blank:
		for i := range f.leaves {
			l := &f.leaves[i]
			all[i] = change{kind: blank, with: make([]byte, l.size)}
		}
	case erasure.Replace:
		for name, text := range c.Replace {
			i, err := find(f.leaves, name)
			if err != nil {
				return nil, err
			}
			if i < 0 {
				continue // a column that is not there is not added
			}
			l := &f.leaves[i]
			if text == nil {
				if !l.optional {
					return nil, lethe.Errorf(lethe.Invalid, "column %s cannot be null: it is required in the Parquet file", name).
						WithHint("give a value to put in its place, or delete the records")
				}
				all[i] = change{kind: null}
				continue
			}
			v, ok := l.parse(*text)
			if !ok {
				return nil, lethe.Errorf(lethe.Invalid, "column %s of the Parquet file cannot hold the new value: it has %s", name, l.typeName())
			}
			all[i] = change{kind: put, with: v}
		}
	default:
		return nil, lethe.Errorf(lethe.Unsupported, "Parquet files have no mode %d of cutting records", c.Mode)
	}
	return all, nil
}

func (l *leaf) typeName() string {
	switch l.logical {
	case logicalDecimal:
		return "decimals with " + itoa(int64(l.scale)) + " digits after the point"
	case logicalDate:
		return "dates as 2006-01-02"
	case logicalTime:
		return "times as 15:04:05"
	case logicalTimestamp:
		return "timestamps as " + strings.TrimSuffix(dateTime, ".999999999")
	case logicalUUID:
		return "UUIDs"
	}
	switch l.physical {
	case boolean:
		return "true and false"
	case int32Type, int64Type:
		return "integers of " + itoa(int64(l.size)*8) + " bits"
	case floatType, doubleType:
		return "numbers"
	case fixed:
		return itoa(int64(l.size)) + " bytes in hexadecimal digits"
	}
	return "text"
}

// effect is what a change does to a page.
type effect struct {
	entries, values []cut
	nulled          []cut // entries whose values become null
	rows            int64 // that begin in the page and go
}

// on finds out what the change does to a page.
func (c *change) on(p *loaded, l *leaf) effect {
	var e effect
	entry, value, row := 0, 0, p.first
	highest := uint8(l.maxDef)
	// move goes to where a row begins.
	move := func(to int) {
		if l.maxDef == 0 {
			value += to - entry
		} else {
			value += countByte(p.def[entry:to], highest)
		}
		entry = to
	}
	rowEnd := func(from int) int {
		if l.maxRep == 0 || from+1 >= p.count {
			return min(from+1, p.count)
		}
		if n := bytes.IndexByte(p.rep[from+1:p.count], 0); n >= 0 {
			return from + 1 + n
		}
		return p.count
	}
	for r := c.rows.next(p.first); r >= 0 && r < p.first+p.rows; r = c.rows.next(r + 1) {
		if l.maxRep == 0 {
			move(entry + int(r-row))
		} else {
			for ; row < r; row++ {
				move(rowEnd(entry))
			}
		}
		from, first := entry, value
		move(rowEnd(entry))
		row = r + 1
		begins := l.maxRep == 0 || from < p.count && p.rep[from] == 0
		switch c.kind {
		case drop:
			e.entries = extend(e.entries, cut{from, entry, 0})
			e.values = extend(e.values, cut{first, value, 0})
			if begins {
				e.rows++
			}
		case blank:
			switch {
			case l.maxDef == 0:
				e.values = extend(e.values, cut{first, value, value - first})
			case begins && entry == from+1 && p.def[from] == 0:
			default:
				keep := 0
				if begins {
					keep = 1
				}
				e.entries = extend(e.entries, cut{from, entry, keep})
				e.values = extend(e.values, cut{first, value, 0})
			}
		case null:
			if value > first {
				e.nulled = extend(e.nulled, cut{from, entry, 0})
				e.values = extend(e.values, cut{first, value, 0})
			}
		case put:
			e.values = extend(e.values, cut{first, value, value - first})
		}
	}
	return e
}

// extend appends a cut, or makes the last one longer where it follows on it.
func extend(cuts []cut, c cut) []cut {
	if c.from == c.to {
		return cuts
	}
	if n := len(cuts); n > 0 && cuts[n-1].to == c.from {
		cuts[n-1].to = c.to
		cuts[n-1].put += c.put
		return cuts
	}
	return append(cuts, c)
}

func (e *effect) none() bool {
	return len(e.entries) == 0 && len(e.values) == 0 && len(e.nulled) == 0
}
