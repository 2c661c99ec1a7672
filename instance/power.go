package instance

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"lethe"
)

// RebootDBInstance implements Provider.
func (l *Local) RebootDBInstance(ctx context.Context, in *rds.RebootDBInstanceInput, opts ...func(*rds.Options)) (*rds.RebootDBInstanceOutput, error) {
	r, err := l.request(ctx, l.region(opts), aws.ToString(in.DBInstanceIdentifier), func(_ *sql.Tx, r *record) error {
		if err := invalidState(r, available, storageFull, badParameters, failed); err != nil {
			return err
		}
		if aws.ToBool(in.ForceFailover) && !r.MultiAZ {
			return invalidCombination("Cannot force a failover of %s: it is not a Multi-AZ instance.", r.Name)
		}
		r.begin(rebooting, job{Kind: jobReboot, Failover: aws.ToBool(in.ForceFailover)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	d, err := l.view(ctx, r)
	return &rds.RebootDBInstanceOutput{DBInstance: d}, err
}

// StartDBInstance implements Provider.
func (l *Local) StartDBInstance(ctx context.Context, in *rds.StartDBInstanceInput, opts ...func(*rds.Options)) (*rds.StartDBInstanceOutput, error) {
	r, err := l.request(ctx, l.region(opts), aws.ToString(in.DBInstanceIdentifier), func(tx *sql.Tx, r *record) error {
		if err := invalidState(r, stopped); err != nil {
			return err
		}
		if err := l.capacity(ctx, tx, r.Class, r.copies(), r.ID); err != nil {
			return err
		}
		r.begin(starting, job{Kind: jobStart})
		return nil
	})
	if err != nil {
		return nil, err
	}
	d, err := l.view(ctx, r)
	return &rds.StartDBInstanceOutput{DBInstance: d}, err
}

// StopDBInstance implements Provider.
func (l *Local) StopDBInstance(ctx context.Context, in *rds.StopDBInstanceInput, opts ...func(*rds.Options)) (*rds.StopDBInstanceOutput, error) {
	name := aws.ToString(in.DBSnapshotIdentifier)
	if name != "" {
		var err error
		if name, err = CheckIdentifier("DBSnapshotIdentifier", name); err != nil {
			return nil, err
		}
	}
	r, err := l.request(ctx, l.region(opts), aws.ToString(in.DBInstanceIdentifier), func(tx *sql.Tx, r *record) error {
		if err := l.free(r, false, "be stopped"); err != nil {
			return err
		}
		if err := invalidState(r, available); err != nil {
			return err
		}
		if r.Source != "" {
			return invalidCombination("Cannot stop %s: it is a read replica.", r.Name)
		}
		if rs, err := l.replicas(ctx, tx, r.ID); err != nil {
			return err
		} else if len(rs) > 0 {
			return invalidCombination("Cannot stop %s: it is the source of read replicas.", r.Name)
		}
		j := job{Kind: jobStop}
		if name != "" {
			s, err := l.newSnapshot(ctx, tx, r, name, manual, nil)
			if err != nil {
				return err
			}
			j.Snapshot = s.ID
		}
		r.begin(stopping, j)
		return nil
	})
	if err != nil {
		return nil, err
	}
	d, err := l.view(ctx, r)
	return &rds.StopDBInstanceOutput{DBInstance: d}, err
}

// request changes the instance of a name, in one transaction with what f does beside, and
// begins the job that f gives it.
func (l *Local) request(ctx context.Context, region, name string, f func(tx *sql.Tx, r *record) error) (r *record, err error) {
	err = l.DB.Tx(ctx, func(tx *sql.Tx) error {
		if r, err = l.lookup(ctx, tx, region, name); err != nil {
			return err
		}
		return l.update(ctx, tx, r, func() error { return f(tx, r) })
	})
	if err != nil {
		return nil, err
	}
	l.launch(ctx, r)
	return r, nil
}

// copies is how many servers an instance has.
func (r *record) copies() int {
	if r.MultiAZ {
		return 2
	}
	return 1
}

// activate gives the instance's server, which is started next, all values of the parameter
// group that the instance is to have.
func (l *Local) activate(ctx context.Context, r *record) error {
	c, err := l.class(r.Class)
	if err != nil {
		return err
	}
	n, err := l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
		live, err := l.settings(ctx, tx, r.Region, r.Group, r.variables(c))
		if err == nil {
			r.Active, r.Stale, r.Live = r.Group, false, live
		}
		return err
	})
	if err == nil {
		*r = *n
	}
	return err
}

// variables are what the formulas of the instance's parameters are over, for a class as
// this host carries it.
func (r *record) variables(c Class) Variables {
	return Variables{Memory: c.Memory, Storage: int64(r.Storage) * gib, Port: r.Port, VCPU: c.VCPU}
}

// boot starts the instance's server, if it does not run.
func (l *Local) boot(ctx context.Context, r *record) error {
	if e, s, err := l.server(r); err != nil {
		return err
	} else if runs(e, s) {
		return e.Start(ctx, s) // which adopts it
	}
	if err := errors.Join(l.activate(ctx, r), l.followPackages(ctx, r)); err != nil {
		return err
	}
	if err := l.keepPort(ctx, r); err != nil {
		return err
	}
	e, s, err := l.server(r)
	if err != nil {
		return err
	}
	if err := e.Start(ctx, s); err != nil {
		if r.Created.IsZero() && r.AnyPort && l.portFree(r.Port, nil) != nil {
			return lethe.Errorf(lethe.Internal, "port %d was taken meanwhile: %w", r.Port, err) // it is tried again, with another
		}
		return err
	}
	return nil
}

// keepPort gives an instance that is being made another port, where somebody else on
// this host has taken the one that was found free for it.
func (l *Local) keepPort(ctx context.Context, r *record) error {
	if !r.Created.IsZero() || !r.AnyPort || l.portFree(r.Port, nil) == nil {
		return nil
	}
	n, err := l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
		r.Port = 0
		return l.choosePort(ctx, tx, r)
	})
	if err == nil {
		*r = *n
	}
	return err
}

// followPackages takes over the version that the host has, where an update of its packages
// replaced the instance's by another of the same family: servers run with what is there.
func (l *Local) followPackages(ctx context.Context, r *record) error {
	e, err := l.engine(r.Engine)
	if err != nil {
		return err
	}
	all, err := e.Versions(ctx)
	if err != nil {
		return err
	}
	for _, v := range all {
		if v.Number == r.Version {
			return nil
		}
	}
	for _, v := range all {
		if v.Family != family(r.Engine, r.Version) {
			continue
		}
		n, err := l.revise(ctx, r.ID, func(tx *sql.Tx, r *record) error {
			old := r.Version
			r.Version = v.Number
			return l.event(ctx, tx, r.source(), "maintenance", "The host's packages have %s %s instead of %s, which the DB instance runs from now on", r.Engine, v.Number, old)
		})
		if err == nil {
			*r = *n
		}
		return err
	}
	return lethe.Errorf(lethe.Unsupported, "%s %s of instance %s is no longer installed on this host", r.Engine, r.Version, r.Name).WithHint("install its packages again")
}

// family is the family of an engine's version: of the first number for PostgreSQL, of two
// for the others.
func family(engine, version string) string {
	n := strings.SplitN(version, ".", 3)
	if engine == "postgres" || len(n) < 2 {
		return engine + n[0]
	}
	return engine + n[0] + "." + n[1]
}

// restart stops the instance's server and starts it, and keeps for how long no client
// was served.
func (l *Local) restart(ctx context.Context, r *record) error {
	if r.Job.Failover {
		return l.failover(ctx, r)
	}
	e, s, err := l.server(r)
	if err != nil {
		return err
	}
	from := time.Now()
	if err := e.Stop(ctx, s); err != nil {
		return err
	}
	if err := l.boot(ctx, r); err != nil {
		return err
	}
	return l.outage(ctx, r, time.Since(from))
}

// outage keeps for how long a job left clients unserved.
func (l *Local) outage(ctx context.Context, r *record, d time.Duration) error {
	_, err := l.revise(ctx, r.ID, func(_ *sql.Tx, r *record) error {
		r.Job.Outage += d
		return nil
	})
	return err
}

// finish ends a job: its instance is watched from then on, if its server should run.
func (l *Local) finish(ctx context.Context, r *record, f func(tx *sql.Tx, r *record) error) error {
	n, err := l.revise(ctx, r.ID, f)
	if err != nil {
		return err
	}
	if n.up() {
		l.watch(n.ID, false)
	}
	return nil
}

func (l *Local) rebooted(ctx context.Context, r *record) error {
	return l.finish(ctx, r, func(tx *sql.Tx, r *record) error {
		if err := l.event(ctx, tx, r.source(), "availability", "DB instance restarted; clients were not served for %d ms", r.Job.Outage.Milliseconds()); err != nil {
			return err
		}
		r.end(available)
		return nil
	})
}

func (l *Local) started(ctx context.Context, r *record) error {
	return l.finish(ctx, r, func(tx *sql.Tx, r *record) error {
		r.end(available)
		r.Stopped = time.Time{}
		return l.event(ctx, tx, r.source(), "notification", "DB instance started")
	})
}

// halt stops the instance's servers.
func (l *Local) halt(ctx context.Context, r *record) error {
	e, s, err := l.server(r)
	if err != nil {
		return err
	}
	if err := l.ship(ctx, r, true); err != nil {
		return err
	}
	// The standby goes last, so that it has all that the first one wrote.
	if err := e.Stop(ctx, s); err != nil {
		return err
	}
	if second, ok := r.second(s); ok {
		return e.Stop(ctx, second)
	}
	return nil
}

func (l *Local) halted(ctx context.Context, r *record) error {
	return l.finish(ctx, r, func(tx *sql.Tx, r *record) error {
		r.end(stopped)
		r.Stopped = l.now()
		return l.event(ctx, tx, r.source(), "notification", "DB instance stopped")
	})
}
