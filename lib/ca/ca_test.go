package ca_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"testing"
	"time"

	"lethe/lib/ca"
)

// TestServersAreBelieved: who trusts the authority reaches a server by each of its
// hosts, by no other, and nobody else's server.
func TestServersAreBelieved(t *testing.T) {
	now := time.Now()
	a := authority(t, now)
	cert, key := a.PEM()
	again, err := ca.Parse(cert, key)
	must(t, err)
	s, err := again.Issue([]string{"localhost", "127.0.0.1", "db.example", "localhost"}, now)
	must(t, err)
	pair, err := tls.X509KeyPair(s.Cert, s.Key)
	must(t, err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	must(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.WriteString(c, "here")
				c.Close()
			}()
		}
	}()
	try := func(host string, trusted []byte) error {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(trusted)
		d := tls.Dialer{NetDialer: &net.Dialer{Timeout: time.Minute}, Config: &tls.Config{RootCAs: pool, ServerName: host}}
		c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = io.ReadAll(c)
		return err
	}
	for _, host := range []string{"localhost", "127.0.0.1", "db.example"} {
		if err := try(host, cert); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if err := try("other.example", cert); err == nil {
		t.Error("a name that is not in the certificate was believed")
	}
	other, _ := authority(t, now).PEM()
	if err := try("localhost", other); err == nil {
		t.Error("who trusts another authority believed the server")
	}
}

// TestLives: a server's certificate holds a year, and not longer than its authority.
func TestLives(t *testing.T) {
	now := time.Now()
	a := authority(t, now)
	s, err := a.Issue([]string{"localhost"}, now)
	must(t, err)
	if d := s.Until.Sub(now); d < 364*24*time.Hour || d > 366*24*time.Hour {
		t.Errorf("it holds %v", d)
	}
	if ca.Due(s.Until, now) || !ca.Due(s.Until, now.Add(300*24*time.Hour)) {
		t.Error("a renewal is due when a third of the year is left")
	}
	end := a.Cert.NotAfter
	s, err = a.Issue([]string{"localhost"}, end.Add(-24*time.Hour))
	must(t, err)
	if s.Until.After(end) {
		t.Errorf("it holds until %v, the authority until %v", s.Until, end)
	}
	if _, err := a.Issue([]string{"localhost"}, end); err == nil {
		t.Error("an authority that has expired signs")
	}
	if _, err := a.Issue(nil, now); err == nil {
		t.Error("a certificate for no host")
	}
}

// TestParse: only a key that is the authority's makes one.
func TestParse(t *testing.T) {
	now := time.Now()
	a := authority(t, now)
	cert, key := a.PEM()
	_, other := authority(t, now).PEM()
	s, err := a.Issue([]string{"localhost"}, now)
	must(t, err)
	for name, pair := range map[string][2][]byte{
		"another's key": {cert, other}, "nothing": {nil, nil}, "no key": {cert, []byte("x")}, "exchanged": {key, cert}, "a server's": {s.Cert, s.Key},
		"cut off": {cert[:len(cert)/2], key}, "damaged": {bytes.Replace(cert, []byte("M"), []byte("N"), 1), key},
	} {
		if _, err := ca.Parse(pair[0], pair[1]); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func authority(t *testing.T, now time.Time) *ca.Authority {
	t.Helper()
	a, err := ca.New("test", now)
	must(t, err)
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
