package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"lethe"
)

// Metastore configures the Hive metastore that the lake serves.
type Metastore struct {
	// Addr is host:port; "" serves none.
	Addr string `yaml:"addr"`
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
