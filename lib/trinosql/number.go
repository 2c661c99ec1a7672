package trinosql

import (
	"strconv"
	"strings"
)

// intText reads the text of an integer literal without underscores: decimal, or
// with 0x, 0o, 0b. It reports false when it does not fit a bigint.
func intText(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, numberBase(s), 64)
	return n, err == nil
}

// numberBase is 0 for a text that tells its base (0x, 0o, 0b), and otherwise 10:
// a leading zero alone means nothing.
func numberBase(s string) int {
	if s = strings.TrimPrefix(s, "-"); len(s) > 2 && s[0] == '0' && !isDigit(s[1]) {
		return 0
	}
	return 10
}
