package app

import (
	"context"
	"errors"
	"strings"

	"lethe"
	"lethe/erasure"
	"lethe/erasure/index/dynamodb"
	"lethe/erasure/index/pebble"
	"lethe/erasure/index/postgres"
)

// openIndex opens the erasure index where it is configured to be.
func (a *App) openIndex(ctx context.Context) (erasure.Index, error) {
	at, err := a.Config.Erasure.IndexAt()
	url, password := string(at.Postgres), string(a.Config.Erasure.IndexPassword)
	if at.Instance != nil {
		url, password, err = a.reference(ctx, "erasure.index", at.Instance, password)
		if err == nil && !strings.HasPrefix(url, "postgres://") {
			err = a.badReference("erasure.index", lethe.Errorf(lethe.Unsupported, "the database instance %s has another engine than postgres, which alone can hold the index", at.Instance.Name))
		}
	}
	switch {
	case err != nil:
		return nil, err
	case url != "":
		x, err := postgres.Open(ctx, postgres.Config{URL: url, Password: password, Plain: a.Config.Erasure.IndexPlain})
		if err != nil {
			return nil, err
		}
		if err := a.keepsIn("erasure index", url, nil); err != nil {
			return nil, errors.Join(err, x.Close())
		}
		if x.Plain() {
			a.Log.Warn("The erasure index keeps identifiers in clear, because erasure.index_plain is set")
		}
		return x, nil
	case at.DynamoDB != nil:
		t := at.DynamoDB
		x, err := dynamodb.Open(ctx, dynamodb.Config{Region: t.Region, Table: t.Table, Endpoint: t.Endpoint, Profile: t.Profile})
		if err != nil {
			return nil, err
		}
		return x, nil
	}
	x, err := pebble.Open(a.path("erasure", "index"), a.Log)
	if err != nil {
		return nil, err
	}
	return x, nil
}
