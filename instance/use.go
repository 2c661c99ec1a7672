package instance

import (
	"context"
	"database/sql"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
)

// Used is an instance whose server answers, as a client needs it.
type Used struct {
	Engine string
	Host   string
	Port   int
	User   string // the first user
	Secret string // the ARN of the first user's password, "" if it is not managed
}

// How long Use waits for a server that answers, and for what is being done to the
// instance: a job that restarts the server is soon over, one that copies it need not be.
const (
	usePatience = 5 * time.Minute
	useSteady   = 30 * time.Second
	usePoll     = 50 * time.Millisecond
)

// use is what lethe itself uses an instance for.
type use struct {
	by    string
	first bool // as the first user
}

// Use returns when the server of an instance answers, which lethe itself works with: by
// names what for, user as whom, "" for the first user. An instance that was stopped is
// started. From then on requests are refused that would take the server away from lethe:
// to stop, delete or rename the instance, to have another port, or another password of
// the user.
//
// An error of kind NotFound says that there is no such instance, and one of kind Conflict
// that its server does not answer, with the instance's state.
func (l *Local) Use(ctx context.Context, region, name, user, by string) (u Used, err error) {
	began := time.Now()
	told, noted := false, false
	for {
		var r *record
		if err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
			r, err = one[record](ctx, tx, `SELECT doc FROM instance_records WHERE region = $1 AND name = $2`, region, name)
			return err
		}); err != nil {
			return u, err
		}
		if r == nil {
			return u, lethe.Errorf(lethe.NotFound, "there is no database instance %s in the region %s", name, region)
		}
		if !noted {
			noted = true
			l.mu.Lock()
			l.uses[r.ID] = append(l.uses[r.ID], use{by, user == "" || user == r.User})
			l.mu.Unlock()
		}
		waited := time.Since(began)
		switch {
		case r.Status == deleting:
			return u, lethe.Errorf(lethe.Conflict, "the database instance %s is being deleted", name)
		case r.Status == stopped:
			if err := l.beginIf(ctx, r.ID, stopped, func(tx *sql.Tx, r *record) error {
				r.begin(starting, job{Kind: jobStart})
				return l.event(ctx, tx, r.source(), "notification", "DB instance is being started because lethe uses it: %s", by)
			}); err != nil {
				return u, err
			}
		case r.steady() || waited > useSteady:
			e, s, err := l.server(r)
			if err != nil {
				return u, err
			}
			if runs(e, s) && l.responds(ctx, e, s) {
				return Used{Engine: r.Engine, Host: l.Host, Port: r.Port, User: r.User, Secret: r.Secret}, nil
			}
			if !r.up() && r.steady() {
				return u, lethe.Errorf(lethe.Conflict, "the database instance %s is %s", name, r.Status)
			}
		}
		if waited > usePatience {
			return u, lethe.Errorf(lethe.Conflict, "the server of the database instance %s did not answer for %s; it is %s", name, usePatience, r.Status)
		}
		if !told && waited > time.Second {
			told = true
			l.Log.Info("Waiting for a database instance that lethe itself uses", "instance", name, "status", r.Status, "for", by)
		}
		select {
		case <-ctx.Done():
			return u, ctx.Err()
		case <-l.run.Done():
			return u, l.run.Err()
		case <-time.After(usePoll):
		}
	}
}

// responds says that a server answers its clients.
func (l *Local) responds(ctx context.Context, e Engine, s Server) bool {
	ctx, cancel := context.WithTimeout(ctx, answers)
	defer cancel()
	_, err := e.Metrics(ctx, s)
	return err == nil
}

// free refuses to do something to an instance that lethe itself works with; to the first
// user, if first.
func (l *Local) free(r *record, first bool, what string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, u := range l.uses[r.ID] {
		if u.first || !first {
			return &types.InvalidDBInstanceStateFault{Message: ptr("Instance " + r.Name + " cannot " + what + ": lethe itself uses it, as its configuration says (" + u.by + ").")}
		}
	}
	return nil
}
