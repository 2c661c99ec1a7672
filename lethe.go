// Package lethe holds the nouns that every part of lethe shares: errors,
// principals, resource names, locations and ids. It imports the standard
// library only, and every other package may import it.
//
// lethe is a data lake that can forget: one binary that stores, catalogs,
// queries and governs a data lake, and erases a person from it on request. The
// parts are folders of this module, in rings:
//
//	nouns    lethe
//	lib      lib/...        know nothing of lethe
//	config   config
//	service  object, catalog, query, ingest, access, ...
//	driver   object/disk, catalog/store, query/duckdb, ...
//	wire     wire/s3, wire/athena, wire/console, web
//	app      app            introduces the parts to one another
//	cmd      cmd/lethe
//
// A package imports only lower rings and its own ancestors; a test holds this.
package lethe

// Account is the AWS account id under which a lake's resources are named.
const Account = "000000000000"

// DefaultRegion is the region of a lake's resources unless configured. It is
// not us-east-1, where current AWS command lines presign with the retired
// signature version 2.
const DefaultRegion = "eu-central-1"

// DefaultCatalog names the lake's own catalog, as Athena does.
const DefaultCatalog = "AwsDataCatalog"
