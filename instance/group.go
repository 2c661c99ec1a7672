package instance

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe/lib/state"
)

// Groups of all kinds are documents under their region, kind and name.

// groupOf reads one, nil if there is none.
func groupOf[T any](ctx context.Context, tx *sql.Tx, region, kind, name string) (*T, error) {
	return one[T](ctx, tx, `SELECT doc FROM instance_groups WHERE region = $1 AND kind = $2 AND name = $3`, region, kind, name)
}

// groups reads all of a kind, in the order of their names.
func groups[T any](ctx context.Context, tx *sql.Tx, region, kind string) ([]T, error) {
	return state.Documents[T](ctx, tx, `SELECT doc FROM instance_groups WHERE region = $1 AND kind = $2 ORDER BY name`, region, kind)
}

// putGroup keeps one, in the place of that of the same name.
func putGroup(ctx context.Context, tx *sql.Tx, region, kind, name string, doc any) error {
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO instance_groups (region, kind, name, doc) VALUES ($1, $2, $3, $4)
		ON CONFLICT (region, kind, name) DO UPDATE SET doc = excluded.doc`, region, kind, name, string(raw))
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return nil
}

// addGroup keeps a new one with its tags; exists is the error where there is one of the name.
func (l *Local) addGroup(ctx context.Context, region, kind, name string, doc any, tags []types.Tag, exists error) error {
	return l.DB.Tx(ctx, func(tx *sql.Tx) error {
		before, err := groupOf[json.RawMessage](ctx, tx, region, kind, name)
		if err != nil {
			return err
		}
		if before != nil {
			return exists
		}
		if err := putGroup(ctx, tx, region, kind, name, doc); err != nil {
			return err
		}
		return l.addTags(ctx, tx, arn(region, kind, name), tags)
	})
}

// unused removes one that is there, unless an instance has it.
func (l *Local) unused(ctx context.Context, tx *sql.Tx, region, kind, name string, has func(r *record) string, inUse func(r *record) error) error {
	all, err := l.records(ctx, tx, region)
	if err != nil {
		return err
	}
	for _, r := range all {
		if has(&r) == name {
			return inUse(&r)
		}
	}
	return l.dropGroup(ctx, tx, region, kind, name)
}

// dropGroup removes one with its tags.
func (l *Local) dropGroup(ctx context.Context, tx *sql.Tx, region, kind, name string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM instance_groups WHERE region = $1 AND kind = $2 AND name = $3`, region, kind, name); err != nil {
		return err
	}
	return l.dropTags(ctx, tx, arn(region, kind, name))
}
