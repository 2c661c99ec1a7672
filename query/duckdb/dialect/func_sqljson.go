package dialect

import (
	"strconv"

	"lethe/lib/trinosql"
)

// jsonItems writes what an SQL/JSON path finds in a function's input: a list whose
// first element is 'ok' or a message, and the others are JSON texts.
func (e *emitter) jsonItems(x *trinosql.JSONFunc) string {
	if len(x.Passing) > 0 {
		e.unsupported(x.Pos(), "%s with PASSING is not supported", x.Name)
	}
	if _, err := parseSQLPath(x.Path); err != nil {
		e.unsupported(x.PathPos, "the JSON path '%s' is not supported: %s", x.Path, err)
	}
	if t := e.a.UsedType(x.Input); !t.IsString() && t.Kind != trinosql.KindJSON {
		e.unsupported(x.Pos(), "%s of %s is not supported", x.Name, t)
	}
	return "trino_json_path(" + e.x(x.Input) + ", " + text(x.Path) + ")"
}

// jsonFunc writes JSON_EXISTS, JSON_VALUE and JSON_QUERY.
func (e *emitter) jsonFunc(x *trinosql.JSONFunc) string {
	items := e.jsonItems(x)
	t := e.a.Type(x)
	typ := e.typ(x.Pos(), t)
	behave := func(b *trinosql.JSONBehavior, otherwise, message string) string {
		kind := otherwise
		if b != nil {
			kind = b.Kind
		}
		switch kind {
		case "NULL", "UNKNOWN":
			return "CAST(NULL AS " + typ + ")"
		case "TRUE", "FALSE":
			return kind
		case "EMPTY ARRAY":
			return "'[]'"
		case "EMPTY OBJECT":
			return "'{}'"
		case "DEFAULT":
			return e.cast(x.Pos(), e.x(b.Default), e.a.UsedType(b.Default), t, false)
		}
		return "CAST(" + e.failure("PATH_EVALUATION_ERROR", message) + " AS " + typ + ")"
	}
	return e.bind(func(v []string) string {
		r := v[0]
		failed := "WHEN " + r + "[1] <> 'ok' THEN "
		switch x.Name {
		case "JSON_EXISTS":
			return "CASE " + failed + behave(x.OnError, "FALSE", r+"[1]") + " WHEN " + r + " IS NOT NULL THEN len(" + r + ") > 1 END"
		case "JSON_VALUE":
			item := r + "[2]"
			value := e.fromJSON(x.Pos(), item, t)
			if t.Kind == trinosql.KindVarchar {
				value = e.cast(x.Pos(), "trino_json_plain("+item+")", trinosql.Varchar, t, false)
			}
			onError := behave(x.OnError, "NULL", "'the JSON value cannot be returned'")
			return "CASE " + failed + behave(x.OnError, "NULL", r+"[1]") +
				" WHEN len(" + r + ") = 1 THEN " + behave(x.OnEmpty, "NULL", "'the JSON path found no items'") +
				" WHEN len(" + r + ") > 2 OR left(" + item + ", 1) IN ('[', '{') OR " + item + " <> 'null' AND " + e.tried(value) + " IS NULL THEN " + onError +
				" WHEN " + r + " IS NOT NULL AND " + item + " <> 'null' THEN " + value + " END"
		}
		item := r + "[2]"
		if x.Quotes == "OMIT" {
			item = "CASE WHEN left(" + item + ", 1) = '\"' THEN trino_json_plain(" + item + ") ELSE " + item + " END"
		}
		wrapped := "'[' || array_to_string(list_slice(" + r + ", 2, len(" + r + ")), ',') || ']'"
		one := "WHEN len(" + r + ") > 2 THEN " + behave(x.OnError, "NULL", "'the JSON path found more than one item'") + " WHEN " + r + " IS NOT NULL THEN " + item
		switch x.Wrapper {
		case "CONDITIONAL":
			one = "WHEN len(" + r + ") > 2 OR left(" + item + ", 1) NOT IN ('[', '{') THEN " + wrapped + " WHEN " + r + " IS NOT NULL THEN " + item
		case "UNCONDITIONAL":
			one = "WHEN " + r + " IS NOT NULL THEN " + wrapped
		}
		return "CASE " + failed + behave(x.OnError, "NULL", r+"[1]") +
			" WHEN len(" + r + ") = 1 THEN " + behave(x.OnEmpty, "NULL", "'the JSON path found no items'") + " " + one + " END"
	}, items)
}

// jsonMember writes a value inside JSON_OBJECT or JSON_ARRAY as JSON text.
func (e *emitter) jsonMember(m trinosql.JSONMember) string {
	x, t := e.x(m.Value), e.a.UsedType(m.Value)
	switch inner := m.Value.(type) {
	case *trinosql.JSONObject, *trinosql.JSONArray:
		return x
	case *trinosql.JSONFunc:
		if inner.Name == "JSON_QUERY" {
			return x
		}
	}
	switch {
	case m.Format:
		return "trino_json_parse(" + x + ")"
	case t.Kind == trinosql.KindUnknown:
		return "CAST(NULL AS VARCHAR)"
	case t.IsString(), t.IsNumeric(), t.Kind == trinosql.KindBoolean, t.Kind == trinosql.KindJSON:
		return e.toJSON(m.Value.Pos(), x, t)
	}
	return "trino_json_string(" + e.cast(m.Value.Pos(), x, t, trinosql.Varchar, false) + ")"
}

func (e *emitter) jsonObject(x *trinosql.JSONObject) string {
	if x.UniqueKeys {
		e.unsupported(x.Pos(), "JSON_OBJECT WITH UNIQUE KEYS is not supported")
	}
	if t := e.a.Type(x); t.Kind != trinosql.KindVarchar {
		e.unsupported(x.Pos(), "JSON_OBJECT RETURNING %s is not supported", t)
	}
	parts, keys := make([]string, len(x.Members)), make([]string, len(x.Members))
	literal := map[string]bool{}
	for i, m := range x.Members {
		keys[i] = e.x(m.Key)
		if s, ok := e.stringOf(m.Key); ok {
			if literal[s] {
				e.invalid(m.Key.Pos(), "Duplicate key '%s' of JSON_OBJECT", s)
			}
			literal[s] = true
		}
		key, value := "trino_json_string("+e.x(m.Key)+")", e.jsonMember(m)
		if x.AbsentNull {
			parts[i] = e.expand("CASE WHEN $2 IS NOT NULL THEN $1 || ':' || $2 END", key, value)
		} else {
			parts[i] = key + " || ':' || coalesce(" + value + ", 'null')"
		}
	}
	object := jsonJoin("{", "}", parts)
	if len(literal) == len(keys) {
		return object
	}
	return "CASE WHEN len(list_distinct([" + list(keys) + "])) < " + strconv.Itoa(len(keys)) + " THEN " +
		e.failure("JSON_OUTPUT_CONVERSION_ERROR", "'duplicate key of JSON_OBJECT'") + " ELSE " + object + " END"
}

func (e *emitter) jsonArray(x *trinosql.JSONArray) string {
	if t := e.a.Type(x); t.Kind != trinosql.KindVarchar {
		e.unsupported(x.Pos(), "JSON_ARRAY RETURNING %s is not supported", t)
	}
	parts := make([]string, len(x.Elems))
	for i, m := range x.Elems {
		parts[i] = e.jsonMember(m)
		if x.KeepNull {
			parts[i] = "coalesce(" + parts[i] + ", 'null')"
		}
	}
	return jsonJoin("[", "]", parts)
}

// jsonJoin joins the parts that are not null.
func jsonJoin(open, end string, parts []string) string {
	if len(parts) == 0 {
		return text(open + end)
	}
	return "(" + text(open) + " || coalesce(array_to_string(CAST([" + list(parts) + "] AS VARCHAR[]), ','), '') || " + text(end) + ")"
}
