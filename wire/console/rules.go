package console

import (
	"context"
	"net/http"
	"time"

	"lethe"
	"lethe/access"
)

// Rules keeps the row and column rules of tables.
type Rules interface {
	// TableRules returns a table's rules by name; those of all tables if t is zero.
	TableRules(ctx context.Context, t access.TableName) ([]access.TableRule, error)
	// TableRule returns a rule; NotFound if there is none.
	TableRule(ctx context.Context, t access.TableName, name string) (access.TableRule, error)
	// CheckTableRule says what is wrong with a rule, and where.
	CheckTableRule(ctx context.Context, r access.TableRule) error
	// PutTableRule checks a rule, and makes it or changes the one of its name.
	PutTableRule(ctx context.Context, r access.TableRule) error
	DeleteTableRule(ctx context.Context, t access.TableName, name string) error
}

type ruleJSON struct {
	Name        string              `json:"name"`
	Database    string              `json:"database"`
	Table       string              `json:"table"`
	Description string              `json:"description,omitempty"`
	Principals  []string            `json:"principals"` // user/NAME, group/NAME, role/NAME or *
	Filter      string              `json:"filter"`     // "" is every row
	Masks       []access.ColumnMask `json:"masks"`
	Created     *time.Time          `json:"created,omitempty"`
	Changed     *time.Time          `json:"changed,omitempty"`
}

func ruleOf(r access.TableRule) ruleJSON {
	out := ruleJSON{Name: r.Name, Database: r.Table.Database, Table: r.Table.Table, Description: r.Description, Principals: r.Principals,
		Filter: r.Filter, Masks: r.Masks, Created: when(r.Created), Changed: when(r.Changed)}
	if out.Principals == nil {
		out.Principals = []string{} // all that it had are gone
	}
	if out.Masks == nil {
		out.Masks = []access.ColumnMask{}
	}
	return out
}

// ruledTable is the table that a request names, and its resource.
func (s *server) ruledTable(c *call) (access.TableName, string) {
	t := access.TableName{Catalog: lethe.DefaultCatalog, Database: c.path("database"), Table: c.path("table")}
	return t, lethe.TableARN(s.Region, t.Database, t.Table)
}

func (s *server) listRules(c *call) ([]need, func() error, error) {
	database, table := c.query("database"), c.query("table")
	if (database == "") != (table == "") {
		return nil, nil, lethe.Errorf(lethe.Invalid, "database and table are given together or not at all")
	}
	var of access.TableName
	resource := lethe.TableARN(s.Region, "*", "*")
	if table != "" {
		of = access.TableName{Catalog: lethe.DefaultCatalog, Database: database, Table: table}
		resource = lethe.TableARN(s.Region, database, table)
	}
	return []need{{"lethe:ListTableRules", resource}}, func() error {
		all, err := s.Rules.TableRules(c.r.Context(), of)
		if err != nil {
			return err
		}
		out := make([]ruleJSON, len(all))
		for i, r := range all {
			out[i] = ruleOf(r)
		}
		return reply(c.w, http.StatusOK, map[string]any{"rules": out})
	}, nil
}

func (s *server) getRule(c *call) ([]need, func() error, error) {
	t, resource := s.ruledTable(c)
	return []need{{"lethe:GetTableRule", resource}}, func() error {
		r, err := s.Rules.TableRule(c.r.Context(), t, c.path("rule"))
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, ruleOf(r))
	}, nil
}

// putRule makes or changes a rule; with check=true it only says whether it could.
func (s *server) putRule(c *call) ([]need, func() error, error) {
	var in struct {
		Description string              `json:"description"`
		Principals  []string            `json:"principals"`
		Filter      string              `json:"filter"`
		Masks       []access.ColumnMask `json:"masks"`
	}
	t, resource := s.ruledTable(c)
	return []need{{"lethe:PutTableRule", resource}}, func() error {
		if err := decode(c.w, c.r, &in); err != nil {
			return err
		}
		ctx := c.r.Context()
		r := access.TableRule{Name: c.path("rule"), Table: t, Description: in.Description, Principals: in.Principals, Filter: in.Filter, Masks: in.Masks}
		if c.query("check") == "true" {
			if err := s.Rules.CheckTableRule(ctx, r); err != nil {
				return err
			}
			return reply(c.w, http.StatusOK, ruleOf(r))
		}
		if err := s.Rules.PutTableRule(ctx, r); err != nil {
			return err
		}
		r, err := s.Rules.TableRule(ctx, t, r.Name)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, ruleOf(r))
	}, nil
}

func (s *server) deleteRule(c *call) ([]need, func() error, error) {
	t, resource := s.ruledTable(c)
	return []need{{"lethe:DeleteTableRule", resource}}, func() error {
		if err := s.Rules.DeleteTableRule(c.r.Context(), t, c.path("rule")); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil
}
