package erasure

import (
	"context"
	"errors"
	"sync"

	"lethe"
)

// building is the Build that works in the background, or the last one that did.
type building struct {
	mu       sync.Mutex
	cancel   context.CancelCauseFunc // nil: none works
	done     sync.WaitGroup
	progress Progress
	failed   string
}

// IndexStatus says how the index is.
type IndexStatus struct {
	IndexStats
	Building bool     `json:"building"`
	Progress Progress `json:"progress"`        // of the build that works, or of the last one since the start
	Error    string   `json:"error,omitempty"` // of the last one
}

// StartBuild begins a Build in the background. An error of kind Conflict says that
// one works already.
func (s *Service) StartBuild() error {
	b := &s.building
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cancel != nil {
		return lethe.Errorf(lethe.Conflict, "the index is being built already")
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	b.cancel, b.progress, b.failed = cancel, Progress{}, ""
	b.done.Go(func() {
		p, err := s.Build(ctx, func(p Progress) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.progress = p
		})
		cancel(nil)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.cancel, b.progress = nil, p
		if err != nil {
			b.failed = err.Error()
		}
	})
	return nil
}

// IndexStatus returns how the index is.
func (s *Service) IndexStatus(ctx context.Context) (IndexStatus, error) {
	stats, err := s.Index.Stats(ctx)
	if err != nil {
		return IndexStatus{}, err
	}
	b := &s.building
	b.mu.Lock()
	defer b.mu.Unlock()
	return IndexStatus{stats, b.cancel != nil, b.progress, b.failed}, nil
}

// Close stops a Build in the background. What it has done stays.
func (s *Service) Close() error {
	b := &s.building
	b.mu.Lock()
	if b.cancel != nil {
		b.cancel(errors.New("the server was stopped"))
	}
	b.mu.Unlock()
	b.done.Wait()
	return nil
}
