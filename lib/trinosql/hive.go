package trinosql

import "slices"

// isHive tells whether a statement is in Hive's dialect, which has its own
// string rules.
func isHive(toks []Token) bool {
	word := func(i int) string {
		if i < len(toks) && toks[i].Kind == Ident {
			return toks[i].Up
		}
		return ""
	}
	// has looks for the words outside of parentheses.
	has := func(words ...string) bool {
		depth := 0
		for _, t := range toks {
			switch {
			case t.Kind == Op && (t.Up == "(" || t.Up == "<"):
				depth++
			case t.Kind == Op && (t.Up == ")" || t.Up == ">"):
				depth--
			case t.Kind == Op && t.Up == ";" && depth == 0:
				return false
			case depth == 0 && t.Kind == Ident && slices.Contains(words, t.Up):
				return true
			}
		}
		return false
	}
	switch word(0) {
	case "MSCK":
		return true
	case "CREATE":
		switch word(1) {
		case "EXTERNAL":
			return true
		case "TABLE":
			return has("LOCATION", "TBLPROPERTIES", "STORED", "PARTITIONED", "CLUSTERED", "ROW") && !has("SELECT", "AS")
		case "DATABASE", "SCHEMA":
			return has("LOCATION", "DBPROPERTIES", "DATABASE")
		}
	case "ALTER":
		switch word(1) {
		case "DATABASE":
			return true
		case "SCHEMA":
			return has("DBPROPERTIES")
		case "TABLE":
			return has("PARTITION", "TBLPROPERTIES", "COLUMNS", "LOCATION", "CHANGE", "SERDE", "SERDEPROPERTIES")
		}
	case "SHOW":
		switch word(1) {
		case "PARTITIONS", "TBLPROPERTIES", "DATABASES", "VIEWS":
			return true
		case "TABLES":
			// SHOW TABLES 'pattern' is Hive's, SHOW TABLES LIKE 'pattern' Trino's.
			for i, t := range toks {
				if t.Kind == Str && i > 0 && toks[i-1].Up != "LIKE" && toks[i-1].Up != "ESCAPE" {
					return true
				}
			}
		}
	case "DESCRIBE", "DESC":
		return word(1) == "EXTENDED" || word(1) == "FORMATTED" || word(1) == "DATABASE" || has("PARTITION")
	case "DROP":
		return word(1) == "DATABASE"
	}
	return false
}
