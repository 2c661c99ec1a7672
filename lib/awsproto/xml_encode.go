package awsproto

import (
	"encoding/base64"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

const xmlTime = "2006-01-02T15:04:05.000Z"

// appendXMLMembers appends the members of a structure, without an element of its own.
func appendXMLMembers(b []byte, s *Shape, v reflect.Value) ([]byte, error) {
	if v.Kind() != reflect.Struct {
		return nil, noField(s, v)
	}
	fields := s.layout(v.Type()).fields
	for i := range fields {
		f := &fields[i]
		fv := v.Field(f.index)
		if unset(fv) {
			continue
		}
		var err error
		if b, err = appendXML(b, orDefault(f.ref.LocationName, f.name), f.ref, fv); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendXML appends a value as the element called name.
func appendXML(b []byte, name string, r *Ref, v reflect.Value) ([]byte, error) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return b, nil
		}
		v = v.Elem()
	}
	s := r.shape
	var err error
	switch s.Type {
	case "structure":
		b = openTag(b, name)
		if b, err = appendXMLMembers(b, s, v); err != nil {
			return nil, err
		}
		return closeTag(b, name), nil
	case "list":
		return appendXMLList(b, name, r, v)
	case "map":
		return appendXMLMap(b, name, r, v)
	}
	b = openTag(b, name)
	switch s.Type {
	case "string", "character":
		b = appendXMLText(b, v.String())
	case "boolean":
		b = strconv.AppendBool(b, v.Bool())
	case "integer", "long":
		b = strconv.AppendInt(b, v.Int(), 10)
	case "double", "float":
		b = strconv.AppendFloat(b, v.Float(), 'g', -1, 64)
	case "timestamp":
		t, ok := v.Interface().(time.Time)
		if !ok {
			return nil, noField(s, v)
		}
		b = t.UTC().AppendFormat(b, xmlTime)
	case "blob":
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
	default:
		return nil, noField(s, v)
	}
	return closeTag(b, name), nil
}

func appendXMLList(b []byte, name string, r *Ref, v reflect.Value) ([]byte, error) {
	s := r.shape
	element := s.element()
	if r.flattened() {
		element = orDefault(s.Member.LocationName, name)
	} else {
		b = openTag(b, name)
	}
	var err error
	for i := range v.Len() {
		if b, err = appendXML(b, element, s.Member, v.Index(i)); err != nil {
			return nil, err
		}
	}
	if !r.flattened() {
		b = closeTag(b, name)
	}
	return b, nil
}

func appendXMLMap(b []byte, name string, r *Ref, v reflect.Value) ([]byte, error) {
	s := r.shape
	key, value := s.entry()
	entry := "entry"
	if r.flattened() {
		entry = name
	} else {
		b = openTag(b, name)
	}
	var err error
	for _, k := range sortedKeys(v) {
		b = openTag(b, entry)
		b = openTag(b, key)
		b = appendXMLText(b, k.String())
		b = closeTag(b, key)
		if b, err = appendXML(b, value, s.Value, v.MapIndex(k)); err != nil {
			return nil, err
		}
		b = closeTag(b, entry)
	}
	if !r.flattened() {
		b = closeTag(b, name)
	}
	return b, nil
}

func openTag(b []byte, name string) []byte {
	b = append(b, '<')
	b = append(b, name...)
	return append(b, '>')
}

func closeTag(b []byte, name string) []byte {
	b = append(b, '<', '/')
	b = append(b, name...)
	return append(b, '>')
}

// appendXMLText appends s as character data. What XML 1.0 cannot hold becomes
// U+FFFD; line ends are escaped so that they survive a parser.
func appendXMLText(b []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '"':
			b = append(b, "&quot;"...)
		case r == '\r':
			b = append(b, "&#xD;"...)
		case r == '\n':
			b = append(b, "&#xA;"...)
		case r < ' ' && r != '\t', r == 0xfffe, r == 0xffff:
			b = append(b, "\ufffd"...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}
