package hive

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

// Seconds writes a time as the metastore has it; 0 is none.
func Seconds(t time.Time) int32 {
	if t.IsZero() {
		return 0
	}
	return int32(min(max(t.Unix(), 0), math.MaxInt32))
}

// FromSeconds undoes Seconds.
func FromSeconds(s int32) time.Time {
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

// OwnerType writes the type of an owner.
func OwnerType(t string) hms.PrincipalType { return principalTypes[t] }

var principalTypes = map[string]hms.PrincipalType{"": hms.PrincipalTypeUser, "USER": hms.PrincipalTypeUser, "ROLE": hms.PrincipalTypeRole, "GROUP": hms.PrincipalTypeGroup}

// FromOwnerType reads the type of an owner; a user's is "".
func FromOwnerType(t hms.PrincipalType) string {
	switch t {
	case hms.PrincipalTypeRole:
		return "ROLE"
	case hms.PrincipalTypeGroup:
		return "GROUP"
	}
	return ""
}

// Below returns the location of something in a folder.
func Below(location, name string) string { return strings.TrimSuffix(location, "/") + "/" + name }

// DefaultCatalog is the name of the catalog that a metastore has if it has one.
const DefaultCatalog = "hive"

// ToDatabase writes a database.
func ToDatabase(d catalog.Database) *hms.Database {
	created := Seconds(d.Created)
	return &hms.Database{Name: d.Name, Description: d.Description, LocationUri: d.Location, Parameters: orEmpty(d.Parameters),
		OwnerName: d.Owner, OwnerType: principalTypes[d.OwnerType], CatalogName: DefaultCatalog, CreateTime: &created}
}

// FromDatabase reads a database.
func FromDatabase(d *hms.Database) catalog.Database {
	out := catalog.Database{Name: d.Name, Description: d.Description, Location: d.LocationUri, Owner: d.OwnerName,
		OwnerType: FromOwnerType(d.OwnerType), Parameters: d.Parameters}
	if d.CreateTime != nil {
		out.Created = FromSeconds(*d.CreateTime)
	}
	return out
}

// ToColumns writes columns.
func ToColumns(cs []catalog.Column) []*hms.FieldSchema {
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
		NumBuckets: int32(s.BucketCount), BucketCols: s.BucketColumns, Parameters: orEmpty(s.Parameters), SkewedInfo: &hms.SkewedInfo{}, StoredAsSubDirectories: new(bool),
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

// ToTable writes a table.
func ToTable(t *catalog.Table) *hms.Table {
	return &hms.Table{TableName: t.Name, DbName: t.Database, Owner: t.Owner, OwnerType: principalTypes[t.OwnerType], CreateTime: Seconds(t.Created),
		Sd: toStorage(&t.Storage, ToColumns(t.Storage.Columns)), PartitionKeys: ToColumns(t.Partitions), Parameters: orEmpty(t.Parameters),
		ViewOriginalText: t.ViewOriginalText, ViewExpandedText: t.ViewExpandedText, TableType: string(t.Type), RewriteEnabled: new(bool), CatName: DefaultCatalog}
}

// FromTable reads a table; Invalid if it lacks its storage descriptor.
func FromTable(t *hms.Table) (catalog.Table, error) {
	if t == nil || t.Sd == nil {
		return catalog.Table{}, lethe.Errorf(lethe.Invalid, "there is no table, or one without a storage descriptor")
	}
	out := catalog.Table{Database: t.DbName, Name: t.TableName, Type: catalog.TableType(t.TableType), Owner: t.Owner, OwnerType: FromOwnerType(t.OwnerType),
		Created: FromSeconds(t.CreateTime), Partitions: fromColumns(t.PartitionKeys), Storage: fromStorage(t.Sd), Parameters: t.Parameters,
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

// ToPartitions writes partitions of a table.
func ToPartitions(t *catalog.Table, ps []catalog.Partition) []*hms.Partition {
	out := make([]*hms.Partition, len(ps))
	var shared []*hms.FieldSchema
	for i := range ps {
		p := &ps[i]
		columns := shared
		if p.Storage.Columns != nil {
			columns = ToColumns(p.Storage.Columns)
		} else if shared == nil {
			shared = ToColumns(t.Storage.Columns)
			columns = shared
		}
		out[i] = &hms.Partition{Values: p.Values, DbName: t.Database, TableName: t.Name, CreateTime: Seconds(p.Created),
			Sd: toStorage(&p.Storage, columns), Parameters: orEmpty(p.Parameters), CatName: DefaultCatalog}
	}
	return out
}

// LastDDL is the parameter with the time of a definition's last change.
const LastDDL = "transient_lastDdlTime"

// FromPartition reads a partition of a table. What it lacks is the table's; its
// location, if none is given, is Below the table's.
func FromPartition(t *catalog.Table, p *hms.Partition) catalog.Partition {
	out := catalog.Partition{Values: p.Values, Created: FromSeconds(p.CreateTime), Parameters: maps.Clone(p.Parameters)}
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
		out.Storage.Location = Below(t.Storage.Location, catalog.PartitionName(t.Partitions, p.Values))
	}
	return out
}
