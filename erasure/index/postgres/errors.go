package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"

	"lethe"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE codes, from PostgreSQL's manual, appendix A.
const (
	lockNotAvailable  = "55P03"
	deadlock          = "40P01"
	privilege         = "42501"
	readOnly          = "25006"
	tooManyConnection = "53300"
	diskFull          = "53100"
)

// explain says what could not be done to the index. The error's text has no values:
// the statements have none, and details, which may, are left out.
func explain(ctx context.Context, what string, err error) error {
	var e *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s the erasure index: %w", what, ctx.Err())
	case errors.As(err, new(*lethe.Error)):
		return err
	case errors.As(err, &e):
		switch e.Code {
		case lockNotAvailable, deadlock, tooManyConnection, diskFull:
			return lethe.Errorf(lethe.Exhausted, "%s the erasure index: PostgreSQL says %s", what, e.Message)
		case privilege:
			return lethe.Errorf(lethe.Denied, "%s the erasure index: PostgreSQL says %s", what, e.Message).WithHint("its user must own the schema lethe_index, or be allowed to create it")
		case readOnly:
			return lethe.Errorf(lethe.Conflict, "%s the erasure index: its database is read-only", what)
		}
		return lethe.Errorf(lethe.Internal, "%s the erasure index: PostgreSQL says %s (%s)", what, e.Message, e.Code)
	case errors.As(err, &connect), errors.As(err, &network), pgconn.SafeToRetry(err):
		return &lethe.Error{Kind: lethe.Internal, Message: what + " the erasure index: its PostgreSQL database cannot be reached", Cause: err}
	}
	return lethe.Errorf(lethe.Internal, "%s the erasure index: %w", what, err)
}
