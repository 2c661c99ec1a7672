package awsproto

import (
	"fmt"
	"reflect"
	"strings"
)

// layout says which field of a Go struct holds which member of a structure.
type layout struct {
	fields []field // in the struct's order
	byName map[string]*field
}

type field struct {
	name  string // of the member
	ref   *Ref
	index int
	json  string // `"name":`
}

// layout matches the structure's members with t's fields by name. Members that t
// does not have are left out: the SDK may be older than the model.
func (s *Shape) layout(t reflect.Type) *layout {
	if l, ok := s.layouts.Load(t); ok {
		return l.(*layout)
	}
	members := map[string]string{} // Go name -> member
	for name := range s.Members {
		members[strings.ToUpper(name[:1])+name[1:]] = name
	}
	l := &layout{byName: map[string]*field{}}
	for i := range t.NumField() {
		// The SDK appends an underscore to names that would collide with its own.
		goName := strings.TrimSuffix(t.Field(i).Name, "_")
		if name, ok := members[goName]; ok {
			l.fields = append(l.fields, field{name: name, ref: s.Members[name], index: i, json: fmt.Sprintf("%q:", name)})
		}
	}
	for i := range l.fields {
		l.byName[l.fields[i].name] = &l.fields[i]
	}
	s.layouts.Store(t, l)
	return l
}

// allocate follows pointers to the value they hold, and makes it if need be.
func allocate(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	return v
}

// unset reports whether a struct's field holds nothing. Enumerations are plain
// strings in the SDK and hold nothing when empty.
func unset(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	}
	return false
}

// noField is the error for a shape that the SDK does not represent by a plain
// struct: unions and documents. No operation in use has one.
func noField(s *Shape, v reflect.Value) error {
	return fmt.Errorf("awsproto: cannot hold a %s in a %v", s.Type, v.Type())
}
