package access

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"lethe"
)

// TableName names a table of a data catalog, in lower case but for the catalog.
type TableName struct{ Catalog, Database, Table string }

// lower returns the name as catalogs compare it.
func (t TableName) lower() TableName {
	if strings.EqualFold(t.Catalog, lethe.DefaultCatalog) {
		t.Catalog = lethe.DefaultCatalog
	}
	return TableName{t.Catalog, strings.ToLower(t.Database), strings.ToLower(t.Table)}
}

func (t TableName) String() string { return t.Catalog + "." + t.Database + "." + t.Table }

// Everyone is the principal of a rule that applies to all.
const Everyone = "*"

// TableRule says for some principals which rows and columns of a table they see.
//
// A table that has rules is closed: who is not allowed lethe:BypassTableRules on it
// sees of it what the rules give that apply to them. If several apply, the rows are
// those that any of them gives, and a column is masked if any of them masks it, by
// the strictest mask. So whatever is seen, some rule gives.
type TableRule struct {
	Name        string // unique among the rules of the table
	Table       TableName
	Description string
	// Principals are user/NAME, group/NAME and role/NAME, or Everyone.
	Principals []string
	// Filter is an SQL expression over the table's columns that is true for the rows
	// that are seen; "" stands for every row.
	Filter  string
	Masks   []ColumnMask
	Created time.Time
	Changed time.Time

	owners []string // the principals' ids
}

// MaskKind says what is seen in place of a column's values.
type MaskKind string

// The kinds of masks, the strictest first.
const (
	Hide       MaskKind = "hide"       // there is no such column
	Nullify    MaskKind = "null"       // NULL
	Hash       MaskKind = "hash"       // a keyed hash of the value, the same for the same value
	Expression MaskKind = "expression" // the value of an expression
)

var strictness = map[MaskKind]int{Hide: 3, Nullify: 2, Hash: 1, Expression: 0}

// Stricter reports whether a mask of kind k shows less than one of another.
func (k MaskKind) Stricter(than MaskKind) bool { return strictness[k] > strictness[than] }

// ColumnMask says what is seen in place of a column.
type ColumnMask struct {
	Column     string   `json:"column"`
	Kind       MaskKind `json:"kind"`
	Expression string   `json:"expression,omitempty"`
}

// Bounds of rules.
const (
	maxRules      = 10_000
	maxTableRules = 100
	maxExpression = 16 << 10 // bytes
	maxOwners     = 1000     // principals of a rule
	maxMasks      = 2000
)

// normalize checks what of a rule can be checked without its table, and writes names
// in lower case.
func (r *TableRule) normalize() error {
	if err := checkName("ruleName", r.Name, 128); err != nil {
		return err
	}
	t := &r.Table
	if t.Catalog == "" {
		t.Catalog = lethe.DefaultCatalog
	}
	if *t = t.lower(); t.Catalog != lethe.DefaultCatalog {
		return lethe.Errorf(lethe.Unsupported, "rules are for the tables of the lake's own catalog, not for those of %s", t.Catalog).
			WithHint("guard the files of such a table by policies")
	}
	switch {
	case t.Database == "" || t.Table == "":
		return lethe.Errorf(lethe.Invalid, "rule %s does not name a table as DATABASE.TABLE", r.Name)
	case len(r.Description) > 1000:
		return lethe.Errorf(lethe.Invalid, "rule %s: the description is over 1000 bytes long", r.Name)
	case len(r.Principals) == 0:
		return lethe.Errorf(lethe.Invalid, "rule %s applies to nobody", r.Name).WithHint("name principals as user/NAME, group/NAME or role/NAME, or %s for everyone", Everyone)
	case len(r.Principals) > maxOwners:
		return lethe.Errorf(lethe.Invalid, "rule %s names more than %d principals", r.Name, maxOwners).WithHint("put them into a group")
	case len(r.Filter) > maxExpression:
		return lethe.Errorf(lethe.Invalid, "rule %s: the row filter is over %d bytes long", r.Name, maxExpression)
	case len(r.Masks) > maxMasks:
		return lethe.Errorf(lethe.Invalid, "rule %s masks more than %d columns", r.Name, maxMasks)
	}
	r.Filter = strings.TrimSpace(r.Filter)
	slices.Sort(r.Principals)
	r.Principals = slices.Compact(r.Principals)
	seen := map[string]bool{}
	for i := range r.Masks {
		m := &r.Masks[i]
		m.Column = strings.ToLower(m.Column)
		_, known := strictness[m.Kind]
		switch {
		case m.Column == "":
			return lethe.Errorf(lethe.Invalid, "rule %s: a mask names no column", r.Name)
		case seen[m.Column]:
			return lethe.Errorf(lethe.Invalid, "rule %s has two masks for column %s", r.Name, m.Column)
		case !known:
			return lethe.Errorf(lethe.Invalid, "rule %s: the mask of column %s is %q, not hide, null, hash or expression", r.Name, m.Column, m.Kind)
		case (m.Kind == Expression) != (m.Expression != ""):
			return lethe.Errorf(lethe.Invalid, "rule %s: a mask has an expression exactly if its kind is expression; column %s differs", r.Name, m.Column)
		case len(m.Expression) > maxExpression:
			return lethe.Errorf(lethe.Invalid, "rule %s: the mask of column %s is over %d bytes long", r.Name, m.Column, maxExpression)
		}
		seen[m.Column] = true
	}
	slices.SortFunc(r.Masks, func(a, b ColumnMask) int { return cmp.Compare(a.Column, b.Column) })
	return nil
}

// CheckTableRule says what is wrong with a rule that can be told without its table and
// its principals.
func CheckTableRule(r TableRule) error {
	r.Principals, r.Masks = slices.Clone(r.Principals), slices.Clone(r.Masks)
	if err := r.normalize(); err != nil {
		return err
	}
	for _, p := range r.Principals {
		if _, err := principalOf(p); err != nil && p != Everyone {
			return err
		}
	}
	return nil
}

// principalOf reads a principal of a rule.
func principalOf(text string) (Entity, error) {
	kind, name, ok := strings.Cut(text, "/")
	e := Entity{Type(kind), name}
	if _, known := kindOf[e.Type]; !known || !ok || name == "" {
		return e, lethe.Errorf(lethe.Invalid, "%q is no principal of a rule", text).WithHint("write user/NAME, group/NAME or role/NAME, or %s for everyone", Everyone)
	}
	return e, nil
}

// PutTableRule makes a rule, or changes the one of its name. That its expressions
// fit the table is the caller's to check (query.Service.PutTableRule does). It counts
// from the next statement on.
func (s *Service) PutTableRule(ctx context.Context, r TableRule) error {
	r.Principals, r.Masks = slices.Clone(r.Principals), slices.Clone(r.Masks)
	if err := r.normalize(); err != nil {
		return err
	}
	masks, err := json.Marshal(r.Masks)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		owners := make([]string, len(r.Principals))
		for i, p := range r.Principals {
			if owners[i] = Everyone; p == Everyone {
				continue
			}
			e, err := principalOf(p)
			if err != nil {
				return err
			}
			if owners[i], err = id(ctx, tx, e); err != nil {
				return err
			}
		}
		ruleID, err := ruleID(ctx, tx, r.Table, r.Name)
		at := now()
		switch {
		case lethe.Is(err, lethe.NotFound):
			if err := roomForRule(ctx, tx, r.Table); err != nil {
				return err
			}
			ruleID = lethe.NewID()
			_, err = tx.ExecContext(ctx, `INSERT INTO access_rules (id, catalog_name, database_name, table_name, name, description, row_filter, masks, created, changed)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`, ruleID, r.Table.Catalog, r.Table.Database, r.Table.Table, r.Name, r.Description, r.Filter, string(masks), at)
		case err == nil:
			_, err = tx.ExecContext(ctx, "UPDATE access_rules SET description = $1, row_filter = $2, masks = $3, changed = $4 WHERE id = $5", r.Description, r.Filter, string(masks), at, ruleID)
		}
		if err != nil {
			return err
		}
		if err := run(ctx, tx, ruleID, "DELETE FROM access_rule_principals WHERE rule_id = $1"); err != nil {
			return err
		}
		for _, o := range owners {
			if _, err := tx.ExecContext(ctx, "INSERT INTO access_rule_principals (rule_id, owner_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", ruleID, o); err != nil {
				return err
			}
		}
		return nil
	})
}

func roomForRule(ctx context.Context, tx *sql.Tx, t TableName) error {
	n, err := count(ctx, tx, "access_rules", "1 = 1")
	if err != nil {
		return err
	}
	if err := atMost(n, maxRules, "RulesPerAccount"); err != nil {
		return err
	}
	n, err = count(ctx, tx, "access_rules", "catalog_name = $1 AND database_name = $2 AND table_name = $3", t.Catalog, t.Database, t.Table)
	if err != nil {
		return err
	}
	return atMost(n, maxTableRules, "RulesPerTable")
}

func ruleID(ctx context.Context, tx *sql.Tx, t TableName, name string) (id string, err error) {
	err = tx.QueryRowContext(ctx, "SELECT id FROM access_rules WHERE catalog_name = $1 AND database_name = $2 AND table_name = $3 AND name = $4",
		t.Catalog, t.Database, t.Table, name).Scan(&id)
	return id, orNotFound(err, "table %s.%s has no rule %s", t.Database, t.Table, name)
}

// DeleteTableRule removes a rule. The table is open again to all who may read its
// data when its last rule is gone.
func (s *Service) DeleteTableRule(ctx context.Context, t TableName, name string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		id, err := ruleID(ctx, tx, t.lower(), name)
		if err != nil {
			return err
		}
		return run(ctx, tx, id, "DELETE FROM access_rule_principals WHERE rule_id = $1", "DELETE FROM access_rules WHERE id = $1")
	})
}

// TableRule returns a rule; NotFound if there is none.
func (s *Service) TableRule(ctx context.Context, t TableName, name string) (TableRule, error) {
	all, err := s.TableRules(ctx, t)
	if err != nil {
		return TableRule{}, err
	}
	for _, r := range all {
		if r.Name == name {
			return r, nil
		}
	}
	return TableRule{}, lethe.Errorf(lethe.NotFound, "table %s.%s has no rule %s", t.Database, t.Table, name)
}

// TableRules returns the rules of a table by name; of all tables if t is zero.
func (s *Service) TableRules(ctx context.Context, t TableName) ([]TableRule, error) {
	book, err := s.ruleBook(ctx)
	if err != nil {
		return nil, err
	}
	if t != (TableName{}) {
		return slices.Clone(book.byTable[t.lower()]), nil
	}
	var all []TableRule
	for _, rules := range book.byTable {
		all = append(all, rules...)
	}
	slices.SortFunc(all, func(a, b TableRule) int {
		return cmp.Or(cmp.Compare(a.Table.String(), b.Table.String()), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// RuledTables returns the tables that have rules.
func (s *Service) RuledTables(ctx context.Context) ([]TableName, error) {
	book, err := s.ruleBook(ctx)
	if err != nil {
		return nil, err
	}
	tables := make([]TableName, 0, len(book.byTable))
	for t := range book.byTable {
		tables = append(tables, t)
	}
	slices.SortFunc(tables, func(a, b TableName) int { return cmp.Compare(a.String(), b.String()) })
	return tables, nil
}

// ruleBook holds all rules as of one generation.
type ruleBook struct {
	generation uint64
	byTable    map[TableName][]TableRule // by name
}

// ruleBook returns the rules that are in force.
func (s *Service) ruleBook(ctx context.Context) (*ruleBook, error) {
	generation := s.generation.Load()
	if b := s.rules.Load(); b != nil && b.generation == generation {
		return b, nil
	}
	b := &ruleBook{generation: generation, byTable: map[TableName][]TableRule{}}
	err := s.db.View(ctx, func(tx *sql.Tx) error {
		all, err := collect(ctx, tx, scanRule, "SELECT id, catalog_name, database_name, table_name, name, description, row_filter, masks, created, changed FROM access_rules ORDER BY name")
		if err != nil {
			return err
		}
		names, err := principalNames(ctx, tx)
		if err != nil {
			return err
		}
		for _, r := range all {
			for _, o := range names[r.id] {
				r.rule.Principals, r.rule.owners = append(r.rule.Principals, o.name), append(r.rule.owners, o.id)
			}
			slices.Sort(r.rule.Principals)
			b.byTable[r.rule.Table] = append(b.byTable[r.rule.Table], r.rule)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.rules.Store(b)
	return b, nil
}

type storedRule struct {
	id   string
	rule TableRule
}

func scanRule(scan func(...any) error) (r storedRule, err error) {
	var masks string
	var created, changed int64
	if err := scan(&r.id, &r.rule.Table.Catalog, &r.rule.Table.Database, &r.rule.Table.Table, &r.rule.Name, &r.rule.Description, &r.rule.Filter, &masks, &created, &changed); err != nil {
		return r, err
	}
	r.rule.Created, r.rule.Changed = instant(created), instant(changed)
	if err := json.Unmarshal([]byte(masks), &r.rule.Masks); err != nil {
		return r, fmt.Errorf("rule %s of table %s: %w", r.rule.Name, r.rule.Table, err)
	}
	return r, nil
}

// owner is a principal of a rule by its id and by the name it has now.
type owner struct{ id, name string }

// principalNames returns the principals of all rules, without those that are gone.
func principalNames(ctx context.Context, tx *sql.Tx) (map[string][]owner, error) {
	type row struct {
		rule string
		owner
	}
	rows, err := collect(ctx, tx, func(scan func(...any) error) (r row, err error) {
		return r, scan(&r.rule, &r.id, &r.name)
	}, `SELECT p.rule_id, p.owner_id, CASE WHEN p.owner_id = '*' THEN '*' ELSE coalesce('user/' || u.name, 'group/' || g.name, 'role/' || r.name) END AS name
		FROM access_rule_principals p LEFT JOIN access_users u ON u.id = p.owner_id
		LEFT JOIN access_groups g ON g.id = p.owner_id LEFT JOIN access_roles r ON r.id = p.owner_id
		WHERE p.owner_id = '*' OR coalesce(u.id, g.id, r.id) IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	all := map[string][]owner{}
	for _, r := range rows {
		all[r.rule] = append(all[r.rule], r.owner)
	}
	return all, nil
}
