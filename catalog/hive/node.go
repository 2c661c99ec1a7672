package hive

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"lethe/lib/hms"
	"lethe/lib/thrift"
)

// node is one server of a metastore, with the connections to it.
type node struct {
	uri, addr string
	config    *Config
	idleTime  *time.Duration
	ctx       context.Context // ends at close
	cancel    context.CancelFunc

	mu      sync.Mutex
	closed  bool    // keeps no connection
	idle    []*conn // the one that was used last at the end
	sweeper *time.Timer
	good    bool
	err     error // the last
	since   time.Time
	rest    time.Duration
	until   time.Time       // it rests
	lacks   map[string]bool // methods
}

// conn is a connection to a node, for one call at a time.
type conn struct {
	*thrift.Client
	net  net.Conn
	node *node
	used time.Time
}

func (n *node) state() NodeState {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := NodeState{URI: n.uri, Good: n.good, Since: n.since}
	if n.err != nil {
		s.LastError = n.err.Error()
	}
	return s
}

func (n *node) isGood() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.good
}

// take returns an idle connection, or nil.
func (n *node) take() *conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.idle) == 0 {
		return nil
	}
	c := n.idle[len(n.idle)-1]
	n.idle = n.idle[:len(n.idle)-1]
	return c
}

// put keeps a connection for the next call.
func (n *node) put(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || len(n.idle) >= idleMost {
		c.net.Close()
		return
	}
	c.used = time.Now()
	n.idle = append(n.idle, c)
	if n.sweeper == nil {
		n.sweeper = time.AfterFunc(*n.idleTime, n.sweep)
	}
}

// sweep closes connections that have been idle for long.
func (n *node) sweep() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.idle) > 0 && time.Since(n.idle[0].used) >= *n.idleTime {
		n.idle[0].net.Close()
		n.idle = n.idle[1:]
	}
	n.sweeper = nil
	if len(n.idle) > 0 && !n.closed {
		n.sweeper = time.AfterFunc(*n.idleTime-time.Since(n.idle[0].used), n.sweep)
	}
}

func (n *node) close() {
	n.cancel()
	n.retire()
}

func (n *node) retire() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	if n.sweeper != nil {
		n.sweeper.Stop()
	}
	for _, c := range n.idle {
		c.net.Close()
	}
	n.idle = nil
}

var errClosed = errors.New("the connector was closed")

func (n *node) dial(ctx context.Context) (*conn, error) {
	if n.ctx.Err() != nil {
		return nil, errClosed
	}
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, "tcp", n.addr)
	if err != nil {
		return nil, err
	}
	ready, t, err := n.login(ctx, c)
	if err != nil {
		c.Close()
		return nil, err
	}
	return &conn{Client: thrift.NewClient(ready, t), net: ready, node: n}, nil
}

// during does something with the connection, at most for a time and until the
// context or the node ends. The connection is kept afterwards if it is still good.
func (c *conn) during(ctx context.Context, most time.Duration, do func() error) error {
	c.net.SetDeadline(time.Now().Add(most))
	cut := func() { c.net.SetDeadline(time.Unix(1, 0)) }
	stopCtx, stopNode := context.AfterFunc(ctx, cut), context.AfterFunc(c.node.ctx, cut)
	err := do()
	going := stopCtx()
	if !stopNode() || lost(err) {
		going = false
	}
	if going {
		c.node.put(c)
	} else {
		c.net.Close()
	}
	return err
}

// lost reports whether an error means that the connection is of no use, rather
// than being the node's answer.
func lost(err error) bool {
	return is[*thrift.CallError](err)
}

// ping asks for the status. Every answer will do.
func (c *conn) ping() error {
	err := c.Call("getStatus", &hms.GetStatusArgs{}, &hms.GetStatusReply{})
	if lost(err) {
		return err
	}
	return nil
}

// connect returns a connection over which the node has just told its status.
func (n *node) connect(ctx context.Context) (*conn, error) {
	for {
		c := n.take()
		fresh := c == nil
		if fresh {
			var err error
			if c, err = n.dial(ctx); err != nil {
				return nil, err
			}
		}
		c.net.SetDeadline(time.Now().Add(dialTimeout))
		stop := context.AfterFunc(ctx, func() { c.net.SetDeadline(time.Unix(1, 0)) })
		err := c.ping()
		if !stop() && err == nil {
			err = ctx.Err()
		}
		if err == nil {
			return c, nil
		}
		c.net.Close()
		if fresh || ctx.Err() != nil || timeout(err) {
			return nil, err
		}
	}
}

func timeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// succeeded notes that the node has answered.
func (n *node) succeeded() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.good {
		n.good, n.since = true, time.Now()
	}
	n.rest = 0
}

// failed notes that the node has not answered, and lets it rest.
func (n *node) failed(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	n.err = err
	if n.good {
		n.good, n.since = false, now
	}
	for _, c := range n.idle { // they are no better
		c.net.Close()
	}
	n.idle = nil
	n.lacks = nil // what comes back may be of another version
	if n.closed || now.Before(n.until) {
		return
	}
	n.rest = min(max(2*n.rest, restFirst), restMost)
	n.until = now.Add(n.rest)
	time.AfterFunc(n.rest, n.probe)
}

// probe asks a node that has rested for its status.
func (n *node) probe() {
	n.mu.Lock()
	idle := n.good || n.closed
	n.mu.Unlock()
	if idle {
		return
	}
	c, err := n.connect(n.ctx)
	if err != nil {
		n.failed(err)
		return
	}
	n.succeeded()
	n.put(c)
}

// without reports whether the node lacks a method; it remembers what it is told
// by lacking.
func (n *node) without(method string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lacks[method]
}

func (n *node) lacking(method string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.lacks == nil {
		n.lacks = map[string]bool{}
	}
	n.lacks[method] = true
}
