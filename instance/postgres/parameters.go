package postgres

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lethe"
	"lethe/instance"
	"lethe/lib/daemon"
)

// known is a setting as a server of the version describes it (view pg_settings).
type known struct {
	Name, Unit, Category, Description, Context, Type, Min, Max string
	Enum                                                       []string
}

// formulas are RDS's defaults that depend on the class (describe-engine-default-parameters
// for postgres12 and later). Sizes are in the engine's units, mostly blocks of 8 kB.
var formulas = map[string]string{
	"max_connections":              "LEAST({DBInstanceClassMemory/9531392},5000)",
	"shared_buffers":               "{DBInstanceClassMemory/32768}",
	"effective_cache_size":         "{DBInstanceClassMemory/16384}",
	"maintenance_work_mem":         "GREATEST({DBInstanceClassMemory*1024/63963136},65536)",
	"autovacuum_max_workers":       "GREATEST({DBInstanceClassMemory/64371566592},3)",
	"autovacuum_vacuum_cost_limit": "GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)",
}

// texts are the settings of free text that users may have: the others are paths, commands
// or libraries, or names of things of lethe.
var texts = []string{
	"application_name", "DateStyle", "TimeZone", "bytea_output", "client_encoding", "default_tablespace", "default_text_search_config",
	"lc_monetary", "lc_numeric", "lc_time", "search_path", "shared_preload_libraries", "temp_tablespaces", "timezone_abbreviations",
}

// libraries are the extensions that may be loaded when the server starts: of PostgreSQL
// itself and of packages that RDS has too.
var libraries = []string{"auto_explain", "pg_cron", "pg_hint_plan", "pg_prewarm", "pg_similarity", "pg_stat_statements", "pgaudit"}

// fixed are those that would take away what lethe promises.
var fixed = []string{
	"archive_mode", "archive_timeout", "data_sync_retry", "fsync", "full_page_writes", "hot_standby", "huge_pages", "lc_messages", "listen_addresses",
	"max_replication_slots", "max_wal_senders", "password_encryption", "port", "ssl", "ssl_prefer_server_ciphers", "transaction_deferrable", "transaction_isolation",
	"transaction_read_only", "wal_level", "wal_log_hints", "wal_retrieve_retry_interval", "restart_after_crash", "logging_collector", "syslog_split_messages",
	"syslog_sequence_numbers", "syslog_facility", "event_triggers", "recovery_target_action", "recovery_target_inclusive", "summarize_wal", "superuser_reserved_connections", "reserved_connections",
	"log_rotation_age", "log_rotation_size", "log_truncate_on_rotation", "log_file_mode", "log_timezone", "unix_socket_permissions", "db_user_namespace", "bonjour", "krb_caseins_users",
}

// Parameters describes the settings of a major version as its server does, with RDS's
// defaults, and rds.force_ssl and rds.logical_replication.
func (e *Engine) Parameters(family string) ([]instance.Parameter, error) {
	ctx := context.Background()
	major, ok := strings.CutPrefix(family, "postgres")
	if !ok {
		return nil, lethe.Errorf(lethe.NotFound, "PostgreSQL has no family %s", family)
	}
	i, err := e.of(ctx, major)
	if err != nil {
		return nil, err
	}
	u, err := e.user()
	if err != nil {
		return nil, err
	}
	byName, err := e.parameters(ctx, i, u)
	if err != nil {
		return nil, class(instance.Server{ID: "template", Dir: e.opts.Dir}, err)
	}
	var all []instance.Parameter
	for _, p := range byName {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b instance.Parameter) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// parameters are those of an installed version, by their names in small letters.
func (e *Engine) parameters(ctx context.Context, i install, u daemon.User) (map[string]instance.Parameter, error) {
	t, err := e.template(ctx, i, u)
	if err != nil {
		return nil, err
	}
	var settings []known
	if err := load(t, "settings.json", &settings); err != nil {
		return nil, err
	}
	all := map[string]instance.Parameter{
		"rds.force_ssl": {Name: "rds.force_ssl", Description: "Have clients connect with TLS only.", Value: "0", Type: "boolean", Allowed: "0,1"},
		"rds.logical_replication": {Name: "rds.logical_replication", Description: "Have the write-ahead log decode logically.",
			Value: "0", Type: "boolean", Allowed: "0,1", Static: true},
	}
	if i.major >= 15 {
		all["rds.force_ssl"] = with(all["rds.force_ssl"], "1") // RDS for PostgreSQL 15 and later
	}
	for _, k := range settings {
		p := describe(k)
		p.Value = formulas[k.Name]
		if k.Name == "shared_preload_libraries" {
			p.Type, p.Allowed = "list", strings.Join(there(i), ",")
		}
		all[strings.ToLower(k.Name)] = p
	}
	return all, nil
}

func with(p instance.Parameter, value string) instance.Parameter {
	p.Value = value
	return p
}

func describe(k known) instance.Parameter {
	p := instance.Parameter{Name: k.Name, Description: k.Description, Static: k.Context == "postmaster"}
	if k.Unit != "" {
		p.Description = "(" + k.Unit + ") " + p.Description // as RDS does
	}
	p.Fixed = k.Context == "internal" || k.Category == "Developer Options" || slices.Contains(fixed, k.Name) ||
		strings.HasPrefix(k.Category, "Write-Ahead Log / Archiv") || strings.HasPrefix(k.Category, "Write-Ahead Log / Recovery") || strings.HasPrefix(k.Name, "debug_")
	switch k.Type {
	case "bool":
		p.Type, p.Allowed = "boolean", "0,1"
	case "integer":
		p.Type, p.Allowed = "integer", k.Min+"-"+k.Max
	case "real":
		p.Type, p.Allowed = "float", k.Min+"-"+k.Max
	case "enum":
		p.Type, p.Allowed = "string", strings.Join(k.Enum, ",")
	default:
		p.Type = "string"
		p.Fixed = p.Fixed || !slices.Contains(texts, k.Name)
	}
	return p
}

// there are the libraries that are installed.
func there(i install) []string {
	var all []string
	for _, l := range libraries {
		for _, dir := range []string{"lib", filepath.Join("lib", "postgresql")} {
			if _, err := os.Stat(filepath.Join(filepath.Dir(i.bin), dir, l+".so")); err == nil {
				all = append(all, l)
				break
			}
		}
	}
	return all
}

// allowed returns an error unless a setting may have the value.
func allowed(p instance.Parameter, v string) error {
	bad := func() error {
		return lethe.Errorf(lethe.Invalid, "the setting %s cannot be %q; allowed is %s", p.Name, v, p.Allowed)
	}
	if strings.ContainsRune(v, 0) || len(v) > 4096 {
		return lethe.Errorf(lethe.Invalid, "the setting %s has a character that is not allowed, or more than 4096", p.Name)
	}
	switch p.Type {
	case "list":
		for _, one := range strings.Split(v, ",") {
			if one = strings.TrimSpace(one); one != "" && !slices.Contains(strings.Split(p.Allowed, ","), one) {
				return bad()
			}
		}
	case "integer", "float":
		n, err := strconv.ParseFloat(v, 64)
		var low, high float64
		if i := strings.Index(p.Allowed[1:], "-"); err == nil && i >= 0 { // the first may be negative
			low, _ = strconv.ParseFloat(p.Allowed[:i+1], 64)
			high, _ = strconv.ParseFloat(p.Allowed[i+2:], 64)
			if n < low || n > high {
				return bad()
			}
		}
	}
	return nil // PostgreSQL itself reads units and words
}
