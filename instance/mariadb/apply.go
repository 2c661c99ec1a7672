package mariadb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"lethe"
	"lethe/instance"
)

// Apply sets what a running server takes at once, and returns the names of the others
// that differ from what it was started with. Parameters that are not set any more go
// back to the engine's own values. A new certificate is for connections from then on.
func (e *Engine) Apply(ctx context.Context, s instance.Server) (pending []string, err error) {
	pending, err = e.apply(ctx, s)
	return pending, kind(err)
}

func (e *Engine) apply(ctx context.Context, s instance.Server) (pending []string, err error) {
	want, err := e.chosen(s)
	if err != nil || e.process(s) == nil {
		return nil, err
	}
	described, err := e.described(s.Version)
	if err != nil {
		return nil, err
	}
	had, err := at(s).started()
	if err != nil {
		return nil, err
	}
	changed, err := e.certify(s)
	if err != nil {
		return nil, err
	}
	err = e.admin(ctx, s, func(c *sql.Conn) error {
		if changed {
			if err := execute(ctx, c, "FLUSH SSL"); err != nil {
				return err
			}
		}
		has, err := pairs(ctx, c, "SELECT LOWER(VARIABLE_NAME), GLOBAL_VALUE FROM information_schema.SYSTEM_VARIABLES WHERE GLOBAL_VALUE_ORIGIN IN ('CONFIG', 'SQL')")
		if err != nil {
			return err
		}
		for _, p := range described {
			value, set := want[p.Name]
			_, now := has[p.Name]
			old, given := had[p.Name]
			switch {
			case p.Fixed || !set && !now && !given:
			case p.Static:
				if set != given || set && !same(p, value, old) {
					pending = append(pending, p.Name)
				}
			case set && now && same(p, value, has[p.Name]):
			case set:
				if err := execute(ctx, c, "SET GLOBAL "+identifier(p.Name)+" = "+expression(p, value)); err != nil {
					return refused(p.Name, value, err)
				}
			case !same(p, p.Default, has[p.Name]):
				if err := execute(ctx, c, "SET GLOBAL "+identifier(p.Name)+" = DEFAULT"); err != nil {
					return refused(p.Name, "DEFAULT", err)
				}
			}
		}
		return nil
	})
	slices.Sort(pending)
	return pending, err
}

// refused is an error of a value, if it is one.
func refused(name, value string, err error) error {
	var m *mysql.MySQLError
	if !errors.As(err, &m) {
		return err
	}
	if m.Number == 1238 { // read only: the server knows better
		return nil
	}
	return lethe.Errorf(lethe.Invalid, "the parameter %s cannot be %q: %s", name, value, m.Message)
}

// gone tells of a thread that is no more.
func gone(err error) bool {
	var m *mysql.MySQLError
	return errors.As(err, &m) && m.Number == 1094
}

// units are the suffixes of numbers in configuration files (MariaDB documentation,
// Configuring MariaDB with Option Files: suffixes).
var units = map[string]int64{"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}

// numeral reads a number as a configuration file has it.
func numeral(v string) (string, bool) {
	v = strings.ToLower(strings.TrimSpace(v))
	if n := len(v); n > 1 {
		if unit, ok := units[v[n-1:]]; ok {
			if i, err := strconv.ParseInt(v[:n-1], 10, 64); err == nil {
				return strconv.FormatInt(i*unit, 10), true
			}
		}
	}
	if _, err := strconv.ParseInt(v, 10, 64); err == nil {
		return v, true
	}
	if f, err := strconv.ParseFloat(v, 64); err == nil {
		return strconv.FormatFloat(f, 'f', -1, 64), true
	}
	return v, false
}

// expression is a value for SET.
func expression(p parameter, value string) string {
	if p.Type == "integer" || p.Type == "float" {
		if n, ok := numeral(value); ok {
			return n
		}
	}
	if t, ok := truths[strings.ToLower(strings.TrimSpace(value))]; ok && p.Type == "boolean" {
		return t
	}
	return literal(value)
}

// truths are how configuration files spell booleans.
var truths = map[string]string{"on": "on", "off": "off", "1": "on", "true": "on", "yes": "on", "0": "off", "false": "off", "no": "off"}

// same reports whether two spellings of a value mean the same.
func same(p parameter, a, b string) bool {
	norm := func(v string) string {
		v = strings.ToLower(strings.TrimSpace(v))
		switch p.Type {
		case "integer", "float":
			v, _ = numeral(v)
		case "boolean":
			if t, ok := truths[v]; ok {
				v = t
			}
		case "list":
			v = strings.Join(slices.Sorted(maps.Keys(set(v))), ",")
		}
		return v
	}
	return norm(a) == norm(b)
}

func set(list string) map[string]bool {
	all := map[string]bool{}
	for one := range strings.SplitSeq(list, ",") {
		all[strings.TrimSpace(one)] = true
	}
	return all
}

// SetPassword gives the first user another password, and the privileges back that it was
// made with, as RDS does.
func (e *Engine) SetPassword(ctx context.Context, s instance.Server, m instance.Master) error {
	if err := checkMaster(m); err != nil {
		return err
	}
	r, err := at(s).replica()
	if err != nil {
		return err
	}
	if r != nil {
		return lethe.Errorf(lethe.Conflict, "%s is a replica: its first user's password is that at %s", s.ID, r.Source)
	}
	return e.admin(ctx, s, func(c *sql.Conn) error {
		if err := execute(ctx, c, grants(m, true)...); err != nil {
			return fmt.Errorf("giving the first user a password: %w", err)
		}
		return nil
	})
}
