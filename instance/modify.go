package instance

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
)

// ModifyDBInstance implements Provider.
//
// What is changed at once, what waits for the maintenance window unless ApplyImmediately
// is given, and that it then flushes all that waits, is as the RDS User Guide has it,
// "Modifying an Amazon RDS DB instance".
func (l *Local) ModifyDBInstance(ctx context.Context, in *rds.ModifyDBInstanceInput, opts ...func(*rds.Options)) (*rds.ModifyDBInstanceOutput, error) {
	region := l.region(opts)
	r, err := l.request(ctx, region, aws.ToString(in.DBInstanceIdentifier), func(tx *sql.Tx, r *record) error {
		if err := invalidState(r, available, storageFull, badParameters); err != nil {
			return err
		}
		if err := unsupportedChange(in); err != nil {
			return err
		}
		if err := l.changeNow(ctx, tx, r, in); err != nil {
			return err
		}
		if err := l.changeLater(ctx, tx, r, in); err != nil {
			return err
		}
		if all := aws.ToBool(in.ApplyImmediately); !empty(r.due(all)) {
			r.begin(r.changing(all), job{Kind: jobModify, All: all})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	d, err := l.view(ctx, r)
	return &rds.ModifyDBInstanceOutput{DBInstance: d}, err
}

func unsupportedChange(in *rds.ModifyDBInstanceInput) error {
	for _, x := range []struct {
		name string
		has  bool
	}{
		{"Domain", in.Domain != nil || in.DomainFqdn != nil},
		{"TdeCredentialArn", in.TdeCredentialArn != nil},
		{"ProcessorFeatures", len(in.ProcessorFeatures) > 0},
		{"DBSecurityGroups", len(in.DBSecurityGroups) > 0},
		{"AdditionalStorageVolumes", len(in.AdditionalStorageVolumes) > 0},
		{"MultiTenant", aws.ToBool(in.MultiTenant)},
		{"EnableIAMDatabaseAuthentication", aws.ToBool(in.EnableIAMDatabaseAuthentication)},
		{"Engine", in.Engine != nil},
		{"MasterUserAuthenticationType", in.MasterUserAuthenticationType == types.MasterUserAuthenticationTypeIamDbAuth},
	} {
		if x.has {
			return invalidCombination("%s is not supported on this host.", x.name)
		}
	}
	return nil
}

// changeNow changes what never waits, and needs nothing of the server.
func (l *Local) changeNow(ctx context.Context, tx *sql.Tx, r *record, in *rds.ModifyDBInstanceInput) error {
	set(&r.Protected, in.DeletionProtection)
	set(&r.MinorUpgrades, in.AutoMinorVersionUpgrade)
	set(&r.CopyTags, in.CopyTagsToSnapshot)
	set(&r.Public, in.PubliclyAccessible)
	set(&r.PerformanceInsights, in.EnablePerformanceInsights)
	set(&r.DedicatedLog, in.DedicatedLogVolume)
	set(&r.Network, in.NetworkType)
	if in.DatabaseInsightsMode != "" {
		r.Insights = in.DatabaseInsightsMode
	}
	if in.VpcSecurityGroupIds != nil {
		r.Security = in.VpcSecurityGroupIds
	}
	if in.MaxAllocatedStorage != nil {
		if m := *in.MaxAllocatedStorage; m == r.Storage {
			r.MaxStorage = 0 // which turns it off
		} else if err := CheckMostStorage(m, max(r.Storage, aws.ToInt32(in.AllocatedStorage))); err != nil {
			return err
		} else {
			r.MaxStorage = m
		}
	}
	if err := cmp.Or(CheckMonitoring(in.MonitoringInterval, in.MonitoringRoleArn), CheckInsights(in.DatabaseInsightsMode, in.PerformanceInsightsRetentionPeriod)); err != nil {
		return err
	}
	if c := in.CloudwatchLogsExportConfiguration; c != nil {
		if err := CheckLogTypes(r.Engine, r.Version, slices.Concat(c.EnableLogTypes, c.DisableLogTypes)); err != nil {
			return err
		}
		r.LogExports = append(r.LogExports, c.EnableLogTypes...)
		for _, off := range c.DisableLogTypes {
			r.LogExports = without(r.LogExports, off)
		}
	}
	if in.PreferredBackupWindow != nil || in.PreferredMaintenanceWindow != nil {
		set(&r.BackupWindow, in.PreferredBackupWindow)
		set(&r.Maintenance, in.PreferredMaintenanceWindow)
		b, err := ParseBackupWindow(r.BackupWindow)
		if err != nil {
			return err
		}
		m, err := ParseMaintenanceWindow(r.Maintenance)
		if err != nil {
			return err
		}
		if err := CheckWindows(b, m); err != nil {
			return err
		}
		r.BackupWindow, r.Maintenance = b.String(), m.String()
	}
	if in.DBParameterGroupName == nil && in.OptionGroupName == nil && in.DBSubnetGroupName == nil {
		return nil
	}
	set(&r.Group, in.DBParameterGroupName)
	set(&r.Options, in.OptionGroupName)
	set(&r.Subnets, in.DBSubnetGroupName)
	r.Group, r.Options, r.Subnets = strings.ToLower(r.Group), strings.ToLower(r.Options), strings.ToLower(r.Subnets)
	if err := l.checkGroups(ctx, tx, r); err != nil {
		return err
	}
	if in.DBParameterGroupName != nil && r.Group != r.Active {
		return l.event(ctx, tx, r.source(), "configuration change", "Updated to use DBParameterGroup %s; it takes effect when the DB instance is rebooted", r.Group)
	}
	return nil
}

func without(all []string, s string) (rest []string) {
	for _, x := range all {
		if x != s {
			rest = append(rest, x)
		}
	}
	return rest
}

// changeLater adds to what is pending what the server must be changed for.
func (l *Local) changeLater(ctx context.Context, tx *sql.Tx, r *record, in *rds.ModifyDBInstanceInput) error {
	p := &r.Pending
	version := r.Version
	if v := in.EngineVersion; v != nil && *v != r.Version {
		if strings.HasPrefix(r.Version, *v+".") {
			p.EngineVersion = nil
		} else {
			w, err := l.version(ctx, r.Engine, *v)
			if err != nil {
				return err
			}
			if family(r.Engine, w.Number) != family(r.Engine, r.Version) {
				return invalidCombination("An upgrade from %s %s to %s is to another major version, which is not supported on this host. Restore a dump into a new instance.", r.Engine, r.Version, w.Number)
			}
			if compareVersions(w.Number, r.Version) < 0 {
				return invalidCombination("Cannot upgrade %s from %s to %s: it is older.", r.Engine, r.Version, w.Number)
			}
			p.EngineVersion, version = &w.Number, w.Number
		}
	} else if in.EngineVersion != nil {
		p.EngineVersion = nil
	}
	if c := in.DBInstanceClass; c != nil {
		if _, err := CheckClass(r.Region, *c, r.Engine, version); err != nil {
			return err
		}
		if err := l.capacity(ctx, tx, *c, r.copies(), r.ID); err != nil {
			return err
		}
		p.DBInstanceClass = unless(*c == r.Class, c)
	}
	if err := l.changeStorage(r, in); err != nil {
		return err
	}
	if n := in.DBPortNumber; n != nil {
		if err := CheckPort(*n); err != nil {
			return err
		}
		p.Port = unless(int(*n) == r.Port, n)
		if p.Port != nil {
			if err := l.free(r, false, "get another port"); err != nil {
				return err
			}
			next := &record{ID: r.ID, Port: int(*n)}
			if err := l.choosePort(ctx, tx, next); err != nil {
				return err
			}
		}
	}
	if d := in.BackupRetentionPeriod; d != nil {
		replicas, err := l.replicas(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		if err := CheckRetention(*d, len(replicas) > 0); err != nil {
			return err
		}
		if (*d == 0) == (r.Retention == 0) {
			r.Retention, p.BackupRetentionPeriod = *d, nil // which needs nothing of the server
		} else {
			p.BackupRetentionPeriod = d
		}
	}
	if m := in.MultiAZ; m != nil {
		if *m && !r.MultiAZ {
			if err := l.capacity(ctx, tx, r.Class, 2, r.ID); err != nil {
				return err
			}
		}
		p.MultiAZ = unless(*m == r.MultiAZ, m)
	}
	if in.LicenseModel != nil && *in.LicenseModel != r.License {
		return invalidValue("Invalid license model '%s' for engine '%s'. Valid license models are: %s.", *in.LicenseModel, r.Engine, r.License)
	}
	if in.CACertificateIdentifier != nil {
		if err := l.checkAuthority(ctx, tx, in.CACertificateIdentifier); err != nil {
			return err
		}
		p.CACertificateIdentifier = unless(*in.CACertificateIdentifier == r.Cert.Authority, in.CACertificateIdentifier)
	}
	if err := l.changePassword(r, in); err != nil {
		return err
	}
	return l.changeName(ctx, tx, r, in)
}

// unless is a change, or none if it is so already.
func unless[T any](already bool, v *T) *T {
	if already {
		return nil
	}
	return v
}

func (l *Local) changeStorage(r *record, in *rds.ModifyDBInstanceInput) error {
	if in.AllocatedStorage == nil && in.StorageType == nil && in.Iops == nil && in.StorageThroughput == nil {
		return nil
	}
	p := &r.Pending
	s := Storage{r.StorageType, r.Storage, aws.ToInt32(r.Iops), aws.ToInt32(r.Throughput)}
	if in.AllocatedStorage != nil {
		n, err := GrowStorage(r.Storage, *in.AllocatedStorage)
		if err != nil {
			return err
		}
		s.GiB = n
		p.AllocatedStorage = unless(n == r.Storage, &n)
	}
	if in.StorageType != nil {
		if s.Type = *in.StorageType; s.Type != r.StorageType {
			// Speeds are those of a type: what is not said of the new one is none.
			s.IOPS, s.Throughput = 0, 0
		}
		p.StorageType = unless(s.Type == r.StorageType, in.StorageType)
	}
	if in.Iops != nil {
		s.IOPS = *in.Iops
		p.Iops = unless(s.IOPS == aws.ToInt32(r.Iops), in.Iops)
	}
	if in.StorageThroughput != nil {
		s.Throughput = *in.StorageThroughput
		p.StorageThroughput = unless(s.Throughput == aws.ToInt32(r.Throughput), in.StorageThroughput)
	}
	return CheckStorage(r.Engine, s)
}

func (l *Local) changePassword(r *record, in *rds.ModifyDBInstanceInput) error {
	manage, managed := aws.ToBool(in.ManageMasterUserPassword), r.Secret != ""
	off := in.ManageMasterUserPassword != nil && !manage
	switch {
	case in.MasterUserPassword != nil && managed && !off:
		return invalidCombination("You can't specify MasterUserPassword for an instance whose password is managed.")
	case off && managed && in.MasterUserPassword == nil:
		return invalidCombination("MasterUserPassword must be given where ManageMasterUserPassword is turned off.")
	case aws.ToBool(in.RotateMasterUserPassword) && !managed:
		return invalidCombination("RotateMasterUserPassword is for instances whose password is managed.")
	case aws.ToBool(in.RotateMasterUserPassword) && !aws.ToBool(in.ApplyImmediately):
		return invalidCombination("You must apply the change immediately when you rotate the master user password.")
	}
	if r.Source != "" && (in.MasterUserPassword != nil || manage) {
		return invalidCombination("The password of a read replica is that of its source.")
	}
	rotate := manage && !managed || aws.ToBool(in.RotateMasterUserPassword)
	if in.MasterUserPassword == nil && !rotate {
		return nil
	}
	if err := l.free(r, true, "get another password"); err != nil {
		return err
	}
	password, err := l.firstPassword(r.Engine, in.MasterUserPassword, rotate, nil)
	if err != nil {
		return err
	}
	r.Rotate = rotate
	r.Pending.MasterUserPassword = ptr(l.Keys.Seal([]byte(password), "instance", r.ID, "password"))
	return nil
}

func (l *Local) changeName(ctx context.Context, tx *sql.Tx, r *record, in *rds.ModifyDBInstanceInput) error {
	if in.NewDBInstanceIdentifier == nil {
		return nil
	}
	name, err := CheckIdentifier("NewDBInstanceIdentifier", *in.NewDBInstanceIdentifier)
	if err != nil {
		return err
	}
	if r.Pending.DBInstanceIdentifier = unless(name == r.Name, &name); name == r.Name {
		return nil
	}
	if err := l.free(r, false, "get another name"); err != nil {
		return err
	}
	if _, err := l.lookup(ctx, tx, r.Region, name); err == nil {
		return &types.DBInstanceAlreadyExistsFault{Message: ptr("DB instance already exists")}
	} else if !isNotFound(err) {
		return err
	}
	return nil
}

// due is that part of what is pending which does not wait for a window: a password and a
// port never do.
func (r *record) due(all bool) types.PendingModifiedValues {
	if all {
		return r.Pending
	}
	return types.PendingModifiedValues{MasterUserPassword: r.Pending.MasterUserPassword, Port: r.Pending.Port}
}

// drop takes changes from what is pending.
func (r *record) drop(done types.PendingModifiedValues) {
	p, d := reflect.ValueOf(&r.Pending).Elem(), reflect.ValueOf(done)
	for i := range p.NumField() {
		if f := p.Field(i); f.CanSet() && !d.Field(i).IsZero() {
			f.SetZero()
		}
	}
}

func empty(p types.PendingModifiedValues) bool { return reflect.ValueOf(p).IsZero() }

// changing is the state of an instance while it is changed.
func (r *record) changing(all bool) string {
	p := r.due(all)
	rest := p
	rest.MasterUserPassword = nil
	switch {
	case p.EngineVersion != nil:
		return upgrading
	case p.DBInstanceIdentifier != nil:
		return renaming
	case empty(rest):
		return settingPassword
	}
	return modifying
}

// changed is the instance as it is after what is due was applied. Its name stays.
func (r *record) changed(p types.PendingModifiedValues) *record {
	n := *r
	set(&n.Class, p.DBInstanceClass)
	set(&n.Version, p.EngineVersion)
	set(&n.Storage, p.AllocatedStorage)
	set(&n.StorageType, p.StorageType)
	if p.StorageType != nil {
		n.Iops, n.Throughput = nil, nil
	}
	if p.Iops != nil {
		n.Iops = p.Iops
	}
	if p.StorageThroughput != nil {
		n.Throughput = p.StorageThroughput
	}
	set(&n.Retention, p.BackupRetentionPeriod)
	set(&n.MultiAZ, p.MultiAZ)
	if p.Port != nil {
		n.Port = int(*p.Port)
	}
	return &n
}

// applyChanges brings the instance's server to what is due. The record has it afterwards
// (modified), so that a crash repeats it.
func (l *Local) applyChanges(ctx context.Context, r *record) error {
	due := r.due(r.Job.All)
	e, before, err := l.server(r)
	if err != nil {
		return err
	}
	n := r.changed(due)
	if due.CACertificateIdentifier != nil {
		if err := l.recertify(ctx, r); err != nil {
			return err
		}
		n.Cert = r.Cert
	}
	c, err := l.class(n.Class)
	if err != nil {
		return err
	}
	if err := l.DB.View(ctx, func(tx *sql.Tx) error {
		n.Live, err = l.settings(ctx, tx, n.Region, n.Active, n.variables(c))
		return err
	}); err != nil {
		return err
	}
	_, after, err := l.server(n)
	if err != nil {
		return err
	}
	running := runs(e, before)
	restart := !running || after.Port != before.Port || after.Archive != before.Archive || after.Version != before.Version || due.CACertificateIdentifier != nil
	if running && !reflect.DeepEqual(before, after) {
		static, err := e.Apply(ctx, after)
		if err != nil {
			return err
		}
		restart = restart || len(static) > 0
	}
	if restart {
		from := time.Now()
		if err := e.Stop(ctx, before); err != nil {
			return err
		}
		if err := e.Start(ctx, after); err != nil {
			// It is started as it was, so that it serves: what cannot be is said.
			if serr := e.Start(context.WithoutCancel(ctx), before); serr != nil {
				return errors.Join(err, serr)
			}
			return err
		}
		if err := l.outage(ctx, r, time.Since(from)); err != nil {
			return err
		}
	}
	if due.MasterUserPassword != nil {
		p, err := l.Keys.Unseal(*due.MasterUserPassword, "instance", r.ID, "password")
		if err != nil {
			return err
		}
		if err := e.SetPassword(ctx, after, Master{User: r.User, Password: string(p)}); err != nil {
			return err
		}
		kept := *r
		kept.Password = *due.MasterUserPassword
		if err := l.keepSecret(ctx, &kept); err != nil {
			return err
		}
	}
	_, err = l.revise(ctx, r.ID, func(_ *sql.Tx, r *record) error {
		r.Live, r.MultiAZ = n.Live, n.MultiAZ
		return nil
	})
	return err
}

// recertify gives the instance's server another certificate, of the authority that signs now.
func (l *Local) recertify(ctx context.Context, r *record) error {
	n, err := l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) (err error) {
		r.Cert, err = l.certify(ctx, tx, r.ID)
		return err
	})
	if err == nil {
		*r = *n
	}
	return err
}

// modified keeps what was applied, and gives the instance its new name.
func (l *Local) modified(ctx context.Context, r *record) error {
	if r.due(r.Job.All).MasterUserPassword != nil && !r.Rotate && r.Secret != "" {
		if err := l.Secrets.Delete(ctx, r.Region, r.secretName()); err != nil {
			return err
		}
	}
	return l.finish(ctx, r, func(tx *sql.Tx, r *record) error {
		j, due, from := r.Job, r.due(r.Job.All), r.source()
		if due.MasterUserPassword != nil {
			if err := l.event(ctx, tx, from, "configuration change", "Reset master credentials"); err != nil {
				return err
			}
			if !r.Rotate {
				r.Secret = ""
			}
			r.Rotate = false
		}
		if due.DBInstanceClass != nil {
			if err := l.event(ctx, tx, from, "configuration change", "Finished applying modification to DB instance class from %s to %s; clients were not served for %d ms", r.Class, *due.DBInstanceClass, j.Outage.Milliseconds()); err != nil {
				return err
			}
		} else if j.Outage > 0 {
			if err := l.event(ctx, tx, from, "availability", "DB instance restarted; clients were not served for %d ms", j.Outage.Milliseconds()); err != nil {
				return err
			}
		}
		if due.AllocatedStorage != nil {
			if err := l.event(ctx, tx, from, "configuration change", "Finished applying modification to allocated storage from %d to %d GiB", r.Storage, *due.AllocatedStorage); err != nil {
				return err
			}
			r.Full = false
		}
		if due.EngineVersion != nil {
			if err := l.event(ctx, tx, from, "maintenance", "DB engine version upgraded from %s to %s", r.Version, *due.EngineVersion); err != nil {
				return err
			}
		}
		if d := due.BackupRetentionPeriod; d != nil && *d == 0 {
			// Its backups go, and the next ones begin with a whole one.
			r.BackedUp, r.Restore = time.Time{}, time.Time{}
		}
		live, cert := r.Live, r.Cert
		*r = *r.changed(due)
		r.Live, r.Cert = live, cert
		if due.DBInstanceIdentifier != nil {
			if err := l.rename(ctx, tx, r, *due.DBInstanceIdentifier); err != nil {
				return err
			}
		}
		r.drop(due)
		r.end(available)
		return nil
	})
}

// rename gives an instance another name, if it is still free.
func (l *Local) rename(ctx context.Context, tx *sql.Tx, r *record, name string) error {
	if _, err := l.lookup(ctx, tx, r.Region, name); err == nil {
		return l.event(ctx, tx, r.source(), "configuration change", "The DB instance was not renamed: there is a DB instance %s by now", name)
	} else if !isNotFound(err) {
		return err
	}
	old := r.arn()
	if err := l.event(ctx, tx, r.source(), "configuration change", "The DB instance was renamed from %s to %s", r.Name, name); err != nil {
		return err
	}
	r.Name = name
	return l.moveTags(ctx, tx, old, r.arn())
}

// parametersChanged brings the values of a parameter group, which were changed, to the
// servers that have it. What needs a restart, or is meant to wait for one, waits.
func (l *Local) parametersChanged(ctx context.Context, region, group string) error {
	rs, err := l.all(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range rs {
		if r.Region == region && r.Active == group {
			errs = append(errs, l.refresh(ctx, r.ID))
		}
	}
	return errors.Join(errs...)
}

func (l *Local) refresh(ctx context.Context, id string) error {
	defer l.hold(id)()
	var r *record
	var live map[string]string
	var wait map[string]bool
	err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		if r, err = l.load(ctx, tx, id); err != nil || r == nil {
			return err
		}
		c, err := l.class(r.Class)
		if err != nil {
			return err
		}
		if live, err = l.settings(ctx, tx, r.Region, r.Active, r.variables(c)); err != nil {
			return err
		}
		wait, err = l.deferred(ctx, tx, r.Region, r.Active)
		return err
	})
	if err != nil && !lethe.Is(err, lethe.Invalid) || r == nil {
		return err
	}
	stale := r.Stale || err != nil // a formula that has no value is met at the restart
	if err == nil {
		for name := range wait {
			now, ok := r.Live[name]
			if live[name] == now && ok {
				continue
			}
			stale = true
			if delete(live, name); ok {
				live[name] = now
			}
		}
		if r.steady() && r.Status == available && !maps.Equal(live, r.Live) {
			e, s, err := l.server(r)
			if err != nil {
				return err
			}
			s.Settings = live
			static, err := e.Apply(ctx, s)
			if err != nil {
				return err
			}
			stale = stale || len(static) > 0
		} else if !maps.Equal(live, r.Live) {
			stale, live = true, r.Live // whatever is being done to it may end in a restart, or not
		}
	} else {
		live = r.Live
	}
	_, err = l.revise(ctx, id, func(_ *sql.Tx, r *record) error {
		r.Stale, r.Live = stale, live
		return nil
	})
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}
