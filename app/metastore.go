package app

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"lethe"
	"lethe/access"
	"lethe/catalog"
	"lethe/query"
	"lethe/wire/hms"
)

// serveMetastore answers clients of a Hive metastore.
func (a *App) serveMetastore() error {
	c := a.Config.Metastore
	if c.Addr == "" {
		return nil
	}
	m, ok := a.Catalog.(catalog.Metastore)
	if !ok {
		return lethe.Errorf(lethe.Unsupported, "this catalog cannot be served as a metastore").WithHint("set metastore.addr to \"\"")
	}
	warehouse, err := lethe.ParseLocation(c.Warehouse)
	if err != nil {
		return err
	}
	if err := a.Objects.CreateBucket(context.Background(), warehouse.Bucket); err != nil && !lethe.Is(err, lethe.Exists) {
		return err
	}
	login := &metastoreLogin{access: a.Access, slots: make(chan struct{}, 2), own: rand.Text()}
	conf := hms.Config{Catalog: query.Ruled(m, a.Access), Access: a.Access, Folders: folders{a.Stores, a.Access}, Region: a.Config.AWS.Region, Warehouse: c.Warehouse, Log: a.Log,
		Login: login.login}
	if c.Anonymous != "" {
		anonymous := &anonymous{access: a.Access, name: c.Anonymous}
		for _, n := range c.AnonymousFrom {
			p, err := netip.ParsePrefix(n)
			if err != nil {
				return err
			}
			anonymous.from = append(anonymous.from, p)
		}
		conf.Anonymous = anonymous.principal
	}
	var cert *tls.Certificate
	if c.CertFile != "" {
		loaded, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return fmt.Errorf("certificate of the metastore: %w", err)
		}
		cert = &loaded
		conf.TLS = &tls.Config{Certificates: []tls.Certificate{loaded}, MinVersion: tls.VersionTLS12}
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return lethe.Errorf(lethe.Conflict, "cannot listen on %s: %w", c.Addr, err).WithHint("choose another port with --hms-addr; 0 takes a free one, \"\" serves no metastore")
	}
	s := hms.New(conf)
	go func() {
		if err := s.Serve(l); err != nil {
			a.fail(fmt.Errorf("metastore: %w", err))
		}
	}()
	a.onStop(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		s.Shutdown(ctx) // what still runs then is cut off, as the stop wants it
		return nil
	})
	a.Endpoints.HMS = "thrift://" + l.Addr().String()
	return a.reachOwn(l.Addr(), cert, login.own)
}

// metastoreLogin checks what clients log in with by SASL PLAIN.
type metastoreLogin struct {
	access *access.Service
	slots  chan struct{} // passwords are made to take time to check
	own    string        // the password of ownClient
}

var wrong = lethe.Errorf(lethe.Denied, "name or password is wrong")

func (m *metastoreLogin) login(ctx context.Context, name, password string) (lethe.Principal, error) {
	if name == ownClient && subtle.ConstantTimeCompare([]byte(password), []byte(m.own)) == 1 {
		return lethe.System, nil
	}
	if k, err := m.access.Key(ctx, name); err == nil {
		// A temporary key comes with a token, for which PLAIN has no place.
		if k.SessionToken != "" || subtle.ConstantTimeCompare([]byte(k.Secret), []byte(password)) != 1 {
			return lethe.Principal{}, wrong
		}
		m.access.Used(name, "glue", "")
		return k.Principal, nil
	} else if !lethe.Is(err, lethe.NotFound) {
		return lethe.Principal{}, err
	}
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
	case <-ctx.Done():
		return lethe.Principal{}, ctx.Err()
	}
	token, p, err := m.access.Login(ctx, name, password)
	if err != nil {
		return lethe.Principal{}, err
	}
	return p, m.access.Logout(ctx, token)
}

// anonymous is the user as whom clients work that have not logged in.
type anonymous struct {
	access *access.Service
	name   string
	from   []netip.Prefix

	mu    sync.Mutex
	user  lethe.Principal
	until time.Time
}

// anonymousAge is for how long the user is not looked up again. What the user may
// do is decided anew for every call.
const anonymousAge = 5 * time.Second

func (a *anonymous) principal(ctx context.Context, remote net.Addr, _ string) (lethe.Principal, error) {
	addr, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return lethe.Principal{}, nil
	}
	ip, known := addr.Addr().Unmap().WithZone(""), false
	for _, p := range a.from {
		known = known || p.Contains(ip)
	}
	if !known {
		return lethe.Principal{}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.until) {
		return a.user, nil
	}
	u, err := a.access.User(ctx, a.name)
	switch {
	case lethe.Is(err, lethe.NotFound):
		a.user = lethe.Principal{}
	case err != nil:
		return lethe.Principal{}, err
	default:
		a.user = lethe.Principal{ID: u.ID, Name: u.Name, ARN: u.ARN()}
	}
	a.until = time.Now().Add(anonymousAge)
	return a.user, nil
}

// AnonymousUser is as whom the sample lake's metastore serves clients of this
// machine that have not logged in.
const AnonymousUser = "metastore"

// SampleMetastore makes the user AnonymousUser, who may read the catalog. What
// somebody has changed of it meanwhile stays changed.
func (a *App) SampleMetastore(ctx context.Context) error {
	_, err := a.Access.CreateUser(ctx, access.NewUser{Name: AnonymousUser, Path: "/"})
	if lethe.Is(err, lethe.Exists) {
		return nil
	}
	if err != nil {
		return err
	}
	policy := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["glue:Get*"], "Resource": "` +
		strings.TrimSuffix(lethe.CatalogARN(a.Config.AWS.Region), "catalog") + `*"}]}`
	return a.Access.PutInline(ctx, access.UserNamed(AnonymousUser), "read-the-catalog", policy)
}
