package rewritetest

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Row is a record of the suite's objects, with the columns
//
//	user_id   string
//	number    64-bit integer
//	uuid      UUID, or its text
//	buyer.id  string within a struct
//	friends   list of strings
//	note      string
//
// all of which may be null. The first five identify people; note is different in
// every row.
type Row struct {
	User    *string
	Number  *int64
	UUID    *string // in lower case with hyphens
	Buyer   *string // nil: the struct or its field is null or absent
	Friends []string
	Note    *string
}

// Columns are the columns of a Row.
var Columns = []string{"user_id", "number", "uuid", "buyer.id", "friends", "note"}

// Values are the values of a column, as a Format answers them.
func (r Row) Values(column string) []string {
	text := func(s *string) []string {
		if s == nil {
			return nil
		}
		return []string{*s}
	}
	switch column {
	case "user_id":
		return text(r.User)
	case "number":
		if r.Number == nil {
			return nil
		}
		return []string{strconv.FormatInt(*r.Number, 10)}
	case "uuid":
		return text(r.UUID)
	case "buyer.id":
		return text(r.Buyer)
	case "friends":
		return r.Friends
	case "note":
		return text(r.Note)
	}
	panic("no column " + column)
}

// JSONLines writes rows as JSON lines, for formats that wrap text.
func JSONLines(rows []Row) []byte {
	var out []byte
	for _, r := range rows {
		line := map[string]any{"user_id": r.User, "number": r.Number, "uuid": r.UUID, "friends": r.Friends, "note": r.Note}
		if r.Buyer != nil {
			line["buyer"] = map[string]any{"id": r.Buyer}
		}
		b, err := json.Marshal(line)
		if err != nil {
			panic(err)
		}
		out = append(append(out, b...), '\n')
	}
	return out
}

// with returns the row with other values in a column; nil makes it null.
func (r Row) with(column string, value *string) Row {
	switch column {
	case "user_id":
		if r.User != nil {
			r.User = value
		}
	case "number":
		if r.Number != nil {
			r.Number = nil
			if value != nil {
				n, err := strconv.ParseInt(*value, 10, 64)
				if err != nil {
					panic(err)
				}
				r.Number = &n
			}
		}
	case "uuid":
		if r.UUID != nil {
			r.UUID = value
		}
	case "buyer.id":
		if r.Buyer != nil {
			r.Buyer = value
		}
	case "friends":
		old := r.Friends
		r.Friends = nil
		if value != nil {
			for range old {
				r.Friends = append(r.Friends, *value)
			}
		}
	case "note":
		if r.Note != nil {
			r.Note = value
		}
	}
	return r
}

// traces are the bytes by which a value may be found in an object.
func traces(column, value string) [][]byte {
	out := [][]byte{[]byte(value)}
	switch column {
	case "number":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			panic(err)
		}
		out = append(out, binary.LittleEndian.AppendUint64(nil, uint64(n)), binary.BigEndian.AppendUint64(nil, uint64(n)))
	case "uuid":
		b, err := hex.DecodeString(strings.ReplaceAll(value, "-", ""))
		if err != nil {
			panic(err)
		}
		out = append(out, b)
	}
	return out
}

// person is somebody whose identifiers are in rows.
type person struct {
	user, uuid, buyer, friend string
	number                    int64
}

func token(r *rand.Rand, prefix string) string { return fmt.Sprintf("%s-%016x", prefix, r.Uint64()) }

// odd are texts that formats have to escape, at the end of some identifiers.
var odd = []string{"", "", "", "", " \"q\"", "\\", "é", ",;\t|", "'", "日本", "\x01", "{}"}

func newPerson(r *rand.Rand) person {
	u := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
	return person{
		user:   token(r, "u") + odd[r.IntN(len(odd))],
		uuid:   u[:8] + "-" + u[8:12] + "-" + u[12:16] + "-" + u[16:20] + "-" + u[20:],
		buyer:  token(r, "b") + odd[r.IntN(len(odd))],
		friend: token(r, "f"),
		number: r.Int64() - r.Int64(),
	}
}

// rows makes n rows of some people.
func (u *under) rows(n int) ([]Row, []person) {
	r := u.r
	people := make([]person, 1+r.IntN(max(1, n/2)))
	for i := range people {
		people[i] = newPerson(r)
	}
	nulls := r.IntN(3) == 0
	null := func() bool { return nulls && r.IntN(4) == 0 }
	some := func() *person { return &people[r.IntN(len(people))] }
	rows := make([]Row, n)
	for i := range rows {
		p := some()
		x := Row{}
		if !null() {
			x.User = &p.user
		}
		if !null() {
			x.Number = &p.number
		}
		if !null() {
			x.UUID = &p.uuid
		}
		if q := some(); !null() && !u.without("buyer.id") {
			x.Buyer = &q.buyer
		}
		if !null() && !u.without("friends") {
			for range r.IntN(4) {
				x.Friends = append(x.Friends, some().friend)
			}
		}
		if !null() {
			note := token(r, "n") + strings.Repeat(" lorem ipsum", r.IntN(20)) + odd[r.IntN(len(odd))]
			x.Note = &note
		}
		rows[i] = x
	}
	return rows, people
}

func (u *under) without(column string) bool { return slices.Contains(u.Without, column) }

// columns are those that the format holds, without the note if identifying.
func (u *under) columns(identifying bool) (out []string) {
	for _, c := range Columns {
		if !u.without(c) && !(identifying && c == "note") {
			out = append(out, c)
		}
	}
	return out
}
