package hms

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"lethe"
)

// The states of Thrift's SASL negotiation, each the first byte of a message; its
// length in four bytes and its payload follow.
const (
	saslStart    = 1
	saslOK       = 2
	saslBad      = 3
	saslError    = 4
	saslComplete = 5
)

// maxSASL bounds what a client sends to log in.
const maxSASL = 16 << 10

// sasl logs a client in by the mechanism PLAIN (RFC 4616). After it, messages are
// framed. GSSAPI, which Kerberos needs, would be another mechanism here.
func (c *conn) sasl(rw io.ReadWriter) (lethe.Principal, error) {
	status, mechanism, err := readSASL(rw)
	if err != nil {
		return lethe.Principal{}, err
	}
	if status != saslStart || string(mechanism) != "PLAIN" {
		err := fmt.Errorf("Unsupported mechanism type %.40s", mechanism)
		return lethe.Principal{}, refuse(rw, saslBad, err)
	}
	status, response, err := readSASL(rw)
	if err != nil {
		return lethe.Principal{}, err
	}
	if status != saslOK && status != saslComplete {
		return lethe.Principal{}, fmt.Errorf("the client ended the login with status %d", status)
	}
	// What authorization identity a client asks for besides its own is not granted.
	parts := bytes.Split(response, []byte{0})
	if len(parts) != 3 {
		return lethe.Principal{}, refuse(rw, saslBad, fmt.Errorf("PLAIN authentication failed: malformed response"))
	}
	if c.Login == nil {
		return lethe.Principal{}, refuse(rw, saslError, fmt.Errorf("nobody can log in here"))
	}
	p, err := c.Login(c.ctx, string(parts[1]), string(parts[2]))
	if err == nil && p.Zero() {
		err = lethe.Errorf(lethe.Denied, "name or password is wrong")
	}
	if err != nil {
		return lethe.Principal{}, refuse(rw, saslError, fmt.Errorf("PLAIN authentication failed: %w", err))
	}
	return p, writeSASL(rw, saslComplete, nil)
}

func readSASL(r io.Reader) (status byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxSASL {
		return 0, nil, fmt.Errorf("a login of %d bytes", n)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return head[0], payload, err
}

func writeSASL(w io.Writer, status byte, payload []byte) error {
	b := binary.BigEndian.AppendUint32([]byte{status}, uint32(len(payload)))
	_, err := w.Write(append(b, payload...))
	return err
}

// refuse tells the client why, and returns the reason.
func refuse(w io.Writer, status byte, why error) error {
	if err := writeSASL(w, status, []byte(why.Error())); err != nil {
		return err
	}
	return why
}
