package store

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"lethe/catalog"
)

// Messages of notifications are Hive's of the format json-0.2: an object whose
// fields those of org.apache.hadoop.hive.metastore.messaging.json name, with
// databases, tables and partitions inside as texts in Thrift's JSON protocol, in
// which each value says its type and fields are numbers of hive_metastore.thrift.

// message begins a message about a database or, if name is not "", a table.
func message(database, name string, typ catalog.TableType) map[string]any {
	m := map[string]any{"server": "", "servicePrincipal": "", "db": database, "timestamp": time.Now().Unix()}
	if name != "" {
		m["table"], m["tableType"] = name, string(typ)
	}
	return m
}

func tableMessage(t *catalog.Table) map[string]any {
	m := message(t.Database, t.Name, t.Type)
	m["tableObjJson"] = text(thriftTable(t))
	return m
}

// text writes JSON without escapes that Thrift's reader does not know.
func text(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // maps of texts and numbers always encode
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// fields are those of a structure by their number.
type fields map[int]any

func str(s string) map[string]any    { return map[string]any{"str": s} }
func i32(n int64) map[string]any     { return map[string]any{"i32": n} }
func record(f fields) map[string]any { return map[string]any{"rec": f} }
func seconds32(t time.Time) any      { return i32(seconds(t)) }
func truth(b bool) map[string]any    { return map[string]any{"tf": map[bool]int{true: 1}[b]} }
func pairs(m map[string]string) any {
	return map[string]any{"map": []any{"str", "str", len(m), orEmpty(m)}}
}
func records(fs []fields) any {
	return map[string]any{"lst": append([]any{"rec", len(fs)}, anys(fs)...)}
}
func texts(s []string) map[string]any {
	return map[string]any{"lst": append([]any{"str", len(s)}, anys(s)...)}
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func anys[T any](s []T) []any {
	out := make([]any, len(s))
	for i, v := range s {
		out[i] = v
	}
	return out
}

// owners numbers the kinds of owners.
var owners = map[string]int64{"": 1, "USER": 1, "ROLE": 2, "GROUP": 3}

func thriftDatabase(d *catalog.Database) fields {
	return fields{1: str(d.Name), 2: str(d.Description), 3: str(d.Location), 4: pairs(d.Parameters), 6: str(d.Owner), 7: i32(owners[d.OwnerType]), 8: str(hive)}
}

func thriftColumns(cs []catalog.Column) any {
	out := make([]fields, len(cs))
	for i, c := range cs {
		out[i] = fields{1: str(c.Name), 2: str(c.Type)}
		if c.Comment != "" {
			out[i][3] = str(c.Comment)
		}
	}
	return records(out)
}

func thriftStorage(s *catalog.Storage, columns []catalog.Column) map[string]any {
	sort := make([]fields, len(s.SortColumns))
	for i, c := range s.SortColumns {
		sort[i] = fields{1: str(c.Column), 2: i32(0)}
		if c.Ascending {
			sort[i][2] = i32(1)
		}
	}
	serde := fields{2: str(s.SerDe.Library), 3: pairs(s.SerDe.Parameters)}
	if s.SerDe.Name != "" {
		serde[1] = str(s.SerDe.Name)
	}
	return record(fields{1: thriftColumns(columns), 2: str(s.Location), 3: str(s.InputFormat), 4: str(s.OutputFormat), 5: truth(s.Compressed), 6: i32(int64(bucketCount(s))),
		7: record(serde), 8: texts(s.BucketColumns), 9: records(sort), 10: pairs(s.Parameters), 11: unskewed, 12: truth(false)})
}

// unskewed is the skew of what has none, which Java's storage descriptors always have.
var unskewed = record(fields{1: texts(nil), 2: map[string]any{"lst": []any{"lst", 0}}, 3: map[string]any{"map": []any{"lst", "str", 0, map[string]string{}}}})

func thriftTable(t *catalog.Table) fields {
	f := fields{1: str(t.Name), 2: str(t.Database), 3: str(t.Owner), 4: seconds32(t.Created), 5: i32(0), 6: i32(0), 7: thriftStorage(&t.Storage, t.Storage.Columns),
		8: thriftColumns(t.Partitions), 9: pairs(t.Parameters), 12: str(string(t.Type)), 15: truth(false), 17: str(hive), 18: i32(owners[t.OwnerType])}
	if t.Type == catalog.VirtualView {
		f[10], f[11] = str(t.ViewOriginalText), str(t.ViewExpandedText)
	}
	return f
}

func thriftPartition(t *catalog.Table, p *catalog.Partition) fields {
	columns := p.Storage.Columns
	if columns == nil {
		columns = t.Storage.Columns
	}
	return fields{1: texts(p.Values), 2: str(t.Database), 3: str(t.Name), 4: seconds32(p.Created), 5: i32(0), 6: thriftStorage(&p.Storage, columns), 7: pairs(p.Parameters), 9: str(hive)}
}

func thriftFunction(f *catalog.Function) fields {
	resources := make([]fields, len(f.Resources))
	for i, r := range f.Resources {
		resources[i] = fields{1: i32(int64(r.Type)), 2: str(r.URI)}
	}
	return fields{1: str(f.Name), 2: str(f.Database), 3: str(f.Class), 4: str(f.Owner), 5: i32(owners[f.OwnerType]), 6: seconds32(f.Created), 7: i32(1), 8: records(resources), 9: str(hive)}
}

func (t *transaction) tellDatabase(typ string, before, after *catalog.Database) {
	m := message(before.Name, "", "")
	if after != nil {
		m["dbObjBeforeJson"], m["dbObjAfterJson"] = text(thriftDatabase(before)), text(thriftDatabase(after))
	} else {
		m["dbJson"] = text(thriftDatabase(before))
	}
	t.notify(typ, before.Name, "", text(m))
}

// tellTable tells of a table that was made or dropped.
func (t *transaction) tellTable(typ string, table *catalog.Table) {
	m := tableMessage(table)
	if typ == "CREATE_TABLE" {
		m["files"] = []string{}
	}
	t.notify(typ, table.Database, table.Name, text(m))
}

func (t *transaction) tellAlterTable(before, after *catalog.Table) {
	m := message(before.Database, before.Name, before.Type)
	m["tableObjBeforeJson"], m["tableObjAfterJson"], m["isTruncateOp"] = text(thriftTable(before)), text(thriftTable(after)), "false"
	t.notify("ALTER_TABLE", after.Database, after.Name, text(m))
}

// partitionsAtOnce bounds the partitions that one notification tells of.
const partitionsAtOnce = 1000

func keyValues(t *catalog.Table, values []string) map[string]string {
	m := map[string]string{}
	for i, k := range t.Partitions {
		m[k.Name] = values[i]
	}
	return m
}

func (t *transaction) tellAddPartitions(table *catalog.Table, ps []catalog.Partition) {
	for chunk := range slices.Chunk(ps, partitionsAtOnce) {
		values, objects, files := make([]map[string]string, len(chunk)), make([]string, len(chunk)), make([]any, len(chunk))
		for i := range chunk {
			values[i], objects[i] = keyValues(table, chunk[i].Values), text(thriftPartition(table, &chunk[i]))
			files[i] = map[string]any{"partitionName": catalog.PartitionName(table.Partitions, chunk[i].Values), "files": []string{}}
		}
		m := tableMessage(table)
		m["partitions"], m["partitionListJson"], m["partitionFiles"] = values, objects, files
		t.notify("ADD_PARTITION", table.Database, table.Name, text(m))
	}
}

func (t *transaction) tellDropPartitions(table *catalog.Table, values [][]string) {
	for chunk := range slices.Chunk(values, partitionsAtOnce) {
		dropped := make([]map[string]string, len(chunk))
		for i, v := range chunk {
			dropped[i] = keyValues(table, v)
		}
		m := tableMessage(table)
		m["partitions"] = dropped
		t.notify("DROP_PARTITION", table.Database, table.Name, text(m))
	}
}

func (t *transaction) tellAlterPartition(table *catalog.Table, before, after *catalog.Partition) {
	m := tableMessage(table)
	m["keyValues"], m["isTruncateOp"] = keyValues(table, before.Values), "false"
	m["partitionObjBeforeJson"], m["partitionObjAfterJson"] = text(thriftPartition(table, before)), text(thriftPartition(table, after))
	t.notify("ALTER_PARTITION", table.Database, table.Name, text(m))
}

func (t *transaction) tellFunction(typ string, f *catalog.Function) {
	m := message(f.Database, "", "")
	m["functionName"], m["functionObjJson"] = f.Name, text(thriftFunction(f))
	t.notify(typ, f.Database, "", text(m))
}

// InsertMessage is the message of a notification of the type INSERT: a client wrote
// files into a table or, unless it is nil, a partition of it.
func InsertMessage(table *catalog.Table, p *catalog.Partition, files []string, replace bool) string {
	m := tableMessage(table)
	if p != nil {
		m["ptnObjJson"] = text(thriftPartition(table, p))
	}
	m["files"], m["replace"] = append([]string{}, files...), strconv.FormatBool(replace)
	return text(m)
}
