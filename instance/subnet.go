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

// Subnet groups are kept and answered, so that tools which describe their networks find
// what they said; servers here listen at the host's address whatever they say.

// subnetGroup is a DB subnet group.
type subnetGroup struct {
	Name, Description string
	Subnets           []string
}

func subnetsNotFound(name string) error {
	return &types.DBSubnetGroupNotFoundFault{Message: ptr("DB subnet group '" + name + "' does not exist.")}
}

// subnets reads a subnet group; the one called default is always there.
func (l *Local) subnets(ctx context.Context, tx *sql.Tx, region, name string) (*subnetGroup, error) {
	name = strings.ToLower(name)
	g, err := groupOf[subnetGroup](ctx, tx, region, kindSubnets, name)
	if err != nil || g != nil {
		return g, err
	}
	if name == "default" {
		return &subnetGroup{Name: name, Description: "default"}, nil
	}
	return nil, subnetsNotFound(name)
}

// out is the group in the SDK's form. Every subnet is in the region's first zone, as all
// servers are on one host.
func (g subnetGroup) out(region string) *types.DBSubnetGroup {
	out := &types.DBSubnetGroup{DBSubnetGroupName: &g.Name, DBSubnetGroupDescription: &g.Description, DBSubnetGroupArn: ptr(arn(region, kindSubnets, g.Name)),
		SubnetGroupStatus: ptr("Complete"), VpcId: ptr("local"), SupportedNetworkTypes: []string{"IPV4"}, Subnets: []types.Subnet{}}
	for _, s := range g.Subnets {
		out.Subnets = append(out.Subnets, types.Subnet{SubnetIdentifier: &s, SubnetStatus: ptr("Active"), SubnetAvailabilityZone: &types.AvailabilityZone{Name: ptr(region + "a")}})
	}
	return out
}

func checkSubnets(name, description string, subnets []string) (string, error) {
	switch {
	case description == "":
		return "", invalidValue("The parameter DBSubnetGroupDescription must be provided and must not be blank.")
	case len(subnets) == 0:
		return "", invalidValue("The parameter SubnetIds must be provided and must not be empty.")
	case !groupName(name) || strings.EqualFold(name, "default"):
		return "", invalidValue("The parameter DBSubnetGroupName must be provided, must begin with a letter, have no more than 255 letters, digits, spaces, hyphens, underscores or periods, and must not be default.")
	}
	for _, s := range subnets {
		if s == "" || len(s) > 255 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return "", &types.InvalidSubnet{Message: ptr("The requested subnet is invalid")}
		}
	}
	return strings.ToLower(name), nil
}

// groupName reports whether a name is one that subnet groups can have.
func groupName(name string) bool {
	if name == "" || len(name) > 255 || !letter(rune(name[0])) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return !letter(r) && (r < '0' || r > '9') && !strings.ContainsRune(" -_.", r) })
}

func letter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// CreateDBSubnetGroup keeps a subnet group.
func (l *Local) CreateDBSubnetGroup(ctx context.Context, in *rds.CreateDBSubnetGroupInput, opts ...func(*rds.Options)) (*rds.CreateDBSubnetGroupOutput, error) {
	region := l.region(opts)
	name, err := checkSubnets(aws.ToString(in.DBSubnetGroupName), aws.ToString(in.DBSubnetGroupDescription), in.SubnetIds)
	if err != nil {
		return nil, err
	}
	g := subnetGroup{name, *in.DBSubnetGroupDescription, in.SubnetIds}
	exists := &types.DBSubnetGroupAlreadyExistsFault{Message: ptr("The DB subnet group '" + name + "' already exists.")}
	if err := l.addGroup(ctx, region, kindSubnets, name, g, in.Tags, exists); err != nil {
		return nil, err
	}
	return &rds.CreateDBSubnetGroupOutput{DBSubnetGroup: g.out(region)}, nil
}

// DescribeDBSubnetGroups lists subnet groups.
func (l *Local) DescribeDBSubnetGroups(ctx context.Context, in *rds.DescribeDBSubnetGroupsInput, opts ...func(*rds.Options)) (*rds.DescribeDBSubnetGroupsOutput, error) {
	region := l.region(opts)
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	var all []subnetGroup
	err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		if in.DBSubnetGroupName != nil {
			g, err := l.subnets(ctx, tx, region, *in.DBSubnetGroupName)
			if err == nil {
				all = []subnetGroup{*g}
			}
			return err
		}
		all, err = groups[subnetGroup](ctx, tx, region, kindSubnets)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b subnetGroup) int { return cmp.Compare(a.Name, b.Name) })
	page, next, err := paged(all, in.Marker, in.MaxRecords, func(g subnetGroup) string { return g.Name })
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeDBSubnetGroupsOutput{Marker: next, DBSubnetGroups: []types.DBSubnetGroup{}}
	for _, g := range page {
		out.DBSubnetGroups = append(out.DBSubnetGroups, *g.out(region))
	}
	return out, nil
}

// ModifyDBSubnetGroup changes what is kept of a subnet group.
func (l *Local) ModifyDBSubnetGroup(ctx context.Context, in *rds.ModifyDBSubnetGroupInput, opts ...func(*rds.Options)) (*rds.ModifyDBSubnetGroupOutput, error) {
	region := l.region(opts)
	var g *subnetGroup
	err := l.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if g, err = l.subnets(ctx, tx, region, aws.ToString(in.DBSubnetGroupName)); err != nil {
			return err
		}
		if in.DBSubnetGroupDescription != nil {
			g.Description = *in.DBSubnetGroupDescription
		}
		g.Subnets = in.SubnetIds
		if _, err := checkSubnets(g.Name, g.Description, g.Subnets); err != nil {
			return err
		}
		return putGroup(ctx, tx, region, kindSubnets, g.Name, g)
	})
	if err != nil {
		return nil, err
	}
	return &rds.ModifyDBSubnetGroupOutput{DBSubnetGroup: g.out(region)}, nil
}

// DeleteDBSubnetGroup forgets a subnet group that no instance has.
func (l *Local) DeleteDBSubnetGroup(ctx context.Context, in *rds.DeleteDBSubnetGroupInput, opts ...func(*rds.Options)) (*rds.DeleteDBSubnetGroupOutput, error) {
	region, name := l.region(opts), strings.ToLower(aws.ToString(in.DBSubnetGroupName))
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		g, err := groupOf[subnetGroup](ctx, tx, region, kindSubnets, name)
		if err != nil {
			return err
		}
		if g == nil {
			return subnetsNotFound(name)
		}
		return l.unused(ctx, tx, region, kindSubnets, name, func(r *record) string { return r.Subnets }, func(r *record) error {
			return &types.InvalidDBSubnetGroupStateFault{Message: ptr("Cannot delete the subnet group '" + name + "' because at least one database instance: " + r.Name + " is still using it.")}
		})
	})
	if err != nil {
		return nil, err
	}
	return &rds.DeleteDBSubnetGroupOutput{}, nil
}

// subnetsOf is the subnet group of an instance, in the SDK's form.
func (l *Local) subnetsOf(ctx context.Context, tx *sql.Tx, region, name string) (*types.DBSubnetGroup, error) {
	g, err := l.subnets(ctx, tx, region, name)
	if err != nil {
		return nil, err
	}
	return g.out(region), nil
}
