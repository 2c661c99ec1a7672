package instance

import (
	"context"
	"database/sql"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
)

// DeleteDBInstance implements Provider.
func (l *Local) DeleteDBInstance(ctx context.Context, in *rds.DeleteDBInstanceInput, opts ...func(*rds.Options)) (*rds.DeleteDBInstanceOutput, error) {
	skip, final := aws.ToBool(in.SkipFinalSnapshot), aws.ToString(in.FinalDBSnapshotIdentifier)
	r, err := l.request(ctx, l.region(opts), aws.ToString(in.DBInstanceIdentifier), func(tx *sql.Tx, r *record) error {
		if r.Status == deleting {
			return &types.InvalidDBInstanceStateFault{Message: ptr("Instance " + r.Name + " is already being deleted.")}
		}
		if r.Protected {
			return invalidCombination("Cannot delete protected DB Instance, please disable deletion protection and try again.")
		}
		switch {
		case !skip && final == "":
			return invalidCombination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
		case skip && final != "":
			return invalidCombination("FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is specified.")
		case final != "":
			var err error
			if final, err = CheckIdentifier("FinalDBSnapshotIdentifier", final); err != nil {
				return err
			}
		}
		if err := l.free(r, false, "be deleted"); err != nil {
			return err
		}
		if err := invalidState(r, available, stopped, storageFull, badParameters, badRestore, failed); err != nil {
			return err
		}
		j := job{Kind: jobDelete, Keep: in.DeleteAutomatedBackups != nil && !*in.DeleteAutomatedBackups && l.backs(r)}
		if final != "" {
			if r.Source != "" {
				return invalidCombination("Cannot create a final snapshot of a read replica. Specify SkipFinalSnapshot.")
			}
			if err := invalidState(r, available, stopped); err != nil {
				return err
			}
			s, err := l.newSnapshot(ctx, tx, r, final, manual, nil)
			if err != nil {
				return err
			}
			j.Snapshot = s.ID
		}
		r.begin(deleting, j)
		return nil
	})
	if err != nil {
		return nil, err
	}
	d, err := l.view(ctx, r)
	return &rds.DeleteDBInstanceOutput{DBInstance: d}, err
}

// clear stops the instance's servers and removes their folders.
func (l *Local) clear(ctx context.Context, r *record) error {
	e, s, err := l.server(r)
	if err != nil {
		return err
	}
	if r.Job.Keep && r.Job.Before == available {
		if err := l.ship(ctx, r, true); err != nil {
			return err
		}
	}
	if r.Source != "" {
		if err := l.leave(ctx, r, s); err != nil {
			return err
		}
	}
	for _, id := range r.servers() {
		one := s
		one.ID, one.Dir = id, l.folder(id)
		if err := e.Stop(ctx, one); err != nil {
			return err
		}
		if err := os.RemoveAll(one.Dir); err != nil {
			return err
		}
	}
	return nil
}

// forget removes an instance, whose servers are gone.
func (l *Local) forget(ctx context.Context, r *record) error {
	if r.Secret != "" {
		if err := l.Secrets.Delete(ctx, r.Region, r.secretName()); err != nil {
			return err
		}
	}
	var dead []string
	var orphans []*record
	err := l.DB.Tx(ctx, func(tx *sql.Tx) error {
		rs, err := l.replicas(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		for _, o := range rs {
			if err := l.update(ctx, tx, &o, func() error {
				// What it was is a replica of nothing: it becomes an instance of its own.
				if o.Source = ""; o.steady() && o.Status == available {
					o.begin(modifying, job{Kind: jobPromote})
					orphans = append(orphans, &o)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		if r.Job.Keep {
			err = l.retain(ctx, tx, r)
		} else {
			dead, err = l.dropBackups(ctx, tx, r.ID)
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM instance_records WHERE id = $1`, r.ID); err != nil {
			return err
		}
		if err := l.dropTags(ctx, tx, r.arn()); err != nil {
			return err
		}
		return l.event(ctx, tx, r.source(), "deletion", "DB instance deleted")
	})
	if err != nil {
		return err
	}
	for _, o := range orphans {
		l.launch(ctx, o)
	}
	return l.discard(ctx, dead)
}

// leave ends what the instance's source keeps for it.
func (l *Local) leave(ctx context.Context, r *record, s Server) error {
	of, err := l.sourceOf(ctx, r)
	if err != nil || of == nil {
		return err
	}
	e, server, err := l.server(of)
	if err != nil {
		return err
	}
	if err := e.Unfollow(ctx, s, server); err != nil && !errors.Is(err, context.Canceled) && of.up() {
		return lethe.Errorf(lethe.Internal, "the source %s: %w", of.Name, err)
	} else if ctx.Err() != nil {
		return ctx.Err()
	}
	return nil
}
