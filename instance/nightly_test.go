//go:build nightly

package instance_test

import (
	"crypto/tls"
	"database/sql"
	"net"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/go-sql-driver/mysql"

	"lethe/instance"
	"lethe/instance/mariadb"
)

func init() {
	kinds = append(kinds, kind{"mariadb", "news", func(dir string) instance.Engine { return mariadb.New(mariadb.Options{Dir: dir}) },
		func(d types.DBInstance, password, database string, t *tls.Config) (*sql.DB, error) {
			c := mysql.NewConfig()
			c.User, c.Passwd, c.Net, c.Addr, c.DBName, c.TLS = *d.MasterUsername, password, "tcp", net.JoinHostPort(*d.Endpoint.Address, strconv.Itoa(int(*d.Endpoint.Port))), database, t
			connector, err := mysql.NewConnector(c)
			if err != nil {
				return nil, err
			}
			return sql.OpenDB(connector), nil
		}})
}
