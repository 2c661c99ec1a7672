package hive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lethe"
	"lethe/lib/thrift"
)

// order returns the nodes in the order in which they are asked: the one that
// answered last, then good ones, then the others. It tells how many are good.
func (c *Catalog) order() (nodes []*node, good int) {
	c.mu.Lock()
	prefer := c.prefer
	c.mu.Unlock()
	var bad []*node
	add := func(n *node) {
		if n.isGood() {
			nodes = append(nodes, n)
		} else {
			bad = append(bad, n)
		}
	}
	add(prefer)
	for _, n := range c.nodes {
		if n != prefer {
			add(n)
		}
	}
	return append(nodes, bad...), len(nodes)
}

func (c *Catalog) answered(n *node) {
	n.succeeded()
	c.mu.Lock()
	c.prefer = n
	c.mu.Unlock()
}

// failure is why a node could not be asked.
type failure struct {
	node *node
	err  error
}

// down is the error when no node answers.
func down(fs []failure) error {
	why := make([]string, len(fs))
	errs := make([]error, len(fs))
	for i, f := range fs {
		why[i], errs[i] = f.node.uri+": "+reason(f.err), f.err
	}
	e := lethe.Errorf(lethe.Exhausted, "the metastore cannot be reached: %s", strings.Join(why, "; "))
	e.Cause = errors.Join(errs...)
	return e.WithHint("see that one of its nodes runs, and that the connector names it")
}

func reason(err error) string {
	if timeout(err) {
		return "no answer in time"
	}
	return err.Error()
}

// read asks the nodes until one answers. An exception is an answer. Do may run
// more than once at a time, each with a connection of its own.
func read[T any](ctx context.Context, c *Catalog, do func(*conn) (T, error)) (T, error) {
	type reply struct {
		node *node
		v    T
		err  error
	}
	var none T
	outer := ctx
	ctx, cancel := context.WithCancel(ctx) // ends those that lose
	defer cancel()
	nodes, good := c.order()
	replies := make(chan reply, len(nodes))
	asked := 0
	running := map[*node]bool{}
	ask := func() {
		n := nodes[asked]
		asked++
		running[n] = true
		go func() {
			v, err := attempt(ctx, n, do)
			replies <- reply{n, v, err}
		}()
	}
	ask()
	hedge := time.NewTimer(hedgeAfter)
	defer hedge.Stop()
	var failures []failure
	for {
		select {
		case r := <-replies:
			delete(running, r.node)
			if r.err == nil || !unreachable(r.err) {
				c.answered(r.node)
				for _, n := range nodes {
					if n == r.node {
						break // the others were asked later
					}
					if !running[n] {
						continue
					}
					n.failed(fmt.Errorf("no answer after %v, when %s had answered", hedgeAfter, r.node.uri))
				}
				return r.v, translate(r.err)
			}
			if err := outer.Err(); err != nil {
				return none, err
			}
			r.node.failed(r.err)
			failures = append(failures, failure{r.node, r.err})
			switch {
			case asked < len(nodes):
				ask()
				hedge.Reset(hedgeAfter)
			case len(running) == 0:
				return none, down(failures)
			}
		case <-hedge.C:
			if asked < good {
				ask()
				hedge.Reset(hedgeAfter)
			}
		case <-outer.Done():
			return none, outer.Err()
		}
	}
}

// unreached is the error of a node that could not be connected to.
type unreached struct{ error }

func (e unreached) Unwrap() error { return e.error }

func unreachable(err error) bool {
	return lost(err) || is[unreached](err)
}

// attempt reads from one node. A connection that was idle may have been closed
// by the node meanwhile, which says nothing about the node: then it is asked over
// another.
func attempt[T any](ctx context.Context, n *node, do func(*conn) (T, error)) (v T, err error) {
	for {
		cn := n.take()
		fresh := cn == nil
		if fresh {
			if cn, err = n.dial(ctx); err != nil {
				return v, unreached{err}
			}
		}
		err = cn.during(ctx, answer, func() (err error) {
			v, err = do(cn)
			return err
		})
		if fresh || !lost(err) || timeout(err) || ctx.Err() != nil {
			return v, err
		}
	}
}

// change makes a change through one node, and never a second time.
func (c *Catalog) change(ctx context.Context, do func(*conn) error) error {
	defer c.cache.clear()
	c.cache.clear() // nothing that is asked for from here on is kept either
	nodes, _ := c.order()
	var failures []failure
	for _, n := range nodes {
		cn, err := n.connect(ctx)
		if err == nil {
			err = cn.during(ctx, working, func() error { return do(cn) })
			if !lost(err) {
				c.answered(n)
				return translate(err)
			}
			if e, ok := errors.AsType[*thrift.CallError](err); ok && e.Sent {
				if ctx.Err() == nil {
					n.failed(err)
				}
				return lethe.Errorf(kindOfLoss(ctx), "the metastore's node %s was lost during the change; it is not known whether it was made: %w", n.uri, err).
					WithHint("look at what it was to change before trying again")
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n.failed(err)
		failures = append(failures, failure{n, err})
	}
	return down(failures)
}

func kindOfLoss(ctx context.Context) lethe.Kind {
	if ctx.Err() != nil {
		return lethe.KindOf(ctx.Err())
	}
	return lethe.Exhausted
}

// isUnknown reports whether a node does not know the method that was called.
func isUnknown(err error) bool {
	e, ok := errors.AsType[*thrift.ApplicationError](err)
	return ok && e.Code == thrift.UnknownMethod
}
