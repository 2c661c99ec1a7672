// Package trinosql reads SQL in the dialect of Amazon Athena: Trino's SQL, and
// Hive's DDL for tables.
//
// [Parse] turns a statement's text into a syntax tree, [Analyze] finds what the
// tree means: names resolved against a [Resolver], the type of every
// expression, functions and coercions chosen by Trino's rules. Nothing here
// runs a statement or knows an engine.
//
//	stmt, err := trinosql.Parse("SELECT upper(name) FROM people WHERE age > 17")
//	...
//	an, err := trinosql.Analyze(ctx, stmt, resolver, trinosql.Options{Database: "default"})
//	...
//	for _, c := range an.Output {
//		fmt.Println(c.Name, c.Type) // _col0 varchar
//	}
//
// Every error is an [*Error] with a place and Trino's wording: "line 1:8:
// Column 'x' cannot be resolved".
//
// Text is taken as hostile: nesting is limited ([MaxDepth]) so that no input
// exhausts the stack, and time stays near linear in the text's length.
//
// A statement is read as Hive's when only Hive has it (CREATE EXTERNAL TABLE,
// ALTER TABLE ... ADD PARTITION, MSCK, ...). Inside it "text" is a string, `name`
// an identifier and a backslash escapes.
package trinosql
