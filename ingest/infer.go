package ingest

import (
	"bytes"
	"strconv"
	"time"

	"lethe"
	"lethe/lib/trinosql"
)

// seen is a set of the kinds of values that a column had.
type seen uint8

const (
	sawBoolean seen = 1 << iota
	sawInteger
	sawLongInteger // of more digits than a double keeps
	sawNumber
	sawDate
	sawTimestamp
	sawText
)

// typ is the narrowest type that holds all values as they were written.
func (s seen) typ() *trinosql.Type {
	switch {
	case s == sawBoolean:
		return trinosql.Boolean
	case s != 0 && s&^(sawInteger|sawLongInteger) == 0:
		return trinosql.Bigint
	case s != 0 && s&^(sawInteger|sawNumber) == 0:
		return trinosql.Double
	case s == sawDate:
		return trinosql.Date
	case s != 0 && s&^(sawDate|sawTimestamp) == 0:
		return trinosql.Timestamp
	}
	return trinosql.Varchar
}

// classify tells what a text may be. Numbers that are written as names often
// are, with zeros before or a plus, stay text.
func classify(b []byte) seen {
	if bytes.EqualFold(b, []byte("true")) || bytes.EqualFold(b, []byte("false")) {
		return sawBoolean
	}
	digits := bytes.TrimPrefix(b, []byte{'-'})
	if len(digits) == 0 {
		return sawText
	}
	if digits[0] >= '0' && digits[0] <= '9' {
		if len(b) == 10 && b[4] == '-' {
			if _, err := time.Parse(time.DateOnly, string(b)); err == nil {
				return sawDate
			}
		}
		if len(b) > 10 && b[4] == '-' {
			if _, err := parseTimestamp(string(b)); err == nil {
				return sawTimestamp
			}
		}
		if digits[0] == '0' && len(digits) > 1 && digits[1] != '.' && digits[1] != 'e' && digits[1] != 'E' {
			return sawText
		}
	}
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil && b[0] != '+' {
		if n > 1<<53 || n < -1<<53 {
			return sawLongInteger
		}
		return sawInteger
	}
	if digits[0] != '.' && (digits[0] < '0' || digits[0] > '9') {
		return sawText
	}
	if len(digits) > 17 { // more than a double keeps
		return sawText
	}
	if _, err := parseFloat(b, 64); err == nil {
		return sawNumber
	}
	return sawText
}

// classifyJSON tells what a JSON value may be. Strings are text, whatever they say.
func classifyJSON(raw []byte) seen {
	switch raw[0] {
	case 'n':
		return 0
	case 't', 'f':
		return sawBoolean
	case '"', '{', '[':
		return sawText
	}
	switch s := classify(raw); s {
	case sawInteger, sawLongInteger, sawNumber:
		return s
	}
	if _, err := parseFloat(raw, 64); err == nil && bytes.ContainsAny(raw, ".eE") {
		return sawNumber // JSON's numbers are doubles to most who write them
	}
	return sawText
}

// maxInferred bounds the columns that JSON objects may have together.
const maxInferred = 10000

// inference collects columns in the order in which they appear.
type inference struct {
	names []string
	at    map[string]int
	saw   []seen
}

func newInference() *inference { return &inference{at: map[string]int{}} }

func (n *inference) see(name string, s seen) error {
	i, ok := n.at[name]
	if !ok {
		if len(n.names) == maxInferred {
			return lethe.Errorf(lethe.Exhausted, "the objects have more than %d different keys", maxInferred).WithHint("give the columns that the table is to have")
		}
		i = len(n.names)
		n.at[name] = i
		n.names, n.saw = append(n.names, name), append(n.saw, 0)
	}
	n.saw[i] |= s
	return nil
}

func (n *inference) columns() ([]column, error) {
	out := make([]column, len(n.names))
	for i, name := range n.names {
		var err error
		if out[i], err = newColumn(name, "", n.saw[i].typ()); err != nil {
			return nil, err
		}
	}
	return out, nil
}
