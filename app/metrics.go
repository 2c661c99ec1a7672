package app

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"lethe/query"
)

// metrics are what /metrics tells, in the form of Prometheus.
type metrics struct {
	registry *prometheus.Registry
	queries  *prometheus.HistogramVec
	scanned  prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		queries: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lethe_query_seconds", Help: "Time of queries from submission to their end, by type and final state.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100, 300, 1000, 3000},
		}, []string{"type", "state"}),
		scanned: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "lethe_query_scanned_bytes_total", Help: "Bytes of the objects that queries were given.",
		}),
	}
	m.registry.MustRegister(m.queries, m.scanned, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// ended counts a query that is final.
func (m *metrics) ended(x query.Execution) {
	m.queries.WithLabelValues(x.Type, string(x.State)).Observe(x.Statistics.Total.Seconds())
	m.scanned.Add(float64(x.Statistics.ScannedBytes))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
