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
// # Semantics
//
// Rules and messages are those of Trino, as its own tests state them. Where
// versions of Trino differ:
//
//   - char and varchar meet as varchar, without padding, as in current Trino;
//     Athena's engine version 3 still compares them as char.
//   - Arithmetic on decimals has Athena's types: 1.00 / 3.00 is decimal(5,2).
//     Only a product whose digits after the point would not fit gets fewer.
//   - GROUP BY takes ordinals and input columns, not aliases.
//   - NATURAL JOIN, MATCH_RECOGNIZE, JSON_TABLE and table functions are read,
//     and refused by the analysis.
//
// Functions are declared in functions/*.txt, one signature a line; see
// [Functions] and [Signatures]. A function that is not there is an error, which
// makes the table the list of what a statement may call.
//
// # Pruning
//
// For every table that a statement reads, the analysis tells the columns it
// uses ([TableUse.Used]) and conditions that all rows of interest satisfy:
// [TableUse.Predicates] as ranges, and [Analysis.MayMatch] for the values of a
// partition's columns, which also understands conditions that are no ranges.
//
// # Limits
//
// Text is taken as hostile: nesting is limited ([MaxDepth]) so that no input
// exhausts the stack, and time stays near linear in the text's length.
//
// A statement is read as Hive's when only Hive has it (CREATE EXTERNAL TABLE,
// ALTER TABLE ... ADD PARTITION, MSCK, ...). Inside it "text" is a string, `name`
// an identifier and a backslash escapes.
package trinosql
