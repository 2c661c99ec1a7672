package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lethe"
	"lethe/instance"
	instanceaws "lethe/instance/aws"
	"lethe/instance/mariadb"
	"lethe/instance/postgres"
	"lethe/lib/atomicfile"
	"lethe/lib/state"
	"lethe/object"
	"lethe/secret"
	"lethe/workflow"
	"lethe/workflow/journal"
)

// instanceProcesses is how names of the instances' processes begin.
const instanceProcesses = "instance."

// openInstances opens what the API of RDS has: servers on this host, or instances at AWS.
// What is done to servers is run by an engine of its own, so that it goes on before the
// parts are open that keep their data in one of them.
func (a *App) openInstances(ctx context.Context, db *state.DB) (err error) {
	c := a.Config.Instances
	if c.AtAWS() {
		a.Instances, err = instanceaws.New(ctx, instanceaws.Config{Profile: c.Profile, Region: a.Config.AWS.Region, Endpoint: c.Endpoint})
		return err
	}
	g := workflow.NewRegistry()
	engine, err := journal.Open(ctx, journal.Config{State: db, Registry: g, Only: instanceProcesses, Log: a.Log})
	if err != nil {
		return err
	}
	backups := &instanceBackups{store: a.Stores, bucket: "lethe-instances-" + lethe.Account + "-" + a.Config.AWS.Region}
	l, err := instance.NewLocal(ctx, instance.Options{
		DB: db, Keys: a.keys, Workflow: engine, Backups: backups, Secrets: instanceSecrets{a.Secrets}, Targets: a.Events.Targets,
		Engines: []instance.Engine{
			postgres.New(postgres.Options{Dir: filepath.Join(c.Dir, "postgres"), User: c.User}),
			mariadb.New(mariadb.Options{Dir: filepath.Join(c.Dir, "mariadb"), User: c.User, Log: a.Log}),
		},
		Dir: c.Dir, Host: c.Host, Region: a.Config.AWS.Region, Scale: float64(c.MemoryScale), Memory: int64(c.Memory), Log: a.Log,
	})
	if err != nil {
		return err
	}
	a.Instances, a.local = l, l
	l.Register(g)
	a.onStop(func() error { return l.Close(context.Background(), c.Stop) })
	// Clients that are to believe the servers' certificates need it.
	trust, err := l.Trust(ctx)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(a.path(instancesCA), trust, 0o644); err != nil {
		return err
	}
	if err := l.Start(lethe.WithPrincipal(ctx, lethe.System)); err != nil {
		return err
	}
	a.metrics.registry.MustRegister(instanceMetrics{l})
	// Its steps act as the lake itself: who may ask was decided before.
	run, stop := context.WithCancel(lethe.WithPrincipal(context.Background(), lethe.System))
	var running sync.WaitGroup
	running.Go(func() {
		if err := engine.Run(run); err != nil && run.Err() == nil {
			a.fail(fmt.Errorf("database instances: %w", err))
		}
	})
	running.Go(func() {
		every(run, deliverInstances, deliverInstances, func(ctx context.Context) {
			if err := l.Deliver(ctx); err != nil && ctx.Err() == nil {
				a.Log.Error("events of database instances could not be sent", "err", err)
			}
		})
	})
	running.Go(func() {
		every(run, 0, renewInstances, func(ctx context.Context) {
			if err := l.Renew(ctx); err != nil && ctx.Err() == nil {
				a.Log.Error("certificates of database instances could not be renewed", "err", err)
			}
		})
	})
	a.onStop(func() error {
		stop()
		running.Wait()
		return nil
	})
	return nil
}

// instancesCA is the file of the authority that signs servers' certificates.
const instancesCA = "instances-ca.pem"

// renewInstances is how often certificates of instances are looked through for those that end.
const renewInstances = 12 * time.Hour

// deliverInstances is how often events of instances are looked through for those that
// somebody subscribed to.
const deliverInstances = 5 * time.Second

// instanceBackups keeps what is saved of instances in a bucket of the lake, which is made
// with the first.
type instanceBackups struct {
	store  object.Store
	bucket string

	mu   sync.Mutex
	made bool
}

func (b *instanceBackups) make(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made {
		return nil
	}
	if err := b.store.CreateBucket(ctx, b.bucket); err != nil && !lethe.Is(err, lethe.Exists) {
		return err
	}
	b.made = true
	return nil
}

// Put implements instance.Backups.
func (b *instanceBackups) Put(ctx context.Context, key string, r io.Reader) error {
	if err := b.make(ctx); err != nil {
		return err
	}
	_, err := b.store.Put(ctx, b.bucket, key, r, object.Header{}, object.Condition{})
	return err
}

// Open implements instance.Backups.
func (b *instanceBackups) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	r, _, err := b.store.Open(ctx, b.bucket, key, 0, -1)
	return r, err
}

// List implements instance.Backups.
func (b *instanceBackups) List(ctx context.Context, prefix string) (keys []string, err error) {
	for after := ""; ; {
		page, err := b.store.List(ctx, b.bucket, object.ListOptions{Prefix: prefix, After: after})
		if lethe.Is(err, lethe.NotFound) {
			return nil, nil // nothing was saved yet
		}
		if err != nil {
			return nil, err
		}
		for _, o := range page.Objects {
			keys = append(keys, o.Key)
		}
		if after = page.Next; after == "" {
			return keys, nil
		}
	}
}

// Delete implements instance.Backups.
func (b *instanceBackups) Delete(ctx context.Context, key string) error {
	if err := b.store.Delete(ctx, b.bucket, key, object.Condition{}); !lethe.Is(err, lethe.NotFound) {
		return err
	}
	return nil
}

// instanceSecrets keeps managed passwords where Secrets Manager's API serves them. All are
// in the lake's region.
type instanceSecrets struct{ *secret.Service }

// Put implements instance.Secrets.
func (s instanceSecrets) Put(ctx context.Context, _, name, value string) (string, error) {
	v := secret.Value{Text: value}
	x, _, err := s.Service.Put(ctx, name, secret.Put{Value: v})
	if lethe.Is(err, lethe.NotFound) {
		x, _, err = s.Create(ctx, secret.New{Name: name, Description: "The password of a database instance's first user", Value: v})
	}
	return x.ARN, err
}

// Delete implements instance.Secrets.
func (s instanceSecrets) Delete(ctx context.Context, _, name string) error {
	if _, err := s.Service.Delete(ctx, name, 0, true); err != nil && !lethe.Is(err, lethe.NotFound) {
		return err
	}
	return nil
}

// instanceMetrics measures instances whenever metrics are asked for.
type instanceMetrics struct{ *instance.Local }

var instanceLabels = []string{"region", "instance"}

func instanceMetric(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc("lethe_instance_"+name, help, append(instanceLabels, more...), nil)
}

var (
	instanceInfo        = instanceMetric("info", "1 for each database instance, with its state.", "engine", "class", "status")
	instanceConnections = instanceMetric("connections", "Connections of clients.")
	instanceCommits     = instanceMetric("commits_total", "Transactions since the server was started.")
	instanceReads       = instanceMetric("block_reads_total", "Blocks read from outside the engine's cache since the server was started.")
	instanceHits        = instanceMetric("block_hits_total", "Blocks found in the engine's cache since the server was started.")
	instanceBytes       = instanceMetric("data_bytes", "Bytes of data.")
	instanceMemory      = instanceMetric("memory_bytes", "Resident memory of all the server's processes.")
	instanceStarted     = instanceMetric("start_time_seconds", "When the server was started, since 1970.")
	instanceLag         = instanceMetric("replication_lag_seconds", "How far a replica is behind its source.")
)

// Describe implements prometheus.Collector.
func (m instanceMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{instanceInfo, instanceConnections, instanceCommits, instanceReads, instanceHits, instanceBytes, instanceMemory, instanceStarted, instanceLag} {
		ch <- d
	}
}

// measureInstances bounds how long metrics wait for servers that do not answer.
const measureInstances = 3 * time.Second

// Collect implements prometheus.Collector.
func (m instanceMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), measureInstances)
	defer cancel()
	all, err := m.Measure(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(instanceInfo, errors.New("database instances cannot be measured"))
		return
	}
	for _, i := range all {
		gauge := func(d *prometheus.Desc, v float64, more ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{i.Region, i.Name}, more...)...)
		}
		counter := func(d *prometheus.Desc, v int64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), i.Region, i.Name)
		}
		gauge(instanceInfo, 1, i.Engine, i.Class, i.Status)
		if i.Metrics == nil {
			continue
		}
		gauge(instanceConnections, float64(i.Metrics.Connections))
		counter(instanceCommits, i.Metrics.Commits)
		counter(instanceReads, i.Metrics.Reads)
		counter(instanceHits, i.Metrics.Hits)
		gauge(instanceBytes, float64(i.Metrics.Bytes))
		gauge(instanceMemory, float64(i.Metrics.MemoryInUse))
		gauge(instanceStarted, float64(i.Metrics.Started.Unix()))
		if i.Metrics.HasLag {
			gauge(instanceLag, i.Metrics.Lag.Seconds())
		}
	}
}
