package store

import (
	"strconv"
	"strings"

	"lethe"
	"lethe/catalog"
)

// maxPrefixes bounds the partition names, or beginnings of names, that a
// condition lists; dialect.prefixes may bound the beginnings further.
const maxPrefixes = 10000

// condition builds the WHERE of a query of PARTITIONS p.
type condition struct {
	dialect *dialect
	terms   []string
	args    []any
	byID    bool // the terms name partitions of the table by their ids
}

func (c *condition) bind(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *condition) and(term string) { c.terms = append(c.terms, term) }

// selectPartitions writes which partitions of a table a page has, and their order.
func selectPartitions(tx *transaction, t row, page catalog.PartitionPage) (where string, args []any, err error) {
	c := &condition{dialect: tx.db.dialect}
	if page.Where != nil {
		if len(page.Where.Values) > len(t.table.Partitions) {
			return "", nil, lethe.Errorf(lethe.Invalid, "table %s.%s has %d partition keys, the expression has %d",
				t.table.Database, t.table.Name, len(t.table.Partitions), len(page.Where.Values))
		}
		c.prune(t.id, t.table.Partitions, page.Where.Values)
	}
	if !c.byID {
		c.and(`p."TBL_ID" = ` + c.bind(t.id))
	}
	if page.After != "" {
		c.and(`p."PART_NAME" {BYTES} > ` + c.bind(page.After))
	}
	where = "WHERE " + strings.Join(c.terms, " AND ") + ` ORDER BY p."PART_NAME" {BYTES}`
	if page.Limit > 0 {
		where += " LIMIT " + strconv.Itoa(page.Limit)
	}
	return where, c.args, nil
}

// prune adds what the values say. Values of the first keys select names or
// ranges of names, which an index answers; values of other keys are looked up in
// PARTITION_KEY_VALS for the partitions that are left.
func (c *condition) prune(table int64, keys []catalog.Column, values [][]string) {
	for _, v := range values {
		if v != nil && len(v) == 0 {
			c.and("1 = 0")
			return
		}
	}
	leading, prefixes := 0, []string{""}
	for i, v := range values {
		most := maxPrefixes
		if i < len(keys)-1 {
			most = c.dialect.prefixes
		}
		if v == nil || len(prefixes)*len(v) > most {
			break
		}
		longer := make([]string, 0, len(prefixes)*len(v))
		for _, p := range prefixes {
			for _, value := range v {
				longer = append(longer, p+catalog.PartitionName(keys[i:i+1], []string{value})+"/")
			}
		}
		leading, prefixes = i+1, longer
	}
	switch {
	case leading == 0:
	case leading < len(keys) && len(prefixes) == 1:
		// '0' is the byte after '/', so this is every name below the prefix.
		p := strings.TrimSuffix(prefixes[0], "/")
		c.and(`p."PART_NAME" {BYTES} >= ` + c.bind(p+"/") + ` AND p."PART_NAME" {BYTES} < ` + c.bind(p+"0"))
	case leading == len(keys):
		for i, p := range prefixes {
			prefixes[i] = strings.TrimSuffix(p, "/")
		}
		c.and(named(`p."PART_NAME"`, c.bind(list(prefixes))))
	default:
		for i, p := range prefixes {
			prefixes[i] = strings.TrimSuffix(p, "/")
		}
		if c.dialect.kind == mysqlKind {
			ranges := make([]string, len(prefixes))
			for i, p := range prefixes {
				ranges[i] = `p."PART_NAME" >= ` + c.bind(p+"/") + ` AND p."PART_NAME" < ` + c.bind(p+"0")
			}
			c.and("(" + strings.Join(ranges, " OR ") + ")")
			break
		}
		// A search for each prefix. CROSS JOIN, and no term on the table's id
		// beside it, keep SQLite from looking at all partitions instead.
		c.byID = true
		c.and(`p."PART_ID" IN (SELECT x."PART_ID" FROM {EACH ` + c.bind(list(prefixes)) + `} CROSS JOIN "PARTITIONS" x
			WHERE x."TBL_ID" = ` + c.bind(table) + ` AND x."PART_NAME" {BYTES} >= r.value || '/' AND x."PART_NAME" {BYTES} < r.value || '0')`)
	}
	for i := leading; i < len(values); i++ {
		if values[i] == nil {
			continue
		}
		wanted := make([]string, len(values[i]))
		for j, v := range values[i] {
			wanted[j] = partitionValue(v)
		}
		c.and(`EXISTS (SELECT 1 FROM "PARTITION_KEY_VALS" v WHERE v."PART_ID" = p."PART_ID" AND v."INTEGER_IDX" = ` + strconv.Itoa(i) +
			" AND " + among(`v."PART_KEY_VAL"`, c.bind(list(wanted))) + ")")
	}
}

// partitionValue is a value as it is stored.
func partitionValue(v string) string {
	if v == "" {
		return catalog.DefaultValue
	}
	return v
}
