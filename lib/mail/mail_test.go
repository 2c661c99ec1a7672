package mail_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"

	"lethe/lib/mail"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// server is an SMTP server that keeps what it takes.
type server struct {
	mu      sync.Mutex
	letters []letter
	logins  int
	fail    *smtp.SMTPError // of recipients
}

type letter struct {
	from string
	to   []string
	raw  []byte
}

type session struct {
	s *server
	letter
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "lake" || password != "secret" {
			return smtp.ErrAuthFailed
		}
		s.s.mu.Lock()
		defer s.s.mu.Unlock()
		s.s.logins++
		return nil
	}), nil
}
func (s *session) Reset()        { s.letter = letter{} }
func (s *session) Logout() error { return nil }
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.s.fail != nil {
		return s.s.fail
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) (err error) {
	s.raw, err = io.ReadAll(r)
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	s.s.letters = append(s.s.letters, s.letter)
	return err
}

// serve answers on an address; roots is nil for a server without TLS.
func (s *server) serve(t *testing.T, encrypted, implicit bool) (addr string, roots *x509.CertPool) {
	t.Helper()
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{s: s}, nil }))
	srv.ErrorLog = quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if encrypted {
		// A certificate for 127.0.0.1 that httptest has.
		web := httptest.NewTLSServer(nil)
		t.Cleanup(web.Close)
		srv.TLSConfig = &tls.Config{Certificates: web.TLS.Certificates}
		roots = x509.NewCertPool()
		roots.AddCert(web.Certificate())
		if implicit {
			l = tls.NewListener(l, srv.TLSConfig)
		}
	}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return l.Addr().String(), roots
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func TestSend(t *testing.T) {
	for _, way := range []mail.Security{mail.StartTLS, mail.TLS, mail.Plain} {
		t.Run(string(way), func(t *testing.T) {
			var s server
			addr, roots := s.serve(t, way != mail.Plain, way == mail.TLS)
			c := mail.Config{Addr: addr, From: "The Lake <lake@example.org>", Security: way, Roots: roots}
			if way != mail.Plain {
				c.User, c.Password = "lake", "secret"
			}
			m, err := mail.New(c)
			if err != nil {
				t.Fatal(err)
			}
			l := mail.Message{ID: "r-1/done", To: "ada@example.org", Subject: "Erased: ä\r\nBcc: eve@example.org", Text: "Dear Ada,\n.\nyou are forgotten — really.\n"}
			for range 2 {
				if err := m.Send(t.Context(), l); err != nil {
					t.Fatal(err)
				}
			}
			if len(s.letters) != 2 || way != mail.Plain && s.logins != 2 {
				t.Fatalf("%d letters, %d logins", len(s.letters), s.logins)
			}
			var ids []string
			for _, have := range s.letters {
				if have.from != "lake@example.org" || !slices.Equal(have.to, []string{"ada@example.org"}) {
					t.Errorf("from %s to %s", have.from, have.to)
				}
				msg, err := netmail.ReadMessage(bytes.NewReader(have.raw))
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, msg.Header.Get("Message-ID"))
				subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
				if err != nil || subject != "Erased: ä Bcc: eve@example.org" || msg.Header.Get("Bcc") != "" {
					t.Errorf("subject %q, %v; headers %v", subject, err, msg.Header)
				}
			}
			if ids[0] != ids[1] || ids[0] != "<"+m.MessageID("r-1/done")+">" {
				t.Errorf("a letter sent again has another id: %s", ids)
			}
		})
	}
}

func TestNothingGoesOverAPlainConnection(t *testing.T) {
	var s server
	addr, _ := s.serve(t, false, false)
	m, err := mail.New(mail.Config{Addr: addr, From: "lake@example.org", User: "lake", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), mail.Message{ID: "1", To: "ada@example.org"}); err == nil || errors.Is(err, mail.ErrRefused) || len(s.letters)+s.logins > 0 {
		t.Errorf("sent over a plain connection: %v", err)
	}
	if _, err := mail.New(mail.Config{Addr: addr, From: "lake@example.org", User: "lake", Password: "secret", Security: mail.Plain}); err == nil {
		t.Error("a password without TLS")
	}
}

func TestACertificateOfAnotherIsRefused(t *testing.T) {
	var s server
	addr, _ := s.serve(t, true, false)
	m, err := mail.New(mail.Config{Addr: addr, From: "lake@example.org", Roots: x509.NewCertPool()})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), mail.Message{ID: "1", To: "ada@example.org"}); err == nil || len(s.letters) > 0 {
		t.Errorf("sent to a server that nobody vouches for: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for _, x := range []struct {
		fail    *smtp.SMTPError
		refused bool
	}{
		{&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, true},
		{&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "come again"}, false},
	} {
		s := server{fail: x.fail}
		addr, roots := s.serve(t, true, false)
		m, err := mail.New(mail.Config{Addr: addr, From: "lake@example.org", Roots: roots})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Send(t.Context(), mail.Message{ID: "1", To: "ada@example.org"}); err == nil || errors.Is(err, mail.ErrRefused) != x.refused {
			t.Errorf("%d: %v", x.fail.Code, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m, err := mail.New(mail.Config{Addr: "127.0.0.1:1", From: "lake@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(ctx, mail.Message{ID: "1", To: "ada@example.org"}); err == nil || errors.Is(err, mail.ErrRefused) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for text, ok := range map[string]bool{
		"ada@example.org": true, "Ada L <ada@example.org>": true,
		"": false, "ada": false, "ada@example.org, eve@example.org": false, "ada@example.org\r\nBcc: eve@example.org": false,
		"<ada@example.org> eve": false, `"a b"@example.org`: false, "ä@example.org": false, "-oProxy@example.org": false,
		strings.Repeat("a", 250) + "@example.org": false,
	} {
		if _, err := mail.Address(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []mail.Config{
		{Addr: "smtp", From: "a@b.c"}, {Addr: ":25", From: "a@b.c"}, {Addr: "h:0", From: "a@b.c"}, {Addr: "h:25"}, {Addr: "h:25", From: "x"}, {Addr: "h:25", From: "a@b.c", Security: "ssl"},
	} {
		if _, err := mail.New(c); err == nil {
			t.Errorf("%+v", c)
		}
	}
}
