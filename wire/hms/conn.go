package hms

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"lethe"
	"lethe/access"
	"lethe/lib/thrift"
)

// conn is a client's connection.
type conn struct {
	*Server
	net     net.Conn
	thrift  *thrift.Conn
	busy    atomic.Bool
	began   time.Time
	login   lethe.Principal // who the client has proven to be
	claimed string          // by set_ugi
}

// closeIfIdle closes the connection unless it answers a call. A call that has
// just arrived is lost, as it would be a moment later.
func (c *conn) closeIfIdle() {
	if !c.busy.Load() {
		c.net.Close()
	}
}

func (c *conn) serve() {
	defer c.net.Close()
	if err := c.open(); err != nil {
		c.note(err)
		return
	}
	defer c.thrift.Close()
	for {
		// Clients keep connections for hours; only a message that has begun must
		// come to its end.
		c.net.SetReadDeadline(time.Time{})
		c.busy.Store(false)
		if c.stopping() {
			return
		}
		m, err := c.thrift.Receive()
		if err != nil {
			c.note(err)
			return
		}
		if err := c.answer(m); err != nil {
			c.note(err)
			return
		}
	}
}

// note tells why a connection ended, if it is worth telling.
func (c *conn) note(err error) {
	if err == io.EOF || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	c.Log.Debug("metastore: connection ended", "remote", c.net.RemoteAddr().String(), "err", err)
}

// open does what comes before the first message.
func (c *conn) open() error {
	c.net.SetDeadline(time.Now().Add(greet))
	if c.TLS != nil {
		t := tls.Server(c.net, c.TLS)
		if err := t.HandshakeContext(c.ctx); err != nil {
			return err
		}
		c.net = t
	}
	// A client may take its time until it says something.
	c.net.SetDeadline(time.Time{})
	c.accept(c.net)
	first, err := c.thrift.First()
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return err
	}
	if first != saslStart {
		return nil
	}
	c.net.SetDeadline(time.Now().Add(greet))
	rest := &rejoined{c.net, c.thrift.Buffered()}
	c.login, err = c.sasl(rest)
	if err != nil {
		return err
	}
	c.net.SetDeadline(time.Time{})
	c.accept(rest)
	return nil
}

// rejoined is a connection some of whose bytes were read already.
type rejoined struct {
	net.Conn
	first []byte
}

func (r *rejoined) Read(p []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(p, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	return r.Conn.Read(p)
}

func (c *conn) accept(rw io.ReadWriter) {
	t := thrift.Accept(rw)
	t.Limit = c.MaxMessage
	t.Begun = func() {
		c.began = time.Now()
		c.busy.Store(true)
		if !c.known() {
			t.Limit = stranger
		} else {
			t.Limit = c.MaxMessage
		}
	}
	t.Reading = func() {
		now := time.Now()
		until := now.Add(pause)
		if end := c.began.Add(whole); end.Before(until) {
			until = end
		}
		c.net.SetReadDeadline(until)
	}
	t.Reserve = func(n int) error {
		if c.memory.Add(int64(n)) > c.MaxMemory && n > 0 {
			c.memory.Add(int64(-n))
			return fmt.Errorf("messages that arrive hold %d bytes, no more are taken", c.MaxMemory)
		}
		return nil
	}
	c.thrift = t
}

// stranger bounds the messages of a client that nobody knows, who may do nothing
// anyway.
const stranger = 256 << 10

func (c *conn) known() bool {
	if !c.login.Zero() {
		return true
	}
	p, err := c.principal(c.ctx)
	return err == nil && !p.Zero()
}

// principal returns on whose behalf the client works.
func (c *conn) principal(ctx context.Context) (lethe.Principal, error) {
	if !c.login.Zero() || c.Anonymous == nil {
		return c.login, nil
	}
	return c.Anonymous(ctx, c.net.RemoteAddr(), c.claimed)
}

// answer runs a call and sends what it answers.
func (c *conn) answer(m thrift.Message) error {
	c.net.SetWriteDeadline(time.Now().Add(writing))
	if m.Kind != thrift.CALL && m.Kind != thrift.ONEWAY {
		return fmt.Errorf("%w: a client sends calls, not messages of kind %d", thrift.ErrFormat, m.Kind)
	}
	if m.Name == "shutdown" {
		return io.EOF // a client says good-bye with it; it does not stop the server
	}
	md, ok := c.methods[m.Name]
	if !ok {
		return c.exception(m, thrift.UnknownMethod, fmt.Sprintf("Invalid method name: '%.200s'", m.Name))
	}
	md.calls.Add(1)
	ctx, cancel := context.WithTimeout(c.ctx, whole)
	defer cancel()
	p, err := c.principal(ctx)
	if err != nil {
		return err
	}
	ctx = access.WithRequest(lethe.WithPrincipal(ctx, p), c.request(m))
	reply, err := c.run(ctx, md, m)
	var app *thrift.ApplicationError
	switch {
	case errors.As(err, &app):
		return c.exception(m, app.Code, app.Message)
	case err != nil:
		return err
	case m.Kind == thrift.ONEWAY:
		return nil
	}
	return c.thrift.Send(thrift.Header{Name: m.Name, Kind: thrift.REPLY, Seq: m.Seq}, reply)
}

func (c *conn) request(m thrift.Message) *access.Request {
	host, _, err := net.SplitHostPort(c.net.RemoteAddr().String())
	if err != nil {
		host = c.net.RemoteAddr().String()
	}
	agent := "thrift"
	if c.claimed != "" {
		agent += " (" + c.claimed + ")"
	}
	return &access.Request{ID: lethe.NewID(), SourceIP: host, Secure: c.TLS != nil, UserAgent: agent, Region: c.Region}
}

// run calls the method. A panic is one call's misfortune, not the server's.
func (c *conn) run(ctx context.Context, md *method, m thrift.Message) (reply thrift.Struct, err error) {
	defer func() {
		if v := recover(); v != nil {
			c.Log.Error("metastore: a method panicked", "method", m.Name, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			reply, err = nil, &thrift.ApplicationError{Message: "Internal error processing " + m.Name, Code: thrift.InternalError}
		}
	}()
	return md.call(ctx, c, m.Body)
}

func (c *conn) exception(m thrift.Message, code int32, text string) error {
	if m.Kind == thrift.ONEWAY {
		return nil
	}
	return c.thrift.Send(thrift.Header{Name: m.Name, Kind: thrift.EXCEPTION, Seq: m.Seq}, &thrift.ApplicationError{Message: text, Code: code})
}
