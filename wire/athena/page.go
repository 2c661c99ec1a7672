package athena

import (
	"cmp"
	"encoding/base64"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"lethe"
)

// page returns the part of a list that a request asks for, in the order of the
// items' names, and the token that continues it: nil at the end, where an empty one
// would keep some clients asking. A token holds the last name, so a list that changes
// between two pages loses nothing that was there all along.
func page[T any](items []T, name func(T) string, token *string, limit *int32, most int) (part []T, next *string, err error) {
	after, err := parseToken(token)
	if err != nil {
		return nil, nil, err
	}
	items = slices.SortedFunc(slices.Values(items), func(a, b T) int { return cmp.Compare(name(a), name(b)) })
	if token != nil {
		from, found := slices.BinarySearchFunc(items, after, func(x T, after string) int { return cmp.Compare(name(x), after) })
		if found {
			from++
		}
		items = items[from:]
	}
	n := size(limit, most)
	if len(items) <= n {
		return items, nil, nil
	}
	return items[:n], makeToken(name(items[n-1])), nil
}

// size is how many items a page has: what the request says, or the most.
func size(limit *int32, most int) int {
	if n := int(aws.ToInt32(limit)); n > 0 {
		return min(n, most)
	}
	return most
}

func makeToken(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(base64.RawURLEncoding.EncodeToString([]byte(s)))
}

func parseToken(token *string) (string, error) {
	s, err := base64.RawURLEncoding.DecodeString(aws.ToString(token))
	if err != nil {
		return "", lethe.Errorf(lethe.Invalid, "The nextPageToken is malformed: %s", *token)
	}
	return string(s), nil
}
