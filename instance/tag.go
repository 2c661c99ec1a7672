package instance

import (
	"context"
	"database/sql"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Tags lie under their resource's ARN. Who removes a resource removes its tags by
// dropTags; who renames it moves them.

// tags returns those of a resource.
func (l *Local) tags(ctx context.Context, tx *sql.Tx, arn string) ([]types.Tag, error) {
	rows, err := tx.QueryContext(ctx, `SELECT key, value FROM instance_tags WHERE arn = $1 ORDER BY place, key`, arn)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []types.Tag{}
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return nil, err
		}
		all = append(all, types.Tag{Key: &key, Value: &value})
	}
	return all, rows.Err()
}

// addTags gives a resource tags; one of the same key is replaced. They are checked.
func (l *Local) addTags(ctx context.Context, tx *sql.Tx, arn string, tags []types.Tag) error {
	if err := CheckTags(tags); err != nil {
		return err
	}
	for _, t := range tags {
		_, err := tx.ExecContext(ctx, `INSERT INTO instance_tags (arn, place, key, value)
			VALUES ($1, (SELECT COALESCE(MAX(place), 0) + 1 FROM instance_tags WHERE arn = $1), $2, $3)
			ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value`, arn, aws.ToString(t.Key), aws.ToString(t.Value))
		if err != nil {
			return err
		}
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM instance_tags WHERE arn = $1`, arn).Scan(&n); err != nil {
		return err
	}
	if n > maxTags {
		return invalidValue("A resource has %d tags at most.", maxTags)
	}
	return nil
}

// dropTags removes all tags of a resource.
func (l *Local) dropTags(ctx context.Context, tx *sql.Tx, arn string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM instance_tags WHERE arn = $1`, arn)
	return err
}

// moveTags gives the tags of a resource to what it is called from now on.
func (l *Local) moveTags(ctx context.Context, tx *sql.Tx, from, to string) error {
	_, err := tx.ExecContext(ctx, `UPDATE instance_tags SET arn = $1 WHERE arn = $2`, to, from)
	return err
}
