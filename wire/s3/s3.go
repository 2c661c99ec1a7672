// Package s3 serves Amazon's S3 protocol over an object store.
//
// The protocol is spoken by versitygw's front end: signatures, XML, checksums,
// chunked bodies, object locks. This package runs it in the process, on a
// loopback port of its own, and gives it what it leaves open:
//
//   - keys: who signed comes from lethe's key store (Config.Keys). Unknown keys,
//     wrong, expired and missing signatures get S3's own error codes.
//   - decisions: every request is decided by Config.Decider, by action and ARN,
//     and by nothing else. ACLs are disabled as in a new AWS bucket; bucket
//     policies are kept here and count there; and no request is anonymous,
//     whatever a bucket's policy says, except the preflight of a browser to a
//     bucket that has a CORS configuration.
//   - operations that it has not implemented and the store can: lifecycle,
//     notifications, and what S3 says of settings that no bucket here can have.
//   - honesty: what the front end would silently ignore is refused. See ignored
//     for headers and operations for the rest; docs/reference/s3.md lists them all.
//
// [Gateway.Handler] hands requests from the port that all AWS protocols share to
// the gateway's, with host, path and query byte for byte, because the signature
// covers them. Clients with much to move may use an address of the gateway
// directly (Config.Listen), which saves a copy of every byte.
package s3

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"lethe"
	"lethe/access"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

// Config of a Gateway.
type Config struct {
	// Backend keeps the objects; object/disk's Gateway is one. The gateway does
	// not close it.
	Backend backend.Backend
	// Settings keeps what the backend does not know of a bucket: its lifecycle
	// rules and its notifications. object/disk's Store does.
	Settings Settings
	// Targets returns an error for an ARN that no notification can be sent to. Nil
	// knows no target.
	Targets func(arn string) error
	// Keys finds whose an access key is.
	Keys access.Keys
	// Decider decides every request.
	Decider access.Decider
	// Region is what clients must sign for; "" means lethe.DefaultRegion.
	Region string
	// Listen are further addresses, host:port, that serve S3 directly. Port 0
	// picks a free one.
	Listen []string
	// Log gets requests that fail by the server's fault. Nil discards them.
	Log *slog.Logger
}

const (
	maxConnections = 4096
	maxRequests    = 2048 // more get SlowDown
	maxParts       = 10000
	bindTries      = 10
)

// Gateway serves S3 on a loopback port.
type Gateway struct {
	server *s3api.S3ApiServer
	addrs  []string
	conns  *http.Transport // to the gateway, from
	proxy  http.Handler
	served chan struct{} // closed when the server has ended,
	err    error         // with this
	stop   context.CancelFunc
}

// New makes a gateway and serves it; it answers requests when New returns. The
// caller must then call Run, which ends it.
func New(c Config) (*Gateway, error) {
	if c.Region == "" {
		c.Region = lethe.DefaultRegion
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Backend == nil || c.Settings == nil || c.Keys == nil || c.Decider == nil {
		return nil, lethe.Errorf(lethe.Invalid, "serving S3 needs a backend, settings, keys and a decider")
	}
	var err error
	for range bindTries {
		var g *Gateway
		if g, err = serve(c); err == nil {
			return g, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, lethe.Errorf(lethe.Internal, "serve S3: %w", err)
}

// serve makes one attempt at free ports: the front end does not tell which port
// it got, so one is found beforehand, and taken if nobody else did meanwhile.
func serve(c Config) (*Gateway, error) {
	g := &Gateway{served: make(chan struct{})}
	for _, a := range append([]string{"127.0.0.1:0"}, c.Listen...) {
		addr, err := free(a)
		if err != nil {
			return nil, err
		}
		g.addrs = append(g.addrs, addr)
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	id := &identities{ctx: ctx, keys: c.Keys, decider: c.Decider, region: c.Region, label: label(lethe.NewSecret())}
	listening := make(chan struct{})
	var err error
	// The front end lets its root user do everything. Nobody is root here, so
	// its key is one that nobody knows.
	root := middlewares.RootUserConfig{Access: "ROOT" + lethe.NewSecret(), Secret: lethe.NewSecret()}
	from := peer(lethe.NewSecret())
	be := guarded{c.Backend, id}
	g.server, err = s3api.New(be, root, c.Region, id, nil, nil, nil, nil, append(
		// Whom a request comes from is heard first: decisions ask.
		append([]s3api.Option{s3api.WithMiddleware("/", from.hear), s3api.WithMiddleware("/", id.label.put)}, c.options(&extras{backend: be, iam: id, root: root, noACL: true})...),
		s3api.WithDisableACL(),
		s3api.WithMiddleware("/", countPolicyReads),
		s3api.WithMiddleware("/", refuseACL),
		s3api.WithOnListen(func() { close(listening) }),
	)...)
	if err != nil {
		stop()
		return nil, err
	}
	go func() {
		g.err = g.server.ServeMultiPort(g.addrs)
		close(g.served)
	}()
	select {
	case <-listening:
	case <-g.served:
		stop()
		return nil, g.err
	}
	g.conns = transport()
	g.proxy = newProxy(g.Addr(), g.conns, from, c.Log)
	return g, nil
}

// options is what makes the front end this package's, whoever its users are.
func (c *Config) options(e *extras) []s3api.Option {
	e.region, e.settings, e.targets = c.Region, c.Settings, c.Targets
	return []s3api.Option{
		s3api.WithConcurrencyLimiter(maxConnections, maxRequests),
		s3api.WithMpMaxParts(maxParts),
		s3api.WithQuiet(),
		s3api.WithKeepAlive(),
		s3api.WithMiddleware("/", drainChunked),
		s3api.WithMiddleware("/", logFaults(c.Log)),
		s3api.WithMiddleware("/", refuseIgnored),
		s3api.WithMiddleware("/", operate(e)),
	}
}

// free returns addr with a port that is free now.
func free(addr string) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Addr is the loopback address, host:port, where the gateway answers.
func (g *Gateway) Addr() string { return g.addrs[0] }

// Listening returns the addresses of Config.Listen, with their ports.
func (g *Gateway) Listening() []string { return g.addrs[1:] }

// Handler hands requests to the gateway unchanged.
func (g *Gateway) Handler() http.Handler { return g.proxy }

// Run waits until ctx ends, then lets requests under way finish, for at most ten
// seconds, and returns when the gateway is down. It returns at once if the
// gateway failed.
func (g *Gateway) Run(ctx context.Context) error {
	defer g.stop()
	select {
	case <-ctx.Done():
	case <-g.served:
		return fmt.Errorf("S3 gateway: %w", g.err)
	}
	down := make(chan error, 1)
	go func() { down <- g.server.ShutDown() }()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		// The server waits for connections that never carried a request; the
		// proxy may hold some.
		g.conns.CloseIdleConnections()
		select {
		case err := <-down:
			select {
			case <-g.served:
			case <-again.C: // told before it began to serve: tell it again
				go func() { down <- g.server.ShutDown() }()
				continue
			}
			if errors.Is(err, context.DeadlineExceeded) {
				return lethe.Errorf(lethe.Exhausted, "S3 requests were still under way at the end: %w", err)
			}
			return err
		case <-again.C:
		}
	}
}
