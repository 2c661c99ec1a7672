package store

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"lethe"
	"lethe/catalog"
)

// Lengths, in bytes, that Hive's schema has room for on every database that
// keeps it.
const (
	maxName           = 255 // of a table or column; Athena's bound
	maxDatabase       = 128
	maxOwner          = 128
	maxText           = 4000 // of locations, comments, and parameters' values other than of tables and SerDes
	maxParameterKey   = 256
	maxPartitionName  = 767
	maxPartitionValue = 256
	maxType           = 128 << 10
	maxLongText       = 4 << 20 // where Hive has no bound
)

// checkDatabase returns the definition as it is stored, or Invalid.
func checkDatabase(d catalog.Database) (catalog.Database, error) {
	d.Name = strings.ToLower(d.Name)
	if err := checkName("database", d.Name, maxDatabase); err != nil {
		return d, err
	}
	what := "database " + d.Name
	err := firstError(
		checkText(what, "description", d.Description, maxText),
		checkText(what, "location", d.Location, maxText),
		checkText(what, "owner", d.Owner, maxOwner),
		checkParameters(what, d.Parameters, maxText),
	)
	return d, err
}

// checkTable returns the definition as it is stored, or Invalid. It shares
// nothing with t that it changes.
func checkTable(t catalog.Table) (catalog.Table, error) {
	t.Database, t.Name = strings.ToLower(t.Database), strings.ToLower(t.Name)
	if err := checkName("database", t.Database, maxDatabase); err != nil {
		return t, err
	}
	if err := checkName("table", t.Name, maxName); err != nil {
		return t, err
	}
	what := "table " + t.Database + "." + t.Name

	t.Parameters = maps.Clone(t.Parameters)
	if t.Parameters == nil {
		t.Parameters = map[string]string{}
	}
	switch t.Type {
	case catalog.ExternalTable:
		t.Parameters[external] = "TRUE"
	case catalog.ManagedTable, "":
		t.Type = catalog.ManagedTable
		if isTrue(t.Parameters[external]) {
			t.Type = catalog.ExternalTable
		}
	case catalog.VirtualView:
	default:
		return t, lethe.Errorf(lethe.Unsupported, "%s: type %q is not supported", what, t.Type).
			WithHint("types are %s, %s and %s", catalog.ExternalTable, catalog.ManagedTable, catalog.VirtualView)
	}
	if t.Type == catalog.VirtualView && len(t.Partitions) > 0 {
		return t, lethe.Errorf(lethe.Invalid, "%s: a view cannot have partition keys", what)
	}

	var err error
	if t.Storage, err = checkStorage(what, t.Storage); err != nil {
		return t, err
	}
	if t.Partitions, err = checkColumns(what, t.Partitions); err != nil {
		return t, err
	}
	for _, k := range t.Partitions {
		if strings.ContainsAny(k.Type, "<") || k.Type == "binary" {
			return t, lethe.Errorf(lethe.Invalid, "%s: partition key %s cannot be of type %s", what, k.Name, k.Type)
		}
	}
	if err := checkDuplicates(what, t.Columns()); err != nil {
		return t, err
	}
	err = firstError(
		checkText(what, "owner", t.Owner, maxName),
		checkText(what, "view text", t.ViewOriginalText, maxLongText),
		checkText(what, "view text", t.ViewExpandedText, maxLongText),
		checkParameters(what, t.Parameters, maxLongText),
	)
	return t, err
}

func checkStorage(what string, s catalog.Storage) (catalog.Storage, error) {
	var err error
	if s.Columns, err = checkColumns(what, s.Columns); err != nil {
		return s, err
	}
	s.BucketColumns = slices.Clone(s.BucketColumns)
	for i, c := range s.BucketColumns {
		s.BucketColumns[i] = strings.ToLower(c)
		if err := checkText(what, "bucket column", c, maxName); err != nil {
			return s, err
		}
	}
	s.SortColumns = slices.Clone(s.SortColumns)
	for i, c := range s.SortColumns {
		s.SortColumns[i].Column = strings.ToLower(c.Column)
		if err := checkText(what, "sort column", c.Column, maxName); err != nil {
			return s, err
		}
	}
	if s.BucketCount < -1 || s.BucketCount > 1<<20 {
		return s, lethe.Errorf(lethe.Invalid, "%s: %d buckets", what, s.BucketCount)
	}
	return s, firstError(
		checkText(what, "location", s.Location, maxText),
		checkText(what, "input format", s.InputFormat, maxText),
		checkText(what, "output format", s.OutputFormat, maxText),
		checkText(what, "SerDe name", s.SerDe.Name, maxOwner),
		checkText(what, "SerDe library", s.SerDe.Library, maxText),
		checkParameters(what, s.SerDe.Parameters, maxLongText),
		checkParameters(what, s.Parameters, maxLongText),
	)
}

// checkColumns returns columns with lower-case names and types in Hive's
// spelling; nil of no columns.
func checkColumns(what string, columns []catalog.Column) ([]catalog.Column, error) {
	if len(columns) == 0 {
		return nil, nil
	}
	out := slices.Clone(columns)
	for i, c := range out {
		if strings.TrimSpace(c.Name) == "" {
			return nil, lethe.Errorf(lethe.Invalid, "%s: column %d has no name", what, i+1)
		}
		if err := firstError(
			checkText(what, "column name", c.Name, maxName),
			checkText(what, "comment of column "+c.Name, c.Comment, maxText),
			checkText(what, "type of column "+c.Name, c.Type, maxType),
		); err != nil {
			return nil, err
		}
		if strings.ContainsFunc(c.Name, unicode.IsControl) {
			return nil, lethe.Errorf(lethe.Invalid, "%s: the name of column %q has control characters", what, c.Name)
		}
		typ, err := hiveType(c.Type)
		if err != nil {
			return nil, lethe.Errorf(lethe.Invalid, "%s: type %.100q of column %s: %w", what, c.Type, c.Name, err)
		}
		c.Name = strings.ToLower(c.Name)
		c.Type = typ
		out[i] = c
	}
	return out, nil
}

func checkDuplicates(what string, columns []catalog.Column) error {
	seen := make(map[string]bool, len(columns))
	for _, c := range columns {
		if seen[c.Name] {
			return lethe.Errorf(lethe.Invalid, "%s: column %s is there twice", what, c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// checkPartitions returns partitions of t as they are stored, and their names.
func checkPartitions(t catalog.Table, ps []catalog.Partition) ([]catalog.Partition, []string, error) {
	if len(t.Partitions) == 0 {
		return nil, nil, lethe.Errorf(lethe.Invalid, "table %s.%s is not partitioned", t.Database, t.Name)
	}
	out, names := make([]catalog.Partition, len(ps)), make([]string, len(ps))
	for i, p := range ps {
		name, values, err := checkValues(t, p.Values)
		if err != nil {
			return nil, nil, err
		}
		p.Values, names[i] = values, name
		what := "partition " + name + " of table " + t.Database + "." + t.Name
		if p.Storage, err = checkStorage(what, p.Storage); err != nil {
			return nil, nil, err
		}
		if err := checkDuplicates(what, slices.Concat(p.Storage.Columns, t.Partitions)); err != nil {
			return nil, nil, err
		}
		if err := checkParameters(what, p.Parameters, maxText); err != nil {
			return nil, nil, err
		}
		out[i] = p
	}
	return out, names, nil
}

// checkValues returns the partition values as they are stored and the
// partition's name.
func checkValues(t catalog.Table, values []string) (string, []string, error) {
	what := "table " + t.Database + "." + t.Name
	if len(t.Partitions) == 0 {
		return "", nil, lethe.Errorf(lethe.Invalid, "%s is not partitioned", what)
	}
	if len(values) != len(t.Partitions) {
		return "", nil, lethe.Errorf(lethe.Invalid, "%s has %d partition keys, the partition has %d values", what, len(t.Partitions), len(values))
	}
	out := make([]string, len(values))
	for i, v := range values {
		if err := checkText(what, "value of partition key "+t.Partitions[i].Name, v, maxPartitionValue); err != nil {
			return "", nil, err
		}
		out[i] = partitionValue(v)
	}
	name := catalog.PartitionName(t.Partitions, out)
	if len(name) > maxPartitionName {
		return "", nil, lethe.Errorf(lethe.Invalid, "%s: partition name %.60s... has %d bytes, at most %d fit", what, name, len(name), maxPartitionName)
	}
	return name, out, nil
}

// checkName checks the name of a database or table: what Athena takes, which is
// letters, digits and underscores, and the hyphen that its catalog takes.
func checkName(kind, name string, longest int) error {
	if name == "" {
		return lethe.Errorf(lethe.Invalid, "the %s has no name", kind)
	}
	if len(name) > longest {
		return lethe.Errorf(lethe.Invalid, "%s name %.40s... has %d characters, at most %d are allowed", kind, name, len(name), longest)
	}
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return lethe.Errorf(lethe.Invalid, "%s name %q has the character %q", kind, name, c).
				WithHint("use letters, digits, underscores and hyphens")
		}
	}
	return nil
}

// checkText checks what SQL text cannot hold or a column has no room for.
func checkText(what, field, s string, longest int) error {
	switch {
	case len(s) > longest:
		return lethe.Errorf(lethe.Invalid, "%s: %s has %d bytes, at most %d are allowed", what, field, len(s), longest)
	case !utf8.ValidString(s):
		return lethe.Errorf(lethe.Invalid, "%s: %s is not valid UTF-8", what, field)
	case strings.IndexByte(s, 0) >= 0:
		return lethe.Errorf(lethe.Invalid, "%s: %s has a zero byte", what, field)
	}
	return nil
}

func checkParameters(what string, parameters map[string]string, longest int) error {
	for k, v := range parameters {
		if k == "" {
			return lethe.Errorf(lethe.Invalid, "%s: a parameter has no name", what)
		}
		if err := checkText(what, "parameter name", k, maxParameterKey); err != nil {
			return err
		}
		if err := checkText(what, "parameter "+k, v, longest); err != nil {
			return err
		}
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
