// Package hive reaches a Hive metastore, and has its form of a catalog.
//
// Open returns a catalog.Catalog over Thrift, for metastores of Hive 2.3 to 4.1
// and those that speak as they do, lethe's own among them. FromTable, ToTable and
// their like translate definitions; package wire/hms serves a catalog with them.
//
// # Nodes
//
// A metastore has one node or more, which share a database. Each is asked over
// connections of its own, which are kept for the next call and closed after they
// have been idle for 15 minutes.
//
// The node that answered last is asked first. A node fails if it cannot be
// reached within 1.5 s, closes the connection or does not answer; then it rests
// for a second, and for longer each time it fails again, up to five. After the
// rest it is asked for its status in the background, so that a node that is back
// is used again without a call that waits for it. If no node is known to be good,
// all are tried, rested or not.
//
// A read that has no answer after 300 ms is also sent to the next good node, and
// so on; the first answer counts, and the others' connections are dropped.
//
// A change is sent once. Before it the node is asked for its status over the same
// connection: a node that does not answer is passed over while nothing has been
// sent. If the connection is lost afterwards, the error says that it is not known
// whether the change was made.
//
// # Partitions
//
// Partitions that an expression selects are asked for by a filter, as far as every
// metastore understands it, and otherwise, or if the metastore refuses it, by their
// names, a thousand at a time.
//
// # Age
//
// Databases, tables and lists of their names may be as old as Config.Age, one
// second by default: a query asks for a table's definition several times, and
// somebody else's change is seen a second later. Changes through the Catalog are
// seen at once. Lists of partitions, and what a change is based on, are never
// kept.
package hive

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/catalog"
)

// Config says where a metastore is.
type Config struct {
	// URIs of the nodes, as thrift://host:9083. The first is asked first.
	URIs []string
	// Age is how old answers from memory may be: 0 means a second, and less than 0
	// that nothing is kept.
	Age time.Duration

	catalog.Connection
	// Secure, if set, are the settings of TLS instead of those of Connection.
	Secure *tls.Config
}

// Bounds on what a node may take.
const (
	dialTimeout = 1500 * time.Millisecond // to connect, and to tell its status
	hedgeAfter  = 300 * time.Millisecond
	answer      = 2 * time.Minute  // to answer a read
	working     = 10 * time.Minute // to answer a change
	idleTime    = 15 * time.Minute
	idleMost    = 8 // connections that are kept by node
	restFirst   = time.Second
	restMost    = 5 * time.Second
	defaultPort = "9083"
)

// Catalog is a catalog in a metastore. Make it with Open.
type Catalog struct {
	config Config
	nodes  []*node
	cache  cache
	idle   time.Duration

	mu     sync.Mutex
	prefer *node // that answered last
}

var _ catalog.Catalog = (*Catalog)(nil)

// Open returns the catalog of a metastore. It connects when it is first used;
// the error is of kind Invalid.
func Open(c Config) (*Catalog, error) {
	if len(c.URIs) == 0 {
		return nil, lethe.Errorf(lethe.Invalid, "a metastore needs the URI of a node, as thrift://host:9083")
	}
	if c.Age == 0 {
		c.Age = time.Second
	}
	if c.TLS && c.Secure == nil {
		var err error
		if c.Secure, err = secure(c.Roots); err != nil {
			return nil, err
		}
	}
	k := &Catalog{config: c, cache: cache{age: c.Age}, idle: idleTime}
	for _, uri := range c.URIs {
		host, ok := strings.CutPrefix(strings.TrimSpace(uri), "thrift://")
		if host = strings.TrimSuffix(host, "/"); !ok || host == "" || strings.ContainsAny(host, "/ ?#@,") {
			return nil, lethe.Errorf(lethe.Invalid, "%q is not the URI of a metastore's node, as thrift://host:9083", uri)
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), defaultPort)
		}
		ctx, cancel := context.WithCancel(context.Background())
		k.nodes = append(k.nodes, &node{uri: uri, addr: host, config: &k.config, good: true, since: time.Now(), idleTime: &k.idle, ctx: ctx, cancel: cancel})
	}
	k.prefer = k.nodes[0]
	return k, nil
}

// Close closes the connections. Calls that run end with an error.
func (c *Catalog) Close() error {
	for _, n := range c.nodes {
		n.close()
	}
	return nil
}

// Retire closes idle connections and keeps none from now on, for a Catalog that
// has been replaced while others still use it. Failing nodes are left alone.
func (c *Catalog) Retire() {
	for _, n := range c.nodes {
		n.retire()
	}
}

// NodeState says how a node is.
type NodeState struct {
	URI       string
	Good      bool      // as it was last seen; a node that was never asked is good
	InUse     bool      // it answered last, and is asked first
	LastError string    // "" if there never was one
	Since     time.Time // that it is good, or not
}

// Nodes returns the states of the nodes, in the order of the URIs.
func (c *Catalog) Nodes() []NodeState {
	c.mu.Lock()
	prefer := c.prefer
	c.mu.Unlock()
	out := make([]NodeState, len(c.nodes))
	for i, n := range c.nodes {
		out[i] = n.state()
		out[i].InUse = n == prefer && out[i].Good
	}
	return out
}
