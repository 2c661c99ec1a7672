package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"reflect"
	"slices"
	"sync"
	"time"

	"lethe"
	"lethe/catalog"
	"lethe/catalog/hive"
	"lethe/lib/awsproto"
	"lethe/query"
	"lethe/wire/lambda"
)

// rest are the services that speak AWS's REST protocol.
func (a *App) rest() []*awsproto.RESTService {
	return []*awsproto.RESTService{
		lambda.New(lambda.Config{Connectors: a.Queries, Access: a.Access, Region: a.Config.AWS.Region}),
	}
}

// connectors keeps what has been reached of other metastores, by the connector's
// name, with its connections and what it knows of its nodes.
type connectors struct {
	mu      sync.Mutex
	reached map[string]reached
}

type reached struct {
	by      query.Connector // without what says nothing of the connection
	catalog *hive.Catalog
}

// connect returns the metastore of a connector: the one of before while the
// connector says the same of how it is reached. It returns nil for the lake's own
// if none is served.
func (a *App) connect(_ context.Context, c query.Connector) (catalog.Catalog, error) {
	if len(c.URIs) == 0 {
		if own := a.own.Load(); own != nil {
			return own, nil
		}
		return nil, nil
	}
	c.Description, c.Created, c.Changed, c.Sealed = "", time.Time{}, time.Time{}, ""
	a.connectors.mu.Lock()
	defer a.connectors.mu.Unlock()
	old, ok := a.connectors.reached[c.Name]
	if ok && reflect.DeepEqual(old.by, c) {
		return old.catalog, nil
	}
	k, err := hive.Open(hive.Config{URIs: c.URIs, Connection: c.Connection})
	if err != nil {
		return nil, err
	}
	if ok {
		old.catalog.Retire() // statements may still be asking it
	}
	if a.connectors.reached == nil {
		a.connectors.reached = map[string]reached{}
	}
	c.URIs = slices.Clone(c.URIs)
	a.connectors.reached[c.Name] = reached{c, k}
	return k, nil
}

// ownClient is as whom the lake itself logs in to the metastore that it serves, with
// a password that is made for the process.
const ownClient = "lethe-hive-metastore"

// reachOwn makes the connector to the lake's own metastore, at the address where it
// is served: queries through it take the way that they take to any other. What they
// may do has been decided when they come there, so it asks as the lake.
func (a *App) reachOwn(at net.Addr, cert *tls.Certificate, password string) error {
	_, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return err
	}
	host := "127.0.0.1"
	if ip := at.(*net.TCPAddr).IP; !ip.IsUnspecified() {
		host = ip.String()
	}
	c := hive.Config{URIs: []string{"thrift://" + net.JoinHostPort(host, port)}, Age: -1, Connection: catalog.Connection{User: ownClient, Password: password}}
	if cert != nil {
		// The certificate has the names by which others know this machine. It is not
		// names that tell the lake itself, but that it is this very certificate.
		c.Secure = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error {
			if !bytes.Equal(s.PeerCertificates[0].Raw, cert.Certificate[0]) {
				return lethe.Errorf(lethe.Denied, "another certificate than the metastore's own answers at %s", at)
			}
			return nil
		}}
	}
	own, err := hive.Open(c)
	if err != nil {
		return err
	}
	a.own.Store(own)
	a.onStop(own.Close)
	return nil
}

func (a *App) closeConnectors() error {
	a.connectors.mu.Lock()
	defer a.connectors.mu.Unlock()
	for _, r := range a.connectors.reached {
		r.catalog.Close()
	}
	return nil
}

// MetastoreNodes returns the states of the nodes that connectors have used, by
// the connector's name.
func (a *App) MetastoreNodes() map[string][]hive.NodeState {
	a.connectors.mu.Lock()
	defer a.connectors.mu.Unlock()
	out := map[string][]hive.NodeState{}
	for name, r := range a.connectors.reached {
		out[name] = r.catalog.Nodes()
	}
	if own := a.own.Load(); own != nil {
		out[query.OwnConnector] = own.Nodes()
	}
	return out
}
