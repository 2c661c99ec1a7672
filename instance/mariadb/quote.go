package mariadb

import (
	"crypto/sha1" //nolint:gosec // it is mysql_native_password's
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"lethe"
	"lethe/instance"
)

// literal is a string for a statement, of a session whose sql_mode has neither
// NO_BACKSLASH_ESCAPES nor ANSI_QUOTES; those of this package have none
// (MariaDB documentation, String Literals).
func literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\x00", `\0`, "\n", `\n`, "\r", `\r`, "\x1a", `\Z`).Replace(s) + "'"
}

// identifier is a name for a statement (MariaDB documentation, Identifier Names).
func identifier(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }

// hash is what mysql_native_password keeps of a password.
func hash(password string) string {
	one := sha1.Sum([]byte(password)) //nolint:gosec
	two := sha1.Sum(one[:])           //nolint:gosec
	return "*" + strings.ToUpper(hex.EncodeToString(two[:]))
}

// admin is lethe's own user at each server, as at RDS.
const admin = "rdsadmin"

// replicator begins the names of those by whom followers read.
const replicator = "rdsrepl-"

// privileges are those of the first user (Amazon RDS User Guide, Master user account
// privileges, RDS for MariaDB), but for RELOAD: with it, RESET MASTER throws away the logs
// of which recoveries are made, and RDS gives it only in a server that was altered such
// that it does not.
const privileges = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, PROCESS, REFERENCES, INDEX, ALTER, " +
	"SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, " +
	"CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, REPLICATION SLAVE"

// checkMaster refuses names that are the engine's own, or that no statement of one line
// has.
func checkMaster(m instance.Master) error {
	if m.User == "" || m.User == admin || m.User == "mariadb.sys" || strings.HasPrefix(m.User, replicator) {
		return lethe.Errorf(lethe.Invalid, "%q cannot be the first user of a MariaDB server", m.User)
	}
	if m.Password == "" {
		return lethe.Errorf(lethe.Invalid, "the first user of a MariaDB server needs a password")
	}
	// MariaDB documentation, Identifier Names: maximum length.
	if n := utf8.RuneCountInString(m.User); n > 80 {
		return lethe.Errorf(lethe.Invalid, "the name of MariaDB's first user has %d characters; 80 are the most", n)
	}
	if n := utf8.RuneCountInString(m.Database); n > 64 {
		return lethe.Errorf(lethe.Invalid, "the name of MariaDB's database has %d characters; 64 are the most", n)
	}
	for _, s := range []string{m.User, m.Database} {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd || r > 0xffff }) {
			return lethe.Errorf(lethe.Invalid, "%q has characters that MariaDB has in no name", s)
		}
	}
	return nil
}

// grants are the statements that make the first user, or give it back its password and
// privileges (the same, note: by resetting the password).
func grants(m instance.Master, password bool) []string {
	user := identifier(m.User) + "@'%'"
	create := fmt.Sprintf("CREATE USER IF NOT EXISTS %s IDENTIFIED BY PASSWORD %s", user, literal(hash(m.Password)))
	grant := fmt.Sprintf("GRANT %s ON *.* TO %s WITH GRANT OPTION", privileges, user)
	if !password {
		return []string{create, grant}
	}
	return []string{create, fmt.Sprintf("ALTER USER %s IDENTIFIED BY PASSWORD %s", user, literal(hash(m.Password))), grant}
}
