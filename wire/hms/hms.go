// Package hms serves a catalog as a Hive metastore, over Thrift.
//
// Spark, Trino, Hive, Flink and Iceberg speak to metastores of several versions;
// this one answers all of them, from the union of their interfaces (package
// lib/hms). How a client sends its messages is found out from its first bytes:
// binary or compact protocol, framed or not, and SASL PLAIN. A method that is not
// answered gets Thrift's UNKNOWN_METHOD with Java's text, which clients know to
// work around, and its connection stays.
//
// # Access
//
// Every call is decided by the actions of AWS Glue on the resources that the
// method works on, before it runs: each method says which when it is registered,
// and there is no other place. Listings leave out what the client may not see.
// Who the client is follows from its login by SASL PLAIN, with a user's name and
// password or an access key; Config.Anonymous says who one without is.
//
// # Names
//
// Clients since Hive 3 write a database as @catalog#database. The one catalog is
// hive.
//
// # Data
//
// Tables are definitions: nothing here moves files. Config.Folders makes a table's
// folder, and deletes a managed table's files when a client drops it with deleteData,
// on behalf of that client; without it neither happens.
package hms

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog"
)

// Config is what a Server needs.
type Config struct {
	Catalog catalog.Metastore
	Access  access.Decider
	Region  string
	// Warehouse is where databases without a location have their tables, as
	// s3://bucket/prefix.
	Warehouse string
	// Login returns who a name and password, or an access key's id and secret,
	// belong to, or an error of kind Denied.
	Login func(ctx context.Context, name, password string) (lethe.Principal, error)
	// Anonymous returns who a client is that has not logged in; claimed is the
	// name it gives by set_ugi, which proves nothing. Nil: nobody.
	Anonymous func(ctx context.Context, remote net.Addr, claimed string) (lethe.Principal, error)
	// Folders makes and deletes folders; nil: nobody does.
	Folders Folders
	// TLS, if set, is required of clients.
	TLS *tls.Config
	Log *slog.Logger

	// Bounds; 0 means the default.
	MaxConnections int   // 20,000
	MaxMessage     int   // bytes of one message; 100 MiB
	MaxMemory      int64 // bytes of messages that arrive at once; 512 MiB
	MaxPartitions  int   // of one answer; 100,000
}

// Times that a client may take.
const (
	pause   = 30 * time.Second // within a message
	whole   = 5 * time.Minute  // for a message
	writing = 2 * time.Minute  // to take an answer
	greet   = 30 * time.Second // for TLS and SASL
)

// Server answers clients. Make it with New.
type Server struct {
	Config
	methods map[string]*method
	started time.Time

	ctx    context.Context // ends when the server stops, however it is asked to
	cancel context.CancelFunc

	mu        sync.Mutex
	listeners []net.Listener
	conns     map[*conn]struct{}
	closing   bool
	done      sync.WaitGroup

	memory atomic.Int64 // bytes of messages that arrive
	calls  sync.Map     // *atomic.Int64 by method
}

// New returns a Server.
func New(c Config) *Server {
	for _, d := range []struct{ value, def *int }{{&c.MaxConnections, ptr(20_000)}, {&c.MaxMessage, ptr(100 << 20)}, {&c.MaxPartitions, ptr(100_000)}} {
		if *d.value == 0 {
			*d.value = *d.def
		}
	}
	if c.MaxMemory == 0 {
		c.MaxMemory = 512 << 20
	}
	s := &Server{Config: c, started: time.Now(), conns: map[*conn]struct{}{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.methods = s.register()
	return s
}

func ptr[T any](v T) *T { return &v }

// Serve answers the connections of a listener until Shutdown, and then returns
// nil.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return l.Close()
	}
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	wait := 5 * time.Millisecond
	for {
		c, err := l.Accept()
		if err != nil {
			if s.stopping() {
				return nil
			}
			var temporary interface{ Temporary() bool }
			if errors.As(err, &temporary) && temporary.Temporary() { // too many open files: some will be closed
				s.Log.Warn("metastore: cannot accept a connection", "err", err)
				time.Sleep(wait)
				wait = min(2*wait, time.Second)
				continue
			}
			return err
		}
		wait = 5 * time.Millisecond
		s.start(c)
	}
}

func (s *Server) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

func (s *Server) start(nc net.Conn) {
	c := &conn{Server: s, net: nc}
	s.mu.Lock()
	if s.closing || len(s.conns) >= s.MaxConnections {
		full := !s.closing
		s.mu.Unlock()
		nc.Close()
		if full {
			s.Log.Warn("metastore: too many connections", "limit", s.MaxConnections, "remote", nc.RemoteAddr().String())
		}
		return
	}
	s.conns[c] = struct{}{}
	s.done.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.done.Done()
		c.serve()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
}

// Shutdown stops accepting, closes idle connections, and lets calls that run end
// until ctx does; then it cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	for _, l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		c.closeIfIdle()
	}
	s.mu.Unlock()
	ended := make(chan struct{})
	go func() { s.done.Wait(); close(ended) }()
	defer s.cancel()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	s.mu.Lock()
	for c := range s.conns {
		c.net.Close()
	}
	s.mu.Unlock()
	<-ended
	return ctx.Err()
}

// Connections returns how many clients are connected.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}
