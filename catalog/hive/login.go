package hive

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"lethe"
	"lethe/lib/thrift"
)

// secure returns the settings of connections by TLS that trust the certificates in
// roots, or the machine's if there are none.
func secure(roots string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if roots != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(roots)) {
			return nil, lethe.Errorf(lethe.Invalid, "the certificates to trust are not PEM").WithHint("paste what is between and with -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----")
		}
	}
	return c, nil
}

// login makes a connection ready for calls: by TLS and with a name and password,
// as the configuration says.
func (n *node) login(ctx context.Context, c net.Conn) (_ net.Conn, t thrift.Transport, err error) {
	t = thrift.Transport{Framed: n.config.Framed, Compact: n.config.Compact}
	c.SetDeadline(time.Now().Add(dialTimeout))
	if n.config.Secure != nil {
		settings := n.config.Secure.Clone()
		if settings.ServerName == "" {
			settings.ServerName, _, _ = net.SplitHostPort(n.addr)
		}
		over := tls.Client(c, settings)
		if err := over.HandshakeContext(ctx); err != nil {
			return nil, t, err
		}
		c = over
	}
	if n.config.User != "" {
		if err := plain(c, n.config.User, n.config.Password); err != nil {
			return nil, t, err
		}
		t.Framed = true // as SASL has it
	}
	return c, t, c.SetDeadline(time.Time{})
}

// The states of Thrift's SASL negotiation, each the first byte of a message; its
// length in four bytes and its payload follow.
const (
	saslStart    = 1
	saslComplete = 5
)

// maxSASL bounds what a metastore says to a login.
const maxSASL = 16 << 10

// plain logs in by the SASL mechanism PLAIN (RFC 4616).
func plain(rw io.ReadWriter, user, password string) error {
	var b []byte
	for _, m := range []struct {
		status  byte
		payload string
	}{{saslStart, "PLAIN"}, {saslComplete, "\x00" + user + "\x00" + password}} {
		b = binary.BigEndian.AppendUint32(append(b, m.status), uint32(len(m.payload)))
		b = append(b, m.payload...)
	}
	if _, err := rw.Write(b); err != nil {
		return err
	}
	var head [5]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return fmt.Errorf("login as %s: %w", user, err)
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size > maxSASL {
		return fmt.Errorf("login as %s: an answer of %d bytes is none of SASL", user, size)
	}
	said := make([]byte, size)
	if _, err := io.ReadFull(rw, said); err != nil {
		return fmt.Errorf("login as %s: %w", user, err)
	}
	if head[0] != saslComplete {
		return fmt.Errorf("login as %s was refused: %.200q", user, said)
	}
	return nil
}
