// Package bench compares instance classes: it makes an instance of each, lets the load
// tool of its engine work on it (pgbench for PostgreSQL, sysbench for MariaDB and MySQL),
// and says what each does for its price.
//
// Classes are measured one after the other, each alone. The figures are of this host: a
// class is a size here and not a processor.
package bench

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"lethe"
	"lethe/instance"
)

// Plan says what is measured.
type Plan struct {
	Engine, Version string
	Classes         []string
	Storage         int32 // GiB
	Load            Load
	// Prices are by class, an hour; a class that has none gets no throughput for its price.
	Prices Prices
	// Every is how often a new instance is looked at; a second if it is 0.
	Every time.Duration
	// Report is told what is done now, if it is not nil.
	Report func(class, what string)
}

// Load says how an instance is loaded.
type Load struct {
	Clients  int
	Time     time.Duration
	Scale    int  // of the tables: 100,000 rows each
	ReadOnly bool // look-ups only; else short transactions that write
}

// Result is what an instance of a class did.
type Result struct {
	Class   string  `json:"class"`
	TPS     float64 `json:"tps"`     // transactions a second
	Latency float64 `json:"latency"` // milliseconds, on average
	Price   float64 `json:"price,omitempty"`
	// PerCost are transactions for one unit of the price list's money.
	PerCost float64 `json:"per_cost,omitempty"`
}

// Run measures the classes in order. What it has measured comes back beside an error.
func Run(ctx context.Context, p instance.Provider, plan Plan) (all []Result, err error) {
	tool, err := toolOf(plan.Engine)
	if err != nil {
		return nil, err
	}
	if len(plan.Classes) == 0 {
		return nil, lethe.Errorf(lethe.Invalid, "no class to measure is named")
	}
	for _, class := range plan.Classes {
		r, err := one(ctx, p, plan, tool, class)
		if err != nil {
			return all, fmt.Errorf("%s: %w", class, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// removal is how long the removal of an instance may take, also after an interruption.
const removal = 2 * time.Minute

func one(ctx context.Context, p instance.Provider, plan Plan, tool tool, class string) (r Result, err error) {
	report := func(what string) {
		if plan.Report != nil {
			plan.Report(class, what)
		}
	}
	at := target{user: "bench", password: rand.Text(), database: "bench"}
	name := "bench-" + strings.ToLower(rand.Text()[:10])
	report("creating")
	in := &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: &name, DBInstanceClass: &class, Engine: &plan.Engine, AllocatedStorage: aws.Int32(cmp.Or(plan.Storage, 20)),
		MasterUsername: &at.user, MasterUserPassword: &at.password, DBName: &at.database, BackupRetentionPeriod: aws.Int32(0),
	}
	if plan.Version != "" {
		in.EngineVersion = &plan.Version
	}
	if _, err := p.CreateDBInstance(ctx, in); err != nil {
		return r, err
	}
	defer func() {
		ctx, done := context.WithTimeout(context.WithoutCancel(ctx), removal)
		defer done()
		report("removing")
		if derr := remove(ctx, p, plan, name); derr != nil {
			err = errors.Join(err, fmt.Errorf("the instance %s stays: %w", name, derr))
		}
	}()
	if at.host, at.port, err = ready(ctx, p, plan, name); err != nil {
		return r, err
	}
	report("loading")
	if err := tool.load(ctx, at, plan.Load); err != nil {
		return r, err
	}
	report("measuring")
	if r, err = tool.measure(ctx, at, plan.Load); err != nil {
		return r, err
	}
	r.Class = class
	if r.Price = plan.Prices[class]; r.Price > 0 {
		r.PerCost = r.TPS * 3600 / r.Price
	}
	return r, nil
}

// ready waits until an instance can be reached.
func ready(ctx context.Context, p instance.Provider, plan Plan, name string) (host string, port int, err error) {
	for {
		out, err := p.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
		if err != nil {
			return "", 0, err
		}
		d := out.DBInstances[0]
		switch status := aws.ToString(d.DBInstanceStatus); status {
		case "available":
			return aws.ToString(d.Endpoint.Address), int(aws.ToInt32(d.Endpoint.Port)), nil
		case "failed", "incompatible-parameters", "storage-full":
			return "", 0, lethe.Errorf(lethe.Internal, "the instance %s is %s", name, status).WithHint("its events say why: aws rds describe-events --source-type db-instance --source-identifier %s", name)
		}
		if err := pause(ctx, plan); err != nil {
			return "", 0, err
		}
	}
}

// remove deletes an instance, once nothing is done to it any more, and waits until it is gone.
func remove(ctx context.Context, p instance.Provider, plan Plan, name string) error {
	for {
		_, err := p.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &name, SkipFinalSnapshot: aws.Bool(true)})
		var gone *types.DBInstanceNotFoundFault
		var busy *types.InvalidDBInstanceStateFault
		switch {
		case errors.As(err, &gone):
			return nil
		case err != nil && !errors.As(err, &busy): // it is being deleted, or still made
			return err
		}
		if err := pause(ctx, plan); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, plan Plan) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(cmp.Or(plan.Every, time.Second)):
		return nil
	}
}
