package hms

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/lib/hms"
)

// Clients of Hive read lists and maps without asking whether they are there, so
// an answer has empty ones.

func seconds(t time.Time) int32 {
	if t.IsZero() {
		return 0
	}
	return int32(min(max(t.Unix(), 0), math.MaxInt32))
}

func fromSeconds(s int32) time.Time {
	if s <= 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

var principalTypes = map[string]hms.PrincipalType{"": hms.PrincipalTypeUser, "USER": hms.PrincipalTypeUser, "ROLE": hms.PrincipalTypeRole, "GROUP": hms.PrincipalTypeGroup}

func fromPrincipalType(t hms.PrincipalType) string {
	switch t {
	case hms.PrincipalTypeRole:
		return "ROLE"
	case hms.PrincipalTypeGroup:
		return "GROUP"
	}
	return ""
}

// location returns where a database has its tables.
func (s *Server) location(d catalog.Database) string {
	switch {
	case d.Location != "":
		return d.Location
	case d.Name == "default":
		return strings.TrimSuffix(s.Warehouse, "/")
	}
	return below(s.Warehouse, d.Name+".db")
}

// below returns the location of something in a folder.
func below(location, name string) string { return strings.TrimSuffix(location, "/") + "/" + name }

func (s *Server) toDatabase(d catalog.Database) *hms.Database {
	return &hms.Database{Name: d.Name, Description: d.Description, LocationUri: s.location(d), Parameters: orEmpty(d.Parameters),
		OwnerName: d.Owner, OwnerType: principalTypes[d.OwnerType], CatalogName: hiveCatalog, CreateTime: ptr(seconds(d.Created))}
}

func fromDatabase(d *hms.Database) (catalog.Database, error) {
	if d == nil {
		return catalog.Database{}, lethe.Errorf(lethe.Invalid, "there is no database in the call")
	}
	name, err := database(d.Name)
	return catalog.Database{Name: name, Description: d.Description, Location: d.LocationUri, Owner: d.OwnerName,
		OwnerType: fromPrincipalType(d.OwnerType), Parameters: d.Parameters}, err
}

func toColumns(cs []catalog.Column) []*hms.FieldSchema {
	out, all := make([]*hms.FieldSchema, len(cs)), make([]hms.FieldSchema, len(cs))
	for i, c := range cs {
		all[i] = hms.FieldSchema{Name: c.Name, Type: c.Type, Comment: c.Comment}
		out[i] = &all[i]
	}
	return out
}

func fromColumns(fs []*hms.FieldSchema) []catalog.Column {
	out := make([]catalog.Column, len(fs))
	for i, f := range fs {
		out[i] = catalog.Column{Name: f.Name, Type: f.Type, Comment: f.Comment}
	}
	return out
}

// toStorage makes a storage descriptor; columns are made before, for they are
// often those of many.
func toStorage(s *catalog.Storage, columns []*hms.FieldSchema) *hms.StorageDescriptor {
	d := &hms.StorageDescriptor{Cols: columns, Location: s.Location, InputFormat: s.InputFormat, OutputFormat: s.OutputFormat, Compressed: s.Compressed,
		NumBuckets: int32(s.BucketCount), BucketCols: s.BucketColumns, Parameters: orEmpty(s.Parameters), SkewedInfo: &hms.SkewedInfo{}, StoredAsSubDirectories: ptr(false),
		SerdeInfo: &hms.SerDeInfo{Name: s.SerDe.Name, SerializationLib: s.SerDe.Library, Parameters: orEmpty(s.SerDe.Parameters)}}
	for _, c := range s.SortColumns {
		order := int32(0) // descending
		if c.Ascending {
			order = 1
		}
		d.SortCols = append(d.SortCols, &hms.Order{Col: c.Column, Order: order})
	}
	return d
}

func fromStorage(d *hms.StorageDescriptor) catalog.Storage {
	s := catalog.Storage{Columns: fromColumns(d.Cols), Location: d.Location, InputFormat: d.InputFormat, OutputFormat: d.OutputFormat, Compressed: d.Compressed,
		BucketColumns: d.BucketCols, BucketCount: int(d.NumBuckets), Parameters: d.Parameters}
	if e := d.SerdeInfo; e != nil {
		s.SerDe = catalog.SerDe{Name: e.Name, Library: e.SerializationLib, Parameters: e.Parameters}
	}
	for _, o := range d.SortCols {
		s.SortColumns = append(s.SortColumns, catalog.SortColumn{Column: o.Col, Ascending: o.Order == 1})
	}
	return s
}

func toTable(t *catalog.Table) *hms.Table {
	return &hms.Table{TableName: t.Name, DbName: t.Database, Owner: t.Owner, OwnerType: principalTypes[t.OwnerType], CreateTime: seconds(t.Created),
		Sd: toStorage(&t.Storage, toColumns(t.Storage.Columns)), PartitionKeys: toColumns(t.Partitions), Parameters: orEmpty(t.Parameters),
		ViewOriginalText: t.ViewOriginalText, ViewExpandedText: t.ViewExpandedText, TableType: string(t.Type), RewriteEnabled: ptr(false), CatName: hiveCatalog}
}

// fromTable reads a definition. Names in it are those of the call's target unless
// it has its own.
func fromTable(t *hms.Table) (catalog.Table, error) {
	if t == nil || t.Sd == nil {
		return catalog.Table{}, lethe.Errorf(lethe.Invalid, "the call has no table, or one without a storage descriptor")
	}
	db, err := database(t.DbName)
	if err != nil {
		return catalog.Table{}, err
	}
	out := catalog.Table{Database: db, Name: t.TableName, Type: catalog.TableType(t.TableType), Owner: t.Owner, OwnerType: fromPrincipalType(t.OwnerType),
		Created: fromSeconds(t.CreateTime), Partitions: fromColumns(t.PartitionKeys), Storage: fromStorage(t.Sd), Parameters: t.Parameters,
		ViewOriginalText: t.ViewOriginalText, ViewExpandedText: t.ViewExpandedText}
	// A table is external exactly by its parameter, as in Hive: a client that says
	// only the type means a managed one.
	if out.Type == catalog.ExternalTable && !strings.EqualFold(t.Parameters["EXTERNAL"], "true") {
		out.Type = catalog.ManagedTable
	}
	if out.Type == catalog.ManagedTable && strings.EqualFold(t.Parameters["EXTERNAL"], "true") {
		out.Type = catalog.ExternalTable
	}
	return out, nil
}

// partitions makes partitions of a table.
func toPartitions(t *catalog.Table, ps []catalog.Partition) []*hms.Partition {
	out := make([]*hms.Partition, len(ps))
	var shared []*hms.FieldSchema
	for i := range ps {
		p := &ps[i]
		columns := shared
		if p.Storage.Columns != nil {
			columns = toColumns(p.Storage.Columns)
		} else if shared == nil {
			shared = toColumns(t.Storage.Columns)
			columns = shared
		}
		out[i] = &hms.Partition{Values: p.Values, DbName: t.Database, TableName: t.Name, CreateTime: seconds(p.Created),
			Sd: toStorage(&p.Storage, columns), Parameters: orEmpty(p.Parameters), CatName: hiveCatalog}
	}
	return out
}

// lastDDL is the parameter with the time of a definition's last change.
const lastDDL = "transient_lastDdlTime"

// fromPartition reads a partition of a table. What it lacks is the table's; its
// location, if none is given, is below the table's.
func fromPartition(t *catalog.Table, p *hms.Partition) catalog.Partition {
	out := catalog.Partition{Values: p.Values, Created: fromSeconds(p.CreateTime), Parameters: maps.Clone(p.Parameters)}
	if p.Sd != nil {
		out.Storage = fromStorage(p.Sd)
	} else {
		out.Storage = t.Storage
		out.Storage.Location = ""
	}
	if slices.Equal(out.Storage.Columns, t.Storage.Columns) {
		out.Storage.Columns = nil
	}
	if out.Storage.Location == "" && t.Storage.Location != "" {
		out.Storage.Location = below(t.Storage.Location, catalog.PartitionName(t.Partitions, p.Values))
	}
	return out
}
