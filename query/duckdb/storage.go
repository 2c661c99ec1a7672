package duckdb

import "lethe/lib/trinosql"

func storageType(t *trinosql.Type) (string, error) {
	switch t.Kind {
	case trinosql.KindArray:
		s, err := storageType(t.Elem())
		return s + "[]", err
	case trinosql.KindMap:
		k, _ := storageType(t.Key())
		s, err := storageType(t.Elem())
		return "MAP(" + k + ", " + s + ")", err
	case trinosql.KindRow:
		s := "STRUCT("
		for i, e := range t.Elems {
			if i > 0 {
				s += ", "
			}
			x, _ := storageType(e)
			s += ident(t.FieldName(i)) + " " + x
		}
		return s + ")", nil
	case trinosql.KindVarchar, trinosql.KindChar:
		return "VARCHAR", nil
	case trinosql.KindVarbinary:
		return "BLOB", nil
	case trinosql.KindReal:
		return "FLOAT", nil
	case trinosql.KindTimestamp:
		return "TIMESTAMP", nil
	}
	return t.String(), nil
}
