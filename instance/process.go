package instance

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
	"lethe/workflow"
)

// job is what is being done to an instance: a run of the process of its kind, which goes
// on after a crash of lethe. It is kept with the instance from the request on, so that a
// run which was not begun yet is begun when lethe starts.
type job struct {
	ID, Kind string
	Before   string        // the state to which the instance returns
	Tries    int           `json:",omitempty"` // of the stage, that failed
	Fault    string        `json:",omitempty"` // the state that the instance gets for its failure
	Why      string        `json:",omitempty"`
	All      bool          `json:",omitempty"` // everything that is pending, and not only what never waits
	Failover bool          `json:",omitempty"`
	First    string        `json:",omitempty"` // the id of the first automated backup, which it makes
	Keep     bool          `json:",omitempty"` // the automated backups of the instance that is deleted
	Promoted bool          `json:",omitempty"` // the standby is the first server already
	Kept     bool          `json:",omitempty"` // the standby could not take its place, and the first server did
	Snapshot string        `json:",omitempty"` // the id of that which is made, or restored from
	From     string        `json:",omitempty"` // the resource id of the instance restored or copied from
	Until    time.Time     `json:",omitzero"`  // up to when it is restored; zero for all there is
	Outage   time.Duration `json:",omitempty"` // for which no client was served
}

// work is what the steps of a run are given.
type work struct{ Instance, Job string }

// problem is why a run ends without having done what it was for.
type problem struct {
	work
	Text string
}

// stage is a step of a job. It is called again after a crash.
type stage struct {
	name string
	do   func(l *Local, ctx context.Context, r *record) error
}

// The kinds of jobs, which name processes; engines keep them as long as runs are.
const (
	jobCreate    = "create"
	jobRestore   = "restore"
	jobReplicate = "replicate"
	jobFollow    = "follow"
	jobPromote   = "promote"
	jobModify    = "modify"
	jobReboot    = "reboot"
	jobStart     = "start"
	jobStop      = "stop"
	jobSnapshot  = "snapshot"
	jobMirror    = "mirror"
	jobFailover  = "failover"
	jobDelete    = "delete"
)

// plans are the stages of each kind of job.
func plans() map[string][]stage {
	return map[string][]stage{
		jobCreate:    {{"make", (*Local).makeServer}, {"boot", (*Local).boot}, {"second", (*Local).haveStandby}, {"save", (*Local).saveFirst}, {"finish", (*Local).created}},
		jobRestore:   {{"recover", (*Local).recoverServer}, {"boot", (*Local).boot}, {"second", (*Local).haveStandby}, {"save", (*Local).saveFirst}, {"finish", (*Local).restored}},
		jobReplicate: {{"follow", (*Local).followSource}, {"boot", (*Local).boot}, {"finish", (*Local).replicated}},
		jobFollow:    {{"clear", (*Local).clearCopy}, {"follow", (*Local).followSource}, {"boot", (*Local).boot}, {"finish", (*Local).followed}},
		jobPromote:   {{"promote", (*Local).promote}, {"save", (*Local).saveFirst}, {"finish", (*Local).promoted}},
		jobModify:    {{"apply", (*Local).applyChanges}, {"second", (*Local).haveStandby}, {"finish", (*Local).modified}},
		jobReboot:    {{"restart", (*Local).restart}, {"second", (*Local).haveStandby}, {"finish", (*Local).rebooted}},
		jobStart:     {{"boot", (*Local).boot}, {"second", (*Local).haveStandby}, {"finish", (*Local).started}},
		jobStop:      {{"save", (*Local).saveBefore}, {"halt", (*Local).halt}, {"finish", (*Local).halted}},
		jobSnapshot:  {{"save", (*Local).saveSnapshot}, {"finish", (*Local).snapshotMade}},
		jobMirror:    {{"boot", (*Local).boot}, {"second", (*Local).haveStandby}, {"finish", (*Local).mirrored}},
		jobFailover:  {{"promote", (*Local).failover}, {"second", (*Local).haveStandby}, {"finish", (*Local).mirrored}},
		jobDelete:    {{"save", (*Local).saveBefore}, {"clear", (*Local).clear}, {"forget", (*Local).forget}},
	}
}

// Register says what the runs do that Options.Workflow runs.
func (l *Local) Register(g *workflow.Registry) {
	failing := workflow.Activity[problem, workflow.None]{Name: "instance.fail"}
	workflow.Handle(g, failing, l.fail)
	for kind, stages := range plans() {
		var calls []workflow.Activity[work, workflow.None]
		for _, s := range stages {
			a := workflow.Activity[work, workflow.None]{Name: "instance." + kind + "." + s.name}
			calls = append(calls, a)
			workflow.Handle(g, a, func(ctx context.Context, w work) (none workflow.None, err error) { return none, l.perform(ctx, w, s) })
		}
		workflow.Define(g, workflow.Process[work, workflow.None]{Name: "instance." + kind}, func(r workflow.Run, w work) (none workflow.None, err error) {
			for _, a := range calls {
				if _, err := workflow.Call(r, a, w); err != nil {
					_, ferr := workflow.Call(r, failing, problem{w, err.Error()})
					return none, errors.Join(err, ferr)
				}
			}
			return none, nil
		})
	}
}

// begin gives an instance a job. The caller keeps the instance, and then calls launch.
func (r *record) begin(status string, j job) {
	j.ID, j.Before = "instance-"+lethe.NewOrderedID(), r.Status
	r.Status, r.Job = status, &j
}

// launch begins the run of an instance's job. Where that fails the job is there, and is
// begun by Tend.
func (l *Local) launch(ctx context.Context, r *record) {
	if r.Job == nil {
		return
	}
	if err := l.Workflow.Start(context.WithoutCancel(ctx), "instance."+r.Job.Kind, r.Job.ID, work{r.ID, r.Job.ID}); err != nil {
		l.Log.Warn("What is to be done to an instance is not begun yet", "instance", r.Name, "job", r.Job.Kind, "err", err)
	}
}

// end ends an instance's job in the state given.
func (r *record) end(status string) {
	r.Past, r.Job, r.Status = r.Job.ID, nil, status
}

// Stages that fail are tried again so often, by the run's engine, before they fail for good.
const tries = 4

// perform does a stage of a job, unless the job is over. No two things are done to an
// instance's servers at the same time.
func (l *Local) perform(ctx context.Context, w work, s stage) error {
	defer l.hold(w.Instance)()
	if err := l.run.Err(); err != nil {
		return err // Close does not wait for more
	}
	var r *record
	err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		r, err = l.load(ctx, tx, w.Instance)
		return err
	})
	if err != nil || r == nil || r.Job == nil || r.Job.ID != w.Job {
		return err
	}
	if err = s.do(l, ctx, r); err == nil || ctx.Err() != nil {
		return err
	}
	fault := ""
	switch lethe.KindOf(err) {
	case lethe.Exhausted:
		fault = storageFull
	case lethe.Internal, lethe.Canceled:
		// What passes is tried again. The count is by stage: one that is done ends it.
		j, rerr := l.revise(ctx, r.ID, func(_ *sql.Tx, r *record) error {
			if r.Job != nil {
				r.Job.Tries++
			}
			return nil
		})
		if rerr != nil || j.Job == nil || j.Job.Tries < tries {
			return err
		}
	}
	if _, rerr := l.revise(ctx, r.ID, func(_ *sql.Tx, r *record) error {
		if r.Job != nil && r.Job.Fault == "" {
			r.Job.Fault = fault
		}
		return nil
	}); rerr != nil {
		return rerr
	}
	return lethe.Errorf(lethe.Conflict, "%s: %w", s.name, err)
}

// fail ends a job that could not be done.
func (l *Local) fail(ctx context.Context, p problem) (none workflow.None, err error) {
	defer l.hold(p.Instance)()
	r, err := l.revise(ctx, p.Instance, func(tx *sql.Tx, r *record) error {
		if r.Job == nil || r.Job.ID != p.Job {
			return nil
		}
		l.Log.Error("Something could not be done to an instance", "instance", r.Name, "job", r.Job.Kind, "err", p.Text)
		return l.failed(ctx, tx, r, p.Text)
	})
	if errors.Is(err, errGone) {
		return none, nil
	}
	if err == nil && r.up() {
		l.watch(r.ID, false)
	}
	return none, err
}

// failed decides what a job that could not be done leaves behind.
func (l *Local) failed(ctx context.Context, tx *sql.Tx, r *record, why string) error {
	j := r.Job
	status, category := j.Fault, "failure"
	switch j.Kind {
	case jobSnapshot:
		// The server runs as before.
		if err := l.reviseSnapshot(ctx, tx, j.Snapshot, func(s *snapshot) {
			if s.Status = failed; s.Type == automated {
				// It is made again soon, and not only in the next window.
				r.BackedUp, r.NoBackup = time.Time{}, l.now().Add(backUpAgain)
			}
		}); err != nil {
			return err
		}
		status, category = j.Before, "backup"
	case jobMirror:
		// The next one is made from the beginning.
		r.Standby, status = 0, j.Before
	case jobCreate, jobReplicate, jobFollow, jobFailover:
		if status == "" {
			status = failed
		}
	case jobRestore:
		if status == "" {
			status = badRestore
		}
	case jobDelete:
		// It stays, so that it can be deleted again; the final snapshot is no more.
		if j.Snapshot != "" {
			if err := l.reviseSnapshot(ctx, tx, j.Snapshot, func(s *snapshot) { s.Status = failed }); err != nil {
				return err
			}
		}
		status = failed
	default:
		if status == "" {
			status = badParameters
		}
		if j.Kind == jobModify {
			// What could not be applied is not tried at each window again.
			r.drop(r.due(j.All))
		}
	}
	r.end(status)
	return l.event(ctx, tx, r.source(), category, "The DB instance is in the state %s: %s", status, why)
}

func (r *record) source() source { return source{r.Region, kindInstance, r.Name} }

// hold keeps others from an instance's servers until the function it returns is called.
func (l *Local) hold(id string) (release func()) {
	l.mu.Lock()
	m := l.held[id]
	if m == nil {
		m = new(sync.Mutex)
		l.held[id] = m
	}
	l.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// resume begins the runs of jobs that have none, which a crash between the request and
// its run leaves, and forgets the runs of jobs that are over.
func (l *Local) resume(ctx context.Context) error {
	rs, err := l.all(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range rs {
		l.launch(ctx, &r)
		if r.Past == "" {
			continue
		}
		past := r.Past
		if err := l.Workflow.Forget(ctx, past); err != nil && !lethe.Is(err, lethe.NotFound) {
			if !lethe.Is(err, lethe.Conflict) { // it has not ended quite yet
				errs = append(errs, err)
			}
			continue
		}
		_, err := l.revise(ctx, r.ID, func(_ *sql.Tx, r *record) error {
			if r.Past == past {
				r.Past = ""
			}
			return nil
		})
		if err != nil && !errors.Is(err, errGone) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// invalidState is the error for an instance to which something else is being done.
func invalidState(r *record, allowed ...string) error {
	if r.steady() && slices.Contains(allowed, r.Status) {
		return nil
	}
	return &types.InvalidDBInstanceStateFault{Message: ptr("Instance " + r.Name + " is not in an allowed state: it is " + r.Status + ".")}
}
