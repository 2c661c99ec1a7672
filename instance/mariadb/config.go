package mariadb

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lethe"
	"lethe/instance"
	"lethe/lib/atomicfile"
)

// parts of a configuration: how a server runs.
type mode struct {
	data  string            // the data folder; "" for the server's own
	own   bool              // for lethe only, until it is ready: no port, no log
	extra map[string]string // what this run needs besides
}

// effective are all settings of a server's run: defaults of lethe's, the server's
// parameters, and what makes it a server of lethe's, which wins.
func (e *Engine) effective(s instance.Server, m mode) (map[string]string, error) {
	all, err := e.chosen(s)
	if err != nil {
		return nil, err
	}
	f := at(s)
	data := m.data
	if data == "" {
		data = f.data()
	}
	maps.Copy(all, map[string]string{
		"datadir":  data,
		"socket":   socket,
		"port":     strconv.Itoa(s.Port),
		"pid_file": f.began(),
		"tmpdir":   f.join("tmp"), "slave_load_tmpdir": f.join("tmp"), "secure_file_priv": f.join("tmp"),
		"log_error":           f.errors(),
		"slow_query_log_file": f.join("log", "mysql-slowquery.log"),
		"general_log_file":    f.join("log", "mysql-general.log"),
		"log_bin":             f.join("binlog", f.logs()),
		"relay_log":           f.join("binlog", "relay"),
		"server_id":           strconv.FormatUint(uint64(number(s.ID)), 10),
		"log_slave_updates":   "ON", // so that a replica's logs go on where it is promoted
		"skip_name_resolve":   "ON", // no name server decides who may connect
		"symbolic_links":      "OFF",
		"skip_slave_start":    "ON", // Start says START SLAVE
		"init_file":           f.init(),
		"bind_address":        s.Host,
	})
	all["binlog_expire_logs_seconds"] = "86400" // followers read them
	if len(s.TLS.Cert) > 0 {
		all["ssl_cert"], all["ssl_key"] = f.join("tls", "cert.pem"), f.join("tls", "key.pem")
		if len(s.TLS.CA) > 0 {
			all["ssl_ca"] = f.join("tls", "ca.pem")
		}
	}
	if m.own {
		for name := range all {
			// What a user's settings filter, a recovery must not.
			if strings.HasPrefix(name, "replicate_") {
				delete(all, name)
			}
		}
		delete(all, "log_bin")
		delete(all, "bind_address")
		maps.Copy(all, map[string]string{"skip_networking": "ON", "log_slave_updates": "OFF", "event_scheduler": "OFF"})
		maps.Copy(all, m.extra)
		return all, nil
	}
	replica, err := f.replica()
	if err != nil {
		return nil, err
	}
	switch {
	case replica == nil && s.Archive:
		all["binlog_expire_logs_seconds"] = "0" // Release lets go of them
	case replica != nil:
		all["read_only"] = "ON"
		if replica.Wait {
			all["rpl_semi_sync_slave_enabled"] = "ON"
		}
	}
	followers, err := f.following()
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(followers, func(f follower) bool { return f.Wait }) {
		maps.Copy(all, waiting)
		all["rpl_semi_sync_master_enabled"] = "ON"
		all["rpl_semi_sync_master_wait_no_slave"] = "OFF" // join says ON
	}
	return all, nil
}

// waiting has commits wait for a replica before anybody sees them, and never give up by
// themselves: a year is longer than whoever watches replicas lets one hang
// (MariaDB documentation, Semisynchronous Replication).
var waiting = map[string]string{
	"rpl_semi_sync_master_wait_point": "AFTER_SYNC",
	"rpl_semi_sync_master_timeout":    "31536000000",
}

// chosen are the parameters that users may set, with what lethe has by default.
func (e *Engine) chosen(s instance.Server) (map[string]string, error) {
	all := map[string]string{
		"sync_binlog":                    "1",
		"innodb_flush_log_at_trx_commit": "1",
		"secure_timestamp":               "SUPER",
		"innodb_monitor_enable":          "trx_%commits", // Metrics counts by them
	}
	if len(s.Settings) == 0 {
		return all, nil // a template has none, and what is known comes from templates
	}
	known, err := e.known(s.Version)
	if err != nil {
		return nil, err
	}
	for name, value := range s.Settings {
		p, ok := known[strings.ToLower(name)]
		switch {
		case !ok:
			return nil, lethe.Errorf(lethe.Invalid, "MariaDB %s has no parameter %q", s.Version, name)
		case p.Fixed:
			return nil, lethe.Errorf(lethe.Invalid, "the parameter %s of MariaDB cannot be set", p.Name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return nil, lethe.Errorf(lethe.Invalid, "the value of the parameter %s has control characters", p.Name)
		}
		all[p.Name] = value
	}
	return all, nil
}

// number makes a server's id one of replication's, which tell servers apart.
func number(id string) uint32 { return max(1, crc32.ChecksumIEEE([]byte(id))) }

// options are those whose names in files differ from their variables'.
var options = map[string]string{
	"time_zone":    "default_time_zone",
	"tx_isolation": "transaction_isolation",
}

// render writes a configuration file.
func render(settings map[string]string, client map[string]string) []byte {
	var b bytes.Buffer
	group := func(name string, of map[string]string) {
		fmt.Fprintf(&b, "[%s]\n", name)
		for _, k := range slices.Sorted(maps.Keys(of)) {
			option := k
			if o, ok := options[k]; ok {
				option = o
			}
			fmt.Fprintf(&b, "%s = %s\n", option, quoteOption(of[k]))
		}
	}
	b.WriteString("# Written at each start of this server.\n")
	group("mariadbd", settings)
	group("mariadb-backup", map[string]string{"datadir": settings["datadir"]})
	group("client", client)
	return b.Bytes()
}

// quoteOption writes a value such that a configuration file's reader has it as it is
// (MariaDB documentation, Configuring MariaDB with Option Files: escape sequences).
func quoteOption(v string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(v) + `"`
}

// started reads what a server was started with from its configuration file.
func (f folder) started() (map[string]string, error) {
	text, err := os.ReadFile(f.config())
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for variable, option := range options {
		names[option] = variable
	}
	all := map[string]string{}
	in := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "[") {
			in = line == "[mariadbd]"
			continue
		}
		name, value, ok := strings.Cut(line, " = ")
		if !in || !ok {
			continue
		}
		if v, ok := names[name]; ok {
			name = v
		}
		value = strings.TrimSuffix(strings.TrimPrefix(value, `"`), `"`)
		all[name] = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n", `\r`, "\r", `\t`, "\t").Replace(value)
	}
	return all, nil
}

// configure writes all files that a run of a server reads.
func (e *Engine) configure(s instance.Server, m mode) error {
	all, err := e.effective(s, m)
	if err != nil {
		return err
	}
	f := at(s)
	if _, err := e.certify(s); err != nil {
		return err
	}
	secret, err := f.password()
	if err != nil {
		return err
	}
	statements := []string{
		"SET SESSION sql_log_bin = 0",
		"SET SESSION sql_mode = ''",
		"SET NAMES utf8mb4",
		fmt.Sprintf("CREATE USER IF NOT EXISTS %s@localhost", admin),
		fmt.Sprintf("ALTER USER %s@localhost IDENTIFIED BY PASSWORD %s ACCOUNT UNLOCK", admin, literal(hash(secret))),
		fmt.Sprintf("GRANT ALL PRIVILEGES ON *.* TO %s@localhost WITH GRANT OPTION", admin),
	}
	text := strings.Join(statements, ";\n") + ";\n"
	first, err := os.ReadFile(f.first())
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := e.write(f.init(), append([]byte(text), first...)); err != nil {
		return err
	}
	client := map[string]string{"user": admin, "password": secret, "socket": socket}
	return e.write(f.config(), render(all, client))
}

// certify writes the certificate's files and reports whether they are others now.
func (e *Engine) certify(s instance.Server) (changed bool, err error) {
	for name, pem := range map[string][]byte{"cert.pem": s.TLS.Cert, "key.pem": s.TLS.Key, "ca.pem": s.TLS.CA} {
		path := filepath.Join(at(s).join("tls"), name)
		old, err := os.ReadFile(path)
		if len(pem) == 0 || err == nil && bytes.Equal(old, pem) {
			continue
		}
		if err := e.write(path, pem); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// password is that of lethe's user at this server. It is made when it is first asked for.
func (f folder) password() (string, error) {
	text, err := os.ReadFile(f.secret())
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !os.IsNotExist(err) {
		return "", err
	}
	secret := lethe.NewSecret()
	return secret, atomicfile.Write(f.secret(), []byte(secret+"\n"), 0o600)
}
