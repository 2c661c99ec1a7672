package console_test

import (
	"context"
	"net/http"
	"testing"

	"lethe"
	"lethe/access"
)

// rules keeps one rule of a table.
type rules struct{ rule access.TableRule }

func newRules() *rules {
	return &rules{access.TableRule{Name: "germany", Table: access.TableName{Catalog: lethe.DefaultCatalog, Database: "default", Table: "orders"},
		Principals: []string{"group/sales"}, Filter: "country = 'DE'", Masks: []access.ColumnMask{{Column: "email", Kind: access.Hide}}, Created: began, Changed: began}}
}

func (r *rules) TableRules(context.Context, access.TableName) ([]access.TableRule, error) {
	return []access.TableRule{r.rule}, nil
}

func (r *rules) TableRule(_ context.Context, t access.TableName, name string) (access.TableRule, error) {
	if t != r.rule.Table || name != r.rule.Name {
		return access.TableRule{}, lethe.Errorf(lethe.NotFound, "table %s.%s has no rule %s", t.Database, t.Table, name)
	}
	return r.rule, nil
}

func (r *rules) CheckTableRule(_ context.Context, x access.TableRule) error {
	if x.Filter == "wrong" {
		return lethe.Errorf(lethe.Invalid, "rule %s does not fit: line 1:1", x.Name)
	}
	return nil
}

func (r *rules) PutTableRule(ctx context.Context, x access.TableRule) error {
	if err := r.CheckTableRule(ctx, x); err != nil {
		return err
	}
	x.Created, x.Changed = began, began
	r.rule = x
	return nil
}

func (r *rules) DeleteTableRule(ctx context.Context, t access.TableName, name string) error {
	_, err := r.TableRule(ctx, t, name)
	return err
}

func TestRulesArePutAndChecked(t *testing.T) {
	c := serve(t).as("admin")
	const at = "/api/v1/access/rules/default/orders/mine"
	a := c.do("PUT", at+"?check=true", `{"principals":["*"],"filter":"wrong"}`)
	c.want(a, http.StatusBadRequest)
	c.want(c.do("PUT", at+"?check=true", `{"principals":["*"],"filter":"id > 1"}`), http.StatusOK)
	c.want(c.do("GET", at, ""), http.StatusNotFound) // a check changes nothing
	c.want(c.do("PUT", at, `{"principals":["*"],"filter":"id > 1","masks":[{"column":"email","kind":"hash"}]}`), http.StatusOK)
	got := decode[struct {
		Filter string
		Masks  []access.ColumnMask
	}](c, c.do("GET", at, ""))
	if got.Filter != "id > 1" || len(got.Masks) != 1 || got.Masks[0].Kind != access.Hash {
		t.Errorf("%+v", got)
	}
	c.want(c.do("DELETE", at, ""), http.StatusNoContent)
	c.want(c.do("GET", "/api/v1/access/rules?database=default", ""), http.StatusBadRequest)
}
