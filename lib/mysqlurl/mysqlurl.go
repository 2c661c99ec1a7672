// Package mysqlurl reads the URLs of MySQL and MariaDB databases.
package mysqlurl

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// ErrURL is about a URL that cannot be read. It does not repeat it, as it may hold
// a password.
var ErrURL = errors.New("not a URL as mysql://user@host:3306/database?tls=true")

// Parse reads mysql://user:password@host:3306/database with the driver's
// parameters, and socket=PATH for a unix socket. With ssl-ca=PATH, MySQL's own name
// for it, the server must prove by TLS that it is the host, with a certificate that one of
// the file has signed. A connection is given up after five seconds unless the URL says
// otherwise.
func Parse(text string) (*mysql.Config, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "mysql" && u.Scheme != "mariadb" {
		return nil, ErrURL
	}
	q := u.Query()
	socket, authority := q.Get("socket"), q.Get("ssl-ca")
	q.Del("socket")
	q.Del("ssl-ca")
	c, err := mysql.ParseDSN("/?" + q.Encode())
	if err != nil {
		return nil, ErrURL
	}
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.DBName = strings.TrimPrefix(u.Path, "/")
	if c.DBName == "" || socket == "" && u.Hostname() == "" {
		return nil, ErrURL
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	c.Net, c.Addr = "tcp", net.JoinHostPort(u.Hostname(), port)
	if socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if authority != "" {
		text, err := os.ReadFile(authority)
		if err != nil {
			return nil, fmt.Errorf("ssl-ca: %w", err)
		}
		trust := x509.NewCertPool()
		if !trust.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("ssl-ca: %s holds no certificate", authority)
		}
		c.TLS = &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}
	}
	if c.TLS != nil && c.TLS.ServerName == "" && !c.TLS.InsecureSkipVerify {
		c.TLS.ServerName = u.Hostname()
	}
	if c.Params == nil {
		c.Params = map[string]string{}
	}
	return c, nil
}
