package instance

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// paged returns the page of a list that a request asks for, and the marker of the next
// one, nil at the end. key names an element for good, so that a list which changes
// between two pages neither repeats nor drops what stays; all must be in its order.
func paged[T any](all []T, marker *string, most *int32, key func(T) string) ([]T, *string, error) {
	return pagedTo(100, all, marker, most, key)
}

// pagedTo is paged for operations whose pages may be longer than RDS's usual 100.
func pagedTo[T any](limit int, all []T, marker *string, most *int32, key func(T) string) ([]T, *string, error) {
	n := 100
	if most != nil {
		if n = int(*most); n < 20 || n > limit {
			return nil, nil, invalidValue("Invalid value %d for MaxRecords. Must be between 20 and %d", n, limit)
		}
	}
	if aws.ToString(marker) != "" {
		after, err := base64.RawURLEncoding.DecodeString(*marker)
		if err != nil {
			return nil, nil, invalidValue("The parameter Marker is not one that this server has given.")
		}
		i, found := slices.BinarySearchFunc(all, string(after), func(e T, after string) int { return strings.Compare(key(e), after) })
		if found {
			i++
		}
		all = all[i:]
	}
	if len(all) <= n {
		if all == nil {
			all = []T{}
		}
		return all, nil, nil
	}
	return all[:n], aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(all[n-1])))), nil
}

// filtered says what a request's filters ask for: for each name that known has, the
// values, of which one must match. Other names are refused.
func filtered(filters []types.Filter, known ...string) (map[string][]string, error) {
	by := map[string][]string{}
	for _, f := range filters {
		name := aws.ToString(f.Name)
		switch {
		case !slices.Contains(known, name):
			return nil, invalidValue("Unrecognized filter name: %s", name)
		case len(f.Values) == 0:
			return nil, invalidCombination("Filter value list for %s must not be empty", name)
		}
		by[name] = append(by[name], f.Values...)
	}
	return by, nil
}
