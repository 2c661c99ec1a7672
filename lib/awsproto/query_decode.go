package awsproto

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params are the parameters of a form whose dotted names start with name, sorted.
// They are looked up in place: building the tree that the names describe would let a
// small body ask for a large one.
type params struct {
	name  string
	value string // of the parameter called name itself
	below []param
}

type param struct{ name, value string }

// formParams sorts a form. Of a name that is given twice the first value counts.
func formParams(form url.Values) params {
	all := make([]param, 0, len(form))
	for name, values := range form {
		all = append(all, param{name, values[0]})
	}
	slices.SortFunc(all, func(a, b param) int { return cmp.Compare(a.name, b.name) })
	return params{below: all}
}

// child returns the parameters of a member; ok is false if there are none.
func (p params) child(member string) (c params, ok bool) {
	name := member
	if p.name != "" {
		name = p.name + "." + member
	}
	c.name = name
	if i, found := p.search(name); found {
		c.value, ok = p.below[i].value, true
	}
	from, _ := p.search(name + ".")
	to, _ := p.search(name + "/") // the character after the dot
	c.below = p.below[from:to]
	return c, ok || len(c.below) > 0
}

func (p params) search(name string) (int, bool) {
	return slices.BinarySearchFunc(p.below, name, func(a param, name string) int { return cmp.Compare(a.name, name) })
}

// elements returns the numbered members, in the order of their numbers.
func (p params) elements() []params {
	var numbers []int
	for _, q := range p.below {
		digits, _, _ := strings.Cut(q.name[len(p.name)+1:], ".")
		n, err := strconv.Atoi(digits)
		if err != nil || strconv.Itoa(n) != digits || n < 0 {
			continue
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	list := make([]params, len(numbers))
	for i, n := range numbers {
		list[i], _ = p.child(strconv.Itoa(n))
	}
	return list
}

// decodeQuery fills the struct that dst points to from a form.
func decodeQuery(form url.Values, s *Shape, dst any) error {
	return fromQuery(formParams(form), &Ref{shape: s}, reflect.ValueOf(dst).Elem())
}

func (p params) mismatch(want string) error {
	return &Error{Code: words[serialization].query.code, Message: fmt.Sprintf("Value '%s' at '%s' is not %s", clip(p.value), p.name, want)}
}

func fromQuery(p params, r *Ref, dst reflect.Value) error {
	s := r.shape
	dst = allocate(dst)
	switch s.Type {
	case "structure":
		if dst.Kind() != reflect.Struct {
			return noField(s, dst)
		}
		fields := s.layout(dst.Type()).fields
		for i := range fields {
			f := &fields[i]
			name := orDefault(f.ref.LocationName, f.name)
			if f.ref.shape.Type == "list" && f.ref.flattened() {
				name = orDefault(f.ref.shape.Member.LocationName, name)
			}
			if c, ok := p.child(name); ok {
				if err := fromQuery(c, f.ref, dst.Field(f.index)); err != nil {
					return err
				}
			}
		}
	case "list":
		if !r.flattened() {
			// AWS accepts the common name beside the list's own.
			c, ok := p.child(s.element())
			if !ok {
				c, _ = p.child("member")
			}
			p = c
		}
		elements := p.elements()
		list := reflect.MakeSlice(dst.Type(), len(elements), len(elements))
		for i, e := range elements {
			if err := fromQuery(e, s.Member, list.Index(i)); err != nil {
				return err
			}
		}
		dst.Set(list)
	case "map":
		if !r.flattened() {
			p, _ = p.child("entry")
		}
		keyName, valueName := s.entry()
		m := reflect.MakeMap(dst.Type())
		for _, e := range p.elements() {
			k, ok1 := e.child(keyName)
			v, ok2 := e.child(valueName)
			if !ok1 || !ok2 {
				continue
			}
			value := reflect.New(dst.Type().Elem()).Elem()
			if err := fromQuery(v, s.Value, value); err != nil {
				return err
			}
			m.SetMapIndex(reflect.ValueOf(k.value).Convert(dst.Type().Key()), value)
		}
		dst.Set(m)
	case "string", "character":
		dst.SetString(p.value)
	case "boolean":
		switch p.value {
		case "true", "True", "1":
			dst.SetBool(true)
		case "false", "False", "0":
			dst.SetBool(false)
		default:
			return p.mismatch("a Boolean")
		}
	case "integer", "long":
		n, err := strconv.ParseInt(p.value, 10, 64)
		if err != nil || dst.OverflowInt(n) {
			return p.mismatch("an Integer")
		}
		dst.SetInt(n)
	case "double", "float":
		f, err := strconv.ParseFloat(p.value, 64)
		if err != nil {
			return p.mismatch("a Double")
		}
		dst.SetFloat(f)
	case "timestamp":
		t, err := time.Parse(time.RFC3339Nano, p.value)
		if err != nil {
			return p.mismatch("a Timestamp, as in 2006-01-02T15:04:05Z")
		}
		dst.Set(reflect.ValueOf(t))
	case "blob":
		b, err := base64.StdEncoding.DecodeString(p.value)
		if err != nil {
			return p.mismatch("a Blob in base64")
		}
		dst.SetBytes(b)
	default:
		return noField(s, dst)
	}
	return nil
}
