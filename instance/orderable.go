package instance

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// storageTypes are those of the engines here, and how many GiB a disk of each has.
var storageTypes = []storageType{{"gp2", 20, 65536}, {"gp3", 20, 65536}, {"io1", 100, 65536}, {"io2", 100, 65536}, {"standard", 5, 3072}}

type storageType struct {
	name        string
	least, most int32
}

// order is a class, a version and a type of storage that go together.
type order struct {
	version installedVersion
	class   int // in classes
	storage int // in storageTypes
}

func (o order) key() string {
	return fmt.Sprintf("%s %04d %s", o.version.key(), o.class, storageTypes[o.storage].name)
}

// DescribeOrderableDBInstanceOptions lists what instances of an engine can be: the
// versions that are installed, in the classes that the region offers for them.
func (l *Local) DescribeOrderableDBInstanceOptions(ctx context.Context, in *rds.DescribeOrderableDBInstanceOptionsInput, opts ...func(*rds.Options)) (*rds.DescribeOrderableDBInstanceOptionsOutput, error) {
	region, engine := l.region(opts), aws.ToString(in.Engine)
	if err := knownEngine(engine); err != nil {
		return nil, err
	}
	if _, err := filtered(in.Filters); err != nil {
		return nil, err
	}
	class, version, license := aws.ToString(in.DBInstanceClass), aws.ToString(in.EngineVersion), aws.ToString(in.LicenseModel)
	if _, ok := ClassOf(class); class != "" && !ok {
		return nil, invalidValue("Invalid DB Instance class: %s", class)
	}
	installed, err := l.installed(ctx)
	if err != nil {
		return nil, err
	}
	var all []order
	for _, v := range installed {
		if v.Engine != engine || version != "" && v.Number != version && !strings.HasPrefix(v.Number, version+".") || license != "" && license != licenses[engine] {
			continue
		}
		for i, c := range classes {
			if class != "" && class != c.Name || !c.Orderable(region) || compareVersions(v.Number, c.Minimum(engine)) < 0 {
				continue
			}
			for s := range storageTypes {
				all = append(all, order{v, i, s})
			}
		}
	}
	slices.SortFunc(all, func(a, b order) int { return strings.Compare(a.key(), b.key()) })
	page, next, err := pagedTo(1000, all, in.Marker, in.MaxRecords, order.key) // RDS's bound of this one; Terraform asks for 1,000
	if err != nil {
		return nil, err
	}
	out := &rds.DescribeOrderableDBInstanceOptionsOutput{Marker: next, OrderableDBInstanceOptions: []types.OrderableDBInstanceOption{}}
	for _, o := range page {
		out.OrderableDBInstanceOptions = append(out.OrderableDBInstanceOptions, o.out(region))
	}
	return out, nil
}

func (o order) out(region string) types.OrderableDBInstanceOption {
	s := storageTypes[o.storage]
	provisioned := strings.HasPrefix(s.name, "io")
	d := types.OrderableDBInstanceOption{Engine: ptr(o.version.Engine), EngineVersion: ptr(o.version.Number), DBInstanceClass: ptr(classes[o.class].Name),
		LicenseModel: ptr(licenses[o.version.Engine]), StorageType: ptr(s.name), MinStorageSize: ptr(s.least), MaxStorageSize: ptr(s.most), Vpc: ptr(true),
		AvailabilityZones:     []types.AvailabilityZone{{Name: ptr(region + "a")}},
		MultiAZCapable:        ptr(true),
		ReadReplicaCapable:    ptr(true),
		SupportsIops:          ptr(provisioned),
		SupportedEngineModes:  []string{"provisioned"},
		SupportedNetworkTypes: []string{"IPV4"},
		// What is not kept here: encryption is the disk's, and there is no IAM in the engines.
		SupportsStorageEncryption: ptr(false), SupportsIAMDatabaseAuthentication: ptr(false), SupportsEnhancedMonitoring: ptr(false), SupportsPerformanceInsights: ptr(false),
		SupportsKerberosAuthentication: ptr(false), SupportsStorageAutoscaling: ptr(false), SupportsStorageThroughput: ptr(s.name == "gp3"), SupportsGlobalDatabases: ptr(false), SupportsClusters: ptr(false)}
	if provisioned {
		d.MinIopsPerGib, d.MaxIopsPerGib, d.MinIopsPerDbInstance, d.MaxIopsPerDbInstance = ptr(0.5), ptr(50.0), ptr(int32(1000)), ptr(int32(256000))
	}
	return d
}

// DescribeValidDBInstanceModifications says what an instance's storage can become.
func (l *Local) DescribeValidDBInstanceModifications(ctx context.Context, in *rds.DescribeValidDBInstanceModificationsInput, opts ...func(*rds.Options)) (*rds.DescribeValidDBInstanceModificationsOutput, error) {
	var r *record
	err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		r, err = l.lookup(ctx, tx, l.region(opts), aws.ToString(in.DBInstanceIdentifier))
		return err
	})
	if err != nil {
		return nil, err
	}
	m := &types.ValidDBInstanceModificationsMessage{ValidProcessorFeatures: []types.AvailableProcessorFeature{}}
	for _, s := range storageTypes {
		// A disk grows by a tenth at least, and does not shrink.
		least := max(s.least, r.Storage)
		if least > s.most {
			continue
		}
		o := types.ValidStorageOptions{StorageType: ptr(s.name), StorageSize: []types.Range{{From: ptr(least), To: ptr(s.most), Step: ptr(int32(1))}}}
		if strings.HasPrefix(s.name, "io") {
			o.IopsToStorageRatio = []types.DoubleRange{{From: ptr(0.5), To: ptr(50.0)}}
		}
		m.Storage = append(m.Storage, o)
	}
	return &rds.DescribeValidDBInstanceModificationsOutput{ValidDBInstanceModificationsMessage: m}, nil
}
