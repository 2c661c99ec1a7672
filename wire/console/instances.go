package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"lethe"
	"lethe/instance"
	"lethe/lib/awsproto"
)

// Instances are database instances, by the regions that their names belong to.
type Instances interface {
	// Regions are those that have instances or snapshots, and the lake's own first.
	Regions(ctx context.Context) ([]string, error)
	instance.Provider
	// Metrics measures a running instance; an error of kind Unsupported if it cannot.
	Metrics(ctx context.Context, region, name string) (instance.Metrics, error)
	// Offers are the classes and engines of which one can be made now.
	Offers(ctx context.Context) (instance.Offers, error)
}

func (s *server) instanceRoutes() []route {
	return []route{
		{"GET", "/instance-offers", "listInstanceOffers", s.listOffers},
		{"GET", "/instances", "listInstances", s.listInstances},
		{"PUT", "/instances/{region}/{instance}", "createInstance", s.createInstance},
		{"GET", "/instances/{region}/{instance}", "getInstance", s.getInstance},
		{"PATCH", "/instances/{region}/{instance}", "modifyInstance", s.modifyInstance},
		{"DELETE", "/instances/{region}/{instance}", "deleteInstance", s.deleteInstance},
		{"POST", "/instances/{region}/{instance}/start", "startInstance", s.startInstance},
		{"POST", "/instances/{region}/{instance}/stop", "stopInstance", s.stopInstance},
		{"POST", "/instances/{region}/{instance}/reboot", "rebootInstance", s.rebootInstance},
		{"GET", "/instances/{region}/{instance}/metrics", "getInstanceMetrics", s.instanceMetrics},
		{"GET", "/instances/{region}/{instance}/events", "listInstanceEvents", s.instanceEvents},
		{"GET", "/instances/{region}/{instance}/logs", "listInstanceLogs", s.instanceLogs},
		{"GET", "/instances/{region}/{instance}/log", "getInstanceLog", s.instanceLog},
		{"GET", "/snapshots", "listInstanceSnapshots", s.listSnapshots},
		{"PUT", "/snapshots/{region}/{snapshot}", "createInstanceSnapshot", s.createSnapshot},
		{"DELETE", "/snapshots/{region}/{snapshot}", "deleteInstanceSnapshot", s.deleteSnapshot},
		{"POST", "/snapshots/{region}/{snapshot}/restore", "restoreInstanceSnapshot", s.restoreSnapshot},
	}
}

type instanceJSON struct {
	Name          string          `json:"name"`
	Region        string          `json:"region"`
	ARN           string          `json:"arn"`
	ID            string          `json:"id"` // for good, also when it is renamed
	Class         string          `json:"class"`
	Engine        string          `json:"engine"`
	Version       string          `json:"version"`
	Status        string          `json:"status"`
	Host          string          `json:"host,omitempty"`
	Port          int32           `json:"port,omitempty"`
	User          string          `json:"user"`
	Database      string          `json:"database,omitempty"`
	Storage       int32           `json:"storage"` // GiB
	Made          *time.Time      `json:"made,omitempty"`
	MultiAZ       bool            `json:"multi_az,omitempty"`
	ReplicaOf     string          `json:"replica_of,omitempty"`
	Replicas      []string        `json:"replicas,omitempty"`
	Window        string          `json:"window"`        // of maintenance, UTC
	BackupWindow  string          `json:"backup_window"` // UTC
	Retention     int32           `json:"retention"`     // of backups, days
	Restorable    *time.Time      `json:"restorable,omitempty"`
	Protected     bool            `json:"protected,omitempty"` // from deletion
	Parameters    string          `json:"parameters,omitempty"`
	ParametersAre string          `json:"parameters_are,omitempty"` // in-sync, pending-reboot, applying
	Secret        string          `json:"secret,omitempty"`
	Certificate   *time.Time      `json:"certificate,omitempty"` // valid until
	Pending       []pendingChange `json:"pending,omitempty"`
}

// pendingChange is a setting that waits for the next window, or for a restart.
type pendingChange struct {
	What string `json:"what"`
	Now  any    `json:"now,omitempty"`
	Next any    `json:"next"`
}

func instanceOut(region string, d types.DBInstance) instanceJSON {
	out := instanceJSON{
		Name: aws.ToString(d.DBInstanceIdentifier), Region: region, ARN: aws.ToString(d.DBInstanceArn), ID: aws.ToString(d.DbiResourceId),
		Class: aws.ToString(d.DBInstanceClass), Engine: aws.ToString(d.Engine), Version: aws.ToString(d.EngineVersion), Status: aws.ToString(d.DBInstanceStatus),
		User: aws.ToString(d.MasterUsername), Database: aws.ToString(d.DBName), Storage: aws.ToInt32(d.AllocatedStorage), Made: d.InstanceCreateTime,
		MultiAZ: aws.ToBool(d.MultiAZ), ReplicaOf: aws.ToString(d.ReadReplicaSourceDBInstanceIdentifier), Replicas: d.ReadReplicaDBInstanceIdentifiers,
		Window: aws.ToString(d.PreferredMaintenanceWindow), BackupWindow: aws.ToString(d.PreferredBackupWindow), Retention: aws.ToInt32(d.BackupRetentionPeriod),
		Restorable: d.LatestRestorableTime, Protected: aws.ToBool(d.DeletionProtection),
	}
	if e := d.Endpoint; e != nil {
		out.Host, out.Port = aws.ToString(e.Address), aws.ToInt32(e.Port)
	}
	if len(d.DBParameterGroups) > 0 {
		g := d.DBParameterGroups[0]
		out.Parameters, out.ParametersAre = aws.ToString(g.DBParameterGroupName), aws.ToString(g.ParameterApplyStatus)
	}
	if d.MasterUserSecret != nil {
		out.Secret = aws.ToString(d.MasterUserSecret.SecretArn)
	}
	if d.CertificateDetails != nil {
		out.Certificate = d.CertificateDetails.ValidTill
	}
	out.Pending = pendingOf(d)
	return out
}

func pendingOf(d types.DBInstance) (all []pendingChange) {
	p := d.PendingModifiedValues
	if p == nil {
		return nil
	}
	texts := []struct {
		what      string
		now, then *string
	}{
		{"class", d.DBInstanceClass, p.DBInstanceClass},
		{"name", d.DBInstanceIdentifier, p.DBInstanceIdentifier},
		{"version", d.EngineVersion, p.EngineVersion},
		{"password", nil, p.MasterUserPassword},
		{"certificate authority", d.CACertificateIdentifier, p.CACertificateIdentifier},
	}
	for _, t := range texts {
		if t.then != nil {
			c := pendingChange{What: t.what, Next: *t.then}
			if t.now != nil {
				c.Now = *t.now
			}
			all = append(all, c)
		}
	}
	numbers := []struct {
		what      string
		now, then *int32
	}{{"storage", d.AllocatedStorage, p.AllocatedStorage}, {"retention", d.BackupRetentionPeriod, p.BackupRetentionPeriod}, {"port", d.DbInstancePort, p.Port}}
	for _, n := range numbers {
		if n.then != nil {
			all = append(all, pendingChange{What: n.what, Now: aws.ToInt32(n.now), Next: *n.then})
		}
	}
	if p.MultiAZ != nil {
		all = append(all, pendingChange{What: "multi_az", Now: aws.ToBool(d.MultiAZ), Next: *p.MultiAZ})
	}
	return all
}

// instanceARN names an instance, or with "*" all of a region; kind is db or snapshot.
func instanceARN(region, kind, name string) string {
	return "arn:aws:rds:" + region + ":" + lethe.Account + ":" + kind + ":" + name
}

// ofInstances returns what a call on something of a region needs, and does it there,
// with its errors worded for the console.
func (s *server) ofInstances(c *call, action, kind, name string, do func(ctx context.Context, region string, in inRegion) error) ([]need, func() error, error) {
	region := c.path("region")
	return []need{{"rds:" + action, instanceARN(region, kind, name)}}, func() error {
		return instanceProblem(do(c.r.Context(), region, within(region)))
	}, nil
}

// inRegion sets the region of an operation, as for the SDK's client.
type inRegion = func(*rds.Options)

func within(region string) inRegion { return func(o *rds.Options) { o.Region = region } }

// everywhere calls do for each region that has instances.
func (s *server) everywhere(ctx context.Context, do func(ctx context.Context, region string, in inRegion) error) error {
	regions, err := s.Instances.Regions(ctx)
	if err != nil {
		return instanceProblem(err)
	}
	for _, r := range regions {
		if err := do(ctx, r, within(r)); err != nil {
			return instanceProblem(err)
		}
	}
	return nil
}

// instanceProblem gives RDS's errors the kinds of lethe.
func instanceProblem(err error) error {
	var modelled smithy.APIError
	var other *awsproto.Error
	var code, message string
	switch {
	case errors.As(err, &modelled):
		code, message = modelled.ErrorCode(), modelled.ErrorMessage()
	case errors.As(err, &other):
		code, message = other.Code, other.Message
	default:
		return err
	}
	kind := lethe.Invalid
	switch {
	case strings.Contains(code, "NotFound"):
		kind = lethe.NotFound
	case strings.Contains(code, "AlreadyExists"):
		kind = lethe.Exists
	case strings.HasPrefix(code, "Invalid") && strings.Contains(code, "State"):
		kind = lethe.Conflict
	case strings.Contains(code, "Insufficient"), strings.Contains(code, "QuotaExceeded"):
		kind = lethe.Exhausted
	case strings.Contains(code, "AccessDenied"), strings.Contains(code, "NotAuthorized"):
		kind = lethe.Denied
	case strings.Contains(code, "NotImplemented"):
		kind = lethe.Unsupported
	}
	return lethe.Errorf(kind, "%s", cmp.Or(message, code))
}

type offersJSON struct {
	Classes []classJSON  `json:"classes"`
	Engines []engineJSON `json:"engines"`
	Scale   float64      `json:"scale"`

	Unlimited string `json:"unlimited,omitempty"`
}

type classJSON struct {
	Name    string `json:"name"`
	VCPUs   int    `json:"vcpus"`
	Memory  int64  `json:"memory"` // bytes
	Disk    string `json:"disk"`   // Mbit/s
	Network string `json:"network"`
	Problem string `json:"problem,omitempty"`
}

type engineJSON struct {
	Name     string   `json:"name"`
	Versions []string `json:"versions"`
	Problem  string   `json:"problem,omitempty"`
}

func (s *server) listOffers(c *call) ([]need, func() error, error) {
	return []need{{"rds:DescribeOrderableDBInstanceOptions", "*"}}, func() error {
		o, err := s.Instances.Offers(c.r.Context())
		if err != nil {
			return instanceProblem(err)
		}
		out := offersJSON{Classes: []classJSON{}, Engines: []engineJSON{}, Scale: o.Scale, Unlimited: o.Unlimited}
		for _, k := range o.Classes {
			disk := strconv.Itoa(k.EBS)
			if k.Burst {
				disk = "Up to " + disk
			}
			out.Classes = append(out.Classes, classJSON{k.Name, k.VCPU, k.Memory, disk, k.Network, k.Problem})
		}
		for _, e := range o.Engines {
			out.Engines = append(out.Engines, engineJSON{e.Name, append([]string{}, e.Versions...), e.Problem})
		}
		return reply(c.w, http.StatusOK, out)
	}, nil
}

func (s *server) listInstances(c *call) ([]need, func() error, error) {
	return []need{{"rds:DescribeDBInstances", instanceARN("*", "db", "*")}}, func() error {
		out := []instanceJSON{}
		err := s.everywhere(c.r.Context(), func(ctx context.Context, region string, in inRegion) error {
			pages := rds.NewDescribeDBInstancesPaginator(s.Instances, nil)
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx, in)
				if err != nil {
					return err
				}
				for _, d := range page.DBInstances {
					out = append(out, instanceOut(region, d))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		slices.SortFunc(out, func(a, b instanceJSON) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Region, b.Region))
		})
		return reply(c.w, http.StatusOK, map[string]any{"instances": out})
	}, nil
}

func (s *server) getInstance(c *call) ([]need, func() error, error) {
	name := c.path("instance")
	return s.ofInstances(c, "DescribeDBInstances", "db", name, func(ctx context.Context, region string, in inRegion) error {
		out, err := s.Instances.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name}, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, instanceOut(region, out.DBInstances[0]))
	})
}

// newInstance is what an instance is made of, anew or from a snapshot; what is left out
// is as RDS has it by default.
type newInstance struct {
	Class      string `json:"class"`
	Engine     string `json:"engine"`
	Version    string `json:"version"`
	Storage    int32  `json:"storage"`
	User       string `json:"user"`
	Password   string `json:"password"`
	Managed    bool   `json:"managed"` // the password is made and kept as a secret
	Database   string `json:"database"`
	Port       int32  `json:"port"`
	MultiAZ    bool   `json:"multi_az"`
	Window     string `json:"window"`
	Retention  *int32 `json:"retention"`
	Protected  bool   `json:"protected"`
	Parameters string `json:"parameters"`
}

func (s *server) createInstance(c *call) ([]need, func() error, error) {
	name := c.path("instance")
	return s.ofInstances(c, "CreateDBInstance", "db", name, func(ctx context.Context, region string, in inRegion) error {
		var body newInstance
		if err := decode(c.w, c.r, &body); err != nil {
			return err
		}
		q := &rds.CreateDBInstanceInput{
			DBInstanceIdentifier: &name, DBInstanceClass: &body.Class, Engine: &body.Engine, EngineVersion: given(body.Version), AllocatedStorage: given(body.Storage),
			MasterUsername: &body.User, MasterUserPassword: given(body.Password), ManageMasterUserPassword: given(body.Managed), DBName: given(body.Database), Port: given(body.Port),
			MultiAZ: given(body.MultiAZ), PreferredMaintenanceWindow: given(body.Window), BackupRetentionPeriod: body.Retention, DeletionProtection: given(body.Protected),
			DBParameterGroupName: given(body.Parameters),
		}
		out, err := s.Instances.CreateDBInstance(ctx, q, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, instanceOut(region, *out.DBInstance))
	})
}

// given returns what an AWS input has for a value: nothing if it is left out.
func given[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func (s *server) modifyInstance(c *call) ([]need, func() error, error) {
	name := c.path("instance")
	return s.ofInstances(c, "ModifyDBInstance", "db", name, func(ctx context.Context, region string, in inRegion) error {
		var body struct {
			Name       *string `json:"name"`
			Class      *string `json:"class"`
			Version    *string `json:"version"`
			Storage    *int32  `json:"storage"`
			Password   *string `json:"password"`
			Port       *int32  `json:"port"`
			MultiAZ    *bool   `json:"multi_az"`
			Window     *string `json:"window"`
			Backups    *string `json:"backup_window"`
			Retention  *int32  `json:"retention"`
			Protected  *bool   `json:"protected"`
			Parameters *string `json:"parameters"`
			// Now applies it, and all that waits, at once instead of in the next window.
			Now bool `json:"now"`
		}
		if err := decode(c.w, c.r, &body); err != nil {
			return err
		}
		out, err := s.Instances.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{
			DBInstanceIdentifier: &name, NewDBInstanceIdentifier: body.Name, DBInstanceClass: body.Class, EngineVersion: body.Version, AllocatedStorage: body.Storage,
			MasterUserPassword: body.Password, DBPortNumber: body.Port, MultiAZ: body.MultiAZ, PreferredMaintenanceWindow: body.Window, PreferredBackupWindow: body.Backups,
			BackupRetentionPeriod: body.Retention, DeletionProtection: body.Protected, DBParameterGroupName: body.Parameters, ApplyImmediately: &body.Now,
		}, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, instanceOut(region, *out.DBInstance))
	})
}

func (s *server) deleteInstance(c *call) ([]need, func() error, error) {
	name, final := c.path("instance"), c.query("final_snapshot")
	return s.ofInstances(c, "DeleteDBInstance", "db", name, func(ctx context.Context, region string, in inRegion) error {
		out, err := s.Instances.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{
			DBInstanceIdentifier: &name, FinalDBSnapshotIdentifier: given(final), SkipFinalSnapshot: aws.Bool(final == ""),
		}, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusAccepted, instanceOut(region, *out.DBInstance))
	})
}

func (s *server) startInstance(c *call) ([]need, func() error, error) {
	name := c.path("instance")
	return s.ofInstances(c, "StartDBInstance", "db", name, func(ctx context.Context, region string, in inRegion) error {
		out, err := s.Instances.StartDBInstance(ctx, &rds.StartDBInstanceInput{DBInstanceIdentifier: &name}, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusAccepted, instanceOut(region, *out.DBInstance))
	})
}

func (s *server) stopInstance(c *call) ([]need, func() error, error) {
	name := c.path("instance")
	return s.ofInstances(c, "StopDBInstance", "db", name, func(ctx context.Context, region string, in inRegion) error {
		out, err := s.Instances.StopDBInstance(ctx, &rds.StopDBInstanceInput{DBInstanceIdentifier: &name}, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusAccepted, instanceOut(region, *out.DBInstance))
	})
}

func (s *server) rebootInstance(c *call) ([]need, func() error, error) {
	name, failover := c.path("instance"), c.query("failover") == "true"
	return s.ofInstances(c, "RebootDBInstance", "db", name, func(ctx context.Context, region string, in inRegion) error {
		out, err := s.Instances.RebootDBInstance(ctx, &rds.RebootDBInstanceInput{DBInstanceIdentifier: &name, ForceFailover: given(failover)}, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusAccepted, instanceOut(region, *out.DBInstance))
	})
}

type metricsJSON struct {
	At          time.Time  `json:"at"`
	Connections int        `json:"connections"`
	Commits     int64      `json:"commits"` // since it was started
	Reads       int64      `json:"reads"`   // blocks from outside the engine's cache, since then
	Hits        int64      `json:"hits"`    // and from inside
	Bytes       int64      `json:"bytes"`
	Memory      int64      `json:"memory"`
	Lag         *float64   `json:"lag,omitempty"` // seconds behind what it is a replica of
	Started     *time.Time `json:"started,omitempty"`
}

func (s *server) instanceMetrics(c *call) ([]need, func() error, error) {
	name := c.path("instance")
	return s.ofInstances(c, "DescribeDBInstances", "db", name, func(ctx context.Context, region string, in inRegion) error {
		m, err := s.Instances.Metrics(ctx, region, name)
		if err != nil {
			return err
		}
		out := metricsJSON{At: time.Now().UTC(), Connections: m.Connections, Commits: m.Commits, Reads: m.Reads, Hits: m.Hits, Bytes: m.Bytes, Memory: m.MemoryInUse, Started: when(m.Started)}
		if m.HasLag {
			out.Lag = aws.Float64(m.Lag.Seconds())
		}
		return reply(c.w, http.StatusOK, out)
	})
}

type instanceEventJSON struct {
	At         time.Time `json:"at"`
	Message    string    `json:"message"`
	Categories []string  `json:"categories,omitempty"`
}

// eventDays is how far back events are told, as long as RDS keeps them (RDS User Guide,
// Amazon RDS event categories and messages).
const eventDays = 14

func (s *server) instanceEvents(c *call) ([]need, func() error, error) {
	name := c.path("instance")
	return s.ofInstances(c, "DescribeEvents", "db", name, func(ctx context.Context, region string, in inRegion) error {
		out := []instanceEventJSON{}
		pages := rds.NewDescribeEventsPaginator(s.Instances, &rds.DescribeEventsInput{SourceIdentifier: &name, SourceType: types.SourceTypeDbInstance, Duration: aws.Int32(eventDays * 24 * 60)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx, in)
			if err != nil {
				return err
			}
			for _, e := range page.Events {
				out = append(out, instanceEventJSON{aws.ToTime(e.Date), aws.ToString(e.Message), e.EventCategories})
			}
		}
		slices.Reverse(out) // the latest first
		return reply(c.w, http.StatusOK, map[string]any{"events": out})
	})
}

type logJSON struct {
	Name    string    `json:"name"`
	Size    int64     `json:"size"`
	Written time.Time `json:"written"`
}

func (s *server) instanceLogs(c *call) ([]need, func() error, error) {
	name := c.path("instance")
	return s.ofInstances(c, "DescribeDBLogFiles", "db", name, func(ctx context.Context, region string, in inRegion) error {
		out := []logJSON{}
		pages := rds.NewDescribeDBLogFilesPaginator(s.Instances, &rds.DescribeDBLogFilesInput{DBInstanceIdentifier: &name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx, in)
			if err != nil {
				return err
			}
			for _, f := range page.DescribeDBLogFiles {
				out = append(out, logJSON{aws.ToString(f.LogFileName), aws.ToInt64(f.Size), time.UnixMilli(aws.ToInt64(f.LastWritten)).UTC()})
			}
		}
		return reply(c.w, http.StatusOK, map[string]any{"logs": out})
	})
}

func (s *server) instanceLog(c *call) ([]need, func() error, error) {
	name, file := c.path("instance"), c.query("file")
	return s.ofInstances(c, "DownloadDBLogFilePortion", "db", name, func(ctx context.Context, region string, in inRegion) error {
		q := &rds.DownloadDBLogFilePortionInput{DBInstanceIdentifier: &name, LogFileName: &file}
		if m := c.query("marker"); m != "" {
			q.Marker = &m
		} else {
			q.NumberOfLines = aws.Int32(500)
		}
		out, err := s.Instances.DownloadDBLogFilePortion(ctx, q, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, map[string]any{"text": aws.ToString(out.LogFileData), "marker": aws.ToString(out.Marker), "more": aws.ToBool(out.AdditionalDataPending)})
	})
}

type snapshotJSON struct {
	Name     string     `json:"name"`
	Region   string     `json:"region"`
	ARN      string     `json:"arn"`
	Instance string     `json:"instance"`
	Engine   string     `json:"engine"`
	Version  string     `json:"version"`
	Type     string     `json:"type"` // manual or automated
	Status   string     `json:"status"`
	Progress int32      `json:"progress"` // percent
	Storage  int32      `json:"storage"`  // GiB of the instance
	Made     *time.Time `json:"made,omitempty"`
}

func snapshotOut(region string, d types.DBSnapshot) snapshotJSON {
	return snapshotJSON{aws.ToString(d.DBSnapshotIdentifier), region, aws.ToString(d.DBSnapshotArn), aws.ToString(d.DBInstanceIdentifier), aws.ToString(d.Engine), aws.ToString(d.EngineVersion),
		aws.ToString(d.SnapshotType), aws.ToString(d.Status), aws.ToInt32(d.PercentProgress), aws.ToInt32(d.AllocatedStorage), d.SnapshotCreateTime}
}

func (s *server) listSnapshots(c *call) ([]need, func() error, error) {
	return []need{{"rds:DescribeDBSnapshots", instanceARN("*", "snapshot", "*")}}, func() error {
		out := []snapshotJSON{}
		err := s.everywhere(c.r.Context(), func(ctx context.Context, region string, in inRegion) error {
			pages := rds.NewDescribeDBSnapshotsPaginator(s.Instances, &rds.DescribeDBSnapshotsInput{})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx, in)
				if err != nil {
					return err
				}
				for _, d := range page.DBSnapshots {
					out = append(out, snapshotOut(region, d))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		slices.SortStableFunc(out, func(a, b snapshotJSON) int { return aws.ToTime(b.Made).Compare(aws.ToTime(a.Made)) })
		return reply(c.w, http.StatusOK, map[string]any{"snapshots": out})
	}, nil
}

func (s *server) createSnapshot(c *call) ([]need, func() error, error) {
	name, of := c.path("snapshot"), c.query("instance")
	needs, do, err := s.ofInstances(c, "CreateDBSnapshot", "db", of, func(ctx context.Context, region string, in inRegion) error {
		out, err := s.Instances.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{DBInstanceIdentifier: &of, DBSnapshotIdentifier: &name}, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, snapshotOut(region, *out.DBSnapshot))
	})
	return append(needs, need{"rds:CreateDBSnapshot", instanceARN(c.path("region"), "snapshot", name)}), do, err
}

func (s *server) deleteSnapshot(c *call) ([]need, func() error, error) {
	name := c.path("snapshot")
	return s.ofInstances(c, "DeleteDBSnapshot", "snapshot", name, func(ctx context.Context, region string, in inRegion) error {
		out, err := s.Instances.DeleteDBSnapshot(ctx, &rds.DeleteDBSnapshotInput{DBSnapshotIdentifier: &name}, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusOK, snapshotOut(region, *out.DBSnapshot))
	})
}

func (s *server) restoreSnapshot(c *call) ([]need, func() error, error) {
	name, to, class := c.path("snapshot"), c.query("instance"), c.query("class")
	needs, do, err := s.ofInstances(c, "RestoreDBInstanceFromDBSnapshot", "snapshot", name, func(ctx context.Context, region string, in inRegion) error {
		out, err := s.Instances.RestoreDBInstanceFromDBSnapshot(ctx, &rds.RestoreDBInstanceFromDBSnapshotInput{DBInstanceIdentifier: &to, DBInstanceClass: given(class), DBSnapshotIdentifier: &name}, in)
		if err != nil {
			return err
		}
		return reply(c.w, http.StatusCreated, instanceOut(region, *out.DBInstance))
	})
	return append(needs, need{"rds:RestoreDBInstanceFromDBSnapshot", instanceARN(c.path("region"), "db", to)}), do, err
}
