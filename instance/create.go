package instance

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
)

// CreateDBInstance implements Provider.
func (l *Local) CreateDBInstance(ctx context.Context, in *rds.CreateDBInstanceInput, opts ...func(*rds.Options)) (*rds.CreateDBInstanceOutput, error) {
	r, password, err := l.newRecord(ctx, l.region(opts), in)
	if err != nil {
		return nil, err
	}
	r.Password = l.Keys.Seal([]byte(password), "instance", r.ID, "password")
	r.Status, r.Job = creating, &job{ID: "instance-" + lethe.NewOrderedID(), Kind: jobCreate, Before: creating}
	if err := l.admit(ctx, r, in.Tags, nil); err != nil {
		return nil, err
	}
	d, err := l.view(ctx, r)
	return &rds.CreateDBInstanceOutput{DBInstance: d}, err
}

// admit keeps a new instance and begins its job, if its name is free, what it refers to
// is there, and the host can carry it. It chooses the port and makes the certificate.
func (l *Local) admit(ctx context.Context, r *record, tags []types.Tag, f func(tx *sql.Tx) error) error {
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := l.lookup(ctx, tx, r.Region, r.Name); err == nil {
			return &types.DBInstanceAlreadyExistsFault{Message: ptr("DB instance already exists")}
		} else if !isNotFound(err) {
			return err
		}
		if err := l.checkGroups(ctx, tx, r); err != nil {
			return err
		}
		if err := l.capacity(ctx, tx, r.Class, r.copies(), r.ID); err != nil {
			return err
		}
		if err := l.choosePort(ctx, tx, r); err != nil {
			return err
		}
		if err := l.checkAuthority(ctx, tx, optional(r.Authority)); err != nil {
			return err
		}
		var err error
		if r.Cert, err = l.certify(ctx, tx, r.ID); err != nil {
			return err
		}
		if f != nil {
			if err := f(tx); err != nil {
				return err
			}
		}
		if err := insert(ctx, tx, r); err != nil {
			return err
		}
		return l.addTags(ctx, tx, r.arn(), tags)
	})
	if err != nil {
		return err
	}
	l.launch(ctx, r)
	return nil
}

// checkGroups refuses groups that are not there or are of another family.
func (l *Local) checkGroups(ctx context.Context, tx *sql.Tx, r *record) error {
	if r.Group == "" {
		r.Group = defaultGroup(family(r.Engine, r.Version))
	}
	g, err := l.group(ctx, tx, r.Region, r.Group)
	if err != nil {
		return err
	}
	if f := family(r.Engine, r.Version); g.Family != f {
		return invalidCombination("The parameter group %s with DBParameterGroupFamily %s can't be used for this instance. Use a parameter group with DBParameterGroupFamily %s.", g.Name, g.Family, f)
	}
	r.Group = g.Name
	if r.Subnets == "" {
		r.Subnets = "default"
	}
	if _, err := l.subnets(ctx, tx, r.Region, r.Subnets); err != nil {
		return err
	}
	if r.Options == "" {
		r.Options = "default:" + optionFamily(r.Engine, r.Version)
	}
	o, err := l.options(ctx, tx, r.Region, r.Options)
	if err != nil {
		return err
	}
	if f := family(r.Engine, r.Version); o.Engine+o.Major != f {
		return invalidCombination("The option group %s is for %s %s, and can't be used with %s %s.", o.Name, o.Engine, o.Major, r.Engine, r.Version)
	}
	if r.Active == "" {
		r.Active = r.Group
	}
	return nil
}

func isNotFound(err error) bool {
	_, ok := errors.AsType[*types.DBInstanceNotFoundFault](err)
	return ok
}

// newRecord makes a record of what a request asks for, and returns the first user's password.
func (l *Local) newRecord(ctx context.Context, region string, in *rds.CreateDBInstanceInput) (*record, string, error) {
	name, err := CheckIdentifier("DBInstanceIdentifier", aws.ToString(in.DBInstanceIdentifier))
	if err != nil {
		return nil, "", err
	}
	engine := aws.ToString(in.Engine)
	if err := CheckEngine(engine); err != nil {
		return nil, "", err
	}
	if err := unsupported(in); err != nil {
		return nil, "", err
	}
	if in.MasterUsername == nil {
		return nil, "", invalidValue("The parameter MasterUsername must be provided and must not be blank.")
	}
	user := *in.MasterUsername
	if err := CheckMasterUser(engine, user); err != nil {
		return nil, "", err
	}
	if err := CheckDatabaseName(engine, aws.ToString(in.DBName)); err != nil {
		return nil, "", err
	}
	if in.AllocatedStorage == nil {
		return nil, "", invalidValue("Invalid storage size for engine name %s and storage type %s: null", engine, StorageType(aws.ToString(in.StorageType), 0))
	}
	password, err := l.firstPassword(engine, in.MasterUserPassword, aws.ToBool(in.ManageMasterUserPassword), in.MasterUserSecretKmsKeyId)
	if err != nil {
		return nil, "", err
	}
	r := &record{
		ID: newResourceID(), Region: region, Name: name, Engine: engine,
		Class: aws.ToString(in.DBInstanceClass), User: user, Database: aws.ToString(in.DBName), CharacterSet: aws.ToString(in.CharacterSetName),
		Retention: 1, Rotate: aws.ToBool(in.ManageMasterUserPassword), MinorUpgrades: true,
	}
	if in.BackupRetentionPeriod != nil {
		r.Retention = *in.BackupRetentionPeriod
	}
	v, err := l.version(ctx, engine, aws.ToString(in.EngineVersion))
	if err != nil {
		return nil, "", err
	}
	r.Version = v.Number
	p := in
	return r, password, l.fit(r, placement{
		storage: p.AllocatedStorage, maxStorage: p.MaxAllocatedStorage, storageType: p.StorageType, iops: p.Iops, throughput: p.StorageThroughput,
		port: p.Port, group: p.DBParameterGroupName, options: p.OptionGroupName, subnets: p.DBSubnetGroupName, security: p.VpcSecurityGroupIds,
		zone: p.AvailabilityZone, maintenance: p.PreferredMaintenanceWindow, backup: p.PreferredBackupWindow, license: p.LicenseModel,
		authority: p.CACertificateIdentifier, key: p.KmsKeyId, network: p.NetworkType, insights: p.DatabaseInsightsMode, logs: p.EnableCloudwatchLogsExports,
		multiAZ: p.MultiAZ, public: p.PubliclyAccessible, encrypted: p.StorageEncrypted, protected: p.DeletionProtection, minor: p.AutoMinorVersionUpgrade,
		copyTags: p.CopyTagsToSnapshot, iam: p.EnableIAMDatabaseAuthentication, dedicatedLog: p.DedicatedLogVolume, performance: p.EnablePerformanceInsights,
		monitoring: p.MonitoringInterval, monitor: p.MonitoringRoleArn, insightDays: p.PerformanceInsightsRetentionPeriod,
	})
}

// placement is what requests that make an instance have in common.
type placement struct {
	storage, maxStorage, iops, throughput, port  *int32
	monitoring, insightDays                      *int32
	monitor                                      *string
	storageType, group, options, subnets, zone   *string
	maintenance, backup, license, authority, key *string
	network                                      *string
	insights                                     types.DatabaseInsightsMode
	logs, security                               []string
	multiAZ, public, encrypted, protected, minor *bool
	copyTags, iam, dedicatedLog, performance     *bool
}

// set changes what a request has said.
func set[T any](v *T, said *T) {
	if said != nil {
		*v = *said
	}
}

// fit checks what a request says of a new instance's place, and takes it over.
func (l *Local) fit(r *record, p placement) error {
	if _, err := CheckClass(r.Region, r.Class, r.Engine, r.Version); err != nil {
		return err
	}
	set(&r.Storage, p.storage)
	set(&r.StorageType, p.storageType)
	r.Iops, r.Throughput = cmp.Or(p.iops, r.Iops), cmp.Or(p.throughput, r.Throughput)
	r.StorageType = StorageType(r.StorageType, aws.ToInt32(r.Iops))
	if err := CheckStorage(r.Engine, Storage{r.StorageType, r.Storage, aws.ToInt32(r.Iops), aws.ToInt32(r.Throughput)}); err != nil {
		return err
	}
	set(&r.MaxStorage, p.maxStorage)
	if r.MaxStorage != 0 {
		if err := CheckMostStorage(r.MaxStorage, r.Storage); err != nil {
			return err
		}
	}
	if err := cmp.Or(CheckLogTypes(r.Engine, r.Version, p.logs), CheckMonitoring(p.monitoring, p.monitor), CheckInsights(p.insights, p.insightDays)); err != nil {
		return err
	}
	if err := CheckRetention(r.Retention, false); err != nil {
		return err
	}
	if p.port != nil {
		if err := CheckPort(*p.port); err != nil {
			return err
		}
		r.Port = int(*p.port)
	}
	var backup, maintenance *Window
	if p.backup != nil {
		w, err := ParseBackupWindow(*p.backup)
		if err != nil {
			return err
		}
		backup = &w
	}
	if p.maintenance != nil {
		w, err := ParseMaintenanceWindow(*p.maintenance)
		if err != nil {
			return err
		}
		maintenance = &w
	}
	b, m := DefaultWindows(r.Region, r.ID, backup, maintenance)
	if err := CheckWindows(b, m); err != nil {
		return err
	}
	r.BackupWindow, r.Maintenance = b.String(), m.String()
	r.License = licenses[r.Engine]
	if p.license != nil && *p.license != r.License {
		return invalidValue("Invalid license model '%s' for engine '%s'. Valid license models are: %s.", *p.license, r.Engine, r.License)
	}
	set(&r.Group, p.group)
	set(&r.Options, p.options)
	set(&r.Subnets, p.subnets)
	r.Group, r.Options, r.Subnets = strings.ToLower(r.Group), strings.ToLower(r.Options), strings.ToLower(r.Subnets)
	set(&r.Authority, p.authority)
	set(&r.Key, p.key)
	set(&r.Network, p.network)
	if r.Network == "" {
		r.Network = "IPV4"
	}
	if err := CheckNetwork(r.Network); err != nil {
		return err
	}
	r.Insights = p.insights
	r.LogExports, r.Security = p.logs, p.security
	set(&r.MultiAZ, p.multiAZ)
	set(&r.Public, p.public)
	set(&r.Encrypted, p.encrypted)
	set(&r.Protected, p.protected)
	set(&r.MinorUpgrades, p.minor)
	set(&r.CopyTags, p.copyTags)
	set(&r.IAM, p.iam)
	set(&r.DedicatedLog, p.dedicatedLog)
	set(&r.PerformanceInsights, p.performance)
	r.Zone = r.Region + "a"
	if p.zone != nil {
		if r.MultiAZ {
			return invalidCombination("Requesting a specific availability zone is not valid for Multi-AZ instances.")
		}
		if z := *p.zone; len(z) != len(r.Region)+1 || !strings.HasPrefix(z, r.Region) {
			return invalidValue("Invalid availability zone: %s is not in the region %s", z, r.Region)
		}
		r.Zone = *p.zone
	}
	if r.IAM {
		return invalidCombination("IAM Database Authentication is not supported on this host.")
	}
	return nil
}

// unsupported refuses what no instance here can be.
func unsupported(in *rds.CreateDBInstanceInput) error {
	for _, x := range []struct {
		name string
		has  bool
	}{
		{"DBClusterIdentifier", in.DBClusterIdentifier != nil},
		{"Domain", in.Domain != nil || in.DomainFqdn != nil},
		{"CustomIamInstanceProfile", in.CustomIamInstanceProfile != nil},
		{"TdeCredentialArn", in.TdeCredentialArn != nil},
		{"DBSystemId", in.DBSystemId != nil},
		{"Timezone", in.Timezone != nil},
		{"NcharCharacterSetName", in.NcharCharacterSetName != nil},
		{"AdditionalStorageVolumes", len(in.AdditionalStorageVolumes) > 0},
		{"ProcessorFeatures", len(in.ProcessorFeatures) > 0},
		{"DBSecurityGroups", len(in.DBSecurityGroups) > 0},
		{"MultiTenant", aws.ToBool(in.MultiTenant)},
		{"EnableCustomerOwnedIp", aws.ToBool(in.EnableCustomerOwnedIp)},
		{"MasterUserAuthenticationType", in.MasterUserAuthenticationType == types.MasterUserAuthenticationTypeIamDbAuth},
	} {
		if x.has {
			return invalidCombination("%s is not supported for engine %s on this host.", x.name, aws.ToString(in.Engine))
		}
	}
	return nil
}

// firstPassword returns the password that a request gives, or one that is made where it
// is to be managed.
func (l *Local) firstPassword(engine string, given *string, managed bool, key *string) (string, error) {
	switch {
	case managed && given != nil:
		return "", invalidCombination("You can't specify MasterUserPassword when ManageMasterUserPassword is true.")
	case managed && l.Secrets == nil:
		return "", invalidCombination("ManageMasterUserPassword is not supported: there is no store of secrets here.")
	case managed:
		return rand.Text(), nil
	case key != nil:
		return "", invalidCombination("MasterUserSecretKmsKeyId can be given only with ManageMasterUserPassword.")
	case given == nil:
		return "", invalidValue("The parameter MasterUserPassword must be provided and must not be blank.")
	}
	return *given, CheckPassword(engine, *given)
}

// newResourceID makes a name that no instance had before: db- and 26 capital letters and digits.
func newResourceID() string { return "db-" + rand.Text() }

// choosePort gives a new instance a port on this host that no other has.
func (l *Local) choosePort(ctx context.Context, tx *sql.Tx, r *record) error {
	rs, err := l.records(ctx, tx, "")
	if err != nil {
		return err
	}
	taken := map[int]string{}
	for _, o := range rs {
		if o.ID == r.ID {
			continue
		}
		taken[o.Port], taken[o.Standby] = o.Name, o.Name
		if o.Pending.Port != nil {
			taken[int(*o.Pending.Port)] = o.Name
		}
	}
	if r.Port != 0 {
		return l.portFree(r.Port, taken)
	}
	for p := DefaultPort(r.Engine); p <= 65535; p++ {
		if l.portFree(p, taken) == nil {
			r.Port, r.AnyPort = p, true
			return nil
		}
	}
	return &types.InsufficientDBInstanceCapacityFault{Message: ptr("No port is free on this host.")}
}

// portFree says who has a port.
func (l *Local) portFree(port int, taken map[int]string) error {
	if name := taken[port]; name != "" {
		return invalidCombination("Port %d is in use by the instance %s on this host. Choose another, or none to get one that is free.", port, name)
	}
	c, err := net.Listen("tcp", net.JoinHostPort(l.Host, strconv.Itoa(port)))
	if err != nil {
		return invalidCombination("Port %d cannot be listened at on this host: %v. Choose another, or none to get one that is free.", port, err)
	}
	return c.Close()
}

// master is the first user of a new instance, whose password is still known.
func (l *Local) master(r *record) (m Master, err error) {
	p, err := l.Keys.Unseal(r.Password, "instance", r.ID, "password")
	return Master{User: r.User, Password: string(p), Database: r.Database}, err
}

func (l *Local) makeServer(ctx context.Context, r *record) error {
	if err := l.activate(ctx, r); err != nil {
		return err
	}
	e, s, err := l.server(r)
	if err != nil {
		return err
	}
	m, err := l.master(r)
	if err != nil {
		return err
	}
	return e.Create(ctx, s, m)
}

func (l *Local) created(ctx context.Context, r *record) error {
	return l.bring(ctx, r, "creation", "DB instance created")
}

// bring ends a job that made an instance.
func (l *Local) bring(ctx context.Context, r *record, category, message string) error {
	if err := l.keepSecret(ctx, r); err != nil {
		return err
	}
	return l.finish(ctx, r, func(tx *sql.Tx, r *record) error {
		r.Password, r.Rotate, r.Created = "", false, l.now()
		r.end(available)
		return l.event(ctx, tx, r.source(), category, "%s", message)
	})
}

// keepSecret puts a password that is managed into the store of secrets.
func (l *Local) keepSecret(ctx context.Context, r *record) error {
	if !r.Rotate || r.Password == "" {
		return nil
	}
	m, err := l.master(r)
	if err != nil {
		return err
	}
	value, err := json.Marshal(map[string]string{"username": m.User, "password": m.Password})
	if err != nil {
		return err
	}
	arn, err := l.Secrets.Put(ctx, r.Region, r.secretName(), string(value))
	if err != nil {
		return err
	}
	n, err := l.revise(ctx, r.ID, func(_ *sql.Tx, r *record) error {
		r.Secret = arn
		return nil
	})
	if err == nil {
		*r = *n
	}
	return err
}

// secretName is the name that RDS gives to the secret of a master.
func (r *record) secretName() string { return "rds!" + r.ID }
