package mariadb

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"lethe"
	"lethe/instance"
)

// parameter is what a server says of one of its variables.
type parameter struct {
	instance.Parameter
	Default string // the engine's own, by which a running server goes back to it
}

// formulas are RDS's values where they are not the engine's own (Amazon RDS User Guide,
// Quotas: maximum number of database connections; the group default.mariadb10.11 as
// describe-engine-default-parameters shows it).
var formulas = map[string]string{
	"innodb_buffer_pool_size": "{DBInstanceClassMemory*3/4}",
	"max_connections":         "LEAST({DBInstanceClassMemory/25165760},12000)",
}

// decided are the variables that are lethe's to set: where a server listens and keeps
// its files, as whom it runs, how it is logged, recovered and followed.
var decided = []string{
	"port", "extra_port", "socket", "bind_address", "skip_networking", "skip_name_resolve", "skip_grant_tables", "protocol_version",
	"server_id", "gtid_domain_id", "log_slave_updates", "log_bin", "log_error", "slow_query_log_file", "general_log_file", "relay_log",
	"binlog_expire_logs_seconds", "expire_logs_days", "encrypt_binlog", "skip_slave_start", "report_host", "report_port", "report_user", "report_password",
	"tmpdir", "slave_load_tmpdir", "plugin_dir", "plugin_maturity", "character_sets_dir", "lc_messages_dir", "core_file", "read_only",
	"init_file", "init_slave", "ssl_ca", "ssl_capath", "ssl_cert", "ssl_cipher", "ssl_crl", "ssl_crlpath", "ssl_key",
	"innodb_data_home_dir", "innodb_data_file_path", "innodb_log_group_home_dir", "innodb_undo_directory", "innodb_undo_tablespaces",
	"innodb_temp_data_file_path", "innodb_tmpdir", "innodb_page_size", "innodb_force_recovery", "innodb_read_only", "innodb_fast_shutdown",
	"innodb_buffer_pool_filename", "innodb_status_file", "innodb_checksum_algorithm",
	"innodb_monitor_enable", "innodb_monitor_disable", "innodb_monitor_reset", "innodb_monitor_reset_all",
	"slave_type_conversions", "master_verify_checksum", "external_user", "secure_auth", "thread_handling", "large_pages",
	"proxy_protocol_networks", "version", "feedback_http_proxy", "feedback_url", "feedback_user_info", "feedback_send_timeout", "feedback_send_retry_wait", "feedback_server_uid",
}

// prefixes are those of families of such variables.
var prefixes = []string{"rpl_semi_sync_", "wsrep_", "aria_log_dir", "innodb_encrypt", "relay_log_", "log_bin_", "gtid_slave", "secure_file", "basedir", "datadir", "pid_file", "have_", "system_"}

// optional are variables that have an option although the server tells of none.
var optional = []string{
	"character_set_server", "collation_server", "character_set_filesystem", "default_storage_engine", "lc_time_names", "slave_parallel_mode",
	"time_zone", "tx_isolation", "replicate_do_db", "replicate_ignore_db", "replicate_do_table", "replicate_ignore_table", "replicate_wild_do_table", "replicate_wild_ignore_table",
}

// describe asks a server for its variables.
func describe(ctx context.Context, c *sql.Conn) ([]parameter, error) {
	rows, err := c.QueryContext(ctx, `SELECT LOWER(VARIABLE_NAME), VARIABLE_COMMENT, VARIABLE_TYPE, IFNULL(DEFAULT_VALUE, ''),
			IFNULL(NUMERIC_MIN_VALUE, ''), IFNULL(NUMERIC_MAX_VALUE, ''), IFNULL(ENUM_VALUE_LIST, ''), READ_ONLY = 'YES', COMMAND_LINE_ARGUMENT IS NOT NULL
		FROM information_schema.SYSTEM_VARIABLES WHERE VARIABLE_SCOPE <> 'SESSION ONLY' ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []parameter
	for rows.Next() {
		var p parameter
		var kind, least, most, choices string
		var option bool
		if err := rows.Scan(&p.Name, &p.Description, &kind, &p.Default, &least, &most, &choices, &p.Static, &option); err != nil {
			return nil, err
		}
		switch word, _, _ := strings.Cut(kind, " "); word {
		case "INT", "BIGINT":
			p.Type, p.Allowed = "integer", least+"-"+most
		case "DOUBLE":
			p.Type, p.Allowed = "float", least+"-"+most
		case "BOOLEAN":
			p.Type, p.Allowed = "boolean", "0,1,ON,OFF"
		case "SET", "FLAGSET":
			p.Type, p.Allowed = "list", choices
		case "ENUM":
			p.Type, p.Allowed = "string", choices
		default:
			p.Type = "string"
		}
		if p.Type == "list" && p.Name == "optimizer_switch" {
			p.Type, p.Allowed = "string", "" // of the form name=on
		}
		p.Value = formulas[p.Name]
		p.Fixed = slices.Contains(decided, p.Name) || !option && !slices.Contains(optional, p.Name) ||
			slices.ContainsFunc(prefixes, func(s string) bool { return strings.HasPrefix(p.Name, s) })
		all = append(all, p)
	}
	return all, rows.Err()
}

// Parameters describes a family's settings: what the server itself says of its
// variables, and the values RDS gives them.
func (e *Engine) Parameters(family string) ([]instance.Parameter, error) {
	ctx, cancel := context.WithTimeout(context.Background(), preparation)
	defer cancel()
	versions, err := e.Versions(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		if v.Family != family {
			continue
		}
		described, err := e.described(v.Number)
		if err != nil {
			return nil, err
		}
		all := make([]instance.Parameter, len(described))
		for i, p := range described {
			all[i] = p.Parameter
		}
		return all, nil
	}
	return nil, lethe.Errorf(lethe.NotFound, "MariaDB on this host has no family %q; it has %s", family, versions[0].Family)
}
