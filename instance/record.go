package instance

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
	"lethe/lib/state"
)

// The states of instances (Amazon RDS User Guide, "Viewing Amazon RDS DB instance status").
const (
	available       = "available"
	backingUp       = "backing-up"
	creating        = "creating"
	deleting        = "deleting"
	failed          = "failed"
	badParameters   = "incompatible-parameters"
	badRestore      = "incompatible-restore"
	modifying       = "modifying"
	rebooting       = "rebooting"
	renaming        = "renaming"
	settingPassword = "resetting-master-credentials"
	starting        = "starting"
	stopped         = "stopped"
	stopping        = "stopping"
	storageFull     = "storage-full"
	upgrading       = "upgrading"
)

// record is what is kept of an instance.
type record struct {
	ID           string // the resource id, db-..., which names its server and folder
	Region, Name string
	Status       string
	Created      time.Time // when it was there; zero before

	Engine, Version, Class, License string
	User, Database, CharacterSet    string
	Port                            int
	AnyPort                         bool  // nobody asked for the port
	Storage, MaxStorage             int32 // GiB
	StorageType                     string
	Iops, Throughput                *int32

	Group        string            // the parameter group it is to have,
	Active       string            // and the one whose values its server was started with
	Stale        bool              // its server must be started again to have all its values
	Live         map[string]string // those that its server was given
	Options      string            // the option group
	Subnets      string            // the subnet group
	Security     []string
	Zone         string
	Maintenance  string // the window, ddd:hh24:mi-ddd:hh24:mi
	BackupWindow string // hh24:mi-hh24:mi
	Retention    int32  // days
	Authority    string // of its certificate: CACertificateIdentifier
	Key          string // KMS's, as the user named it
	Network      string
	Insights     types.DatabaseInsightsMode
	LogExports   []string

	MultiAZ, Public, Encrypted, Protected bool
	MinorUpgrades, CopyTags, IAM          bool
	DedicatedLog, PerformanceInsights     bool

	// Password is sealed, and here only until the server has it.
	Password string `json:",omitempty"`
	Secret   string `json:",omitempty"` // the ARN of the password that is managed
	Rotate   bool   `json:",omitempty"` // a managed password is to be replaced
	Cert     cert

	// Pending waits for the window, or for the job that applies it. Its password is sealed.
	Pending types.PendingModifiedValues
	Job     *job   `json:",omitempty"` // what is being done
	Past    string `json:",omitempty"` // the run of the job before

	Source    string    `json:",omitempty"` // the resource id of the instance it is a replica of
	Follows   int       `json:",omitempty"` // how many failovers that one had had when its data was copied
	Failovers int       `json:",omitempty"` // how many it has had itself
	Standby   int       `json:",omitempty"` // the port of the standby, 0 if there is none
	Server    string    `json:",omitempty"` // the id of its server, if that is not the resource id: after a failover
	Full      bool      `json:",omitempty"` // its server is stopped since its storage is used up
	Restore   time.Time // up to which moment it can be restored
	BackedUp  time.Time // when the last automated backup began; zero if one is to be made soon
	NoBackup  time.Time `json:",omitzero"`  // until then no automated backup is begun, since one failed
	Behind    bool      `json:",omitempty"` // its standby lacks what was committed, or may lack it
	Stopped   time.Time // when it was stopped; it is started again after seven days
}

// cert is a server's certificate in PEM, its key sealed.
type cert struct {
	Cert, CA  string
	Key       string
	Authority string
	Until     time.Time
}

// The days after which RDS starts a stopped instance again (Amazon RDS User Guide,
// "Stopping an Amazon RDS DB instance temporarily").
const stoppedDays = 7

func (r *record) arn() string { return arn(r.Region, kindInstance, r.Name) }

// steady says that nothing is being done, so that something may be begun.
func (r *record) steady() bool { return r.Job == nil }

// up says that the server of a steady instance should run.
func (r *record) up() bool {
	switch r.Status {
	case available, badParameters, failed:
		// What failed when it was made has no server that could run.
		return !r.Created.IsZero()
	case storageFull:
		return !r.Full && !r.Created.IsZero()
	}
	return false
}

// notFound is the error for an instance that is not there.
func notFound(name string) error {
	return &types.DBInstanceNotFoundFault{Message: ptr("DBInstance " + name + " not found.")}
}

// ptr is for structs of the SDK.
func ptr[T any](v T) *T { return &v }

// lookup reads the instance of a name, which an ARN may stand for.
func (l *Local) lookup(ctx context.Context, tx *sql.Tx, region, name string) (*record, error) {
	name = strings.ToLower(name)
	if parts := strings.SplitN(name, ":", 7); len(parts) == 7 && parts[0] == "arn" && parts[5] == kindInstance {
		region, name = parts[3], parts[6]
	}
	r, err := one[record](ctx, tx, `SELECT doc FROM instance_records WHERE region = $1 AND name = $2`, region, name)
	if r == nil && err == nil {
		err = notFound(name)
	}
	return r, err
}

// load reads the instance of a resource id; nil if there is none.
func (l *Local) load(ctx context.Context, tx *sql.Tx, id string) (*record, error) {
	return one[record](ctx, tx, `SELECT doc FROM instance_records WHERE id = $1`, id)
}

// records reads all instances, or those of one region.
func (l *Local) records(ctx context.Context, tx *sql.Tx, region string) ([]record, error) {
	return state.Documents[record](ctx, tx, `SELECT doc FROM instance_records WHERE $1 = '' OR region = $2 ORDER BY region, name`, region, region)
}

// all reads all instances by itself.
func (l *Local) all(ctx context.Context) (rs []record, err error) {
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		rs, err = l.records(ctx, tx, "")
		return err
	})
	return rs, err
}

// one reads the document that a query returns, or nil.
func one[T any](ctx context.Context, tx *sql.Tx, query string, args ...any) (*T, error) {
	all, err := state.Documents[T](ctx, tx, query, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// insert keeps a new instance; the name must be free.
func insert(ctx context.Context, tx *sql.Tx, r *record) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO instance_records (id, region, name, rev, doc) VALUES ($1, $2, $3, 1, $4)`, r.ID, r.Region, r.Name, string(raw))
	return err
}

// errGone says that an instance was removed meanwhile.
var errGone = errors.New("the instance is gone")

// revise changes an instance in a transaction, which f may use too: both are kept, or
// neither. It returns the instance as it is kept.
func (l *Local) revise(ctx context.Context, id string, f func(tx *sql.Tx, r *record) error) (r *record, err error) {
	err = l.DB.Tx(ctx, func(tx *sql.Tx) error {
		if r, err = l.load(ctx, tx, id); err != nil {
			return err
		}
		if r == nil {
			return errGone
		}
		return l.update(ctx, tx, r, func() error { return f(tx, r) })
	})
	if l.onCommit != nil && err == nil {
		l.onCommit()
	}
	return r, err
}

// update keeps what f does to an instance that was read in the same transaction.
func (l *Local) update(ctx context.Context, tx *sql.Tx, r *record, f func() error) error {
	var rev int64
	if err := tx.QueryRowContext(ctx, `SELECT rev FROM instance_records WHERE id = $1`, r.ID).Scan(&rev); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `UPDATE instance_records SET name = $1, rev = rev + 1, doc = $2 WHERE id = $3 AND rev = $4`, r.Name, string(raw), r.ID, rev)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, lethe.Errorf(lethe.Conflict, "instance %s was changed meanwhile", r.Name))
	}
	return nil
}
