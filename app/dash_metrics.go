package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lethe/dash/extract"
	"lethe/query/duckdb"
)

// extractMetrics measures extracts, and the sessions that answer from them, whenever metrics
// are asked for.
type extractMetrics struct {
	extracts *extract.Service
	sessions *duckdb.Sessions
}

var (
	extractCount    = prometheus.NewDesc("lethe_extract_count", "Extracts that answer.", nil, nil)
	extractRows     = prometheus.NewDesc("lethe_extract_rows", "Rows of all extracts that answer.", nil, nil)
	extractBytes    = prometheus.NewDesc("lethe_extract_bytes", "Bytes of their files.", nil, nil)
	extractOldest   = prometheus.NewDesc("lethe_extract_oldest_seconds", "Age of what the oldest extract holds; 0 without any.", nil, nil)
	extractRefresh  = prometheus.NewDesc("lethe_extract_refreshes", "Refreshes under way, by state.", []string{"state"}, nil)
	extractFailed   = prometheus.NewDesc("lethe_extract_failed", "Data sets whose last refresh failed: their extracts grow old, or are missing.", nil, nil)
	sessionOpen     = prometheus.NewDesc("lethe_session_open", "Sessions, each of which holds an extract open.", nil, nil)
	sessionAsked    = prometheus.NewDesc("lethe_session_questions", "Questions to sessions that are under way or wait.", nil, nil)
	sessionResident = prometheus.NewDesc("lethe_session_memory_bytes", "Resident memory of all sessions.", nil, nil)
)

// Describe implements prometheus.Collector.
func (m extractMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{extractCount, extractRows, extractBytes, extractOldest, extractRefresh, extractFailed, sessionOpen, sessionAsked, sessionResident} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m extractMetrics) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	x := m.sessions.Load()
	gauge(sessionOpen, float64(x.Open))
	gauge(sessionAsked, float64(x.Questions))
	gauge(sessionResident, float64(x.Memory))
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := m.extracts.Status(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(extractCount, err)
		return
	}
	gauge(extractCount, float64(s.Extracts))
	gauge(extractRows, float64(s.Rows))
	gauge(extractBytes, float64(s.Bytes))
	age := 0.0
	if !s.Oldest.IsZero() {
		age = max(time.Since(s.Oldest).Seconds(), 0)
	}
	gauge(extractOldest, age)
	gauge(extractRefresh, float64(s.Waiting), "waiting")
	gauge(extractRefresh, float64(s.Running), "running")
	gauge(extractFailed, float64(s.Failed))
}
