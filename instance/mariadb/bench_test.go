package mariadb

import (
	"strconv"
	"testing"
	"time"
)

// gap measures how long clients have no server while f runs: the longest time between two
// answers to new connections.
func (s *server) gap(b *testing.B, f func()) time.Duration {
	b.Helper()
	db := s.db(b)
	db.SetMaxIdleConns(0)
	stop, longest := make(chan struct{}), make(chan time.Duration)
	go func() {
		var most time.Duration
		last := time.Now()
		for {
			var one int
			if db.QueryRow("SELECT 1").Scan(&one) == nil {
				most, last = max(most, time.Since(last)), time.Now()
				select {
				case <-stop:
					longest <- most
					return
				default:
				}
			}
			time.Sleep(time.Millisecond)
		}
	}()
	time.Sleep(100 * time.Millisecond) // some answers before
	f()
	close(stop)
	return <-longest
}

func report(b *testing.B, name string, d time.Duration) {
	b.ReportMetric(float64(d.Microseconds())/1000/float64(b.N), name)
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCreate measures the time from a request to the first client.
func BenchmarkCreate(b *testing.B) {
	e, v := engine(b)
	var d time.Duration
	for range b.N {
		s := place(b, e, v)
		from := time.Now()
		if err := e.Create(b.Context(), s.Server, s.master); err != nil {
			b.Fatal(err)
		}
		s.start(b)
		if err := s.db(b).PingContext(b.Context()); err != nil {
			b.Fatal(err)
		}
		d += time.Since(from)
	}
	report(b, "ms", d)
}

func loaded(b *testing.B) *server {
	e, v := engine(b)
	s := fresh(b, e, v)
	s.Settings["innodb_buffer_pool_size"] = strconv.Itoa(512 << 20)
	if _, err := e.Apply(b.Context(), s.Server); err != nil {
		b.Fatal(err)
	}
	s.exec(b, "CREATE TABLE t (i INT PRIMARY KEY, v VARCHAR(200))", "INSERT INTO t SELECT seq, REPEAT('x', 150) FROM seq_1_to_300000")
	return s
}

// BenchmarkChangeByRestart measures the outage of a change that needs a restart.
func BenchmarkChangeByRestart(b *testing.B) {
	s := loaded(b)
	var d time.Duration
	for i := range b.N {
		d += s.gap(b, func() {
			if err := s.e.Stop(b.Context(), s.Server); err != nil {
				b.Fatal(err)
			}
			s.Settings["innodb_buffer_pool_size"] = strconv.Itoa((512 + 64*(i%2)) << 20)
			s.start(b)
		})
	}
	report(b, "ms-outage", d)
}

// BenchmarkChangeOnline measures the outage of a change of class that needs none.
func BenchmarkChangeOnline(b *testing.B) {
	s := loaded(b)
	var d time.Duration
	for i := range b.N {
		d += s.gap(b, func() {
			s.Settings["innodb_buffer_pool_size"] = strconv.Itoa((512 + 512*(i%2)) << 20)
			s.Settings["max_connections"] = strconv.Itoa(100 + i)
			if _, err := s.e.Apply(b.Context(), s.Server); err != nil {
				b.Fatal(err)
			}
		})
	}
	report(b, "ms-outage", d)
}

// BenchmarkFailover measures the outage from the death of a server to its standby's first
// answer at the same port.
func BenchmarkFailover(b *testing.B) {
	var d time.Duration
	for range b.N {
		s := loaded(b)
		e, v := engine(b)
		r := place(b, e, v)
		r.follows(b, s, true)
		d += s.gap(b, func() {
			s.kill(b)
			r.Port = s.Port
			if err := s.e.Promote(b.Context(), r.Server); err != nil {
				b.Fatal(err)
			}
		})
		var n int
		if err := r.db(b).QueryRowContext(b.Context(), "SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != 300000 {
			b.Fatal(n, err)
		}
	}
	report(b, "ms-outage", d)
}
