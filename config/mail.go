package config

import (
	"lethe/lib/mail"
)

// Mail configures how the lake writes letters: to those who decide on erasures, and to
// those who asked for them. Without it nobody is told by mail.
type Mail struct {
	// Addr of an SMTP server, as smtp.example.org:587; "" means that there is no mail.
	Addr string `yaml:"addr"`
	// From is who writes, as Lake <lake@example.org>.
	From string `yaml:"from"`
	// User and Password log in at the server; "" if it asks for none.
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
	// Security of the connection: starttls (the default), tls, or none, which is for a
	// server on this machine.
	Security string `yaml:"security"`
	CAFile   string `yaml:"ca_file"` // certificates to trust instead of the system's
}

// Enabled reports whether there is mail.
func (m Mail) Enabled() bool { return m.Addr != "" }

func (m Mail) check() error {
	if !m.Enabled() {
		if m.From != "" || m.User != "" || m.Password != "" {
			return &Error{"mail.addr", "", "must be set, as smtp.example.org:587"}
		}
		return nil
	}
	_, err := mail.New(mail.Config{Addr: m.Addr, From: m.From, User: m.User, Password: string(m.Password), Security: mail.Security(m.Security)})
	if err != nil {
		return &Error{"mail", m.Addr, "cannot be used: " + err.Error()}
	}
	return nil
}
