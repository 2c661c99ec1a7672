package catalog

// Connection says how the nodes of a metastore are spoken to. The zero value is
// what metastores are without further settings.
type Connection struct {
	// TLS is whether connections are made by TLS. Roots are certificates to trust,
	// as PEM; without any, those of the machine.
	TLS   bool
	Roots string
	// User logs in by SASL PLAIN, with Password; without a user nobody does. The
	// password is never written with the rest.
	User     string
	Password string `json:"-"`
	// Framed and Compact are how messages are sent without a login: in frames, and
	// by the compact protocol. With one they are framed.
	Framed, Compact bool
}
