package query

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"lethe"
	"lethe/catalog"
	"lethe/lib/trinosql"
)

// The layout of rows and the names of columns below are the real service's, as
// https://github.com/aoyagikouhei/athena-local (docs/result-files.md) measured
// them in September 2026.

// show answers SHOW from the catalog.
func (e *executor) show(ctx context.Context, stmt *trinosql.Show) (table, error) {
	switch stmt.What {
	case "SCHEMAS":
		return e.showDatabases(ctx, stmt)
	case "TABLES", "VIEWS":
		return e.showTables(ctx, stmt)
	case "CATALOGS":
		return e.showCatalogs(ctx, stmt)
	}
	cat, db, name, err := e.name(stmt.Name)
	if err != nil {
		return table{}, err
	}
	c, t, err := e.table(ctx, cat, db, name)
	if err != nil {
		return table{}, missing(err, db, name)
	}
	switch stmt.What {
	case "COLUMNS":
		out := table{columns: textColumns("field")}
		for _, col := range t.Columns() {
			out.rows = append(out.rows, pad(col.Name))
		}
		return out, nil
	case "PARTITIONS":
		return showPartitions(ctx, c, t)
	case "CREATE TABLE":
		if t.Type == catalog.VirtualView {
			return table{}, lethe.Errorf(lethe.Invalid, "%s.%s is a view", db, name).WithHint("use SHOW CREATE VIEW")
		}
		return table{textColumns("createtab_stmt"), strings.Split(CreateTable(t), "\n")}, nil
	case "TBLPROPERTIES":
		return showProperties(t, stmt.Key)
	}
	return table{}, lethe.Errorf(lethe.Unsupported, "SHOW %s is not supported", stmt.What)
}

func (e *executor) showDatabases(ctx context.Context, stmt *trinosql.Show) (table, error) {
	cat := e.request.catalog()
	if len(stmt.In) > 0 {
		cat = strings.ToLower(stmt.In[0].Text)
	}
	c, err := e.permit(ctx, cat, "glue:GetDatabases", "", "")
	if err != nil {
		return table{}, err
	}
	like, err := pattern(stmt)
	if err != nil {
		return table{}, err
	}
	ds, err := c.Databases(ctx)
	if err != nil {
		return table{}, err
	}
	out := table{columns: textColumns("database_name")}
	for _, d := range ds {
		if like(d.Name) {
			out.rows = append(out.rows, d.Name)
		}
	}
	return out, nil
}

func (e *executor) showCatalogs(ctx context.Context, stmt *trinosql.Show) (table, error) {
	if err := e.Access.Decide(ctx, lethe.PrincipalOf(ctx), "athena:ListDataCatalogs", "*"); err != nil {
		return table{}, err
	}
	like, err := pattern(stmt)
	if err != nil {
		return table{}, err
	}
	ds, err := e.DataCatalogs(ctx)
	if err != nil {
		return table{}, err
	}
	out := table{columns: textColumns("catalog")}
	for _, d := range ds {
		if like(strings.ToLower(d.Name)) {
			out.rows = append(out.rows, strings.ToLower(d.Name))
		}
	}
	return out, nil
}

func (e *executor) showTables(ctx context.Context, stmt *trinosql.Show) (table, error) {
	cat, db, err := e.databaseName(stmt.In)
	if err != nil {
		return table{}, err
	}
	c, err := e.permit(ctx, cat, "glue:GetTables", db, "")
	if err != nil {
		return table{}, err
	}
	like, err := pattern(stmt)
	if err != nil {
		return table{}, err
	}
	out := table{columns: textColumns("tab_name")}
	if stmt.What == "VIEWS" {
		out.columns = []Column{{Name: "views", Type: "varchar"}}
		ts, err := c.Tables(ctx, db)
		if err != nil {
			return table{}, missing(err, db, "")
		}
		for _, t := range ts {
			if t.Type == catalog.VirtualView && like(t.Name) {
				out.rows = append(out.rows, t.Name)
			}
		}
		return out, nil
	}
	names, err := c.TableNames(ctx, db)
	if err != nil {
		return table{}, missing(err, db, "")
	}
	for _, n := range names {
		if like(n) {
			out.rows = append(out.rows, n)
		}
	}
	return out, nil
}

func showPartitions(ctx context.Context, c catalog.Catalog, t catalog.Table) (table, error) {
	if len(t.Partitions) == 0 {
		return table{}, lethe.Errorf(lethe.Invalid, "Table %s.%s is not a partitioned table", t.Database, t.Name)
	}
	names, err := c.PartitionNames(ctx, t.Database, t.Name, catalog.PartitionPage{})
	return table{textColumns("partition"), names}, err
}

func showProperties(t catalog.Table, key string) (table, error) {
	out := table{columns: textColumns("prpt_name", "prpt_value")}
	for _, k := range sortedKeys(t.Parameters) {
		if key == "" || k == key {
			out.rows = append(out.rows, k+"\t"+t.Parameters[k])
		}
	}
	if key != "" && len(out.rows) == 0 {
		return table{}, lethe.Errorf(lethe.NotFound, "Table %s.%s does not have property: %s", t.Database, t.Name, key)
	}
	return out, nil
}

// describe answers DESCRIBE table [column].
func (e *executor) describe(ctx context.Context, stmt *trinosql.Describe) (table, error) {
	if stmt.Kind != "" || len(stmt.Part) > 0 {
		return table{}, lethe.Errorf(lethe.Unsupported, "DESCRIBE %s is not supported", stmt.Kind).WithHint("use DESCRIBE table, or SHOW CREATE TABLE for all there is to know")
	}
	cat, db, name, err := e.name(stmt.Name)
	if err != nil {
		return table{}, err
	}
	_, t, err := e.table(ctx, cat, db, name)
	if err != nil {
		return table{}, missing(err, db, name)
	}
	out := table{columns: textColumns("col_name", "data_type", "comment")}
	line := func(c catalog.Column) string {
		comment, _, _ := strings.Cut(pad(c.Comment), "\t")
		return pad(c.Name) + "\t" + pad(c.Type) + "\t" + oneLine(comment)
	}
	if len(stmt.Col) > 0 {
		want := strings.ToLower(stmt.Col[0].Text)
		for _, c := range t.Columns() {
			if c.Name == want && len(stmt.Col) == 1 {
				out.rows = append(out.rows, line(c))
				return out, nil
			}
		}
		return table{}, lethe.Errorf(lethe.Invalid, "COLUMN_NOT_FOUND: %s: Column '%s' does not exist in %s.%s", stmt.Col[0].Pos, want, db, name)
	}
	for _, c := range t.Columns() {
		out.rows = append(out.rows, line(c))
	}
	if len(t.Partitions) > 0 {
		out.rows = append(out.rows, "\t \t ", "# Partition Information\t \t ",
			pad("# col_name")+"\t"+pad("data_type")+"\t"+pad("comment"), "\t \t ")
		for _, c := range t.Partitions {
			out.rows = append(out.rows, line(c))
		}
	}
	return out, nil
}

// pad fills a value up to 20 characters, as Hive's shell does.
func pad(s string) string {
	if n := utf8.RuneCountInString(s); n < 20 {
		return s + strings.Repeat(" ", 20-n)
	}
	return s
}

func oneLine(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }

// missing says which name it is that the catalog does not know.
func missing(err error, database, name string) error {
	if !lethe.Is(err, lethe.NotFound) {
		return err
	}
	if name == "" {
		return lethe.Errorf(lethe.NotFound, "SCHEMA_NOT_FOUND: Database %s not found", database).WithHint("list the databases with SHOW DATABASES")
	}
	return lethe.Errorf(lethe.NotFound, "TABLE_NOT_FOUND: Table %s.%s not found", database, name).WithHint("list the tables with SHOW TABLES IN %s", database)
}

// pattern returns the test that SHOW ... LIKE makes of a name. It is Hive's: *
// stands for any characters and | separates alternatives, .* is read as *, and
// so is %, which Trino's users write and no name can hold.
func pattern(stmt *trinosql.Show) (func(string) bool, error) {
	if stmt.Like == nil {
		return func(string) bool { return true }, nil
	}
	like := strings.NewReplacer(".*", "*", "%", "*").Replace(*stmt.Like)
	expr := strings.NewReplacer(`\*`, ".*", `\|`, "|").Replace(regexp.QuoteMeta(like))
	re, err := regexp.Compile("(?is)^(?:" + expr + ")$")
	if err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "the pattern %q cannot be used: %w", *stmt.Like, err)
	}
	return re.MatchString, nil
}

// CreateTable writes the statement that makes a table as it is, in the form of
// SHOW CREATE TABLE.
func CreateTable(t catalog.Table) string {
	var b strings.Builder
	kind := "EXTERNAL TABLE"
	if t.Type == catalog.ManagedTable {
		kind = "TABLE"
	}
	fmt.Fprintf(&b, "CREATE %s %s(\n", kind, trinosql.QuoteHiveName(t.Database+"."+t.Name))
	writeColumns(&b, t.Storage.Columns)
	if c := t.Parameters["comment"]; c != "" {
		fmt.Fprintf(&b, "\nCOMMENT %s", trinosql.QuoteHiveString(c))
	}
	if len(t.Partitions) > 0 {
		b.WriteString("\nPARTITIONED BY ( \n")
		writeColumns(&b, t.Partitions)
	}
	if n := len(t.Storage.BucketColumns); n > 0 {
		quoted := make([]string, n)
		for i, c := range t.Storage.BucketColumns {
			quoted[i] = trinosql.QuoteHiveName(c)
		}
		fmt.Fprintf(&b, "\nCLUSTERED BY (%s) INTO %d BUCKETS", strings.Join(quoted, ", "), t.Storage.BucketCount)
	}
	fmt.Fprintf(&b, "\nROW FORMAT SERDE \n  %s ", trinosql.QuoteHiveString(t.Storage.SerDe.Library))
	if p := t.Storage.SerDe.Parameters; len(p) > 0 {
		b.WriteString("\nWITH SERDEPROPERTIES ( \n")
		writeProperties(&b, p, nil)
		b.WriteString(") ")
	}
	fmt.Fprintf(&b, "\nSTORED AS INPUTFORMAT \n  %s \nOUTPUTFORMAT \n  %s", trinosql.QuoteHiveString(t.Storage.InputFormat), trinosql.QuoteHiveString(t.Storage.OutputFormat))
	fmt.Fprintf(&b, "\nLOCATION\n  %s", trinosql.QuoteHiveString(t.Storage.Location))
	hidden := []string{"EXTERNAL", "comment"}
	b.WriteString("\nTBLPROPERTIES (\n")
	writeProperties(&b, t.Parameters, hidden)
	b.WriteString(")")
	return b.String()
}

func writeColumns(b *strings.Builder, cs []catalog.Column) {
	for i, c := range cs {
		fmt.Fprintf(b, "  %s %s", trinosql.QuoteHiveName(c.Name), c.Type)
		if c.Comment != "" {
			fmt.Fprintf(b, " COMMENT %s", trinosql.QuoteHiveString(c.Comment))
		}
		if i < len(cs)-1 {
			b.WriteString(", \n")
		}
	}
	b.WriteString(")")
}

func writeProperties(b *strings.Builder, p map[string]string, without []string) {
	first := true
	for _, k := range sortedKeys(p) {
		if slices.Contains(without, k) {
			continue
		}
		if !first {
			b.WriteString(", \n")
		}
		first = false
		fmt.Fprintf(b, "  %s=%s", trinosql.QuoteHiveString(k), trinosql.QuoteHiveString(p[k]))
	}
}
