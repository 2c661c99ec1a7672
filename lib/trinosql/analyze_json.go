package trinosql

// jsonInput checks what a JSON function reads: text, binary or JSON.
func (z *analyzer) jsonInput(x Expr, sc *scope) {
	t := z.expr(x, sc)
	switch t.Kind {
	case KindVarchar, KindChar, KindVarbinary, KindJSON, KindUnknown, KindJSON2016:
	default:
		z.fail(x.Pos(), TypeMismatch, "Cannot read input of type %s as JSON using formatting JSON", t)
	}
}

// jsonValue checks a value that becomes part of JSON.
func (z *analyzer) jsonValue(x Expr, format bool, what string, sc *scope) {
	if format {
		z.jsonInput(x, sc)
		return
	}
	t := z.expr(x, sc)
	switch {
	case t.IsNumeric(), t.IsString(), t.Kind == KindBoolean, t.Kind == KindUnknown, t.Kind == KindJSON:
	case CanCast(t, Varchar):
		z.a.coercions[x] = Varchar
	default:
		z.fail(x.Pos(), NotSupported, "Unsupported type of %s: %s", what, t)
	}
}

// jsonResult resolves RETURNING; nil means varchar.
func (z *analyzer) jsonResult(te *TypeExpr) *Type {
	if te == nil {
		return Varchar
	}
	return z.typeExpr(te)
}

func (z *analyzer) jsonFunc(x *JSONFunc, sc *scope) *Type {
	z.jsonInput(x.Input, sc)
	seen := map[string]bool{}
	for _, p := range x.Passing {
		z.jsonValue(p.X, p.Format, "JSON path parameter", sc)
		if seen[p.Name.Text] {
			z.fail(p.Name.Pos, InvalidArguments, "%s JSON path parameter is specified more than once", p.Name.Text)
		}
		seen[p.Name.Text] = true
	}
	if x.Name == "JSON_EXISTS" {
		return Boolean
	}
	t := z.jsonResult(x.Returning)
	if x.Name == "JSON_VALUE" {
		switch {
		case t.IsNumeric(), t.IsString(), t.Kind == KindBoolean, t.Kind == KindDate,
			t.Kind >= KindTime && t.Kind <= KindTimestampZone:
		default:
			z.fail(x.Pos(), TypeMismatch, "Invalid return type of function JSON_VALUE: %s", t)
		}
	} else if !t.IsString() && t.Kind != KindVarbinary && t.Kind != KindJSON {
		z.fail(x.Pos(), TypeMismatch, "Cannot output JSON value as %s using formatting JSON", t)
	}
	if (x.Wrapper == "CONDITIONAL" || x.Wrapper == "UNCONDITIONAL") && x.Quotes != "" {
		z.fail(x.Pos(), InvalidFunctionArgument, "%s QUOTES behavior specified with WITH %s ARRAY WRAPPER behavior", x.Quotes, x.Wrapper)
	}
	for _, b := range []*JSONBehavior{x.OnEmpty, x.OnError} {
		if b != nil && b.Default != nil {
			got := z.expr(b.Default, sc)
			if !CanCast(got, t) {
				z.fail(b.Default.Pos(), TypeMismatch, "Function JSON_VALUE default result must evaluate to a %s (actual: %s)", t, got)
			}
			z.coerceTo(b.Default, got, t)
		}
	}
	return t
}

func (z *analyzer) jsonObject(x *JSONObject, sc *scope) *Type {
	for _, m := range x.Members {
		if t := z.expr(m.Key, sc); !t.IsString() {
			z.fail(m.Key.Pos(), InvalidFunctionArgument, "Invalid type of JSON object key: %s", t)
		}
		z.jsonValue(m.Value, m.Format, "value passed to JSON_OBJECT function", sc)
	}
	return z.jsonText(x, x.Returning, "JSON_OBJECT")
}

func (z *analyzer) jsonArray(x *JSONArray, sc *scope) *Type {
	for _, m := range x.Elems {
		z.jsonValue(m.Value, m.Format, "value passed to JSON_ARRAY function", sc)
	}
	return z.jsonText(x, x.Returning, "JSON_ARRAY")
}

func (z *analyzer) jsonText(x Expr, returning *TypeExpr, function string) *Type {
	t := z.jsonResult(returning)
	if !t.IsString() && t.Kind != KindVarbinary && t.Kind != KindJSON {
		z.fail(x.Pos(), TypeMismatch, "Cannot return type %s from %s function", t, function)
	}
	return t
}
