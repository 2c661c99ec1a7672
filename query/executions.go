package query

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"lethe"
)

// insert makes an execution durable. If its token is taken by an execution of
// the same request, that one's id is returned instead.
func (s *Service) insert(ctx context.Context, x *Execution) (id string, err error) {
	doc, err := json.Marshal(x)
	if err != nil {
		return "", err
	}
	id = x.ID
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if x.Request.Token != "" {
			var text string
			switch err := tx.QueryRowContext(ctx, "SELECT document FROM query_executions WHERE token = $1", x.Request.Token).Scan(&text); {
			case errors.Is(err, sql.ErrNoRows):
			case err != nil:
				return err
			default:
				var old Execution
				if err := json.Unmarshal([]byte(text), &old); err != nil {
					return err
				}
				if !sameRequest(old, *x) {
					return lethe.Errorf(lethe.Conflict, "Idempotent parameters do not match")
				}
				id = old.ID
				return nil
			}
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO query_outputs (location) VALUES ($1) ON CONFLICT DO NOTHING", folderOf(x.Output)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO query_executions (id, workgroup, token, submitted, final, document) VALUES ($1, $2, $3, $4, 0, $5)",
			x.ID, x.Request.Workgroup, sql.NullString{String: x.Request.Token, Valid: x.Request.Token != ""}, x.Submitted.UnixMicro(), string(doc))
		return err
	})
	return id, err
}

// sameRequest compares what Athena compares of two requests with one token.
func sameRequest(a, b Execution) bool {
	return a.Request.Statement == b.Request.Statement && a.Request.Catalog == b.Request.Catalog &&
		a.Request.Database == b.Request.Database && a.Request.Output == b.Request.Output
}

// finish makes an execution's final state durable.
func (s *Service) finish(ctx context.Context, x *Execution) error {
	doc, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE query_executions SET final = 1, document = $1 WHERE id = $2", string(doc), x.ID)
		return err
	})
}

// load reads an execution from the database.
func (s *Service) load(ctx context.Context, id string) (Execution, error) {
	xs, err := documents[Execution](ctx, s, "SELECT document FROM query_executions WHERE id = $1", id)
	if err == nil && len(xs) == 0 {
		err = lethe.Errorf(lethe.NotFound, "QueryExecution %s was not found", id)
	}
	if err != nil {
		return Execution{}, err
	}
	return xs[0], nil
}

// List returns ids of executions, newest first: at most limit of a workgroup
// (of all if ""), beginning after the given id. Next is "" at the end.
func (s *Service) List(ctx context.Context, workgroup, after string, limit int) (ids []string, next string, err error) {
	if after == "" {
		after = "g" // greater than every UUID
	}
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id FROM query_executions WHERE id < $1 AND ($2 = '' OR workgroup = $2) ORDER BY id DESC LIMIT $3`,
			after, workgroup, limit+1)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	if len(ids) > limit {
		ids = ids[:limit]
		next = ids[limit-1]
	}
	return ids, next, err
}

// interrupted ends what a crash or kill left open, and forgets executions that
// are older than the retention.
func (s *Service) interrupted(ctx context.Context) error {
	open, err := documents[Execution](ctx, s, "SELECT document FROM query_executions WHERE final = 0")
	if err != nil {
		return err
	}
	for _, x := range open {
		x.State, x.Completed = Failed, time.Now().UTC()
		x.Error = &Failure{Category: 1, Type: 100, Retryable: true, Message: "the server stopped while the query was running; run it again"}
		x.Reason = x.Error.Message
		if err := s.finish(ctx, &x); err != nil {
			return err
		}
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM query_executions WHERE final = 1 AND submitted < $1", time.Now().Add(-retention).UnixMicro())
		return err
	})
}

// retention is how long executions are remembered; Athena keeps 45 days.
const retention = 45 * 24 * time.Hour
