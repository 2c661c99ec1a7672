package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lethe"
)

func newRules() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Say who sees which rows and columns of a table",
		Long: `Keep the row and column rules of tables. A table that has rules is closed: who is
not allowed lethe:BypassTableRules on it, as administrators are, sees what the
rules give that name the user, one of its groups, or its role.`,
	}
	cmd.AddCommand(newRulesList(), newRulesPut(), newRulesDelete())
	return cmd
}

// tableRule is a rule as the API has it.
type tableRule struct {
	Name        string       `json:"name,omitempty"`
	Database    string       `json:"database,omitempty"`
	Table       string       `json:"table,omitempty"`
	Description string       `json:"description"`
	Principals  []string     `json:"principals"`
	Filter      string       `json:"filter"`
	Masks       []columnMask `json:"masks"`
}

type columnMask struct {
	Column     string `json:"column"`
	Kind       string `json:"kind"`
	Expression string `json:"expression,omitempty"`
}

func (m columnMask) String() string {
	if m.Kind == "expression" {
		return m.Column + "=" + m.Expression
	}
	return m.Column + "=" + m.Kind
}

// maskOf reads COLUMN=hide, COLUMN=null, COLUMN=hash or COLUMN=EXPRESSION.
func maskOf(text string) (columnMask, error) {
	column, what, ok := strings.Cut(text, "=")
	column, what = strings.TrimSpace(column), strings.TrimSpace(what)
	if !ok || column == "" || what == "" {
		return columnMask{}, lethe.Errorf(lethe.Invalid, "--mask %q is not of the form COLUMN=hide, COLUMN=null, COLUMN=hash or COLUMN=EXPRESSION", text)
	}
	switch kind := strings.ToLower(what); kind {
	case "hide", "null", "hash":
		return columnMask{Column: column, Kind: kind}, nil
	}
	return columnMask{Column: column, Kind: "expression", Expression: what}, nil
}

// tableOf reads [DATABASE.]TABLE.
func tableOf(text string) (database, table string, err error) {
	database, table, ok := strings.Cut(text, ".")
	if !ok {
		database, table = "default", text
	}
	if database == "" || table == "" || strings.Contains(table, ".") {
		return "", "", lethe.Errorf(lethe.Invalid, "--table %q is not of the form DATABASE.TABLE", text)
	}
	return database, table, nil
}

func rulePath(database, table, rule string) string {
	return "/access/rules/" + url.PathEscape(database) + "/" + url.PathEscape(table) + "/" + url.PathEscape(rule)
}

func newRulesList() *cobra.Command {
	var data *string
	var table string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [--table DATABASE.TABLE]",
		Short: "List the rules of a table, or of all tables",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			if table != "" {
				database, name, err := tableOf(table)
				if err != nil {
					return err
				}
				q.Set("database", database)
				q.Set("table", name)
			}
			var raw json.RawMessage
			if err := ask(cmd, *data, http.MethodGet, "/access/rules?"+q.Encode(), nil, &raw); err != nil {
				return err
			}
			if asJSON {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), string(raw))
				return err
			}
			var out struct{ Rules []tableRule }
			if err := json.Unmarshal(raw, &out); err != nil {
				return err
			}
			return printRules(cmd.OutOrStdout(), out.Rules)
		},
	}
	data = lakeFlag(cmd)
	cmd.Flags().StringVar(&table, "table", "", "`DATABASE.TABLE`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printRules(w io.Writer, rules []tableRule) error {
	if len(rules) == 0 {
		_, err := fmt.Fprintln(w, "there are no rules: whoever may read a table's data sees all of it")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TABLE\tRULE\tFOR\tROWS\tMASKS")
	for _, r := range rules {
		rows, masks := r.Filter, make([]string, len(r.Masks))
		if rows == "" {
			rows = "all"
		}
		for i, m := range r.Masks {
			masks[i] = m.String()
		}
		fmt.Fprintf(t, "%s.%s\t%s\t%s\t%s\t%s\n", r.Database, r.Table, r.Name, strings.Join(r.Principals, " "), oneLine(rows), oneLine(strings.Join(masks, ", ")))
	}
	return t.Flush()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func newRulesPut() *cobra.Command {
	var data *string
	var table string
	var masks []string
	var in tableRule
	var check bool
	cmd := &cobra.Command{
		Use:   "put NAME --table DATABASE.TABLE --for PRINCIPAL [--filter EXPRESSION] [--mask COLUMN=WHAT]",
		Short: "Make a rule of a table, or change it",
		Long: `Make a rule of a table, or change the one of its name. Expressions are SQL over the
table's columns; current_user, in_group('NAME') and principal_tag('KEY') stand for
who asks.

	lethe access rules put germany --table default.orders --for group/sales \
	  --filter "country = 'DE'" --mask email=hash --mask phone=hide \
	  --mask "name=substr(name, 1, 1) || '.'"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			database, name, err := tableOf(table)
			if err != nil {
				return err
			}
			in.Masks = make([]columnMask, len(masks))
			for i, m := range masks {
				if in.Masks[i], err = maskOf(m); err != nil {
					return err
				}
			}
			path := rulePath(database, name, args[0])
			if check {
				path += "?check=true"
			}
			return ask(cmd, *data, http.MethodPut, path, in, nil)
		},
	}
	data = lakeFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&table, "table", "", "`DATABASE.TABLE`")
	f.StringArrayVar(&in.Principals, "for", nil, "`principal` that the rule applies to: user/NAME, group/NAME, role/NAME, or * for everyone; may be repeated")
	f.StringVar(&in.Filter, "filter", "", "`expression` that is true for the rows that are seen; all if not given")
	f.StringArrayVar(&masks, "mask", nil, "`COLUMN=WHAT` is seen in place of a column: hide, null, hash, or an expression; may be repeated")
	f.StringVar(&in.Description, "description", "", "`text` for people")
	f.BoolVar(&check, "check", false, "only say whether the rule fits the table")
	for _, name := range []string{"table", "for"} {
		_ = cmd.MarkFlagRequired(name) // fails only if there is no such flag
	}
	return cmd
}

func newRulesDelete() *cobra.Command {
	var data *string
	var table string
	cmd := &cobra.Command{
		Use:   "delete NAME --table DATABASE.TABLE",
		Short: "Delete a rule of a table; the last one opens it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			database, name, err := tableOf(table)
			if err != nil {
				return err
			}
			return ask(cmd, *data, http.MethodDelete, rulePath(database, name, args[0]), nil, nil)
		},
	}
	data = lakeFlag(cmd)
	cmd.Flags().StringVar(&table, "table", "", "`DATABASE.TABLE`")
	_ = cmd.MarkFlagRequired("table") // fails only if there is no such flag
	return cmd
}
