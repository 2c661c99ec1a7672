// Package hms has the types of the Hive metastore's Thrift interface, for servers
// and clients. metastore.idl is the interface, metastore.go is written from it.
//
// The interface is the union of those of Hive 2.3, 3.1, 4.0 and 4.1: clients of
// all of them can be answered with the same types, because Thrift's fields have
// numbers, unknown ones are skipped and absent ones are null. Where versions
// differ, the union takes what all can read:
//
//   - get_table and get_table_objects_by_name, which metastores since 4.0.1 lack,
//     are there.
//   - engine is optional everywhere: 4.0 demands it of clients, older clients do
//     not know it.
//   - CreateDatabaseRequest has no type, which is a string in 4.0 and a number in
//     4.1. SkewedInfo has no map of values to locations.
//
// Transactions of ACID tables, workload management, the schema registry, stored
// procedures and replication have no types: their methods are in Unanswered.
package hms

//go:generate go run lethe/lib/thrift/gen metastore.idl hms metastore.go

import "lethe/lib/thrift"

// Result is a method's answer.
type Result interface {
	thrift.Result
	// Throw makes an exception the answer. It answers false if the method cannot
	// throw it.
	Throw(error) bool
}

// Method makes the arguments and the answer of a method.
type Method struct {
	Args   func() thrift.Struct
	Result func() Result
	Oneway bool // nothing is answered
}
