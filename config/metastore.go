package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"

	"lethe"
)

// Metastore configures the Hive metastore that the lake serves.
type Metastore struct {
	// Addr is host:port; "" serves none.
	Addr string `yaml:"addr"`
	// Database is where the catalog is: the URL of a database of a PostgreSQL or
	// MySQL server, which metastores may share; instance:NAME/DATABASE for one of the
	// lake's own database instances; "" means catalog.db in the data folder.
	Database string `yaml:"database"`
	// DatabasePassword, unless it is in the URL, or is that of an instance's first user
	// which the lake manages.
	DatabasePassword Secret `yaml:"database_password"`
	// DatabaseVersion is the version of Hive's schema, as 4.0, of a database that
	// has no tables yet; "" means 3.1. One that has them keeps its own.
	DatabaseVersion string `yaml:"database_version"`
	// DatabaseBackups is for how long the server's backups and logs keep what was
	// deleted, which reports and certificates of erasures say; 0 if that is not known.
	DatabaseBackups time.Duration `yaml:"database_backups"`
	// Warehouse is the s3:// location below which databases without one of their
	// own have their tables.
	Warehouse string `yaml:"warehouse"`
	// Anonymous names the user as whom clients work that have not logged in; ""
	// means that they may do nothing.
	Anonymous string `yaml:"anonymous"`
	// AnonymousFrom are the networks from which they work as that user, as
	// 10.0.0.0/8. Elsewhere they may do nothing.
	AnonymousFrom []string `yaml:"anonymous_from"`
	// CertFile and KeyFile, in PEM, make clients connect by TLS.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

// DefaultMetastore is how a metastore is served unless configured otherwise.
func DefaultMetastore() Metastore {
	return Metastore{Addr: "127.0.0.1:9083", Warehouse: "s3://lethe-warehouse/", AnonymousFrom: []string{"127.0.0.0/8", "::1/128"}}
}

func (m Metastore) check() error {
	if m.Addr != "" {
		if _, port, err := net.SplitHostPort(m.Addr); err != nil {
			return &Error{"metastore.addr", m.Addr, "must be host:port"}
		} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			return &Error{"metastore.addr", m.Addr, "must have a port from 0 (any) to 65535"}
		}
	}
	if err := m.checkDatabase(); err != nil {
		return err
	}
	if _, err := lethe.ParseLocation(m.Warehouse); err != nil {
		return &Error{"metastore.warehouse", m.Warehouse, "must be a location s3://bucket/prefix"}
	}
	for _, n := range m.AnonymousFrom {
		if _, err := netip.ParsePrefix(n); err != nil {
			return &Error{"metastore.anonymous_from", n, "must be a network as 10.0.0.0/8"}
		}
	}
	if (m.CertFile == "") != (m.KeyFile == "") {
		return &Error{"metastore.cert_file", fmt.Sprint(m.CertFile), "needs key_file, and the other way round"}
	}
	return nil
}

// Instance is the database instance that Database names, nil if it names none.
func (m Metastore) Instance() *InstanceRef { return instanceRef("metastore.database", m.Database) }

func (m Metastore) checkDatabase() error {
	if m.Database == "" && m.DatabasePassword != "" {
		return &Error{"metastore.database_password", m.DatabasePassword.String(), "needs metastore.database"}
	}
	if isInstance(m.Database) {
		if _, err := parseInstance("metastore.database", m.Database); err != nil {
			return err
		}
	} else if m.Database != "" {
		u, err := url.Parse(m.Database)
		if err != nil {
			return &Error{"metastore.database", "(hidden)", "must be a URL as postgres://user@host/database"}
		}
		if !slices.Contains([]string{"postgres", "postgresql", "mysql", "mariadb"}, u.Scheme) {
			return &Error{"metastore.database", u.Redacted(), "must begin with postgres://, mysql:// or instance:"}
		}
	}
	if m.DatabaseBackups < 0 || m.DatabaseBackups > 0 && m.Database == "" {
		return &Error{"metastore.database_backups", m.DatabaseBackups.String(), "must not be negative, and needs metastore.database"}
	}
	if m.DatabaseVersion != "" && !slices.Contains([]string{"3.1", "4.0", "4.1"}, m.DatabaseVersion) {
		return &Error{"metastore.database_version", m.DatabaseVersion, "must be 3.1, 4.0 or 4.1"}
	}
	return nil
}
