package instance

import (
	"context"
	"database/sql"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lethe"
)

// parameterGroup is a DB parameter group, without its parameters.
type parameterGroup struct{ Name, Family, Description string }

// setting is a parameter of a group that has a value of its own.
type setting struct {
	Value  string
	Method string // immediate or pending-reboot
}

// defaultGroup is what the group that a family's instances have by default is called.
func defaultGroup(family string) string { return "default." + family }

var familyForm = regexp.MustCompile(`^[a-z]+[0-9]{1,3}(\.[0-9]{1,3})?$`)

// familyEngine returns the name of the engine that a family is of: postgres15 is of postgres.
func familyEngine(family string) string { return strings.TrimRight(family, "0123456789.") }

// parameters describes a family's parameters, in the order of their names.
func (l *Local) parameters(family string) ([]Parameter, error) {
	e, err := l.engine(familyEngine(family))
	if err != nil {
		return nil, invalidValue("Invalid DB parameter group family: %s", family)
	}
	all, err := e.Parameters(family)
	if lethe.Is(err, lethe.NotFound) || lethe.Is(err, lethe.Invalid) || lethe.Is(err, lethe.Unsupported) {
		return nil, invalidValue("Invalid DB parameter group family: %s", family)
	}
	if err != nil {
		return nil, err
	}
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// group reads a parameter group; that of a family's defaults is there without having
// been made.
func (l *Local) group(ctx context.Context, tx *sql.Tx, region, name string) (*parameterGroup, error) {
	name = strings.ToLower(name)
	if family, ok := strings.CutPrefix(name, "default."); ok {
		// Not what its parameters are: to know them may take an engine's start, and this
		// is a transaction.
		if _, err := l.engine(familyEngine(family)); err != nil || !familyForm.MatchString(family) {
			return nil, groupNotFound(name)
		}
		return &parameterGroup{name, family, "Default parameter group for " + family}, nil
	}
	g, err := groupOf[parameterGroup](ctx, tx, region, kindGroup, name)
	if err == nil && g == nil {
		err = groupNotFound(name)
	}
	return g, err
}

// overrides returns the parameters of a group that have values of their own.
func overrides(ctx context.Context, tx *sql.Tx, region, group string) (map[string]setting, error) {
	rows, err := tx.QueryContext(ctx, `SELECT parameter, value, method FROM instance_parameters WHERE region = $1 AND name = $2`, region, group)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]setting{}
	for rows.Next() {
		var name string
		var s setting
		if err := rows.Scan(&name, &s.Value, &s.Method); err != nil {
			return nil, err
		}
		all[name] = s
	}
	return all, rows.Err()
}

// settings resolves a parameter group for a server: what is set in it, and the family's
// defaults, with the results of the formulas. The error is of kind Invalid if a value
// cannot be had with these variables: the instance then is in the state
// incompatible-parameters.
func (l *Local) settings(ctx context.Context, tx *sql.Tx, region, group string, v Variables) (map[string]string, error) {
	g, err := l.group(ctx, tx, region, group)
	if err != nil {
		return nil, err
	}
	all, err := l.parameters(g.Family)
	if err != nil {
		return nil, err
	}
	own, err := overrides(ctx, tx, region, g.Name)
	if err != nil {
		return nil, err
	}
	resolved := map[string]string{}
	for _, p := range all {
		value := p.Value
		if s, ok := own[p.Name]; ok {
			value = s.Value
		}
		if value == "" {
			continue
		}
		if value, err = Evaluate(value, v); err != nil {
			return nil, lethe.Errorf(lethe.Invalid, "parameter %s of the group %s: %w", p.Name, g.Name, err)
		}
		if _, mine := own[p.Name]; mine {
			if err := allowed(p, value); err != nil {
				return nil, lethe.Errorf(lethe.Invalid, "parameter %s of the group %s: %w", p.Name, g.Name, err)
			}
		}
		resolved[p.Name] = value
	}
	return resolved, nil
}

// deferred returns the parameters of a group whose values a server takes only when it is
// started again, because they were set so (ApplyMethod pending-reboot). A server that
// runs keeps what it has of these.
func (l *Local) deferred(ctx context.Context, tx *sql.Tx, region, group string) (map[string]bool, error) {
	own, err := overrides(ctx, tx, region, strings.ToLower(group))
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for name, s := range own {
		if s.Method == pendingReboot {
			names[name] = true
		}
	}
	return names, nil
}

const (
	immediate     = "immediate"
	pendingReboot = "pending-reboot"
)

// allowed refuses a value, formulas resolved, that a parameter cannot have.
func allowed(p Parameter, value string) error {
	refused := invalidValue("Invalid parameter value: %s for: %s allowed values are: %s", value, p.Name, p.Allowed)
	switch p.Type {
	case "integer", "float":
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(n) || p.Type == "integer" && n != math.Trunc(n) {
			return invalidValue("Invalid parameter value: %s for: %s: it is not of the type %s", value, p.Name, p.Type)
		}
		if p.Allowed == "" {
			return nil
		}
		for part := range strings.SplitSeq(p.Allowed, ",") {
			if least, most, ok := bounds(part); ok && n >= least && n <= most {
				return nil
			}
		}
		return refused
	case "boolean":
		if p.Allowed == "" {
			p.Allowed = "0,1"
		}
	}
	if p.Allowed == "" || strings.ContainsFunc(p.Allowed, func(r rune) bool { return strings.ContainsRune("^[({*+", r) }) {
		// No bound, or a pattern in words of RDS's own: the engine knows.
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return invalidValue("Invalid parameter value for %s: it has control characters", p.Name)
		}
		return nil
	}
	choices := strings.Split(p.Allowed, ",")
	has := func(v string) bool {
		return slices.ContainsFunc(choices, func(c string) bool { return strings.EqualFold(strings.TrimSpace(c), strings.TrimSpace(v)) })
	}
	if p.Type == "list" {
		for v := range strings.SplitSeq(value, ",") {
			if !has(v) && value != "" {
				return refused
			}
		}
		return nil
	}
	if !has(value) {
		return refused
	}
	return nil
}

// bounds reads 6-8388607, -1-100 or one number.
func bounds(s string) (least, most float64, ok bool) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n, n, true
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '-' {
			continue
		}
		least, err1 := strconv.ParseFloat(s[:i], 64)
		most, err2 := strconv.ParseFloat(s[i+1:], 64)
		if err1 == nil && err2 == nil {
			return least, most, true
		}
	}
	return 0, 0, false
}
