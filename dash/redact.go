package dash

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
)

// RedactTexts passes the texts that people wrote into data sets, analyses, dashboards and their
// versions through f: names, statements, expressions, values of filters, colours and rules, titles.
// It returns how many documents f changed; with dry they stay as they are. What is changed has
// another revision then, so that nobody saves what it was again.
//
// Ids and ARNs stay. If f finds an identifier in the name of a field, the field is called
// otherwise from then on, everywhere in its document.
func (s *Service) RedactTexts(ctx context.Context, dry bool, f func(text string) string) (int64, error) {
	defer s.changes.Add(1)
	n, err := s.DB.Rewrite(ctx, "dash_documents", "id", "document", dry, func(doc string) (string, error) {
		kind, err := kindOf(doc)
		if err != nil {
			return doc, err
		}
		return redacted(doc, kind, f)
	})
	if err != nil {
		return n, err
	}
	versions, err := s.DB.Rewrite(ctx, "dash_versions", "id", "document", dry, func(doc string) (string, error) {
		return redacted(doc, &publishedVersion{}, f)
	})
	if n += versions; err != nil || dry {
		return n, err
	}
	// The names that stand beside the documents are those in them.
	_, err = s.DB.Rewrite(ctx, "dash_documents", "id", "name", false, func(name string) (string, error) { return f(name), nil })
	return n, err
}

// kindOf returns an empty document of the kind that a text is of, which its parts tell.
func kindOf(doc string) (any, error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(doc), &parts); err != nil {
		return nil, err
	}
	switch {
	case parts["source"] != nil:
		return &DataSet{}, nil
	case parts["version"] != nil:
		return &Dashboard{}, nil
	}
	return &Analysis{}, nil
}

// redacted passes the texts of a document through f.
func redacted(doc string, to any, f func(string) string) (string, error) {
	if err := json.Unmarshal([]byte(doc), to); err != nil {
		return doc, err
	}
	if !redact(reflect.ValueOf(to).Elem(), f) {
		return doc, nil
	}
	if d, ok := to.(document); ok {
		d.edited().Revision++
	}
	text, err := json.Marshal(to)
	return string(text), err
}

// references are the texts of structs that name what is elsewhere, and not anything that somebody wrote.
var references = map[reflect.Type][]string{
	reflect.TypeFor[Edited]():        {"ID", "Owner", "ChangedBy"},
	reflect.TypeFor[Version]():       {"By"},
	reflect.TypeFor[Share]():         {"Principal"},
	reflect.TypeFor[RowRule]():       {"Principals"},
	reflect.TypeFor[Analysis]():      {"Dashboard"},
	reflect.TypeFor[Dashboard]():     {"Analysis"},
	reflect.TypeFor[Definition]():    {"DataSets"},
	reflect.TypeFor[Visual]():        {"DataSet"},
	reflect.TypeFor[SheetFilter]():   {"DataSet"},
	reflect.TypeFor[Control]():       {"DataSet"},
	reflect.TypeFor[AnalysisField](): {"DataSet"},
}

// redact passes all texts in a value through f and reports whether one changed.
func redact(v reflect.Value, f func(string) string) (changed bool) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() != reflect.TypeFor[string]() { // a word of ours
			return false
		}
		if text := f(v.String()); text != v.String() {
			v.SetString(text)
			return true
		}
	case reflect.Pointer:
		return !v.IsNil() && redact(v.Elem(), f)
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && !slices.Contains(references[v.Type()], field.Name) {
				changed = redact(v.Field(i), f) || changed
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			changed = redact(v.Index(i), f) || changed
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			x := reflect.New(v.Type().Elem()).Elem()
			x.Set(v.MapIndex(k))
			key := reflect.New(k.Type()).Elem()
			key.Set(k)
			if inValue, inKey := redact(x, f), redact(key, f); inValue || inKey {
				v.SetMapIndex(k, reflect.Value{})
				v.SetMapIndex(key, x)
				changed = true
			}
		}
	}
	return changed
}
