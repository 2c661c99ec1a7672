package thrift

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Transport says how messages are carried.
type Transport struct {
	Framed  bool // each message follows its length in four bytes
	Compact bool // the compact protocol instead of the binary one
}

// Conn carries messages over a connection. It is for one goroutine.
type Conn struct {
	Transport
	// Limit is how long a message may be; 0 means DefaultLimit.
	Limit int
	// Begun, if set, is called when the first byte of a message has arrived, and
	// Reading before every read of more of it: places for deadlines.
	Begun, Reading func()
	// Reserve, if set, is asked before the buffer grows to n bytes beyond what an
	// idle connection keeps, and told with a negative n when they are free again.
	Reserve func(n int) error

	rw     io.ReadWriter
	sniff  bool
	buf    []byte // buf[from:to] is unread
	from   int
	to     int
	frame  int // bytes left in the frame
	big    int // reserved
	inside bool
}

// DefaultLimit is the bound on messages that Java's servers and clients have.
const DefaultLimit = 100 << 20

// idleBuffer is what a connection keeps between messages; most calls fit.
const idleBuffer = 512

// NewConn returns a client's end of a connection.
func NewConn(rw io.ReadWriter, t Transport) *Conn { return &Conn{rw: rw, Transport: t} }

// Accept returns a server's end. It finds out from the first bytes how the
// client sends its messages.
func Accept(rw io.ReadWriter) *Conn { return &Conn{rw: rw, sniff: true} }

// Message is a message that has arrived whole.
type Message struct {
	Header
	Body *Reader
}

// Receive waits for the next message. Its error is io.EOF if the other side
// closed the connection between messages.
func (c *Conn) Receive() (m Message, err error) {
	c.release()
	if err := c.await(1); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) && c.to == c.from {
			err = io.EOF
		}
		return m, err
	}
	if c.Begun != nil {
		c.Begun()
	}
	c.inside = true
	defer func() { c.inside = false }()
	if c.sniff {
		if err := c.detect(); err != nil {
			return m, err
		}
	}
	r := &Reader{compact: c.Compact, buf: c.buf[c.from:c.to]}
	r.more = func(n int) error {
		err := c.await(r.at + n)
		r.buf = c.buf[c.from:c.to]
		return err
	}
	m.Header = r.Header()
	begin := r.at
	r.Skip(STRUCT)
	if r.err != nil {
		return m, r.err
	}
	m.Body = NewReader(c.buf[c.from+begin:c.from+r.at], c.Compact)
	c.from += r.at
	return m, nil
}

// release gives a large buffer back.
func (c *Conn) release() {
	if c.big == 0 || c.to-c.from > idleBuffer {
		return
	}
	small := make([]byte, idleBuffer)
	c.to = copy(small, c.buf[c.from:c.to])
	c.buf, c.from = small, 0
	c.Close()
}

// Close gives back what Reserve granted. It does not close the connection.
func (c *Conn) Close() {
	if c.Reserve != nil && c.big > 0 {
		c.Reserve(-c.big)
	}
	c.big = 0
}

// await returns when n bytes are unread in the buffer.
func (c *Conn) await(n int) error {
	limit := c.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	if n > limit {
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	for c.to-c.from < n {
		if c.from > 0 && c.to == c.from {
			c.from, c.to = 0, 0
		}
		if c.to == len(c.buf) {
			if err := c.room(); err != nil {
				return err
			}
		}
		if c.inside && c.Reading != nil {
			c.Reading()
		}
		got, err := c.read(c.buf[c.to:])
		c.to += got
		if got == 0 && err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// room makes the buffer's end free: bytes move to its beginning, or it doubles,
// so that it is never larger than twice what has arrived.
func (c *Conn) room() error {
	if c.from > len(c.buf)/2 {
		c.to = copy(c.buf, c.buf[c.from:c.to])
		c.from = 0
		return nil
	}
	size := max(idleBuffer, 2*len(c.buf))
	if size > idleBuffer {
		if c.Reserve != nil {
			if err := c.Reserve(size - len(c.buf)); err != nil {
				return err
			}
		}
		c.big += size - len(c.buf)
	}
	b := make([]byte, size)
	c.to = copy(b, c.buf[c.from:c.to])
	c.buf, c.from = b, 0
	return nil
}

// read reads what is there, without the lengths of frames.
func (c *Conn) read(p []byte) (int, error) {
	if !c.Framed {
		return c.rw.Read(p)
	}
	for c.frame == 0 {
		var head [4]byte
		if n, err := io.ReadFull(c.rw, head[:]); err != nil {
			if n > 0 && err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		if n := int32(binary.BigEndian.Uint32(head[:])); n < 0 {
			return 0, fmt.Errorf("%w: frame of %d bytes", ErrFormat, n)
		} else {
			c.frame = int(n)
		}
	}
	n, err := c.rw.Read(p[:min(len(p), c.frame)])
	c.frame -= n
	return n, err
}

// ErrNotThrift: what a client sends first is no Thrift message.
var ErrNotThrift = errors.New("thrift: the client does not speak Thrift's binary or compact protocol")

// First returns the first byte that a client has sent, and leaves it unread.
func (c *Conn) First() (byte, error) {
	if err := c.await(1); err != nil {
		return 0, err
	}
	return c.buf[c.from], nil
}

// Buffered returns bytes that have arrived and takes them out of the Conn, for a
// layer below that is put in its place.
func (c *Conn) Buffered() []byte {
	b := append([]byte{}, c.buf[c.from:c.to]...)
	c.from = c.to
	return b
}

// detect tells the ways to send messages apart. A message of the compact
// protocol begins with 0x82 and one of the binary protocol with 0x80, or in its
// old spelling with the length and first letter of a method's name; a frame
// begins with its length, which has a 0 first as it is below 16 MB, and the
// message follows after four bytes.
func (c *Conn) detect() error {
	c.sniff = false
	switch c.buf[c.from] {
	case 0x80:
		return nil
	case 0x82:
		c.Compact = true
		return nil
	}
	if err := c.await(5); err != nil {
		return err
	}
	head := c.buf[c.from : c.from+5]
	length := binary.BigEndian.Uint32(head)
	switch b := head[4]; {
	case b == 0x80 || b == 0x82:
		c.Framed, c.Compact = true, b == 0x82
		return c.unframe()
	case length > 0 && length < 256 && (b|0x20 >= 'a' && b|0x20 <= 'z'):
		return nil
	}
	return ErrNotThrift
}

// unframe takes the lengths of frames out of what arrived before it was known
// that there are frames.
func (c *Conn) unframe() error {
	arrived := c.buf[c.from:c.to]
	var plain []byte
	for len(arrived) > 0 {
		if c.frame == 0 {
			if len(arrived) < 4 {
				c.rw = &prefixed{c.rw, append([]byte{}, arrived...)}
				break
			}
			n := int32(binary.BigEndian.Uint32(arrived))
			if n < 0 {
				return fmt.Errorf("%w: frame of %d bytes", ErrFormat, n)
			}
			c.frame, arrived = int(n), arrived[4:]
			continue
		}
		n := min(c.frame, len(arrived))
		plain = append(plain, arrived[:n]...)
		c.frame, arrived = c.frame-n, arrived[n:]
	}
	c.from, c.to = 0, copy(c.buf, plain)
	return nil
}

// prefixed reads some bytes before those of a stream.
type prefixed struct {
	io.ReadWriter
	first []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.first) > 0 {
		n := copy(b, p.first)
		p.first = p.first[n:]
		return n, nil
	}
	return p.ReadWriter.Read(b)
}

var writers = sync.Pool{New: func() any { return new(Writer) }}

// Send sends a message.
func (c *Conn) Send(h Header, body Struct) error {
	w := writers.Get().(*Writer)
	defer func() {
		if cap(w.buf) <= 1<<20 { // a very large one is not worth keeping
			writers.Put(w)
		}
	}()
	w.Reset()
	w.Compact = c.Compact
	if c.Framed {
		w.buf = append(w.buf, 0, 0, 0, 0)
	}
	w.Header(h)
	body.Write(w)
	if c.Framed {
		n := len(w.buf) - 4
		if n > 1<<31-1 {
			return ErrTooLarge
		}
		binary.BigEndian.PutUint32(w.buf, uint32(n))
	}
	_, err := c.rw.Write(w.buf)
	return err
}

// Result is what a method answers: Err returns the exception in it, or nil.
type Result interface {
	Struct
	Err() error
}

// CallError says that a call got no answer that could be read, after which the
// connection is of no use.
type CallError struct {
	// Sent tells whether the server may have begun to work: only a call that was
	// not sent, or that changes nothing, can be tried again elsewhere.
	Sent bool
	Err  error
}

func (e *CallError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }

// Client calls methods over a connection, one after the other.
type Client struct {
	*Conn
	seq int32
}

// NewClient returns a Client.
func NewClient(rw io.ReadWriter, t Transport) *Client { return &Client{Conn: NewConn(rw, t)} }

// counting notices whether anything was written.
type counting struct {
	io.ReadWriter
	n int
}

func (w *counting) Write(p []byte) (int, error) {
	n, err := w.ReadWriter.Write(p)
	w.n += n
	return n, err
}

// Call calls a method. It returns the exception in the answer, an
// *ApplicationError, or a *CallError. Deadlines are those of the connection.
func (c *Client) Call(name string, args Struct, result Result) error {
	c.seq++
	out := &counting{ReadWriter: c.rw}
	c.rw = out
	err := c.Send(Header{name, CALL, c.seq}, args)
	c.rw = out.ReadWriter
	if err != nil {
		return &CallError{out.n > 0, err}
	}
	m, err := c.Receive()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return &CallError{true, err}
	}
	if m.Seq != c.seq || m.Kind == REPLY && m.Name != name {
		return &CallError{true, fmt.Errorf("%w: an answer to %s, call %d, instead of %s, call %d", ErrFormat, m.Name, m.Seq, name, c.seq)}
	}
	if m.Kind == EXCEPTION {
		e := new(ApplicationError)
		e.Read(m.Body)
		if err := m.Body.Err(); err != nil {
			return &CallError{true, err}
		}
		return e
	}
	result.Read(m.Body)
	if err := m.Body.Err(); err != nil {
		return &CallError{true, err}
	}
	return result.Err()
}
