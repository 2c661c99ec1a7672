package query

import (
	"context"
	"maps"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/trinosql"
)

func (e *executor) createTable(ctx context.Context, stmt *trinosql.CreateTable) error {
	cat, db, name, err := e.name(stmt.Table)
	if err != nil {
		return err
	}
	c, err := e.permit(ctx, cat, "glue:CreateTable", db, name)
	if err != nil {
		return err
	}
	t, err := e.define(ctx, stmt, db, name)
	if err != nil {
		return err
	}
	err = c.CreateTable(ctx, t)
	if stmt.IfNotExists && lethe.Is(err, lethe.Exists) {
		return nil
	}
	return missing(err, db, "")
}

// define turns CREATE EXTERNAL TABLE into the table that it describes.
func (e *executor) define(ctx context.Context, stmt *trinosql.CreateTable, db, name string) (t catalog.Table, err error) {
	at := stmt.Pos()
	if !stmt.External {
		return t, lethe.Errorf(lethe.Unsupported, "NOT_SUPPORTED: %s: only external tables can be created", at).WithHint("write CREATE EXTERNAL TABLE ... LOCATION 's3://...'")
	}
	for what, has := range map[string]bool{"partition transforms": len(stmt.Transforms) > 0, "LIKE": len(stmt.Like) > 0, "SORTED BY": len(stmt.Sorted) > 0} {
		if has {
			return t, lethe.Errorf(lethe.Unsupported, "NOT_SUPPORTED: %s: %s is not supported in CREATE EXTERNAL TABLE", at, what)
		}
	}
	if stmt.Location == "" {
		return t, lethe.Errorf(lethe.Invalid, "%s: No location was specified for table. An S3 location must be specified", at)
	}
	l, err := lethe.ParseLocation(stmt.Location)
	if err != nil {
		return t, err
	}
	if err := e.Access.Decide(ctx, lethe.PrincipalOf(ctx), "s3:ListBucket", lethe.BucketARN(l.Bucket)); err != nil {
		return t, err
	}
	t = catalog.Table{Database: db, Name: name, Type: catalog.ExternalTable, Owner: lethe.PrincipalOf(ctx).Name, Created: time.Now().UTC()}
	if t.Parameters, err = properties(stmt.TblProperties); err != nil {
		return t, err
	}
	t.Parameters["EXTERNAL"] = "TRUE"
	if stmt.Comment != nil {
		t.Parameters["comment"] = *stmt.Comment
	}
	if t.Storage, err = storage(stmt); err != nil {
		return t, err
	}
	for _, def := range stmt.Cols {
		col, err := column(def)
		if err != nil {
			return t, err
		}
		t.Storage.Columns = append(t.Storage.Columns, col)
	}
	for _, def := range stmt.Partitioned {
		if def.Type == nil {
			return t, lethe.Errorf(lethe.Invalid, "%s: the type of partition column %s is missing", def.Name.Pos, def.Name.Text)
		}
		col, err := column(def)
		if err != nil {
			return t, err
		}
		t.Partitions = append(t.Partitions, col)
	}
	return t, nil
}

// column reads a column's definition, with its type in Hive's spelling.
func column(def trinosql.ColumnDef) (catalog.Column, error) {
	c := catalog.Column{Name: strings.ToLower(def.Name.Text)}
	if def.Comment != nil {
		c.Comment = *def.Comment
	}
	typ, err := trinosql.ResolveType(def.Type, true)
	if err != nil {
		return c, syntax(err)
	}
	var ok bool
	if c.Type, ok = typ.HiveString(); !ok {
		return c, lethe.Errorf(lethe.Invalid, "%s: column %s: tables cannot have columns of type %s", def.Name.Pos, def.Name.Text, typ)
	}
	return c, nil
}

// storage reads where and how a table's files are.
func storage(stmt *trinosql.CreateTable) (s catalog.Storage, err error) {
	f := catalog.TextFile
	switch stmt.StoredAs {
	case "", "TEXTFILE":
	case "PARQUET":
		f = catalog.Parquet
	case "JSONFILE":
		f = catalog.JSON
		f.SerDe = "org.apache.hive.hcatalog.data.JsonSerDe"
	default:
		return s, lethe.Errorf(lethe.Unsupported, "NOT_SUPPORTED: %s: STORED AS %s is not supported", stmt.Pos(), stmt.StoredAs).
			WithHint("use PARQUET, TEXTFILE or JSONFILE")
	}
	s = catalog.Storage{Location: stmt.Location, InputFormat: f.InputFormat, OutputFormat: f.OutputFormat, BucketCount: -1,
		SerDe: catalog.SerDe{Library: f.SerDe}}
	if stmt.InputFormat != "" {
		s.InputFormat, s.OutputFormat = stmt.InputFormat, stmt.OutputFormat
		if stmt.InputFormat == catalog.Parquet.InputFormat && stmt.SerDe == "" {
			s.SerDe.Library = catalog.Parquet.SerDe
		}
	}
	if stmt.SerDe != "" {
		s.SerDe.Library = stmt.SerDe
		if stmt.SerDe == catalog.Parquet.SerDe && stmt.InputFormat == "" {
			s.InputFormat, s.OutputFormat = catalog.Parquet.InputFormat, catalog.Parquet.OutputFormat
		}
	}
	if s.SerDe.Parameters, err = properties(stmt.SerDeProps); err != nil {
		return s, err
	}
	maps.Copy(s.SerDe.Parameters, rowFormat(stmt.RowFormat))
	if s.SerDe.Library == catalog.TextFile.SerDe && s.SerDe.Parameters["serialization.format"] == "" {
		s.SerDe.Parameters["serialization.format"] = "1"
		if d := s.SerDe.Parameters["field.delim"]; d != "" {
			s.SerDe.Parameters["serialization.format"] = d
		}
	}
	for _, c := range stmt.Clustered {
		s.BucketColumns = append(s.BucketColumns, strings.ToLower(c.Text))
	}
	if stmt.Buckets > 0 {
		s.BucketCount = stmt.Buckets
	}
	return s, nil
}

// rowFormat names the parts of ROW FORMAT DELIMITED as Hive's SerDe does.
func rowFormat(f *trinosql.RowFormat) map[string]string {
	m := map[string]string{}
	if f == nil {
		return m
	}
	for name, v := range map[string]*string{
		"field.delim": f.Fields, "escape.delim": f.Escaped, "colelction.delim": f.Items, // Hive's spelling
		"mapkey.delim": f.MapKeys, "line.delim": f.Lines, "serialization.null.format": f.Null,
	} {
		if v != nil {
			m[name] = *v
		}
	}
	return m
}
