package instance

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe/lib/daemon"
)

// Offers are what instances can be made of here.
type Offers struct {
	Classes []ClassOffer
	Engines []EngineOffer
	// Scale is what part of a class's memory an instance gets; 1 for all.
	Scale float64
	// Unlimited is why servers run without the bounds of their class on CPU time, memory and
	// the disk's bandwidth; "" where this host keeps them.
	Unlimited string
}

// ClassOffer is a class, as AWS has it.
type ClassOffer struct {
	Class
	Problem string // why this host cannot carry one more, "" if it can
}

// EngineOffer is an engine with the versions that are installed, the newest first.
type EngineOffer struct {
	Name     string
	Versions []string
	Problem  string // what is missing, where there are none
}

// Offers tells of what instances can be made now.
func (l *Local) Offers(ctx context.Context) (o Offers, err error) {
	o.Scale = l.Scale
	if err := daemon.CanLimit(); err != nil {
		o.Unlimited = err.Error()
	}
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		for _, c := range Classes() {
			offer := ClassOffer{Class: c}
			if err := l.capacity(ctx, tx, c.Name, 1, ""); err != nil {
				var full *types.InsufficientDBInstanceCapacityFault
				if !errors.As(err, &full) {
					return err
				}
				offer.Problem = full.ErrorMessage()
			}
			o.Classes = append(o.Classes, offer)
		}
		return nil
	})
	if err != nil {
		return o, err
	}
	for _, e := range l.Engines {
		offer := EngineOffer{Name: e.Name()}
		vs, err := e.Versions(ctx)
		if err != nil {
			offer.Problem = err.Error()
		}
		for _, v := range vs {
			offer.Versions = append(offer.Versions, v.Number)
		}
		if err == nil && len(vs) == 0 {
			offer.Problem = fmt.Sprintf("no server of %s is installed on this host", e.Name())
		}
		o.Engines = append(o.Engines, offer)
	}
	return o, nil
}

// Regions are the provider's own and those that have instances or snapshots, in order.
func (l *Local) Regions(ctx context.Context) (all []string, err error) {
	all = []string{l.region(nil)}
	err = l.DB.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT region FROM instance_records UNION SELECT region FROM instance_snapshots`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r string
			if err := rows.Scan(&r); err != nil {
				return err
			}
			all = append(all, r)
		}
		return rows.Err()
	})
	slices.Sort(all)
	return slices.Compact(all), err
}

// Metrics measures the server of an instance that runs.
func (l *Local) Metrics(ctx context.Context, region, name string) (m Metrics, err error) {
	var r *record
	if err := l.DB.View(ctx, func(tx *sql.Tx) (err error) {
		r, err = l.lookup(ctx, tx, region, name)
		return err
	}); err != nil {
		return m, err
	}
	e, s, err := l.server(r)
	if err != nil {
		return m, err
	}
	select {
	case <-e.Ended(s):
		return m, &types.InvalidDBInstanceStateFault{Message: ptr("Instance " + r.Name + " does not run: it is " + r.Status + ".")}
	default:
		return e.Metrics(ctx, s)
	}
}
