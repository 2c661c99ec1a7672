package instance

import (
	"context"
	"sync"
)

// Measured is what was measured of an instance.
type Measured struct {
	Region, Name, Engine, Class, Status string
	// Metrics are nil of a server that does not run or does not answer.
	Metrics *Metrics
}

// Measure measures all instances at once. ctx bounds how long it waits for servers that
// do not answer.
func (l *Local) Measure(ctx context.Context) ([]Measured, error) {
	rs, err := l.all(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Measured, len(rs))
	var g sync.WaitGroup
	for i, r := range rs {
		all[i] = Measured{Region: r.Region, Name: r.Name, Engine: r.Engine, Class: r.Class, Status: r.Status}
		if !r.up() {
			continue
		}
		g.Go(func() {
			e, s, err := l.server(&r)
			if err != nil {
				return
			}
			if m, err := e.Metrics(ctx, s); err == nil {
				all[i].Metrics = &m
			}
		})
	}
	g.Wait()
	return all, nil
}
