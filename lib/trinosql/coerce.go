package trinosql

// CommonSuperType returns the type both a and b are converted to where they
// meet (CASE, UNION, =), or nil when there is none. It follows Trino's rules:
// numbers widen, char becomes varchar, date becomes timestamp, and so on.
func CommonSuperType(a, b *Type) *Type {
	t, _ := compatible(a, b)
	return t
}

// CanCoerce reports whether from becomes to without a CAST.
func CanCoerce(from, to *Type) bool {
	_, ok := compatible(from, to)
	return ok
}

// compatible returns the common super type of from and to, nil when there is
// none, and whether from is coercible to to.
func compatible(from, to *Type) (super *Type, coercible bool) {
	switch {
	case from.Equal(to):
		return to, true
	case from.Kind == KindUnknown:
		return to, true
	case to.Kind == KindUnknown:
		return from, false
	case from.Kind == to.Kind:
		return compatibleKind(from, to)
	}
	if t := coerceBase(from, to.Kind); t != nil {
		return compatible(t, to)
	}
	if t := coerceBase(to, from.Kind); t != nil {
		super, _ := compatible(from, t)
		return super, false
	}
	return nil, false
}

// compatibleKind is compatible for two types of one kind.
func compatibleKind(from, to *Type) (*Type, bool) {
	switch from.Kind {
	case KindDecimal:
		scale := max(from.Scale, to.Scale)
		digits := max(from.Precision-from.Scale, to.Precision-to.Scale)
		t := DecimalOf(min(MaxDecimalPrecision, digits+scale), scale)
		return t, t.Equal(to)
	case KindVarchar:
		if from.Precision == Unbounded || to.Precision == Unbounded {
			return Varchar, to.Precision == Unbounded
		}
		return VarcharOf(max(from.Precision, to.Precision)), from.Precision <= to.Precision
	case KindChar, KindTime, KindTimeZone, KindTimestamp, KindTimestampZone:
		t := *from
		t.Precision = max(from.Precision, to.Precision)
		return &t, t.Precision == to.Precision
	case KindArray, KindMap, KindRow:
		if len(from.Elems) != len(to.Elems) {
			return nil, false
		}
		elems := make([]*Type, len(from.Elems))
		var names []string
		coercible := true
		for i, e := range from.Elems {
			super, ok := compatible(e, to.Elems[i])
			if super == nil {
				return nil, false
			}
			elems[i] = super
			coercible = coercible && ok
			if from.Kind == KindRow {
				n := from.FieldName(i)
				if n != to.FieldName(i) {
					n = ""
				}
				names = append(names, n)
			}
		}
		if from.Kind == KindRow {
			return RowOf(elems, names), coercible
		}
		return composite(from.Kind, elems), coercible
	}
	return nil, false
}

// coerceBase returns the type of the given kind that holds every value of t, or
// nil when t does not become that kind without a CAST.
func coerceBase(t *Type, to Kind) *Type {
	if t.Kind == to {
		return t
	}
	switch t.Kind {
	case KindUnknown:
		return fromUnknown(to)
	case KindTinyint, KindSmallint, KindInteger, KindBigint:
		digits := [...]int{KindTinyint: 3, KindSmallint: 5, KindInteger: 10, KindBigint: 19}[t.Kind]
		switch to {
		case KindSmallint, KindInteger, KindBigint:
			if to > t.Kind {
				return &Type{Kind: to}
			}
		case KindReal:
			return Real
		case KindDouble:
			return Double
		case KindNumber:
			return Number
		case KindDecimal:
			return DecimalOf(digits, 0)
		}
	case KindDecimal:
		switch to {
		case KindReal:
			return Real
		case KindDouble:
			return Double
		case KindNumber:
			return Number
		}
	case KindReal:
		if to == KindDouble {
			return Double
		}
	case KindDate:
		switch to {
		case KindTimestamp:
			return TimestampOf(0)
		case KindTimestampZone:
			return TimestampZoneOf(0)
		}
	case KindTime:
		if to == KindTimeZone {
			return TimeZoneOf(t.Precision)
		}
	case KindTimestamp:
		if to == KindTimestampZone {
			return TimestampZoneOf(t.Precision)
		}
	case KindVarchar, KindChar:
		switch to {
		case KindVarchar:
			return VarcharOf(t.Precision)
		case KindRegexp:
			return regexpType
		case KindJSONPath:
			return jsonPathType
		case KindCodePoints:
			return codePointsType
		}
	case KindP4HyperLogLog:
		if to == KindHyperLogLog {
			return hyperLogLogType
		}
	}
	return nil
}

func fromUnknown(to Kind) *Type {
	switch to {
	case KindVarchar:
		return VarcharOf(0)
	case KindChar:
		return CharOf(0)
	case KindDecimal:
		return DecimalOf(1, 0)
	case KindTime, KindTimeZone, KindTimestamp, KindTimestampZone:
		return &Type{Kind: to}
	case KindArray, KindMap, KindRow, KindFunction, KindQDigest:
		return nil
	}
	return &Type{Kind: to}
}

// CanCast reports whether CAST(x AS to) is defined for an x of type from.
func CanCast(from, to *Type) bool {
	if from.Kind == KindUnknown || from.Equal(to) {
		return to.Kind != KindFunction
	}
	switch from.Kind {
	case KindArray, KindMap, KindRow:
		switch {
		case to.Kind == from.Kind:
			if len(from.Elems) != len(to.Elems) {
				return false
			}
			for i, e := range from.Elems {
				if !CanCast(e, to.Elems[i]) {
					return false
				}
			}
			return true
		case to.Kind == KindJSON:
			return castableToJSON(from)
		}
		return false
	}
	switch to.Kind {
	case KindArray, KindMap, KindRow:
		return from.Kind == KindJSON && castableFromJSON(to)
	}
	return scalarCasts[from.Kind][to.Kind]
}

func castableToJSON(t *Type) bool {
	switch t.Kind {
	case KindArray, KindRow:
		for _, e := range t.Elems {
			if !castableToJSON(e) {
				return false
			}
		}
		return true
	case KindMap:
		switch k := t.Key(); {
		case k.Kind == KindUnknown, k.Kind == KindBoolean, k.Kind == KindVarchar, k.IsNumeric(), k.Kind == KindDate, k.Kind == KindTimestamp:
			return castableToJSON(t.Elem())
		}
		return false
	}
	return t.Kind == KindUnknown || t.Kind == KindJSON || scalarCasts[t.Kind][KindJSON]
}

func castableFromJSON(t *Type) bool {
	switch t.Kind {
	case KindArray, KindRow:
		for _, e := range t.Elems {
			if !castableFromJSON(e) {
				return false
			}
		}
		return true
	case KindMap:
		switch k := t.Key(); {
		case k.Kind == KindBoolean, k.Kind == KindVarchar, k.IsNumeric():
			return castableFromJSON(t.Elem())
		}
		return false
	}
	return t.Kind == KindJSON || scalarCasts[KindJSON][t.Kind]
}

// scalarCasts[from][to] tells which casts between types that are not arrays,
// maps or rows exist. A type always casts to another of its own kind.
var scalarCasts = func() map[Kind]map[Kind]bool {
	m := map[Kind]map[Kind]bool{}
	allow := func(from []Kind, to ...Kind) {
		for _, f := range from {
			if m[f] == nil {
				m[f] = map[Kind]bool{f: true}
			}
			for _, t := range to {
				m[f][t] = true
			}
		}
	}
	one := func(k Kind) []Kind { return []Kind{k} }
	numbers := []Kind{KindTinyint, KindSmallint, KindInteger, KindBigint, KindReal, KindDouble, KindDecimal, KindNumber}
	texts := []Kind{KindVarchar, KindChar}
	allow(numbers, numbers...)
	allow(numbers, KindBoolean, KindVarchar, KindJSON)
	allow(one(KindBoolean), numbers...)
	allow(one(KindBoolean), KindVarchar, KindJSON)
	allow(texts, numbers...)
	allow(texts, KindVarchar, KindChar, KindBoolean, KindDate, KindTime, KindTimeZone, KindTimestamp, KindTimestampZone,
		KindVarbinary, KindIPAddress, KindUUID, KindRegexp, KindJSONPath, KindCodePoints, KindColor)
	allow(one(KindVarchar), KindJSON)
	allow(one(KindDate), KindVarchar, KindTimestamp, KindTimestampZone, KindJSON)
	allow(one(KindTime), KindVarchar, KindTimeZone, KindTimestamp, KindTimestampZone)
	allow(one(KindTimeZone), KindVarchar, KindTime, KindTimestamp, KindTimestampZone)
	allow(one(KindTimestamp), KindVarchar, KindDate, KindTime, KindTimeZone, KindTimestampZone, KindJSON)
	allow(one(KindTimestampZone), KindVarchar, KindDate, KindTime, KindTimeZone, KindTimestamp)
	allow([]Kind{KindIntervalDay, KindIntervalYear}, KindVarchar)
	allow(one(KindJSON), numbers...)
	allow(one(KindJSON), KindBoolean, KindVarchar)
	allow(one(KindUUID), KindVarchar, KindVarbinary)
	allow(one(KindIPAddress), KindVarchar, KindVarbinary)
	allow(one(KindVarbinary), KindUUID, KindIPAddress, KindHyperLogLog, KindP4HyperLogLog, KindSetDigest, KindTDigest, KindQDigest)
	allow([]Kind{KindHyperLogLog, KindP4HyperLogLog, KindSetDigest, KindTDigest, KindQDigest}, KindVarbinary)
	allow(one(KindHyperLogLog), KindP4HyperLogLog)
	allow(one(KindP4HyperLogLog), KindHyperLogLog)
	return m
}()
