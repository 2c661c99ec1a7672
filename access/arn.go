package access

import (
	"context"
	"database/sql"

	"lethe"
)

// ARN returns the ARN of an entity: the resource of what is asked about it. One that
// does not exist has the ARN that it would have at the path /, so that who may not ask
// about it does not learn whether it exists.
func (s *Service) ARN(ctx context.Context, e Entity) (arn string, err error) {
	if e.Type == PolicyType {
		return e.Name, nil
	}
	path := "/"
	err = s.db.View(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT path FROM "+kindOf[e.Type].table+" WHERE name = $1", e.Name).Scan(&path)
		if err == sql.ErrNoRows {
			err = nil
		}
		return err
	})
	return lethe.IAMARN(string(e.Type) + path + e.Name), err
}

// NewARN returns the ARN that an entity has once it is made at a path; "" is /.
func NewARN(t Type, path, name string) string {
	if path == "" {
		path = "/"
	}
	return lethe.IAMARN(string(t) + path + name)
}
