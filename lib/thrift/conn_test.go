package thrift_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	. "lethe/lib/thrift"
)

// text is a struct with one string, and a result without exceptions.
type text struct{ s string }

func (x *text) Write(w *Writer) { w.Begin(); w.String(1, x.s); w.End() }
func (x *text) Err() error      { return nil }
func (x *text) Read(r *Reader) {
	r.Begin()
	for {
		switch t, id := r.Field(); {
		case t == STOP:
			return
		case t == STRING && id == 1:
			x.s = r.String()
		default:
			r.Skip(t)
		}
	}
}

var transports = []Transport{{}, {Framed: true}, {Compact: true}, {Framed: true, Compact: true}}

type stream struct {
	io.Reader
	io.Writer
}

func sent(t testing.TB, tr Transport, h Header, body Struct) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := NewConn(stream{nil, &b}, tr).Send(h, body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The bytes are those of the protocols' specifications.
func TestBytes(t *testing.T) {
	h := Header{Name: "get", Kind: CALL, Seq: 5}
	for i, want := range []string{
		"80010001" + "00000003676574" + "00000005" + "0b0001" + "000000026869" + "00",
		"00000019" + "80010001" + "00000003676574" + "00000005" + "0b0001" + "000000026869" + "00",
		"8221" + "05" + "03676574" + "18" + "026869" + "00",
		"0000000c" + "8221" + "05" + "03676574" + "18" + "026869" + "00",
	} {
		if got := hex.EncodeToString(sent(t, transports[i], h, &text{"hi"})); got != want {
			t.Errorf("%+v:\n got %s\nwant %s", transports[i], got, want)
		}
	}
	w := NewWriter(nil, true)
	w.Begin()
	w.I32(1, -1)
	w.I64(3, 150)
	w.Bool(4, true)
	w.Bool(40, false)
	w.I16(41, -2)
	w.Double(42, 1)
	w.List(43, I8list, 3)
	for range 3 {
		w.ElemI8(1)
	}
	w.Map(44, STRING, I32, 0)
	w.Map(45, STRING, I32, 1)
	w.ElemString("a")
	w.ElemI32(1)
	w.End()
	if got, want := hex.EncodeToString(w.Bytes()), "15"+"01"+"26"+"ac02"+"11"+"0250"+"14"+"03"+"17"+"000000000000f03f"+"19"+"33"+"010101"+"1b"+"00"+"1b"+"01"+"85"+"0161"+"02"+"00"; got != want {
		t.Errorf("compact:\n got %s\nwant %s", got, want)
	}
}

const I8list = BYTE

func TestServerFindsOutHowClientsSpeak(t *testing.T) {
	for _, tr := range transports {
		for _, slow := range []bool{false, true} {
			var in []byte
			for i, s := range []string{"a", strings.Repeat("long ", 1000), ""} {
				in = append(in, sent(t, tr, Header{"m", CALL, int32(i)}, &text{s})...)
			}
			var from io.Reader = bytes.NewReader(in)
			if slow {
				from = iotest.OneByteReader(from)
			}
			c := Accept(stream{from, nil})
			for i, want := range []string{"a", strings.Repeat("long ", 1000), ""} {
				m, err := c.Receive()
				if err != nil {
					t.Fatalf("%+v: %v", tr, err)
				}
				var x text
				if x.Read(m.Body); x.s != want || m.Seq != int32(i) || m.Name != "m" || c.Transport != tr {
					t.Errorf("%+v, message %d: %+v %.20q", tr, i, m.Header, x.s)
				}
			}
			if _, err := c.Receive(); err != io.EOF {
				t.Errorf("%+v: at the end: %v", tr, err)
			}
		}
	}
}

func TestOldSpellingOfBinaryMessages(t *testing.T) {
	in := append([]byte{0, 0, 0, 3}, "get\x01\x00\x00\x00\x09\x0b\x00\x01\x00\x00\x00\x01x\x00"...)
	m, err := Accept(stream{bytes.NewReader(in), nil}).Receive()
	if err != nil || m.Name != "get" || m.Seq != 9 || m.Kind != CALL {
		t.Fatalf("%+v, %v", m, err)
	}
}

// endless gives the same bytes for ever and counts them.
type endless struct {
	b []byte
	n int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.b[(e.n+i)%len(e.b)]
	}
	e.n += len(p)
	return len(p), nil
}

func TestHostileMessages(t *testing.T) {
	head := sent(t, Transport{}, Header{"m", CALL, 1}, &text{})
	head = head[:len(head)-8] // without the field and the end
	with := func(tail string) []byte {
		b, err := hex.DecodeString(tail)
		if err != nil {
			t.Fatal(err)
		}
		return append(append([]byte{}, head...), b...)
	}
	for _, c := range []struct {
		name string
		in   io.Reader
		want error
	}{
		{"garbage", strings.NewReader("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ErrNotThrift},
		{"zeros", bytes.NewReader(make([]byte, 100)), ErrNotThrift},
		{"another version", bytes.NewReader([]byte("\x80\x02\x00\x01\x00\x00\x00\x01m\x00\x00\x00\x01\x00")), ErrFormat},
		{"negative length", bytes.NewReader(with("0b0001ffffffff")), ErrFormat},
		{"string of 2 GB", io.MultiReader(bytes.NewReader(with("0b00017fffffff")), &endless{b: []byte("x")}), ErrTooLarge},
		{"string that never comes", bytes.NewReader(with("0b00010000ffff")), io.ErrUnexpectedEOF},
		{"negative list", bytes.NewReader(with("0f00010bffffffff")), ErrFormat},
		{"list of 2 G elements", io.MultiReader(bytes.NewReader(with("0f00010b7fffffff")), &endless{b: make([]byte, 4)}), ErrTooLarge},
		{"endless fields", io.MultiReader(bytes.NewReader(head), &endless{b: []byte{2, 0, 1, 1}}), ErrTooLarge},
		{"nested structs", io.MultiReader(bytes.NewReader(head), &endless{b: []byte{12, 0, 1}}), ErrTooDeep},
		{"nested lists", io.MultiReader(bytes.NewReader(with("0f0001")), &endless{b: []byte{15, 0, 0, 0, 1}}), ErrTooDeep},
		{"no such type", bytes.NewReader(with("070001")), ErrFormat},
		{"list of no type", bytes.NewReader(with("0f00010000000003")), ErrFormat},
		{"negative frame", bytes.NewReader([]byte("\xff\xff\xff\xff\x80\x01")), ErrFormat},
		{"message of no kind", bytes.NewReader([]byte("\x80\x01\x00\x09\x00\x00\x00\x01m\x00\x00\x00\x01\x00")), ErrFormat},
		{"compact list of 2 G elements", bytes.NewReader([]byte("\x82\x21\x01\x01m\x19\xf5\xff\xff\xff\xff\x07")), io.ErrUnexpectedEOF},
		{"compact number without end", io.MultiReader(bytes.NewReader([]byte("\x82\x21\x01\x01m\x15")), &endless{b: []byte{0xff}}), ErrFormat},
	} {
		reserved := 0
		conn := Accept(stream{c.in, nil})
		conn.Limit = 1 << 20
		conn.Reserve = func(n int) error { reserved += n; return nil }
		_, err := conn.Receive()
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if reserved > 2<<20 {
			t.Errorf("%s: %d bytes of buffer", c.name, reserved)
		}
		if conn.Close(); reserved != 0 {
			t.Errorf("%s: %d bytes not given back", c.name, reserved)
		}
	}
}

func TestMemoryIsReservedAndGivenBack(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	in := append(sent(t, Transport{}, Header{"m", CALL, 1}, &text{long}), sent(t, Transport{}, Header{"m", CALL, 2}, &text{"y"})...)
	c := Accept(stream{bytes.NewReader(in), nil})
	held, most := 0, 0
	c.Reserve = func(n int) error { held += n; most = max(most, held); return nil }
	for range 2 {
		if _, err := c.Receive(); err != nil {
			t.Fatal(err)
		}
	}
	if most < len(long) || most > 3*len(long) {
		t.Errorf("%d bytes reserved for %d", most, len(long))
	}
	if c.Receive(); held != 0 {
		t.Errorf("%d bytes held by an idle connection", held)
	}
	full := errors.New("full")
	c = Accept(stream{bytes.NewReader(in), nil})
	c.Reserve = func(n int) error { return full }
	if _, err := c.Receive(); !errors.Is(err, full) {
		t.Error(err)
	}
}

func TestClientAndServer(t *testing.T) {
	for _, tr := range transports {
		a, b := net.Pipe()
		go func() {
			defer b.Close()
			c := Accept(b)
			for {
				m, err := c.Receive()
				if err != nil {
					return
				}
				var x text
				x.Read(m.Body)
				switch m.Name {
				case "echo":
					c.Send(Header{m.Name, REPLY, m.Seq}, &x)
				case "other":
					c.Send(Header{"echo", REPLY, m.Seq + 1}, &x)
				default:
					c.Send(Header{m.Name, EXCEPTION, m.Seq}, &ApplicationError{"Invalid method name: '" + m.Name + "'", UnknownMethod})
				}
			}
		}()
		c := NewClient(a, tr)
		for _, s := range []string{"", "x", strings.Repeat("y", 70_000)} {
			var x text
			if err := c.Call("echo", &text{s}, &x); err != nil || x.s != s {
				t.Errorf("%+v: %v, %d bytes", tr, err, len(x.s))
			}
		}
		var unknown *ApplicationError
		if err := c.Call("nothing", &text{}, &text{}); !errors.As(err, &unknown) || unknown.Code != UnknownMethod || unknown.Message != "Invalid method name: 'nothing'" {
			t.Errorf("%+v: %v", tr, err)
		}
		var lost *CallError
		if err := c.Call("other", &text{}, &text{}); !errors.As(err, &lost) || !lost.Sent {
			t.Errorf("%+v: answer to another call: %v", tr, err)
		}
		a.Close()
		if err := c.Call("echo", &text{}, &text{}); !errors.As(err, &lost) || lost.Sent {
			t.Errorf("%+v: on a closed connection: %#v", tr, err)
		}
	}
}

// FuzzReceive gives a server any bytes.
func FuzzReceive(f *testing.F) {
	for _, tr := range transports {
		f.Add(sent(f, tr, Header{"get_table", CALL, 1}, &text{"x"}))
	}
	f.Add(binary.BigEndian.AppendUint32(nil, 1<<31-1))
	f.Fuzz(func(t *testing.T, in []byte) {
		c := Accept(stream{bytes.NewReader(in), io.Discard})
		c.Limit = 1 << 16
		for {
			m, err := c.Receive()
			if err != nil {
				return
			}
			if m.Body.Skip(STRUCT); m.Body.Err() != nil || m.Body.Rest() != 0 {
				t.Fatalf("%+v: %v, %d bytes unread", m.Header, m.Body.Err(), m.Body.Rest())
			}
		}
	})
}
