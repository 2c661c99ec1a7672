package workflow

import (
	"context"
	"encoding/json"

	"lethe"
)

// Handler is an activity as engines run it: JSON in, JSON out.
type Handler func(ctx context.Context, in []byte) ([]byte, error)

// Body is a process as engines run it.
type Body func(r Run, in []byte) ([]byte, error)

// Registry holds the activities and processes that an engine runs. All are
// registered before the engine starts.
type Registry struct {
	activities map[string]Handler
	processes  map[string]Body
}

// NewRegistry returns an empty one.
func NewRegistry() *Registry {
	return &Registry{activities: map[string]Handler{}, processes: map[string]Body{}}
}

// Activity returns an activity, or nil.
func (g *Registry) Activity(name string) Handler { return g.activities[name] }

// Process returns a process, or nil.
func (g *Registry) Process(name string) Body { return g.processes[name] }

// Handle says what an activity does. It panics if that was said before.
func Handle[In, Out any](g *Registry, a Activity[In, Out], f func(context.Context, In) (Out, error)) {
	if g.activities[a.Name] != nil {
		panic("workflow: activity " + a.Name + " is registered twice")
	}
	g.activities[a.Name] = func(ctx context.Context, raw []byte) ([]byte, error) {
		return call(a.Name, raw, func(in In) (Out, error) { return f(ctx, in) })
	}
}

// Define says what a process does. It panics if that was said before.
func Define[In, Out any](g *Registry, p Process[In, Out], f func(Run, In) (Out, error)) {
	if g.processes[p.Name] != nil {
		panic("workflow: process " + p.Name + " is registered twice")
	}
	g.processes[p.Name] = func(r Run, raw []byte) ([]byte, error) {
		return call(p.Name, raw, func(in In) (Out, error) { return f(r, in) })
	}
}

func call[In, Out any](name string, raw []byte, f func(In) (Out, error)) ([]byte, error) {
	var in In
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, lethe.Errorf(lethe.Invalid, "%s was given what it cannot read: %w", name, err)
	}
	out, err := f(in)
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// Passes reports whether an activity's error is taken for one that passes, so
// that the activity is tried again.
func Passes(err error) bool {
	switch lethe.KindOf(err) {
	case lethe.Internal, lethe.Exhausted, lethe.Canceled:
		return true
	}
	return false
}
