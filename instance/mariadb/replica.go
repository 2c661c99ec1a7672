package mariadb

import (
	"context"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lethe"
	"lethe/instance"
	"lethe/lib/atomicfile"
)

// role says whom a server follows.
type role struct {
	Source   string // the id
	Dir      string // the source's folder
	Host     string
	Port     int
	User     string
	Password string
	Wait     bool   // the source's commits wait for it
	TLS      bool   // by a certificate of source-ca.pem
	Verify   bool   // which names Host
	Position string // the GTIDs of its copy
	Made     bool   // the copy is whole
	Ending   bool   // it is being promoted, and follows nobody any more
}

// replica is the role of a server; nil if it follows nobody.
func (f folder) replica() (*role, error) {
	var r role
	if err := read(f.role(), &r); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	return &r, nil
}

func read(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

func put(path string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, text, 0o600)
}

// follower is what a server knows of one that follows it.
type follower struct {
	ID, Dir string
	Wait    bool   // commits wait for it while it is there
	Needs   string // the first of this server's logs that it needs
	// Held is true from before commits wait for it even while it is not connected.
	Held bool `json:",omitempty"`
	// Synced is true from when it also has all that was committed before, until before
	// commits wait no more.
	Synced bool `json:",omitempty"`
}

// lead changes what a server knows of those that follow it.
func (e *Engine) lead(f folder, change func(map[string]follower)) error {
	e.leading.Lock()
	defer e.leading.Unlock()
	list, err := f.following()
	if err != nil {
		return err
	}
	all := map[string]follower{}
	for _, one := range list {
		all[one.ID] = one
	}
	before := maps.Clone(all)
	change(all)
	for id, one := range all {
		if before[id] != one {
			if err := put(f.follower(id), one); err != nil {
				return err
			}
		}
	}
	for id := range before {
		if _, ok := all[id]; !ok {
			if err := os.Remove(f.follower(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func (f folder) following() ([]follower, error) {
	entries, err := os.ReadDir(f.followers())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var all []follower
	for _, d := range entries {
		if !strings.HasSuffix(d.Name(), ".json") || strings.HasPrefix(d.Name(), ".") {
			continue
		}
		var one follower
		if err := read(filepath.Join(f.followers(), d.Name()), &one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (f folder) follower(id string) string {
	return filepath.Join(f.followers(), filepath.Base(id)+".json")
}

// Follow makes s's data as a copy of the running server of, and s its replica.
func (e *Engine) Follow(ctx context.Context, s, of instance.Server, wait bool) error {
	return kind(e.copy(ctx, s, of, wait))
}

func (e *Engine) copy(ctx context.Context, s, of instance.Server, wait bool) error {
	f, source := at(s), at(of)
	if s.Version != of.Version {
		return lethe.Errorf(lethe.Invalid, "a replica of MariaDB %s cannot be of version %s", of.Version, s.Version)
	}
	r, err := f.replica()
	if err != nil {
		return err
	}
	there, err := exists(f.data())
	if err != nil {
		return err
	}
	if there && (r == nil || r.Source != of.ID || !r.Made) {
		return lethe.Errorf(lethe.Conflict, "the server %s has data already", s.ID)
	}
	if !there {
		if err := e.end(ctx, s); err != nil {
			return err
		}
		if err := e.make(f); err != nil {
			return err
		}
		r = &role{Source: of.ID, User: replicator + s.ID, Password: lethe.NewSecret()}
	}
	r.Dir, r.Host, r.Port, r.Wait = of.Dir, of.Host, of.Port, wait
	r.TLS, r.Verify = len(of.TLS.CA) > 0, names(of.TLS.Cert, of.Host)
	if r.TLS {
		if err := e.write(f.join("tls", "source-ca.pem"), of.TLS.CA); err != nil {
			return err
		}
	}
	// The source knows of it first, so that it purges no log.
	names, err := source.all()
	if err != nil {
		return err
	}
	one := follower{ID: s.ID, Dir: s.Dir, Wait: wait}
	if len(names) > 0 {
		one.Needs = names[len(names)-1]
	}
	err = e.lead(source, func(all map[string]follower) {
		if old, ok := all[s.ID]; ok && there {
			one.Needs, one.Held, one.Synced = old.Needs, old.Held && wait, old.Synced && wait
		}
		all[s.ID] = one
	})
	if err != nil {
		return err
	}
	err = e.admin(ctx, of, func(c *sql.Conn) error {
		user := identifier(r.User) + "@'%'"
		return unlogged(ctx, c,
			"CREATE USER IF NOT EXISTS "+user,
			"ALTER USER "+user+" IDENTIFIED BY PASSWORD "+literal(hash(r.Password)),
			"GRANT REPLICATION SLAVE ON *.* TO "+user)
	})
	if err != nil {
		return err
	}
	if !there {
		if err := put(f.role(), r); err != nil {
			return err
		}
		m, err := e.clone(ctx, s, of)
		if err != nil {
			return err
		}
		if err := f.setGeneration(source.generation() + 1); err != nil {
			return err
		}
		r.Position, r.Made = m.GTIDPos, true
	}
	if err := put(f.role(), r); err != nil {
		return err
	}
	if !there {
		if err := f.settle(); err != nil {
			return err
		}
	}
	return e.admin(ctx, of, func(c *sql.Conn) error { return source.reconcile(ctx, c) })
}

// clone copies a running server's data.
func (e *Engine) clone(ctx context.Context, s, of instance.Server) (m mark, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from, to := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := e.unpack(ctx, s, from)
		from.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		read <- err
	}()
	m, err = e.stream(ctx, of, to)
	to.CloseWithError(err)
	if unpacked := <-read; err == nil || unpacked != nil && lethe.KindOf(kind(unpacked)) == lethe.Exhausted {
		err = unpacked
	}
	return m, err
}

// names reports whether a certificate names a host.
func names(cert []byte, host string) bool {
	block, _ := pem.Decode(cert)
	if block == nil {
		return false
	}
	c, err := x509.ParseCertificate(block.Bytes)
	return err == nil && c.VerifyHostname(host) == nil
}

// follow has a replica that was started go on.
func (f folder) follow(ctx context.Context, c *sql.Conn) error {
	r, err := f.replica()
	if r == nil || r.Ending || err != nil {
		return err
	}
	status, err := row(ctx, c, "SHOW SLAVE STATUS")
	if err != nil {
		return err
	}
	if status["Slave_IO_Running"] == "Yes" && status["Slave_SQL_Running"] == "Yes" && status["Master_Host"] == r.Host && status["Master_Port"] == strconv.Itoa(r.Port) {
		return nil
	}
	statements := []string{"STOP SLAVE"}
	if status == nil {
		statements = []string{"SET GLOBAL gtid_slave_pos = " + literal(r.Position)}
	}
	// The source finds that a replica has died when it sends it something, and until then
	// its commits wait.
	change := fmt.Sprintf("CHANGE MASTER TO MASTER_HOST = %s, MASTER_PORT = %d, MASTER_USER = %s, MASTER_PASSWORD = %s, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1, MASTER_HEARTBEAT_PERIOD = 0.5",
		literal(r.Host), r.Port, literal(r.User), literal(r.Password))
	if r.TLS {
		change += fmt.Sprintf(", MASTER_SSL = 1, MASTER_SSL_CA = %s, MASTER_SSL_VERIFY_SERVER_CERT = %d", literal(f.join("tls", "source-ca.pem")), map[bool]int{true: 1}[r.Verify])
	}
	if err := execute(ctx, c, append(statements, change, "START SLAVE")...); err != nil || !r.Wait {
		return err
	}
	// Commits wait for it once it is connected. Where the source is away, it tries on.
	for end := time.Now().Add(connecting); time.Now().Before(end); {
		status, err := row(ctx, c, "SHOW SLAVE STATUS")
		if err != nil || status["Slave_IO_Running"] == "Yes" || status["Last_IO_Errno"] != "0" {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(3 * time.Millisecond):
		}
	}
	return nil
}

// connecting is how long the start of a standby waits until its source has it.
const connecting = 5 * time.Second

// reconcile makes a running server treat those that follow it, and no others, as such.
func (f folder) reconcile(ctx context.Context, c *sql.Conn) error {
	all, err := f.following()
	if err != nil {
		return err
	}
	users, err := column(ctx, c, "SELECT User FROM mysql.global_priv WHERE User LIKE "+literal(replicator+"%"))
	if err != nil {
		return err
	}
	for _, u := range users {
		if slices.ContainsFunc(all, func(one follower) bool { return replicator+one.ID == u }) {
			continue
		}
		if err := unlogged(ctx, c, "DROP USER IF EXISTS "+identifier(u)+"@'%'"); err != nil {
			return err
		}
		threads, err := column(ctx, c, "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = "+literal(u))
		if err != nil {
			return err
		}
		for _, id := range threads {
			// It may have gone meanwhile.
			if err := execute(ctx, c, "KILL "+id); err != nil && !gone(err) {
				return err
			}
		}
	}
	return f.await(ctx, c, all)
}

// await has a running server's commits wait for those of its followers that they are to
// wait for.
func (f folder) await(ctx context.Context, c *sql.Conn, all []follower) error {
	var set []string
	for _, name := range slices.Sorted(maps.Keys(waiting)) {
		value := waiting[name]
		if _, err := strconv.Atoi(value); err != nil {
			value = literal(value)
		}
		set = append(set, "SET GLOBAL "+name+" = "+value)
	}
	on, held := "ON", "OFF"
	if slices.ContainsFunc(all, func(one follower) bool { return one.Held }) {
		held = "ON"
	} else {
		var was bool
		if err := c.QueryRowContext(ctx, "SELECT @@GLOBAL.rpl_semi_sync_master_wait_no_slave").Scan(&was); err != nil {
			return err
		}
		if was {
			// Which is what ends the waits that there are.
			set = append(set, "SET GLOBAL rpl_semi_sync_master_enabled = OFF")
		}
	}
	if !slices.ContainsFunc(all, func(one follower) bool { return one.Wait }) {
		on = "OFF"
	}
	set = append(set, "SET GLOBAL rpl_semi_sync_master_wait_no_slave = "+held, "SET GLOBAL rpl_semi_sync_master_enabled = "+on)
	return execute(ctx, c, set...)
}

// Unfollow ends what Follow made at of.
func (e *Engine) Unfollow(ctx context.Context, s, of instance.Server) error {
	source := at(of)
	if err := e.lead(source, func(all map[string]follower) { delete(all, s.ID) }); err != nil {
		return err
	}
	if e.process(of) == nil {
		return nil // it does the rest when it is started
	}
	return e.admin(ctx, of, func(c *sql.Conn) error { return source.reconcile(ctx, c) })
}

// needed is the first log of a server that one of its followers needs, "" if there is
// none. A follower that runs is asked; one that does not needs what it last did.
func (e *Engine) needed(ctx context.Context, s instance.Server) (first string, err error) {
	f := at(s)
	all, err := f.following()
	if err != nil {
		return "", err
	}
	for _, one := range all {
		replica := instance.Server{ID: one.ID, Dir: one.Dir}
		if e.process(replica) != nil {
			err := e.admin(ctx, replica, func(c *sql.Conn) error {
				status, err := row(ctx, c, "SHOW SLAVE STATUS")
				if name := status["Relay_Master_Log_File"]; name > one.Needs && strings.HasPrefix(name, f.logs()+".") {
					one.Needs = name
					return errors.Join(err, e.lead(f, func(all map[string]follower) {
						if now, ok := all[one.ID]; ok {
							now.Needs = name
							all[one.ID] = now
						}
					}))
				}
				return err
			})
			if err != nil {
				return "", err
			}
		}
		if one.Needs == "" {
			one.Needs = f.logs()
		}
		if first == "" || one.Needs < first {
			first = one.Needs
		}
	}
	return first, nil
}

// Promote applies what a replica has received and makes it a server of its own.
func (e *Engine) Promote(ctx context.Context, s instance.Server) error {
	return kind(e.promote(ctx, s))
}

func (e *Engine) promote(ctx context.Context, s instance.Server) error {
	f := at(s)
	r, err := f.replica()
	if err != nil {
		return err
	}
	if r == nil {
		return e.start(ctx, s) // it was done, all but the start
	}
	running := e.process(s) != nil
	if !running {
		if err := e.run(ctx, s, mode{}); err != nil {
			return err
		}
	}
	err = e.admin(ctx, s, func(c *sql.Conn) error {
		status, err := row(ctx, c, "SHOW SLAVE STATUS")
		if err != nil {
			return err
		}
		if status == nil {
			return nil // it never followed, or was reset before a crash
		}
		if err := execute(ctx, c, "STOP SLAVE IO_THREAD"); err != nil {
			return err
		}
		if status["Slave_SQL_Running"] != "Yes" {
			if err := execute(ctx, c, "START SLAVE SQL_THREAD"); err != nil {
				return err
			}
		}
		if err := caughtUp(ctx, c); err != nil {
			return err
		}
		// Once its position is forgotten, it must not follow again from that of its copy.
		r.Ending = true
		if err := put(f.role(), r); err != nil {
			return err
		}
		return execute(ctx, c, "STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL innodb_fast_shutdown = 2")
	})
	if err != nil {
		return err
	}
	if err := os.Remove(f.role()); err != nil {
		return err
	}
	if err := syncDir(string(f)); err != nil {
		return err
	}
	// The port and who may write are decided when it is started. It ends without writing
	// its pages, as if it crashed, and has its log of changes to begin with.
	if err := e.end(ctx, s); err != nil {
		return err
	}
	return e.start(ctx, s)
}

// caughtUp waits until a replica has applied all that it has received.
func caughtUp(ctx context.Context, c *sql.Conn) error {
	status, err := row(ctx, c, "SHOW SLAVE STATUS")
	if err != nil {
		return err
	}
	if received := status["Gtid_IO_Pos"]; received != "" {
		// Threads that apply in parallel are waited for too. What the reader of relay logs
		// says besides is of a transaction that was not received whole.
		var done sql.NullInt64
		for !done.Valid || done.Int64 != 0 {
			if err := c.QueryRowContext(ctx, "SELECT MASTER_GTID_WAIT("+literal(received)+", 0.5)").Scan(&done); err != nil {
				return err
			}
			if status, err = row(ctx, c, "SHOW SLAVE STATUS"); err != nil {
				return err
			}
			if status["Last_SQL_Errno"] != "0" {
				break
			}
		}
	}
	return drained(ctx, c)
}
