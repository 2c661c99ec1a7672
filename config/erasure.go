package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Erasure configures who decides on erasures of persons, and where these are looked for
// besides the lake's own objects.
type Erasure struct {
	// Index is where the index of identifiers is: "" or pebble for a folder in the data
	// folder, which is one process's alone; postgres://user@host:5432/database for a
	// PostgreSQL server; instance:NAME/DATABASE for one of the lake's own database
	// instances; or dynamodb://region/table, with ?profile= and ?endpoint= where needed.
	Index Secret `yaml:"index"`
	// IndexPassword of PostgreSQL, unless it is in Index or managed by the lake.
	IndexPassword Secret `yaml:"index_password"`
	// IndexPlain keeps the identifiers themselves in PostgreSQL too, in clear, as the view
	// lethe_index.user_objects(userid, s3path, recordline). This makes the index a second
	// copy of personal data: whoever reads the database, or a backup of it, knows who is
	// where. It is erased with the persons; backups and the server's logs are not.
	IndexPlain bool `yaml:"index_plain"`
	// IndexBackups is for how long the backups and logs of PostgreSQL keep what was deleted
	// from the index, which reports and certificates say; 0 if that is not known.
	IndexBackups time.Duration `yaml:"index_backups"`

	ErasureFlow `yaml:",inline"`

	Databases []ErasureDatabase `yaml:"databases"`
	Hooks     []ErasureHook     `yaml:"hooks"`
}

// ErasureDatabase is a database of a PostgreSQL, MySQL or MariaDB server.
type ErasureDatabase struct {
	// Name of it in reports.
	Name string `yaml:"name"`
	// DSN is postgres://user@host:5432/database?sslmode=verify-full or
	// mysql://user@host:3306/database?tls=true, or instance:NAME/DATABASE for one of the
	// lake's own database instances.
	DSN Secret `yaml:"dsn"`
	// Password, unless it is in the DSN or managed by the lake.
	Password Secret         `yaml:"password"`
	Tables   []ErasureTable `yaml:"tables"`
	// Timeout of a statement, and LockTimeout of waiting for locks; 0 means 5m and 10s.
	Timeout     time.Duration `yaml:"timeout"`
	LockTimeout time.Duration `yaml:"lock_timeout"`
	// Backups is for how long backups and logs keep what was deleted.
	Backups time.Duration `yaml:"backups"`
}

// Instance is the database instance that DSN names, nil if it names none.
func (d ErasureDatabase) Instance() *InstanceRef { return instanceRef("dsn", string(d.DSN)) }

// ErasureTable says which columns of a table hold identifiers, and what becomes of
// the rows of who is erased.
type ErasureTable struct {
	Table       string              `yaml:"table"` // as schema.table
	Identifiers []ErasureIdentifier `yaml:"identifiers"`
	// Mode is delete (the default), null, blank, pseudonymise or replace.
	Mode string `yaml:"mode"`
	// Replace gives new values of columns; null makes one null.
	Replace map[string]*string `yaml:"replace"`
}

// ErasureIdentifier is where a table holds identifiers of a type, with a column for
// each of its parts.
type ErasureIdentifier struct {
	Type    string   `yaml:"type"`
	Columns []string `yaml:"columns"`
}

// ErasureHook is another program that erases persons when it is asked by HTTP.
type ErasureHook struct {
	Name string `yaml:"name"`
	// URL that requests are posted to: https, or http on this machine.
	URL     string        `yaml:"url"`
	Secret  Secret        `yaml:"secret"` // signs requests
	Timeout time.Duration `yaml:"timeout"`
	CAFile  string        `yaml:"ca_file"`
}

var holderName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)

func (e Erasure) check() error {
	if err := e.checkIndex(); err != nil {
		return err
	}
	named := map[string]bool{}
	for i, d := range e.Databases {
		at := fmt.Sprintf("erasure.databases[%d]", i)
		if err := checkHolderName(at, d.Name, named); err != nil {
			return err
		}
		if isInstance(string(d.DSN)) {
			if _, err := parseInstance(at+".dsn", string(d.DSN)); err != nil {
				return err
			}
		} else if scheme, _, ok := strings.Cut(string(d.DSN), "://"); !ok || !slices.Contains([]string{"postgres", "postgresql", "mysql", "mariadb"}, scheme) {
			return &Error{at + ".dsn", d.DSN.String(), "must begin with postgres://, mysql:// or instance:"}
		}
		if len(d.Tables) == 0 {
			return &Error{at + ".tables", "", "must name at least one table"}
		}
		for _, n := range []struct {
			field string
			value time.Duration
		}{{"timeout", d.Timeout}, {"lock_timeout", d.LockTimeout}, {"backups", d.Backups}} {
			if n.value < 0 {
				return &Error{at + "." + n.field, n.value.String(), "must not be negative"}
			}
		}
	}
	for i, h := range e.Hooks {
		at := fmt.Sprintf("erasure.hooks[%d]", i)
		if err := checkHolderName(at, h.Name, named); err != nil {
			return err
		}
		if err := checkURL(at+".url", h.URL, "http", "https"); err != nil {
			return err
		}
		if u, err := url.Parse(h.URL); err != nil || u.Scheme == "http" && !loopback(u.Hostname()) {
			return &Error{at + ".url", u.Redacted(), "must be https://, as it is sent identifiers, unless it is on this machine"}
		}
		if h.Secret == "" {
			return &Error{at + ".secret", "", "must be set: whoever reaches the hook could have persons erased"}
		}
		if h.Timeout < 0 {
			return &Error{at + ".timeout", h.Timeout.String(), "must not be negative"}
		}
	}
	return nil
}

func checkHolderName(at, name string, named map[string]bool) error {
	if !holderName.MatchString(name) {
		return &Error{at + ".name", name, "must be letters, digits, underscores, dots and hyphens"}
	}
	if named[name] {
		return &Error{at + ".name", name, "is the name of another one"}
	}
	named[name] = true
	return nil
}
