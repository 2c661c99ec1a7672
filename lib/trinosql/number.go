package trinosql

import (
	"math/big"
	"strconv"
)

// intText reads the text of an integer literal without underscores: decimal, or
// with 0x, 0o, 0b. It reports false when it does not fit a bigint.
func intText(s string) (int64, bool) {
	base := 10
	if len(s) > 2 && s[0] == '0' && !isDigit(s[1]) {
		base = 0
	}
	n, err := strconv.ParseInt(s, base, 64)
	return n, err == nil
}

// bigText is intText without bounds; ok is false for a text too long to be a
// number of any type.
func bigText(s string) (n *big.Int, ok bool) {
	if len(s) > 200 {
		return nil, false
	}
	base := 10
	if len(s) > 2 && s[0] == '0' && !isDigit(s[1]) {
		base = 0
	}
	return new(big.Int).SetString(s, base)
}
