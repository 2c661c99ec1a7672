package awsproto

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxViolations bounds how many violations a message lists; a list of a hundred
// thousand wrong elements is one mistake.
const maxViolations = 20

// validate checks input against the model and returns the message for its sender,
// in AWS's words, or "" if all is well:
//
//	1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50
//
// The value is not repeated; it may be anybody's data, and messages end up in logs.
func validate(s *Shape, input any) string {
	c := checker{}
	c.check(s, reflect.ValueOf(input), "")
	switch n := len(c.violations); n {
	case 0:
		return ""
	case 1:
		return "1 validation error detected: " + c.violations[0]
	default:
		return fmt.Sprintf("%d validation errors detected: %s", n, strings.Join(c.violations, "; "))
	}
}

type checker struct{ violations []string }

func (c *checker) violate(path, constraint string, args ...any) {
	c.violations = append(c.violations, fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must ", path)+fmt.Sprintf(constraint, args...))
}

// check adds the violations of the value at path.
func (c *checker) check(s *Shape, v reflect.Value, path string) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if len(c.violations) >= maxViolations {
		return
	}
	switch s.Type {
	case "structure":
		c.checkStructure(s, v, path)
	case "list":
		c.checkSize(s, path, "length", float64(v.Len()))
		for i := range v.Len() {
			c.check(s.Member.shape, v.Index(i), path+"."+strconv.Itoa(i+1)+".member")
		}
	case "map":
		c.checkSize(s, path, "length", float64(v.Len()))
		for _, k := range sortedKeys(v) {
			c.check(s.Key.shape, k, path+".key")
			c.check(s.Value.shape, v.MapIndex(k), path+"."+clip(k.String())+".member")
		}
	case "string", "character":
		c.checkString(s, v.String(), path)
	case "blob":
		c.checkSize(s, path, "length", float64(v.Len()))
	case "integer", "long":
		c.checkSize(s, path, "value", float64(v.Int()))
	case "double", "float":
		c.checkSize(s, path, "value", v.Float())
	}
}

func (c *checker) checkStructure(s *Shape, v reflect.Value, path string) {
	if v.Kind() != reflect.Struct {
		return
	}
	fields := s.layout(v.Type()).fields
	for i := range fields {
		f := &fields[i]
		fv := v.Field(f.index)
		at := strings.TrimPrefix(path+"."+strings.ToLower(f.name[:1])+f.name[1:], ".")
		switch {
		case !unset(fv):
			c.check(f.ref.shape, fv, at)
		case slices.Contains(s.Required, f.name):
			c.violations = append(c.violations, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", at))
		}
	}
}

// checkSize holds n, the value or length of what is at path, against the bounds.
func (c *checker) checkSize(s *Shape, path, what string, n float64) {
	if s.Min != nil && n < *s.Min {
		c.violate(path, "have %s greater than or equal to %s", what, bound(*s.Min))
	}
	if s.Max != nil && n > *s.Max {
		c.violate(path, "have %s less than or equal to %s", what, bound(*s.Max))
	}
}

func bound(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (c *checker) checkString(s *Shape, value, path string) {
	c.checkSize(s, path, "length", float64(utf8.RuneCountInString(value)))
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
		c.violate(path, "satisfy enum value set: [%s]", strings.Join(s.Enum, ", "))
	}
	if s.pattern != nil && !s.pattern.MatchString(value) {
		c.violate(path, "satisfy regular expression pattern: %s", s.Pattern)
	}
}

// clip shortens what the sender chose before it is repeated in a message.
func clip(s string) string {
	const most = 256
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
