package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lethe"
	"lethe/access"
	"lethe/access/ship"
	"lethe/catalog"
	"lethe/config"
	"lethe/query"
)

// openAudit opens the record of what is decided, which stops after all that decides.
func (a *App) openAudit() (err error) {
	c := a.Config.Audit
	a.audit, err = access.AuditOptions{Size: int64(c.FileSize), Keep: c.Keep, Continue: c.OnFailure == config.AuditContinue, Log: a.Log}.Open(a.path("audit.jsonl"))
	if err != nil {
		return err
	}
	if c.Webhook != nil {
		a.audit.Hold(0) // until it is known what was shipped
	}
	a.onStop(a.audit.Close)
	return nil
}

// shipAudit begins to send the audit's lines where the configuration says.
func (a *App) shipAudit(ctx context.Context) error {
	m := auditMetrics{audit: a.audit}
	if w := a.Config.Audit.Webhook; w != nil {
		target, err := webhookTarget(&w.EventWebhook)
		if err != nil {
			return fmt.Errorf("audit.webhook: %w", err)
		}
		shipper, err := ship.New(ctx, ship.Config{Lines: a.audit, Position: a.Access, Target: target, Batch: w.Batch, Log: a.Log})
		if err != nil {
			return fmt.Errorf("audit.webhook: %w", err)
		}
		run, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { shipper.Run(run) })
		a.onStop(func() error {
			stop()
			running.Wait()
			return target.Close()
		})
		m.shipper = shipper
	}
	a.metrics.registry.MustRegister(m)
	return nil
}

// auditTable is the audit as the table lethe.audit.
func (a *App) auditTable() query.SystemTable {
	columns := []catalog.Column{{Name: "seq", Type: "bigint", Comment: "number of the line"}, {Name: "time", Type: "timestamp", Comment: "UTC"}}
	for _, c := range [][2]string{
		{"event", "decision, change, login; of the audit itself gap, repair, retention"}, {"request_id", "as the client was told"}, {"source_ip", "of the client"},
		{"principal", "ARN"}, {"session", "access key id of temporary credentials"}, {"on_behalf_of", "ARN of the owner of what acts by a service role"}, {"action", ""},
		{"resource", "ARN; keys of objects are hidden"}, {"outcome", "allowed or denied; of changes done or failed"}, {"reason", ""}, {"policy", "that decided"}, {"statement", "of the policy"},
		{"prev", "SHA-256 of the line before"},
	} {
		columns = append(columns, catalog.Column{Name: c[0], Type: "string", Comment: c[1]})
	}
	return query.SystemTable{
		Name: "audit", Columns: columns, Action: access.ReadAudit, Resource: access.AuditARN,
		SerDe: catalog.SerDe{Library: catalog.JSON.SerDe, Parameters: map[string]string{"timestamp.formats": "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"}},
		Files: func(_ context.Context, dir string) ([]string, error) { return a.audit.Snapshot(dir) },
	}
}

// ready says whether the lake can answer.
func (a *App) ready(context.Context) error {
	if s := a.audit.Status(); s.Refusing {
		return lethe.Errorf(lethe.Exhausted, "the audit cannot be written since %s", s.Since.UTC().Format(time.RFC3339))
	}
	return nil
}

// auditMetrics tell how the audit does, and how far it is shipped.
type auditMetrics struct {
	audit   *access.Audit
	shipper *ship.Shipper // nil if it is not shipped
}

var (
	auditDown        = prometheus.NewDesc("lethe_audit_down", "1 while the audit cannot be written.", nil, nil)
	auditLines       = prometheus.NewDesc("lethe_audit_lines_total", "Lines of the audit, since its beginning.", nil, nil)
	auditWaiting     = prometheus.NewDesc("lethe_audit_waiting_bytes", "Bytes of lines that are not on the disk yet.", nil, nil)
	auditLost        = prometheus.NewDesc("lethe_audit_lost_total", "Lines that found no room while the audit could not be written.", nil, nil)
	auditShipBehind  = prometheus.NewDesc("lethe_audit_ship_behind", "Lines that the webhook has not had.", nil, nil)
	auditShipAge     = prometheus.NewDesc("lethe_audit_ship_oldest_seconds", "Age of the oldest of these; 0 if it has had all.", nil, nil)
	auditShipDown    = prometheus.NewDesc("lethe_audit_ship_down", "1 while the webhook takes no lines.", nil, nil)
	auditShipped     = prometheus.NewDesc("lethe_audit_shipped_total", "Lines that the webhook acknowledged.", nil, nil)
	auditShipFailed  = prometheus.NewDesc("lethe_audit_ship_failed_total", "Tries to ship lines that failed.", nil, nil)
	auditDescription = []*prometheus.Desc{auditDown, auditLines, auditWaiting, auditLost}
	shipDescription  = []*prometheus.Desc{auditShipBehind, auditShipAge, auditShipDown, auditShipped, auditShipFailed}
)

// Describe implements prometheus.Collector.
func (m auditMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range auditDescription {
		to <- d
	}
	for _, d := range shipDescription {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m auditMetrics) Collect(to chan<- prometheus.Metric) {
	tell := func(d *prometheus.Desc, t prometheus.ValueType, v float64) {
		to <- prometheus.MustNewConstMetric(d, t, v)
	}
	s := m.audit.Status()
	tell(auditDown, prometheus.GaugeValue, one(s.Failed != nil))
	tell(auditLines, prometheus.CounterValue, float64(s.Seq))
	tell(auditWaiting, prometheus.GaugeValue, float64(s.Waiting))
	tell(auditLost, prometheus.CounterValue, float64(s.Lost))
	if m.shipper == nil {
		return
	}
	x := m.shipper.Status()
	tell(auditShipBehind, prometheus.GaugeValue, float64(x.Behind))
	age := 0.0
	if !x.Oldest.IsZero() {
		age = max(time.Since(x.Oldest).Seconds(), 0)
	}
	tell(auditShipAge, prometheus.GaugeValue, age)
	tell(auditShipDown, prometheus.GaugeValue, one(x.Err != nil))
	tell(auditShipped, prometheus.CounterValue, float64(x.Shipped))
	tell(auditShipFailed, prometheus.CounterValue, float64(x.Failed))
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
