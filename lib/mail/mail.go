// Package mail sends letters of plain text by SMTP (RFC 5321).
//
//	m, err := mail.New(mail.Config{Addr: "smtp.example.org:587", From: "Lake <lake@example.org>", User: "lake", Password: secret})
//	err = m.Send(ctx, mail.Message{ID: "r-1/done", To: "ada@example.org", Subject: "...", Text: "..."})
//
// # Security
//
// A connection is encrypted, with a certificate that is verified, unless the
// configuration says that it need not be: a server that does not offer STARTTLS is
// refused, and is given neither the password nor the letter. Nothing that a caller puts
// into a Message can become a header or another recipient: line ends in a subject are
// spaces, and an address is one address.
//
// # Sending again
//
// Whoever is not told that a letter was taken sends it again with the same ID, which makes
// the same Message-ID, so that who has had it can tell.
package mail

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Security is how a connection is encrypted.
type Security string

// The ways.
const (
	StartTLS Security = "starttls" // on a plain connection, before anything else: the default
	TLS      Security = "tls"      // from the first byte (RFC 8314)
	Plain    Security = "none"     // not at all: for a server on the same machine
)

// Config is a server of mail, and who writes.
type Config struct {
	Addr string // host:port
	// From is the sender, as "Lake <lake@example.org>".
	From string
	// User and Password log in; "" means that the server asks for none. They are sent
	// over encrypted connections only.
	User, Password string
	Security       Security // "" means StartTLS
	// Roots are certificates to trust instead of the system's; may be nil.
	Roots *x509.CertPool
	// Timeout of a letter. Default: 30 seconds.
	Timeout time.Duration
}

// Message is a letter to one person.
type Message struct {
	// ID is the same for the same letter. Only a hash of it is sent.
	ID      string
	To      string // one address
	Subject string
	Text    string
}

// ErrRefused says that the server will not take this letter, now or later: the address is
// wrong, or unknown there.
var ErrRefused = errors.New("the letter was refused")

// Mailer sends letters. Its methods may be called at the same time.
type Mailer struct {
	Config
	from *mail.Address
	host string
	port int
	idOf string // domain of the sender
}

// New checks a configuration. It does not connect.
func New(c Config) (*Mailer, error) {
	host, port, err := net.SplitHostPort(c.Addr)
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil || host == "" || n < 1 || n > 65535 {
		return nil, fmt.Errorf("mail server %q is not host:port", c.Addr)
	}
	from, err := Address(c.From)
	if err != nil {
		return nil, fmt.Errorf("mail sender %q is no address", c.From)
	}
	switch c.Security {
	case "":
		c.Security = StartTLS
	case StartTLS, TLS, Plain:
	default:
		return nil, fmt.Errorf("mail security %q is none of starttls, tls and none", c.Security)
	}
	if c.Security == Plain && c.Password != "" {
		return nil, errors.New("a password is not sent over a connection that is not encrypted")
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	return &Mailer{Config: c, from: from, host: host, port: n, idOf: domain}, nil
}

// Address reads an e-mail address, with a name before it or without. Only ASCII without
// quotes is taken: what other servers make of more cannot be relied on.
func Address(text string) (*mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil, errors.New("it is not an e-mail address")
	}
	local, domain, _ := strings.Cut(a.Address, "@")
	for _, r := range a.Address {
		if r <= ' ' || r > '~' || strings.ContainsRune("\"\\<>()[],;:", r) {
			return nil, errors.New("it is not an e-mail address that is sent to")
		}
	}
	if local == "" || domain == "" || strings.Contains(domain, "@") || len(a.Address) > 254 || strings.HasPrefix(local, "-") {
		return nil, errors.New("it is not an e-mail address that is sent to")
	}
	return a, nil
}

// MessageID returns the Message-ID of a letter, without its brackets.
func (m *Mailer) MessageID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16]) + "@" + m.idOf
}

// Send sends a letter, and returns when the server has taken it. ErrRefused says that
// sending it again is of no use; after any other error it may be, and the letter may have
// been taken all the same.
func (m *Mailer) Send(ctx context.Context, l Message) error {
	to, err := Address(l.To)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(to)
	msg.Subject(oneLine(l.Subject))
	msg.SetMessageIDWithValue(m.MessageID(l.ID))
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody answers it by itself
	msg.SetBodyString(gomail.TypeTextPlain, l.Text)

	ctx, cancel := context.WithTimeout(ctx, m.Timeout)
	defer cancel()
	c, err := m.client()
	if err != nil {
		return err
	}
	return refusal(c.DialAndSendWithContext(ctx, msg))
}

func (m *Mailer) client() (*gomail.Client, error) {
	o := []gomail.Option{
		gomail.WithPort(m.port), gomail.WithTimeout(m.Timeout), gomail.WithHELO(m.idOf),
		gomail.WithTLSConfig(&tls.Config{ServerName: m.host, RootCAs: m.Roots, MinVersion: tls.VersionTLS12}),
	}
	switch m.Security {
	case TLS:
		o = append(o, gomail.WithSSL())
	case Plain:
		o = append(o, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if m.User != "" {
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(m.User), gomail.WithPassword(m.Password))
	}
	return gomail.NewClient(m.host, o...)
}

// refusal tells what cannot be mended by waiting: a reply of 5xx to the recipient or to
// the letter. A login that is refused is an operator's to mend, and is not.
func refusal(err error) error {
	var s *gomail.SendError
	if !errors.As(err, &s) || s.IsTemp() {
		return err
	}
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code/100 != 5 {
		return err
	}
	switch s.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// oneLine makes spaces of what ends lines, and of other control characters.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }), " ")
}
