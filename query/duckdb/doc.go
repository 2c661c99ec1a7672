// Package duckdb answers queries with DuckDB, each in a process of its own.
//
// # The house of a query
//
// Files that strangers wrote are read by a large library in C++. So every query
// runs in a worker process ([Worker], the program's own binary again) that has
// nothing to lose: no environment of ours, no credentials, no network, and of all files
// only its directory:
//
//	<Dir>/query-<id>/in     the query's objects, as hard links; it may read them
//	<Dir>/query-<id>/work   temporary files and the result; it may write them
//
// The kernel holds it to that (Landlock and seccomp, see confine_linux.go),
// DuckDB is locked as well (no external access, no extensions, no settings), and
// the engine bounds its memory, its files and its time, and kills it when the
// query is canceled. A worker that crashes takes one query with it.
//
// The engine decides what is read: it links exact versions of objects, so a
// statement cannot name a file, and an object that was replaced meanwhile is a
// Conflict, never a mixture. Links are gone before Run returns.
//
// Starting a process and DuckDB costs 40 to 50 ms, so some workers are started
// ahead and wait, already confined. A worker serves one query and ends, or one session.
//
// # Sessions
//
// What dashboards ask is asked again and again of the same file, and must not wait for
// a process. [Sessions] are workers that hold one Parquet file open and answer statement
// after statement, each in the same confinement, with a bound on memory of its own.
//
// # Tables
//
// Each table reference becomes a view, lake.t0, lake.t1, ..., with the columns
// the statement uses, of the dialect's storage types. Parquet columns are found
// by name; stored types are checked against the table's as Trino does, and read
// without a cast where they are equal. Text tables follow Hive's LazySimpleSerDe
// and OpenCSVSerde, JSON lines the openx and hcatalog classes. Partition values
// stand in directory names, from which DuckDB skips files before it opens them.
//
// # Errors
//
// They are of the kinds of package lethe and never name a local file: BadData
// with the object's name for a file that is not what its table says, Exhausted
// for memory, space or time, Conflict for an object replaced while the query was
// prepared (run it again), Unsupported for a table's format, Invalid for a
// failing expression.
package duckdb
