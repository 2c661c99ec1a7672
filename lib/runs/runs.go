// Package runs keeps sets of numbers as runs of such as follow one another, which takes
// little where they do, as rows of a table that are of one person. A set is written as
// text: base64 (RFC 4648) of two varints for each run, which are how far it is from the
// end of the one before, and how long it is.
package runs

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"sort"
)

// Set is a set of numbers that are not negative. The zero value has none. It may be read by
// several at once.
type Set struct{ runs []run }

type run struct {
	from, n int64
	before  int64 // numbers in the runs before it
}

// Of returns the set of numbers that are in order, without repeats.
func Of(numbers []int64) (s Set) {
	for _, n := range numbers {
		s.Add(n)
	}
	return s
}

// Add puts in a number that is greater than all that are in the set.
func (s *Set) Add(number int64) {
	if n := len(s.runs); n == 0 {
		s.runs = append(s.runs, run{number, 1, 0})
	} else if last := &s.runs[n-1]; last.from+last.n == number {
		last.n++
	} else {
		s.runs = append(s.runs, run{number, 1, last.before + last.n})
	}
}

// Len returns how many numbers are in the set, and Runs of how many runs they are.
func (s Set) Len() int64 {
	if n := len(s.runs); n > 0 {
		return s.runs[n-1].before + s.runs[n-1].n
	}
	return 0
}

// Runs returns the number of runs.
func (s Set) Runs() int { return len(s.runs) }

// Find reports whether a number is in the set, and how many are before it.
func (s Set) Find(number int64) (before int64, is bool) {
	i := sort.Search(len(s.runs), func(i int) bool { return s.runs[i].from > number })
	if i == 0 {
		return 0, false
	}
	r := s.runs[i-1]
	return r.before + min(r.n, number-r.from), number-r.from < r.n
}

// Next returns the least number of the set that is not below another; -1 if there is none.
func (s Set) Next(number int64) int64 {
	i := sort.Search(len(s.runs), func(i int) bool { return s.runs[i].from+s.runs[i].n > number })
	if i == len(s.runs) {
		return -1
	}
	return max(number, s.runs[i].from)
}

// MarshalText implements encoding.TextMarshaler.
func (s Set) MarshalText() ([]byte, error) {
	var b []byte
	at := int64(0)
	for _, r := range s.runs {
		b = binary.AppendUvarint(b, uint64(r.from-at))
		b = binary.AppendUvarint(b, uint64(r.n))
		at = r.from + r.n
	}
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

var errText = errors.New("runs: not a text of a set of numbers")

// UnmarshalText implements encoding.TextUnmarshaler. The text may be anybody's: a set has
// at most as many runs as its text has bytes.
func (s *Set) UnmarshalText(text []byte) error {
	b, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return err
	}
	*s = Set{}
	at, before := int64(0), int64(0)
	for len(b) > 0 {
		gap, size := binary.Uvarint(b)
		if size <= 0 {
			return errText
		}
		n, more := binary.Uvarint(b[size:])
		if more <= 0 || n == 0 || gap > uint64(math.MaxInt64-at) || n > uint64(math.MaxInt64-at)-gap {
			return errText
		}
		b = b[size+more:]
		s.runs = append(s.runs, run{at + int64(gap), int64(n), before})
		at += int64(gap + n)
		before += int64(n)
	}
	return nil
}

// UnmarshalJSON reads the text, or a list of the numbers in order.
func (s *Set) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '[' {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		return s.UnmarshalText([]byte(text))
	}
	var numbers []int64
	if err := json.Unmarshal(raw, &numbers); err != nil {
		return err
	}
	for i, n := range numbers {
		if n < 0 || i > 0 && n <= numbers[i-1] {
			return errText
		}
	}
	*s = Of(numbers)
	return nil
}
