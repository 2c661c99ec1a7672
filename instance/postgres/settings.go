package postgres

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// configuration are the files in conf/.
const (
	main      = "postgresql.conf"
	candidate = "postgresql.conf.new"
)

// mode is what a server is started for, beside serving.
type mode struct {
	// alone: no one but lethe reaches it.
	alone bool
	// more are settings that only this run has.
	more map[string]string
}

// configure writes all of the server's configuration, and returns an error of kind Invalid
// if PostgreSQL does not take it. What was there before then stays.
func (e *Engine) configure(ctx context.Context, i install, u daemon.User, s instance.Server, m mode) error {
	conf := filepath.Join(s.Dir, "conf")
	all, err := e.settings(ctx, i, u, s, m)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# Written by lethe, again and again.\n")
	for _, k := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s = %s\n", k, value(all[k]))
	}
	// Whom commits wait for changes without the rest.
	fmt.Fprintf(&b, "include = '%s'\n", waiting)
	if err := e.lead(s, func(map[string]follower) {}); err != nil {
		return err
	}
	self, err := user.Current()
	if err != nil {
		return err
	}
	files := map[string]string{"ident.conf": fmt.Sprintf("lethe %s %s\nlethe %s %s\n", quoted(self.Username), admin, quoted(u.Name), admin), "hba.conf": hba(s, m)}
	if len(s.TLS.Cert) > 0 {
		files["server.crt"], files["server.key"], files["root.crt"] = string(s.TLS.Cert), string(s.TLS.Key), string(s.TLS.CA)
	}
	for file, text := range files {
		if err := put(u, filepath.Join(conf, file), []byte(text)); err != nil {
			return err
		}
	}
	next := filepath.Join(conf, candidate)
	if err := put(u, next, []byte(b.String())); err != nil {
		return err
	}
	// It prints one setting, and reads all before.
	if _, err := i.tool(u, s, "postgres", "-D", "data", "-c", "config_file="+next, "-C", "port").Run(ctx); err != nil {
		os.Remove(next)
		return err
	}
	return os.Rename(next, filepath.Join(conf, main))
}

// quoted is a word of pg_hba.conf and pg_ident.conf.
func quoted(s string) string { return `"` + s + `"` }

// hba says who may connect how. The first line that fits counts.
func hba(s instance.Server, m mode) string {
	text := "local all,replication " + admin + " peer map=lethe\n"
	if m.alone {
		return text
	}
	text += "host all,replication " + admin + " all reject\n"
	if len(s.TLS.Cert) > 0 {
		text += "hostssl all all all scram-sha-256\n"
		if forced(s.Settings["rds.force_ssl"]) {
			return text
		}
	}
	return text + "host all all all scram-sha-256\n"
}

// forced says whether a boolean is true, as PostgreSQL reads it (bool.c).
func forced(v string) bool {
	switch strings.ToLower(v) {
	case "1", "on", "true", "yes", "t", "y":
		return true
	}
	return false
}

var named = regexp.MustCompile(`^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$`)

// settings are all that go into the server's configuration: those that are set, and over
// them those that lethe needs.
func (e *Engine) settings(ctx context.Context, i install, u daemon.User, s instance.Server, m mode) (map[string]string, error) {
	all := map[string]string{
		"log_line_prefix": "%t:%r:%u@%d:[%p]:", // RDS's
		"log_timezone":    "UTC", "timezone": "UTC",
		"huge_pages":      "try",
		"max_wal_size":    "2048", // MB; RDS's default
		"log_checkpoints": "on",
	}
	if s.ID != "template" { // whose settings say what there is
		can, err := e.parameters(ctx, i, u)
		if err != nil {
			return nil, err
		}
		for k, v := range s.Settings {
			k = strings.ToLower(k)
			p, ok := can[k]
			if !ok || !named.MatchString(k) {
				return nil, lethe.Errorf(lethe.Invalid, "PostgreSQL %s has no setting %s", i.Number, k)
			}
			if p.Fixed {
				return nil, lethe.Errorf(lethe.Invalid, "the setting %s cannot be changed", k)
			}
			if err := allowed(p, v); err != nil {
				return nil, err
			}
			if !strings.HasPrefix(k, "rds.") {
				all[k] = v
			}
		}
	}
	maps.Copy(all, map[string]string{
		"data_directory":              data(s),
		"hba_file":                    filepath.Join(s.Dir, "conf", "hba.conf"),
		"ident_file":                  filepath.Join(s.Dir, "conf", "ident.conf"),
		"listen_addresses":            s.Host,
		"port":                        strconv.Itoa(max(1, s.Port)),
		"unix_socket_directories":     "../run",
		"unix_socket_permissions":     "0700",
		"password_encryption":         "scram-sha-256",
		"ssl":                         "off",
		"wal_level":                   "replica",
		"archive_mode":                "on", // so that archiving can begin without a restart
		"archive_command":             "/bin/true",
		"archive_timeout":             "0",
		"max_wal_senders":             "20",
		"max_replication_slots":       "20",
		"wal_retrieve_retry_interval": "200", // milliseconds
		"hot_standby":                 "on",
		"restart_after_crash":         "on",
		"logging_collector":           "on",
		"log_directory":               "../log",
		"log_filename":                "postgresql.%a.log",
		"log_truncate_on_rotation":    "on",
		"log_rotation_age":            "1440", // minutes
		"log_rotation_size":           "0",
		"lc_messages":                 "C",
		"log_destination":             "stderr",
	})
	if len(s.TLS.Cert) > 0 {
		conf := filepath.Join(s.Dir, "conf")
		all["ssl"], all["ssl_cert_file"], all["ssl_key_file"] = "on", filepath.Join(conf, "server.crt"), filepath.Join(conf, "server.key")
		if len(s.TLS.CA) > 0 {
			all["ssl_ca_file"] = filepath.Join(conf, "root.crt")
		}
	}
	if forced(s.Settings["rds.logical_replication"]) {
		all["wal_level"] = "logical"
	}
	if s.Archive {
		// The server's working folder is data/; no name of a folder is in the command.
		all["archive_command"], all["archive_timeout"] = "/bin/sh ../conf/archive.sh %p %f", "60"
		if err := put(u, filepath.Join(s.Dir, "conf", "archive.sh"), []byte(archive)); err != nil {
			return nil, err
		}
	}
	if m.alone {
		all["listen_addresses"], all["logging_collector"], all["archive_command"] = "", "off", "/bin/true"
	}
	if err := following(s, all); err != nil {
		return nil, err
	}
	maps.Copy(all, m.more)
	return all, nil
}

// floors are the settings in which a replica must not be below what it copies
// (PostgreSQL documentation, hot standby: administrator's overview), with the names
// that pg_controldata has for them.
var floors = map[string]string{
	"max_connections":           "max_connections setting",
	"max_worker_processes":      "max_worker_processes setting",
	"max_wal_senders":           "max_wal_senders setting",
	"max_prepared_transactions": "max_prepared_xacts setting",
	"max_locks_per_transaction": "max_locks_per_xact setting",
}

// control returns what pg_control says that the logs come from.
func control(ctx context.Context, i install, u daemon.User, s instance.Server) (map[string]string, error) {
	text, err := i.tool(u, s, "pg_controldata", "-D", "data").Run(ctx)
	if err != nil {
		return nil, err
	}
	from := map[string]string{}
	for name, label := range floors {
		for line := range strings.Lines(text) {
			if v, ok := strings.CutPrefix(line, label+":"); ok {
				from[name] = strings.TrimSpace(v)
			}
		}
	}
	return from, nil
}

// raise raises settings to those of the server from which the logs come.
func raise(s instance.Server, floor map[string]string) (instance.Server, error) {
	set := maps.Clone(s.Settings)
	if set == nil {
		set = map[string]string{}
	}
	for k, v := range floor {
		if k == "max_wal_senders" {
			continue // it is everywhere the same
		}
		least, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return s, lethe.Errorf(lethe.Invalid, "a backup has %q for %s", v, k)
		}
		if now, err := strconv.ParseInt(set[k], 10, 64); err != nil || now < least {
			set[k] = v
		}
	}
	s.Settings = set
	return s, nil
}
