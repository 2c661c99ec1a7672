package instance

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

func groupNotFound(name string) error {
	return &types.DBParameterGroupNotFoundFault{Message: ptr("DBParameterGroup not found: " + name)}
}

// named returns the name that an identifier has, which may be an ARN of the kind, and its
// region.
func named(id, region, kind string) (string, string) {
	if parts := strings.SplitN(id, ":", 7); len(parts) == 7 && parts[0] == "arn" && parts[5] == kind {
		return strings.ToLower(parts[6]), parts[3]
	}
	return strings.ToLower(id), region
}

func (g parameterGroup) out(region string) types.DBParameterGroup {
	return types.DBParameterGroup{DBParameterGroupName: &g.Name, DBParameterGroupFamily: &g.Family, Description: &g.Description, DBParameterGroupArn: ptr(arn(region, kindGroup, g.Name))}
}

// CreateDBParameterGroup makes a group that has a family's defaults until they are modified.
func (l *Local) CreateDBParameterGroup(ctx context.Context, in *rds.CreateDBParameterGroupInput, opts ...func(*rds.Options)) (*rds.CreateDBParameterGroupOutput, error) {
	g := parameterGroup{aws.ToString(in.DBParameterGroupName), aws.ToString(in.DBParameterGroupFamily), aws.ToString(in.Description)}
	out, err := l.newGroup(ctx, l.region(opts), g, in.Tags, nil)
	if err != nil {
		return nil, err
	}
	return &rds.CreateDBParameterGroupOutput{DBParameterGroup: out}, nil
}

// newGroup makes a group with values of its own.
func (l *Local) newGroup(ctx context.Context, region string, g parameterGroup, tags []types.Tag, own map[string]setting) (*types.DBParameterGroup, error) {
	name, err := CheckIdentifier("DBParameterGroupName", g.Name)
	if err != nil {
		return nil, err
	}
	if g.Name = name; g.Description == "" {
		return nil, invalidValue("The parameter Description must be provided and must not be blank.")
	}
	if _, err := l.parameters(g.Family); err != nil {
		return nil, err
	}
	err = l.DB.Tx(ctx, func(tx *sql.Tx) error {
		before, err := groupOf[parameterGroup](ctx, tx, region, kindGroup, name)
		if err != nil {
			return err
		}
		if before != nil {
			return &types.DBParameterGroupAlreadyExistsFault{Message: ptr("Parameter group " + name + " already exists")}
		}
		if err := putGroup(ctx, tx, region, kindGroup, name, g); err != nil {
			return err
		}
		if err := putParameters(ctx, tx, region, name, own); err != nil {
			return err
		}
		return l.addTags(ctx, tx, arn(region, kindGroup, name), tags)
	})
	if err != nil {
		return nil, err
	}
	return ptr(g.out(region)), nil
}

func putParameters(ctx context.Context, tx *sql.Tx, region, group string, own map[string]setting) error {
	for name, s := range own {
		_, err := tx.ExecContext(ctx, `INSERT INTO instance_parameters (region, name, parameter, value, method) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (region, name, parameter) DO UPDATE SET value = excluded.value, method = excluded.method`, region, group, name, s.Value, s.Method)
		if err != nil {
			return err
		}
	}
	return nil
}

// DescribeDBParameterGroups lists the groups, those of the defaults of the families that
// are installed among them.
func (l *Local) DescribeDBParameterGroups(ctx context.Context, in *rds.DescribeDBParameterGroupsInput, opts ...func(*rds.Options)) (*rds.DescribeDBParameterGroupsOutput, error) {
	region := l.region(opts)
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	families, err := l.families(ctx)
	if err != nil {
		return nil, err
	}
	var all []parameterGroup
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		if in.DBParameterGroupName != nil {
			g, err := l.group(ctx, tx, region, *in.DBParameterGroupName)
			if err == nil {
				all = []parameterGroup{*g}
			}
			return err
		}
		if all, err = groups[parameterGroup](ctx, tx, region, kindGroup); err != nil {
			return err
		}
		for _, f := range families {
			g, err := l.group(ctx, tx, region, defaultGroup(f))
			if err != nil {
				return err
			}
			all = append(all, *g)
		}
		slices.SortFunc(all, func(a, b parameterGroup) int { return cmp.Compare(a.Name, b.Name) })
		return nil
	})
	if err != nil {
		return nil, err
	}
	page, next, err := paged(all, in.Marker, in.MaxRecords, func(g parameterGroup) string { return g.Name })
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeDBParameterGroupsOutput{Marker: next}
	for _, g := range page {
		out.DBParameterGroups = append(out.DBParameterGroups, g.out(region))
	}
	return out, nil
}

// change changes the values of a group that is not one of defaults, and has the servers
// of its instances take them.
func (l *Local) change(ctx context.Context, region, name string, f func(tx *sql.Tx, g *parameterGroup, all []Parameter) error) (*string, error) {
	if strings.HasPrefix(strings.ToLower(name), "default.") {
		return nil, invalidValue("The default DB parameter group %s cannot be modified. Copy its family to a group of your own.", name)
	}
	g, all, err := l.groupParameters(ctx, region, name)
	if err != nil {
		return nil, err
	}
	err = l.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := l.group(ctx, tx, region, name); err != nil {
			return err
		}
		return f(tx, g, all)
	})
	if err != nil {
		return nil, err
	}
	return &g.Name, l.parametersChanged(ctx, region, g.Name)
}

// groupParameters reads a group, and describes the parameters of its family.
func (l *Local) groupParameters(ctx context.Context, region, name string) (g *parameterGroup, all []Parameter, err error) {
	err = l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		g, err = l.group(ctx, tx, region, name)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	all, err = l.parameters(g.Family)
	return g, all, err
}

// mostParameters is how many parameters a request may change.
const mostParameters = 20

// ModifyDBParameterGroup gives parameters of a group values. Those of kind dynamic take
// effect at once where ApplyMethod says immediate, all others when an instance is
// rebooted.
func (l *Local) ModifyDBParameterGroup(ctx context.Context, in *rds.ModifyDBParameterGroupInput, opts ...func(*rds.Options)) (*rds.ModifyDBParameterGroupOutput, error) {
	region := l.region(opts)
	if len(in.Parameters) == 0 {
		return nil, invalidValue("The parameter Parameters must be provided and must not be empty.")
	}
	if len(in.Parameters) > mostParameters {
		return nil, invalidValue("A request can modify %d parameters at most.", mostParameters)
	}
	name, err := l.change(ctx, region, aws.ToString(in.DBParameterGroupName), func(tx *sql.Tx, g *parameterGroup, all []Parameter) error {
		own := map[string]setting{}
		for _, p := range in.Parameters {
			known, method, err := modifiable(all, p)
			if err != nil {
				return err
			}
			value := aws.ToString(p.ParameterValue)
			if err := checkValue(known, value); err != nil {
				return err
			}
			own[known.Name] = setting{value, method}
		}
		return putParameters(ctx, tx, region, g.Name, own)
	})
	if err != nil {
		return nil, err
	}
	return &rds.ModifyDBParameterGroupOutput{DBParameterGroupName: name}, nil
}

// modifiable finds the parameter that a request wants to change, and when the change is
// to take effect.
func modifiable(all []Parameter, p types.Parameter) (Parameter, string, error) {
	name := aws.ToString(p.ParameterName)
	i := slices.IndexFunc(all, func(k Parameter) bool { return k.Name == name })
	if i < 0 {
		return Parameter{}, "", invalidValue("Could not find parameter with name: %s", name)
	}
	method := string(p.ApplyMethod)
	switch {
	case all[i].Fixed:
		return Parameter{}, "", invalidValue("The parameter %s cannot be modified.", name)
	case method != immediate && method != pendingReboot:
		return Parameter{}, "", invalidValue("The parameter ApplyMethod must be immediate or pending-reboot.")
	case all[i].Static && method == immediate:
		return Parameter{}, "", invalidCombination("cannot use immediate apply method for static parameter")
	}
	return all[i], method, nil
}

// checkValue refuses what a parameter can have with no class: a formula is tried with
// that of a middle size.
func checkValue(p Parameter, value string) error {
	if len(value) > 8<<10 {
		return invalidValue("Invalid parameter value for %s: it is longer than 8 KiB", p.Name)
	}
	if !isFormula(value) {
		return allowed(p, value)
	}
	if p.Type != "integer" && p.Type != "float" {
		return invalidValue("Invalid parameter value: %s for: %s: only numbers can be formulas", value, p.Name)
	}
	if _, err := Evaluate(value, Variables{Memory: 16 * gib, Storage: 100 * gib, Port: 5432, VCPU: 4}); err != nil {
		return invalidValue("Invalid parameter value: %s for: %s: %v", value, p.Name, err)
	}
	return nil
}

// ResetDBParameterGroup gives parameters of a group, or all, the family's defaults again.
func (l *Local) ResetDBParameterGroup(ctx context.Context, in *rds.ResetDBParameterGroupInput, opts ...func(*rds.Options)) (*rds.ResetDBParameterGroupOutput, error) {
	region, all := l.region(opts), aws.ToBool(in.ResetAllParameters) || in.ResetAllParameters == nil && len(in.Parameters) == 0
	if all && len(in.Parameters) > 0 {
		return nil, invalidCombination("Parameters cannot be given with ResetAllParameters.")
	}
	if !all && len(in.Parameters) == 0 {
		return nil, invalidCombination("Parameters must be given where ResetAllParameters is false.")
	}
	name, err := l.change(ctx, region, aws.ToString(in.DBParameterGroupName), func(tx *sql.Tx, g *parameterGroup, known []Parameter) error {
		if all {
			_, err := tx.ExecContext(ctx, `DELETE FROM instance_parameters WHERE region = $1 AND name = $2`, region, g.Name)
			return err
		}
		for _, p := range in.Parameters {
			k, _, err := modifiable(known, p)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM instance_parameters WHERE region = $1 AND name = $2 AND parameter = $3`, region, g.Name, k.Name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &rds.ResetDBParameterGroupOutput{DBParameterGroupName: name}, nil
}

// CopyDBParameterGroup makes a group with another's values. Those of defaults cannot be
// copied.
func (l *Local) CopyDBParameterGroup(ctx context.Context, in *rds.CopyDBParameterGroupInput, opts ...func(*rds.Options)) (*rds.CopyDBParameterGroupOutput, error) {
	region := l.region(opts)
	name, at := named(aws.ToString(in.SourceDBParameterGroupIdentifier), region, kindGroup)
	if strings.HasPrefix(name, "default.") {
		return nil, invalidValue("The default DB parameter group %s cannot be copied. Create a group of its family.", name)
	}
	var from *parameterGroup
	var own map[string]setting
	err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		if from, err = l.group(ctx, tx, at, name); err != nil {
			return err
		}
		own, err = overrides(ctx, tx, at, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	g := parameterGroup{aws.ToString(in.TargetDBParameterGroupIdentifier), from.Family, aws.ToString(in.TargetDBParameterGroupDescription)}
	out, err := l.newGroup(ctx, region, g, in.Tags, own)
	if err != nil {
		return nil, err
	}
	return &rds.CopyDBParameterGroupOutput{DBParameterGroup: out}, nil
}

// DeleteDBParameterGroup removes a group that no instance has.
func (l *Local) DeleteDBParameterGroup(ctx context.Context, in *rds.DeleteDBParameterGroupInput, opts ...func(*rds.Options)) (*rds.DeleteDBParameterGroupOutput, error) {
	region, name := l.region(opts), strings.ToLower(aws.ToString(in.DBParameterGroupName))
	if strings.HasPrefix(name, "default.") {
		return nil, invalidValue("Default DBParameterGroup cannot be deleted: %s", name)
	}
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := l.group(ctx, tx, region, name); err != nil {
			return err
		}
		all, err := l.records(ctx, tx, region)
		if err != nil {
			return err
		}
		for _, r := range all {
			if r.Group == name || r.Active == name {
				return &types.InvalidDBParameterGroupStateFault{Message: ptr("One or more database instances are still members of this parameter group " + name + ", so the group cannot be deleted")}
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM instance_parameters WHERE region = $1 AND name = $2`, region, name); err != nil {
			return err
		}
		return l.dropGroup(ctx, tx, region, kindGroup, name)
	})
	if err != nil {
		return nil, err
	}
	return &rds.DeleteDBParameterGroupOutput{}, nil
}

// The sources of parameters' values.
const (
	fromUser   = "user"
	fromSystem = "system"
	fromEngine = "engine-default"
)

// describe puts a parameter into the SDK's form.
func (p Parameter) out(own map[string]setting) types.Parameter {
	out := types.Parameter{ParameterName: &p.Name, Description: &p.Description, DataType: &p.Type, IsModifiable: ptr(!p.Fixed), ApplyMethod: types.ApplyMethodPendingReboot}
	source, applies := fromEngine, "static"
	if !p.Static {
		applies = "dynamic"
	}
	if p.Value != "" {
		source, out.ParameterValue = fromSystem, &p.Value
	}
	if p.Allowed != "" {
		out.AllowedValues = &p.Allowed
	}
	if s, ok := own[p.Name]; ok {
		source, out.ParameterValue, out.ApplyMethod = fromUser, &s.Value, types.ApplyMethod(s.Method)
	}
	out.Source, out.ApplyType = &source, &applies
	return out
}

// DescribeDBParameters lists the parameters of a group.
func (l *Local) DescribeDBParameters(ctx context.Context, in *rds.DescribeDBParametersInput, opts ...func(*rds.Options)) (*rds.DescribeDBParametersOutput, error) {
	region := l.region(opts)
	name, at := named(aws.ToString(in.DBParameterGroupName), region, kindGroup)
	g, all, err := l.groupParameters(ctx, at, name)
	if err != nil {
		return nil, err
	}
	var own map[string]setting
	err = l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		own, err = overrides(ctx, tx, at, g.Name)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s := aws.ToString(in.Source); s != "" && s != fromUser && s != fromSystem && s != fromEngine {
		return nil, invalidValue("Invalid parameter source: %s. It is user, system or engine-default.", s)
	}
	list, err := described(all, own, in.Filters, aws.ToString(in.Source))
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, in.Marker, in.MaxRecords, parameterName)
	if err != nil {
		return nil, err
	}
	return &rds.DescribeDBParametersOutput{Parameters: page, Marker: next}, nil
}

func parameterName(p types.Parameter) string { return *p.ParameterName }

// described lists parameters that filters and a source ask for.
func described(all []Parameter, own map[string]setting, filters []types.Filter, source string) ([]types.Parameter, error) {
	by, err := filtered(filters, "parameter-name")
	if err != nil {
		return nil, err
	}
	list := []types.Parameter{}
	for _, p := range all {
		out := p.out(own)
		if source != "" && source != *out.Source {
			continue
		}
		if names := by["parameter-name"]; names != nil && !slices.Contains(names, p.Name) {
			continue
		}
		list = append(list, out)
	}
	return list, nil
}

// DescribeEngineDefaultParameters lists a family's parameters with their defaults.
func (l *Local) DescribeEngineDefaultParameters(_ context.Context, in *rds.DescribeEngineDefaultParametersInput, _ ...func(*rds.Options)) (*rds.DescribeEngineDefaultParametersOutput, error) {
	all, err := l.parameters(aws.ToString(in.DBParameterGroupFamily))
	if err != nil {
		return nil, err
	}
	list, err := described(all, nil, in.Filters, "")
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, in.Marker, in.MaxRecords, parameterName)
	if err != nil {
		return nil, err
	}
	return &rds.DescribeEngineDefaultParametersOutput{EngineDefaults: &types.EngineDefaults{DBParameterGroupFamily: in.DBParameterGroupFamily, Parameters: page, Marker: next}}, nil
}
