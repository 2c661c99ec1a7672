package console_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
	"lethe/instance"
	"lethe/lib/awsproto"
)

// instances are database instances that do at once what is asked of them.
type instances struct {
	instance.Provider // the operations that the console does not have

	mu   sync.Mutex
	all  map[string]*types.DBInstance // by region/name
	asks []any                        // the inputs, in order
}

func newInstances() *instances {
	d := &types.DBInstance{
		DBInstanceIdentifier: aws.String("newsblog"), DBInstanceArn: aws.String("arn:aws:rds:us-west-2:000000000000:db:newsblog"), DbiResourceId: aws.String("db-1"),
		DBInstanceClass: aws.String("db.m6g.large"), Engine: aws.String("postgres"), EngineVersion: aws.String("15.18"), DBInstanceStatus: aws.String("available"),
		MasterUsername: aws.String("blogger"), DBName: aws.String("blog"), AllocatedStorage: aws.Int32(20), InstanceCreateTime: &began, MultiAZ: aws.Bool(true),
		Endpoint:                   &types.Endpoint{Address: aws.String("127.0.0.1"), Port: aws.Int32(5433)},
		PreferredMaintenanceWindow: aws.String("sun:03:10-sun:03:40"), PreferredBackupWindow: aws.String("05:00-05:30"), BackupRetentionPeriod: aws.Int32(1), LatestRestorableTime: &began,
		ReadReplicaDBInstanceIdentifiers: []string{"newsblog-2"}, DeletionProtection: aws.Bool(true),
		DBParameterGroups:     []types.DBParameterGroupStatus{{DBParameterGroupName: aws.String("default.postgres15"), ParameterApplyStatus: aws.String("in-sync")}},
		MasterUserSecret:      &types.MasterUserSecret{SecretArn: aws.String("arn:aws:secretsmanager:us-west-2:000000000000:secret:rds!db-1-abcdef")},
		CertificateDetails:    &types.CertificateDetails{ValidTill: &began},
		PendingModifiedValues: &types.PendingModifiedValues{DBInstanceClass: aws.String("db.r6g.large"), AllocatedStorage: aws.Int32(40), MasterUserPassword: aws.String("****"), MultiAZ: aws.Bool(false)},
	}
	return &instances{all: map[string]*types.DBInstance{"us-west-2/newsblog": d}}
}

func (s *instances) Regions(context.Context) ([]string, error) {
	return []string{lethe.DefaultRegion, "us-west-2"}, nil
}

func (s *instances) Offers(context.Context) (instance.Offers, error) {
	large, _ := instance.ClassOf("db.m6g.large")
	largest, _ := instance.ClassOf("db.m6g.16xlarge")
	return instance.Offers{
		Classes: []instance.ClassOffer{{Class: large}, {Class: largest, Problem: "this host has 24 GiB"}},
		Engines: []instance.EngineOffer{{Name: "postgres", Versions: []string{"15.18"}}, {Name: "mysql", Problem: "install MySQL 8"}}, Scale: 0.125,
	}, nil
}

func (s *instances) Metrics(_ context.Context, region, name string) (instance.Metrics, error) {
	_, err := s.get(name, func(o *rds.Options) { o.Region = region })
	return instance.Metrics{Connections: 3, Commits: 100, Reads: 1, Hits: 99, Bytes: 7 << 20, Started: began, HasLag: true, Lag: 1500 * time.Millisecond}, err
}

func (s *instances) get(name string, in ...func(*rds.Options)) (*types.DBInstance, error) {
	var o rds.Options
	for _, f := range in {
		f(&o)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.all[o.Region+"/"+name]
	if !ok {
		return nil, &types.DBInstanceNotFoundFault{Message: aws.String("DBInstance " + name + " not found.")}
	}
	return d, nil
}

func (s *instances) ask(in any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asks = append(s.asks, in)
}

func (s *instances) DescribeDBInstances(_ context.Context, q *rds.DescribeDBInstancesInput, in ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	d, err := s.get(cmp.Or(aws.ToString(q.DBInstanceIdentifier), "newsblog"), in...)
	switch {
	case err == nil:
		return &rds.DescribeDBInstancesOutput{DBInstances: []types.DBInstance{*d}}, nil
	case q.DBInstanceIdentifier == nil:
		return &rds.DescribeDBInstancesOutput{}, nil
	}
	return nil, err
}

// text writes a JSON value.
func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (s *instances) CreateDBInstance(_ context.Context, q *rds.CreateDBInstanceInput, _ ...func(*rds.Options)) (*rds.CreateDBInstanceOutput, error) {
	s.ask(q)
	if *q.DBInstanceClass == "db.none" {
		return nil, &awsproto.Error{Code: "InvalidParameterValue", Message: "Invalid DB Instance class: db.none"}
	}
	if *q.DBInstanceIdentifier == "newsblog" {
		return nil, &types.DBInstanceAlreadyExistsFault{Message: aws.String("DB instance already exists")}
	}
	return &rds.CreateDBInstanceOutput{DBInstance: &types.DBInstance{DBInstanceIdentifier: q.DBInstanceIdentifier, DBInstanceStatus: aws.String("creating")}}, nil
}

func (s *instances) ModifyDBInstance(_ context.Context, q *rds.ModifyDBInstanceInput, in ...func(*rds.Options)) (*rds.ModifyDBInstanceOutput, error) {
	s.ask(q)
	d, err := s.get(*q.DBInstanceIdentifier, in...)
	return &rds.ModifyDBInstanceOutput{DBInstance: d}, err
}

func (s *instances) DeleteDBInstance(_ context.Context, q *rds.DeleteDBInstanceInput, in ...func(*rds.Options)) (*rds.DeleteDBInstanceOutput, error) {
	s.ask(q)
	d, err := s.get(*q.DBInstanceIdentifier, in...)
	return &rds.DeleteDBInstanceOutput{DBInstance: d}, err
}

func (s *instances) StartDBInstance(_ context.Context, q *rds.StartDBInstanceInput, _ ...func(*rds.Options)) (*rds.StartDBInstanceOutput, error) {
	return nil, &types.InvalidDBInstanceStateFault{Message: aws.String("Instance newsblog is not stopped.")}
}

func (s *instances) StopDBInstance(_ context.Context, q *rds.StopDBInstanceInput, in ...func(*rds.Options)) (*rds.StopDBInstanceOutput, error) {
	d, err := s.get(*q.DBInstanceIdentifier, in...)
	return &rds.StopDBInstanceOutput{DBInstance: d}, err
}

func (s *instances) RebootDBInstance(_ context.Context, q *rds.RebootDBInstanceInput, in ...func(*rds.Options)) (*rds.RebootDBInstanceOutput, error) {
	s.ask(q)
	d, err := s.get(*q.DBInstanceIdentifier, in...)
	return &rds.RebootDBInstanceOutput{DBInstance: d}, err
}

func (s *instances) DescribeEvents(context.Context, *rds.DescribeEventsInput, ...func(*rds.Options)) (*rds.DescribeEventsOutput, error) {
	later := began.Add(time.Minute)
	return &rds.DescribeEventsOutput{Events: []types.Event{
		{Date: &began, Message: aws.String("DB instance created"), EventCategories: []string{"creation"}},
		{Date: &later, Message: aws.String("DB instance restarted"), EventCategories: []string{"availability"}},
	}}, nil
}

func (s *instances) DescribeDBLogFiles(context.Context, *rds.DescribeDBLogFilesInput, ...func(*rds.Options)) (*rds.DescribeDBLogFilesOutput, error) {
	return &rds.DescribeDBLogFilesOutput{DescribeDBLogFiles: []types.DescribeDBLogFilesDetails{{LogFileName: aws.String("error/postgresql.log"), Size: aws.Int64(12), LastWritten: aws.Int64(began.UnixMilli())}}}, nil
}

func (s *instances) DownloadDBLogFilePortion(_ context.Context, q *rds.DownloadDBLogFilePortionInput, _ ...func(*rds.Options)) (*rds.DownloadDBLogFilePortionOutput, error) {
	return &rds.DownloadDBLogFilePortionOutput{LogFileData: aws.String("of " + *q.LogFileName + "\n"), Marker: aws.String("12"), AdditionalDataPending: aws.Bool(false)}, nil
}

func snapshotOf(name *string) *types.DBSnapshot {
	return &types.DBSnapshot{DBSnapshotIdentifier: name, DBSnapshotArn: aws.String("arn:aws:rds:us-west-2:000000000000:snapshot:" + *name), DBInstanceIdentifier: aws.String("newsblog"),
		Engine: aws.String("postgres"), EngineVersion: aws.String("15.18"), SnapshotType: aws.String("manual"), Status: aws.String("available"), PercentProgress: aws.Int32(100), AllocatedStorage: aws.Int32(20), SnapshotCreateTime: &began}
}

func (s *instances) DescribeDBSnapshots(_ context.Context, _ *rds.DescribeDBSnapshotsInput, in ...func(*rds.Options)) (*rds.DescribeDBSnapshotsOutput, error) {
	if _, err := s.get("newsblog", in...); err != nil {
		return &rds.DescribeDBSnapshotsOutput{}, nil
	}
	return &rds.DescribeDBSnapshotsOutput{DBSnapshots: []types.DBSnapshot{*snapshotOf(aws.String("newsblog-1"))}}, nil
}

func (s *instances) CreateDBSnapshot(_ context.Context, q *rds.CreateDBSnapshotInput, _ ...func(*rds.Options)) (*rds.CreateDBSnapshotOutput, error) {
	return &rds.CreateDBSnapshotOutput{DBSnapshot: snapshotOf(q.DBSnapshotIdentifier)}, nil
}

func (s *instances) DeleteDBSnapshot(_ context.Context, q *rds.DeleteDBSnapshotInput, _ ...func(*rds.Options)) (*rds.DeleteDBSnapshotOutput, error) {
	return &rds.DeleteDBSnapshotOutput{DBSnapshot: snapshotOf(q.DBSnapshotIdentifier)}, nil
}

func (s *instances) RestoreDBInstanceFromDBSnapshot(_ context.Context, q *rds.RestoreDBInstanceFromDBSnapshotInput, _ ...func(*rds.Options)) (*rds.RestoreDBInstanceFromDBSnapshotOutput, error) {
	return &rds.RestoreDBInstanceFromDBSnapshotOutput{DBInstance: &types.DBInstance{DBInstanceIdentifier: q.DBInstanceIdentifier, DBInstanceStatus: aws.String("creating")}}, nil
}

const newsblog = "/instances/us-west-2/newsblog"

func TestInstancesAreAsDescribed(t *testing.T) {
	serve(t).as("admin").asDescribed([]described{
		{"listInstanceOffers", "GET", "/instance-offers", ""},
		{"listInstances", "GET", "/instances", ""},
		{"getInstance", "GET", newsblog, ""},
		{"createInstance", "PUT", "/instances/us-west-2/other", `{"class":"db.m6g.large","engine":"postgres","storage":20,"user":"blogger","password":"secret99"}`},
		{"modifyInstance", "PATCH", newsblog, `{"class":"db.r6g.large"}`},
		{"stopInstance", "POST", newsblog + "/stop", ""},
		{"rebootInstance", "POST", newsblog + "/reboot?failover=true", ""},
		{"getInstanceMetrics", "GET", newsblog + "/metrics", ""},
		{"listInstanceEvents", "GET", newsblog + "/events", ""},
		{"listInstanceLogs", "GET", newsblog + "/logs", ""},
		{"getInstanceLog", "GET", newsblog + "/log?file=error/postgresql.log", ""},
		{"listInstanceSnapshots", "GET", "/snapshots", ""},
		{"createInstanceSnapshot", "PUT", "/snapshots/us-west-2/mine?instance=newsblog", ""},
		{"restoreInstanceSnapshot", "POST", "/snapshots/us-west-2/mine/restore?instance=again", ""},
		{"deleteInstanceSnapshot", "DELETE", "/snapshots/us-west-2/mine", ""},
		{"deleteInstance", "DELETE", newsblog + "?final_snapshot=last", ""},
	})
}

func TestAnInstanceTellsWhatWaits(t *testing.T) {
	c := serve(t).as("admin")
	i := decode[struct {
		Name, Class, Host string
		Port              int
		Pending           []struct {
			What      string
			Now, Next any
		}
	}](c, c.do("GET", "/api/v1"+newsblog, ""))
	if i.Name != "newsblog" || i.Host != "127.0.0.1" || i.Port != 5433 {
		t.Errorf("%+v", i)
	}
	var all []string
	for _, p := range i.Pending {
		all = append(all, strings.TrimSpace(strings.Join([]string{p.What, text(p.Now), text(p.Next)}, " ")))
	}
	if want := []string{"class db.m6g.large db.r6g.large", "password  ****", "storage 20 40", "multi_az true false"}; !slices.Equal(all, want) {
		t.Errorf("%q, want %q", all, want)
	}
}

func TestWhatIsAskedOfInstances(t *testing.T) {
	c := serve(t).as("admin")
	c.want(c.do("PUT", "/api/v1/instances/us-west-2/other", `{"class":"db.m6g.large","engine":"postgres","storage":20,"user":"blogger","managed":true}`), http.StatusCreated)
	c.want(c.do("PATCH", "/api/v1"+newsblog, `{"now":true}`), http.StatusOK)
	c.want(c.do("DELETE", "/api/v1"+newsblog, ""), http.StatusAccepted)
	c.want(c.do("DELETE", "/api/v1"+newsblog+"?final_snapshot=last", ""), http.StatusAccepted)
	asks := c.lake.instances.asks
	if q := asks[0].(*rds.CreateDBInstanceInput); q.MasterUserPassword != nil || !aws.ToBool(q.ManageMasterUserPassword) || q.EngineVersion != nil || *q.AllocatedStorage != 20 {
		t.Errorf("%+v", q)
	}
	if q := asks[1].(*rds.ModifyDBInstanceInput); !*q.ApplyImmediately || q.DBInstanceClass != nil {
		t.Errorf("%+v", q)
	}
	if q := asks[2].(*rds.DeleteDBInstanceInput); !*q.SkipFinalSnapshot || q.FinalDBSnapshotIdentifier != nil {
		t.Errorf("%+v", q)
	}
	if q := asks[3].(*rds.DeleteDBInstanceInput); *q.SkipFinalSnapshot || *q.FinalDBSnapshotIdentifier != "last" {
		t.Errorf("%+v", q)
	}
}

func TestErrorsOfInstances(t *testing.T) {
	c := serve(t).as("admin")
	c.problem(c.do("GET", "/api/v1/instances/us-west-2/nothing", ""), http.StatusNotFound, lethe.NotFound)
	c.problem(c.do("GET", "/api/v1/instances/eu-west-1/newsblog", ""), http.StatusNotFound, lethe.NotFound)
	c.problem(c.do("PUT", "/api/v1"+newsblog, `{"class":"db.m6g.large"}`), http.StatusConflict, lethe.Exists)
	c.problem(c.do("PUT", "/api/v1"+newsblog, `{"class":"db.none"}`), http.StatusBadRequest, lethe.Invalid)
	c.problem(c.do("PUT", "/api/v1"+newsblog, `{"klass":"db.m6g.large"}`), http.StatusBadRequest, lethe.Invalid)
	c.problem(c.do("POST", "/api/v1"+newsblog+"/start", ""), http.StatusConflict, lethe.Conflict)
}
