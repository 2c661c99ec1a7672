package trinosql

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestScriptsAreSplit(t *testing.T) {
	for _, c := range []struct {
		script string
		want   []string
	}{
		{"", nil},
		{";;", nil},
		{"-- only a comment", nil},
		{"SELECT 1", []string{"SELECT 1"}},
		{"SELECT 1; SELECT 2;", []string{"SELECT 1", "SELECT 2"}},
		{"SELECT ';'; SELECT \";\" -- ;\n; /* ; */ SELECT 3", []string{"SELECT ';'", "SELECT \";\" -- ;", "/* ; */ SELECT 3"}},
		{`MSCK REPAIR TABLE t; ALTER TABLE t SET TBLPROPERTIES ("a\";"='b\';'); SELECT 'a\'; SELECT 2`,
			[]string{"MSCK REPAIR TABLE t", `ALTER TABLE t SET TBLPROPERTIES ("a\";"='b\';')`, `SELECT 'a\'`, "SELECT 2"}},
		{"SELECT 'open; SELECT 2", []string{"SELECT 'open", "SELECT 2"}},
	} {
		if got := Split(c.script); !slices.Equal(got, c.want) {
			t.Errorf("%q is split into %q, want %q", c.script, got, c.want)
		}
	}
}

func must[T Statement](t *testing.T, sql string) T {
	t.Helper()
	st, err := Parse(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	s, ok := st.(T)
	if !ok {
		t.Fatalf("%s is a %T", sql, st)
	}
	return s
}

func TestCreateExternalTable(t *testing.T) {
	c := must[*CreateTable](t, "CREATE EXTERNAL TABLE IF NOT EXISTS `covid`.`jhu` (`province` string, country string COMMENT 'c', m map<string,int>, s struct<a:int,b:array<string>>) "+
		"COMMENT 'all' PARTITIONED BY (dt string, h int COMMENT 'hour') CLUSTERED BY (country) INTO 4 BUCKETS "+
		"ROW FORMAT SERDE 'org.example.Serde' WITH SERDEPROPERTIES ('separatorChar' = ',', \"quoteChar\" = '\"') "+
		"STORED AS INPUTFORMAT 'in' OUTPUTFORMAT 'out' LOCATION 's3://b/p/' TBLPROPERTIES ('skip.header.line.count'='1', 'x'='a\\'b')")
	if !c.Hive || !c.External || !c.IfNotExists || c.Table.String() != "covid.jhu" {
		t.Errorf("head: %+v", c)
	}
	var cols []string
	for _, d := range append(slices.Clip(c.Cols), c.Partitioned...) {
		typ, err := ResolveType(d.Type, true)
		if err != nil {
			t.Fatal(err)
		}
		comment := ""
		if d.Comment != nil {
			comment = *d.Comment
		}
		cols = append(cols, fmt.Sprintf("%s %s %q", d.Name.Text, typ, comment))
	}
	want := []string{`province varchar ""`, `country varchar "c"`, `m map(varchar, integer) ""`, `s row(a integer, b array(varchar)) ""`, `dt varchar ""`, `h integer "hour"`}
	if !slices.Equal(cols, want) {
		t.Errorf("columns %q", cols)
	}
	if *c.Comment != "all" || c.Buckets != 4 || c.Clustered[0].Text != "country" || c.SerDe != "org.example.Serde" || c.InputFormat != "in" ||
		c.OutputFormat != "out" || c.Location != "s3://b/p/" {
		t.Errorf("clauses: %+v", c)
	}
	if got := showProps(c.SerDeProps); got != `separatorChar="," quoteChar="\""` {
		t.Errorf("serde properties %s", got)
	}
	if got := showProps(c.TblProperties); got != `skip.header.line.count="1" x="a'b"` {
		t.Errorf("table properties %s", got)
	}
}

func showProps(props []Prop) string {
	var out []string
	for _, p := range props {
		out = append(out, fmt.Sprintf("%s%s%q", p.Name, p.Op, p.X.(*Literal).Val))
	}
	return strings.Join(out, " ")
}

func TestRowFormatDelimited(t *testing.T) {
	c := must[*CreateTable](t, `CREATE EXTERNAL TABLE t (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' ESCAPED BY '\\' COLLECTION ITEMS TERMINATED BY '\002' MAP KEYS TERMINATED BY '\u0003' LINES TERMINATED BY '\n' NULL DEFINED AS '\\N' STORED AS textfile LOCATION 's3://b/'`)
	f := c.RowFormat
	if *f.Fields != "\t" || *f.Escaped != `\` || *f.Items != "\x02" || *f.MapKeys != "\x03" || *f.Lines != "\n" || *f.Null != `\N` || c.StoredAs != "TEXTFILE" {
		t.Errorf("%q %q %q %q %q %q %q", *f.Fields, *f.Escaped, *f.Items, *f.MapKeys, *f.Lines, *f.Null, c.StoredAs)
	}
}

func TestIcebergTable(t *testing.T) {
	c := must[*CreateTable](t, "CREATE TABLE db.ice (id bigint, ts timestamp) PARTITIONED BY (day(ts), bucket(16, id), id) LOCATION 's3://b/' TBLPROPERTIES ('table_type'='ICEBERG')")
	var got []string
	for _, x := range c.Transforms {
		got = append(got, FormatExpr(x))
	}
	if !slices.Equal(got, []string{"day(ts)", "bucket(16, id)", "id"}) {
		t.Errorf("transforms %q", got)
	}
}

func TestAlterTable(t *testing.T) {
	for _, c := range []struct {
		sql    string
		action AlterAction
		check  func(*AlterTable) bool
	}{
		{"ALTER TABLE t ADD IF NOT EXISTS PARTITION (dt='a', h=3) LOCATION 's3://x/' PARTITION (dt='b')", AddPartition, func(a *AlterTable) bool {
			return a.IfNotExists && len(a.Partitions) == 2 && a.Partitions[0].Location == "s3://x/" && showProps(a.Partitions[0].Spec) == `dt="a" h="3"`
		}},
		{"ALTER TABLE t DROP IF EXISTS PARTITION (dt < 'a'), PARTITION (dt = 'b')", DropPartition, func(a *AlterTable) bool {
			return a.IfMember && len(a.Partitions) == 2 && showProps(a.Partitions[0].Spec) == `dt<"a"`
		}},
		{"ALTER TABLE t PARTITION (dt='a') RENAME TO PARTITION (dt='b')", RenamePartition, func(a *AlterTable) bool { return showProps(a.Partitions[1].Spec) == `dt="b"` }},
		{"ALTER TABLE t PARTITION (dt='a') SET LOCATION 's3://x/'", SetPartitionLocation, func(a *AlterTable) bool { return a.Location == "s3://x/" }},
		{"ALTER TABLE t ADD COLUMNS (x string, y int COMMENT 'c')", AddColumns, func(a *AlterTable) bool { return len(a.Cols) == 2 && *a.Cols[1].Comment == "c" }},
		{"ALTER TABLE t REPLACE COLUMNS (x string)", ReplaceColumns, func(a *AlterTable) bool { return len(a.Cols) == 1 }},
		{"ALTER TABLE t CHANGE a b bigint COMMENT 'c' AFTER x", ChangeColumn, func(a *AlterTable) bool {
			return a.Names[0].String() == "a" && a.Cols[0].Name.Text == "b" && a.After.Text == "x"
		}},
		{"ALTER TABLE t SET TBLPROPERTIES ('a'='b')", SetTblProperties, func(a *AlterTable) bool { return showProps(a.Props) == `a="b"` }},
		{"ALTER TABLE t UNSET TBLPROPERTIES IF EXISTS ('a')", UnsetTblProperties, func(a *AlterTable) bool { return a.Props[0].Name == "a" }},
		{"ALTER TABLE t SET LOCATION 's3://y/'", SetLocation, func(a *AlterTable) bool { return a.Location == "s3://y/" }},
		{"ALTER TABLE IF EXISTS t RENAME TO u", RenameTable, func(a *AlterTable) bool { return a.IfExists && a.Names[0].String() == "u" }},
		{"ALTER TABLE t RENAME COLUMN a TO b", RenameColumn, func(a *AlterTable) bool { return len(a.Names) == 2 }},
		{"ALTER TABLE t DROP COLUMN a", DropColumn, func(a *AlterTable) bool { return a.Names[0].String() == "a" }},
		{"ALTER TABLE t ADD COLUMN IF NOT EXISTS a integer FIRST", AddColumn, func(a *AlterTable) bool { return a.IfNotExists && a.First }},
		{"ALTER TABLE t SET PROPERTIES x = 1, y = DEFAULT", SetProperties, func(a *AlterTable) bool { return a.Props[1].X == nil }},
	} {
		a := must[*AlterTable](t, c.sql)
		if a.Action != c.action || !c.check(a) {
			t.Errorf("%s: %+v", c.sql, a)
		}
	}
}

func TestShowAndDescribe(t *testing.T) {
	for _, c := range []struct{ sql, what, name, in, like string }{
		{"SHOW TABLES", "TABLES", "", "", ""},
		{"SHOW TABLES IN db 'cust*|o*'", "TABLES", "", "db", "cust*|o*"},
		{"SHOW TABLES FROM db LIKE 'a%'", "TABLES", "", "db", "a%"},
		{"SHOW DATABASES LIKE 'a*'", "SCHEMAS", "", "", "a*"},
		{"SHOW SCHEMAS", "SCHEMAS", "", "", ""},
		{"SHOW COLUMNS IN t FROM db", "COLUMNS", "t", "db", ""},
		{"SHOW COLUMNS FROM db.t", "COLUMNS", "db.t", "", ""},
		{"SHOW PARTITIONS db.t", "PARTITIONS", "db.t", "", ""},
		{"SHOW CREATE TABLE `db`.`t`", "CREATE TABLE", "db.t", "", ""},
		{"SHOW CREATE VIEW v", "CREATE VIEW", "v", "", ""},
		{"SHOW TBLPROPERTIES t('x')", "TBLPROPERTIES", "t", "", ""},
		{"SHOW VIEWS IN db LIKE 'v*'", "VIEWS", "", "db", "v*"},
	} {
		s := must[*Show](t, c.sql)
		like := ""
		if s.Like != nil {
			like = *s.Like
		}
		if s.What != c.what || s.Name.String() != c.name || s.In.String() != c.in || like != c.like {
			t.Errorf("%s: %+v", c.sql, s)
		}
	}
	d := must[*Describe](t, "DESCRIBE FORMATTED db.t PARTITION (dt='x') col.field")
	if d.Kind != "FORMATTED" || d.Name.String() != "db.t" || showProps(d.Part) != `dt="x"` || len(d.Col) != 2 {
		t.Errorf("%+v", d)
	}
	if d := must[*Describe](t, "DESC input"); d.Kind != "" || d.Name.String() != "input" {
		t.Errorf("%+v", d)
	}
}

func TestStatementsKeepTheirText(t *testing.T) {
	p := must[*Prepare](t, "PREPARE q FROM SELECT a FROM t WHERE a = ? -- end\n;")
	if p.Text != "SELECT a FROM t WHERE a = ?" || p.Params() != 1 || p.Stmt.Params() != 1 {
		t.Errorf("%q, %d parameters", p.Text, p.Params())
	}
	v := must[*CreateView](t, "CREATE OR REPLACE VIEW v AS (SELECT 1 AS a) ;")
	if v.Text != "(SELECT 1 AS a)" || !v.Replace {
		t.Errorf("%+v", v)
	}
	u := must[*Unload](t, "UNLOAD (SELECT 1) TO 's3://b/' WITH (format = 'PARQUET', partitioned_by = ARRAY['a'])")
	if u.To != "s3://b/" || len(u.Props) != 2 || u.Props[1].Name != "partitioned_by" {
		t.Errorf("%+v", u)
	}
	e := must[*Execute](t, "EXECUTE q USING 1, 'x'")
	if e.Name.Text != "q" || len(e.Using) != 2 {
		t.Errorf("%+v", e)
	}
	if o := must[*Other](t, "SET SESSION a = 1"); o.Verb != "SET SESSION" || o.Text != "SET SESSION a = 1" {
		t.Errorf("%+v", o)
	}
	if o := must[*Other](t, "GRANT SELECT ON t TO u;"); o.Text != "GRANT SELECT ON t TO u" {
		t.Errorf("%+v", o)
	}
}

// TestSubqueriesAndRowsAreToldApart checks the places where only what follows
// the parentheses tells a query from an expression or a relation.
func TestSubqueriesAndRowsAreToldApart(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"((SELECT 1), 2)", "*trinosql.Row"},
		{"((SELECT 1))", "*trinosql.Subquery"},
		{"((SELECT 1) UNION (SELECT 2))", "*trinosql.Subquery"},
		{"((SELECT 1) + 1)", "*trinosql.Binary"},
		{"(((SELECT 1) + 1))", "*trinosql.Binary"},
		{"((SELECT 1) LIMIT 1)", "*trinosql.Subquery"},
		{"(VALUES 1)", "*trinosql.Subquery"},
		{"(TABLE t)", "*trinosql.Subquery"},
		{"a IN ((SELECT 1), 2)", "*trinosql.In"},
		{"(a, b) -> a", "*trinosql.Lambda"},
		{"(a, b)", "*trinosql.Row"},
		{"() -> 1", "*trinosql.Lambda"},
	} {
		x, err := ParseExpr(c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
		} else if got := fmt.Sprintf("%T", x); got != c.want {
			t.Errorf("%s is a %s, want %s", c.sql, got, c.want)
		}
	}
	for _, sql := range []string{
		"SELECT * FROM ((SELECT 1) UNION (SELECT 2)) x",
		"SELECT * FROM ((SELECT 1) AS a CROSS JOIN b)",
		"SELECT * FROM (((SELECT 1) AS a))",
		"SELECT * FROM ((SELECT 1) LIMIT 1)",
		"SELECT * FROM ((SELECT 1) limit JOIN b ON true)",
		"(SELECT 1) UNION ALL ((SELECT 2) EXCEPT SELECT 3) ORDER BY 1",
		"INSERT INTO t (a, b) (SELECT 1, 2)",
		"INSERT INTO t (SELECT 1)",
		"INSERT INTO t ((SELECT 1) UNION SELECT 2)",
	} {
		if _, err := Parse(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestUnicodeStrings(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{`U&'\0041\+01F600'`, "A😀"},
		{`U&'a#0041##' UESCAPE '#'`, "aA#"},
		{`U&'it''s'`, "it's"},
	} {
		x, err := ParseExpr(c.sql)
		if err != nil || x.(*Literal).Val != c.want {
			t.Errorf("%s: %v, %v", c.sql, x, err)
		}
	}
	for _, bad := range []string{`U&'\00'`, `U&'\D800'`, `U&'a' UESCAPE '+'`, `U&'a' UESCAPE 'ab'`, `X'0'`, `X'0g'`} {
		if x, err := ParseExpr(bad); err == nil {
			t.Errorf("%s is read as %s", bad, FormatExpr(x))
		}
	}
}
