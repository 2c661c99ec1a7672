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

// Option groups are kept and answered. No engine here has options: PostgreSQL has none at
// AWS either, and those of MariaDB and MySQL are plugins that AWS makes.

// optionGroup is an option group, which has no options.
type optionGroup struct{ Name, Engine, Major, Description string }

func optionsNotFound(name string) error {
	return &types.OptionGroupNotFoundFault{Message: ptr("Specified OptionGroupName: " + name + " not found.")}
}

// defaultOptions is what the option group is called that instances of an engine's major
// version have by default.
func defaultOptions(engine, major string) string {
	return "default:" + engine + "-" + strings.ReplaceAll(major, ".", "-")
}

// options reads an option group; the default ones of the engines are always there.
func (l *Local) options(ctx context.Context, tx *sql.Tx, region, name string) (*optionGroup, error) {
	name = strings.ToLower(name)
	if rest, ok := strings.CutPrefix(name, "default:"); ok {
		engine, major, _ := strings.Cut(rest, "-")
		if slices.Contains(engineNames, engine) && major != "" && strings.Trim(major, "0123456789-") == "" {
			major = strings.ReplaceAll(major, "-", ".")
			return &optionGroup{name, engine, major, "Default option group for " + engine + " " + major}, nil
		}
	}
	g, err := groupOf[optionGroup](ctx, tx, region, kindOptions, name)
	if err == nil && g == nil {
		err = optionsNotFound(name)
	}
	return g, err
}

func (g optionGroup) out(region string) *types.OptionGroup {
	return &types.OptionGroup{OptionGroupName: &g.Name, OptionGroupDescription: &g.Description, EngineName: &g.Engine, MajorEngineVersion: &g.Major,
		OptionGroupArn: ptr(arn(region, kindOptions, g.Name)), AllowsVpcAndNonVpcInstanceMemberships: ptr(true), Options: []types.Option{}}
}

// CreateOptionGroup keeps an option group.
func (l *Local) CreateOptionGroup(ctx context.Context, in *rds.CreateOptionGroupInput, opts ...func(*rds.Options)) (*rds.CreateOptionGroupOutput, error) {
	region := l.region(opts)
	name, err := CheckIdentifier("OptionGroupName", aws.ToString(in.OptionGroupName))
	if err != nil {
		return nil, err
	}
	g := optionGroup{name, aws.ToString(in.EngineName), aws.ToString(in.MajorEngineVersion), aws.ToString(in.OptionGroupDescription)}
	if err := CheckEngine(g.Engine); err != nil {
		return nil, err
	}
	switch {
	case g.Description == "":
		return nil, invalidValue("The parameter OptionGroupDescription must be provided and must not be blank.")
	}
	if installed, err := l.installed(ctx); err != nil {
		return nil, err
	} else if !slices.ContainsFunc(installed, func(v installedVersion) bool { return v.Engine == g.Engine && v.major() == g.Major }) {
		return nil, invalidCombination("Cannot find major version %s for %s", g.Major, g.Engine)
	}
	exists := &types.OptionGroupAlreadyExistsFault{Message: ptr("An option group named " + name + " already exists.")}
	if err := l.addGroup(ctx, region, kindOptions, name, g, in.Tags, exists); err != nil {
		return nil, err
	}
	return &rds.CreateOptionGroupOutput{OptionGroup: g.out(region)}, nil
}

// DescribeOptionGroups lists option groups.
func (l *Local) DescribeOptionGroups(ctx context.Context, in *rds.DescribeOptionGroupsInput, opts ...func(*rds.Options)) (*rds.DescribeOptionGroupsOutput, error) {
	region := l.region(opts)
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	engine, major := aws.ToString(in.EngineName), aws.ToString(in.MajorEngineVersion)
	switch {
	case in.OptionGroupName != nil && (engine != "" || major != ""):
		return nil, invalidCombination("OptionGroupName can't be given with EngineName or MajorEngineVersion.")
	case major != "" && engine == "":
		return nil, invalidCombination("EngineName must be given with MajorEngineVersion.")
	}
	installed, err := l.installed(ctx)
	if err != nil {
		return nil, err
	}
	var all []optionGroup
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		if in.OptionGroupName != nil {
			g, err := l.options(ctx, tx, region, *in.OptionGroupName)
			if err == nil {
				all = []optionGroup{*g}
			}
			return err
		}
		if all, err = groups[optionGroup](ctx, tx, region, kindOptions); err != nil {
			return err
		}
		for _, v := range installed {
			g, err := l.options(ctx, tx, region, defaultOptions(v.Engine, v.major()))
			if err != nil {
				return err
			}
			all = append(all, *g)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b optionGroup) int { return cmp.Compare(a.Name, b.Name) })
	all = slices.CompactFunc(all, func(a, b optionGroup) bool { return a.Name == b.Name })
	all = slices.DeleteFunc(all, func(g optionGroup) bool { return engine != "" && engine != g.Engine || major != "" && major != g.Major })
	page, next, err := paged(all, in.Marker, in.MaxRecords, func(g optionGroup) string { return g.Name })
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeOptionGroupsOutput{Marker: next, OptionGroupsList: []types.OptionGroup{}}
	for _, g := range page {
		out.OptionGroupsList = append(out.OptionGroupsList, *g.out(region))
	}
	return out, nil
}

// ModifyOptionGroup refuses every option, as there are none.
func (l *Local) ModifyOptionGroup(ctx context.Context, in *rds.ModifyOptionGroupInput, opts ...func(*rds.Options)) (*rds.ModifyOptionGroupOutput, error) {
	region := l.region(opts)
	var g *optionGroup
	err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		g, err = l.options(ctx, tx, region, aws.ToString(in.OptionGroupName))
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case strings.HasPrefix(g.Name, "default:"):
		return nil, invalidValue("The default option group %s cannot be modified.", g.Name)
	case len(in.OptionsToInclude) > 0:
		return nil, invalidValue("Option: %s is not available for %s %s on this server.", aws.ToString(in.OptionsToInclude[0].OptionName), g.Engine, g.Major)
	case len(in.OptionsToRemove) > 0:
		return nil, invalidValue("Option: %s is not in the option group %s.", in.OptionsToRemove[0], g.Name)
	}
	return nil, invalidCombination("At least one option must be added, modified, or removed.")
}

// DeleteOptionGroup forgets an option group that no instance has.
func (l *Local) DeleteOptionGroup(ctx context.Context, in *rds.DeleteOptionGroupInput, opts ...func(*rds.Options)) (*rds.DeleteOptionGroupOutput, error) {
	region, name := l.region(opts), strings.ToLower(aws.ToString(in.OptionGroupName))
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		g, err := l.options(ctx, tx, region, name)
		if err != nil {
			return err
		}
		if strings.HasPrefix(g.Name, "default:") {
			return invalidValue("Default option group cannot be deleted: %s", name)
		}
		return l.unused(ctx, tx, region, kindOptions, name, func(r *record) string { return r.Options }, func(r *record) error {
			return &types.InvalidOptionGroupStateFault{Message: ptr("The option group " + name + " cannot be deleted because the instance " + r.Name + " has it.")}
		})
	})
	if err != nil {
		return nil, err
	}
	return &rds.DeleteOptionGroupOutput{}, nil
}

// DescribeOptionGroupOptions lists the options of an engine, which are none.
func (l *Local) DescribeOptionGroupOptions(_ context.Context, in *rds.DescribeOptionGroupOptionsInput, _ ...func(*rds.Options)) (*rds.DescribeOptionGroupOptionsOutput, error) {
	if err := CheckEngine(aws.ToString(in.EngineName)); err != nil {
		return nil, err
	}
	return &rds.DescribeOptionGroupOptionsOutput{OptionGroupOptions: []types.OptionGroupOption{}}, nil
}
