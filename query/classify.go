package query

import "lethe/lib/trinosql"

// class is what Athena says of a kind of statement: its type and subtype, and
// what it adds to an execution's id to name the result file.
type class struct {
	typ, subtype string
	suffix       string
}

// alterSubtypes are Athena's words for the actions of ALTER TABLE.
var alterSubtypes = map[trinosql.AlterAction]string{
	trinosql.AddPartition:         "ALTER_TABLE_ADD_PARTITION",
	trinosql.DropPartition:        "ALTER_TABLE_DROP_PARTITION",
	trinosql.RenamePartition:      "ALTER_TABLE_RENAME_PARTITION",
	trinosql.SetPartitionLocation: "ALTER_TABLE_SET_LOCATION",
	trinosql.AddColumns:           "ALTER_TABLE_ADD_COLUMN",
	trinosql.ReplaceColumns:       "ALTER_TABLE_REPLACE_COLUMN",
	trinosql.ChangeColumn:         "ALTER_TABLE_CHANGE_COLUMN",
	trinosql.DropColumn:           "ALTER_TABLE_DROP_COLUMN",
	trinosql.RenameTable:          "ALTER_TABLE_RENAME",
	trinosql.SetTblProperties:     "ALTER_TABLE_PROPERTIES",
	trinosql.UnsetTblProperties:   "ALTER_TABLE_PROPERTIES",
	trinosql.SetLocation:          "ALTER_TABLE_SET_LOCATION",
}

// showSubtypes are Athena's words for what SHOW shows.
var showSubtypes = map[string]string{
	"SCHEMAS":       "SHOW_DATABASES",
	"TABLES":        "SHOW_TABLES",
	"VIEWS":         "SHOW_VIEWS",
	"COLUMNS":       "SHOW_COLUMNS",
	"PARTITIONS":    "SHOW_PARTITIONS",
	"TBLPROPERTIES": "SHOW_TABLE_PROPERTIES",
	"CREATE TABLE":  "SHOW_CREATE_TABLE",
	"CREATE VIEW":   "SHOW_CREATE_VIEW",
}

func classify(stmt trinosql.Statement) class {
	switch stmt := stmt.(type) {
	case *trinosql.QueryStmt:
		return class{"DML", "SELECT", ".csv"}
	case *trinosql.Insert:
		return class{"DML", "INSERT", ""}
	case *trinosql.Delete:
		return class{"DML", "DELETE", ".csv"}
	case *trinosql.Update:
		return class{"DML", "UPDATE", ".csv"}
	case *trinosql.Merge:
		return class{"DML", "MERGE", ".csv"}
	case *trinosql.Unload:
		return class{"DML", "UNLOAD", ""}
	case *trinosql.Explain:
		return class{"DML", "EXPLAIN", ".txt"}
	case *trinosql.CreateTableAs:
		return class{"DDL", "CREATE_TABLE_AS_SELECT", ""}
	case *trinosql.CreateTable:
		return class{"DDL", "CREATE_TABLE", ".txt"}
	case *trinosql.CreateView:
		return class{"DDL", "CREATE_VIEW", ".txt"}
	case *trinosql.CreateSchema:
		return class{"DDL", "CREATE_DATABASE", ".txt"}
	case *trinosql.Drop:
		switch stmt.Kind {
		case "SCHEMA":
			return class{"DDL", "DROP_DATABASE", ".txt"}
		case "VIEW":
			return class{"DDL", "DROP_VIEW", ".txt"}
		}
		return class{"DDL", "DROP_TABLE", ".txt"}
	case *trinosql.AlterTable:
		return class{"DDL", alterSubtypes[stmt.Action], ".txt"}
	case *trinosql.Msck:
		return class{"DDL", "MSCK_REPAIR", ".txt"}
	case *trinosql.Show:
		return class{"UTILITY", showSubtypes[stmt.What], ".txt"}
	case *trinosql.Describe:
		return class{"UTILITY", "DESCRIBE_TABLE", ".txt"}
	}
	return class{"UTILITY", "", ".txt"}
}
