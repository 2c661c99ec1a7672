package instance

import "strings"

// isReserved reports whether an engine keeps a name to itself, or RDS does.
func isReserved(engine, name string) bool {
	name = strings.ToLower(name)
	if reservedAll[name] {
		return true
	}
	if engine == "postgres" {
		return reservedPostgres[name]
	}
	return reservedMySQL[name]
}

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// reservedAll are the roles that RDS itself has in an engine.
var reservedAll = words("rdsadmin rdsrepladmin rdstopmgr rds_superuser rds_replication rds_ad rds_iam rds_password")

// reservedPostgres are the words that PostgreSQL reserves (PostgreSQL documentation,
// appendix C, "reserved"), and admin and public, of which RDS says the same.
var reservedPostgres = words(`admin public
all analyse analyze and any array as asc asymmetric both case cast check collate column
constraint create current_catalog current_date current_role current_time
current_timestamp current_user default deferrable desc distinct do else end except false
fetch for foreign from grant group having in initially intersect into lateral leading
limit localtime localtimestamp not null offset on only or order placing primary
references returning select session_user some symmetric system_user table then to
trailing true union unique user using variadic when where window with`)

// reservedMySQL are the words that MariaDB and MySQL both reserve (MariaDB Knowledge
// Base, "Reserved Words"; MySQL Reference Manual, "Keywords and Reserved Words"), and the
// accounts and databases that the engines make for themselves.
var reservedMySQL = words(`root mysql sys information_schema performance_schema mariadb_sys
accessible add all alter analyze and as asc asensitive before between bigint binary blob
both by call cascade case change char character check collate column condition
constraint continue convert create cross current_date current_time current_timestamp
current_user cursor database databases day_hour day_microsecond day_minute day_second
dec decimal declare default delayed delete desc describe deterministic distinct
distinctrow div double drop dual each else elseif enclosed escaped except exists exit
explain false fetch float float4 float8 for force foreign from fulltext grant group
having high_priority hour_microsecond hour_minute hour_second if ignore in index infile
inner inout insensitive insert int int1 int2 int3 int4 int8 integer intersect interval
into is iterate join key keys kill leading leave left like limit linear lines load
localtime localtimestamp lock long longblob longtext loop low_priority match mediumblob
mediumint mediumtext middleint minute_microsecond minute_second mod modifies natural not
no_write_to_binlog null numeric on optimize option optionally or order out outer outfile
over partition precision primary procedure purge range read reads read_write real
recursive references regexp release rename repeat replace require resignal restrict
return revoke right rlike rows schema schemas second_microsecond select sensitive
separator set show signal smallint spatial specific sql sqlexception sqlstate sqlwarning
sql_big_result sql_calc_found_rows sql_small_result ssl starting straight_join table
terminated then tinyblob tinyint tinytext to trailing trigger true undo union unique
unlock unsigned update usage use using utc_date utc_time utc_timestamp values varbinary
varchar varcharacter varying when where while window with write xor year_month zerofill`)
