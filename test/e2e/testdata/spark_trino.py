# Spark, Trino and the lake's own SQL on one catalog and one store.
import sys

import engines

spark = engines.session(*sys.argv[1:])


def q(statement, want=None):
    engines.asked(spark, statement, want)


def sql(statement, want=None):
    engines.other("SQL", statement, want)


def trino(statement, want=None):
    engines.other("TRINO", statement, want)


trino("CREATE SCHEMA hive.tr WITH (location = 's3://spark/tr.db')")
trino("CREATE TABLE hive.tr.t (id bigint, body varchar, ts timestamp(3), n decimal(12,3), a array(row(x integer)), m map(varchar, double), dt varchar, h integer) "
      "WITH (format = 'PARQUET', partitioned_by = ARRAY['dt', 'h'])")
trino("INSERT INTO hive.tr.t VALUES (1, 'a', TIMESTAMP '2026-01-02 03:04:05.678', 1.5, ARRAY[ROW(7)], MAP(ARRAY['k'], ARRAY[2.5]), '2026-01-01', 1), "
      "(2, NULL, NULL, NULL, NULL, NULL, 'x:y z', 2)")
sql("SELECT id, body, ts, n, a[1].x, m['k'], dt, h FROM tr.t ORDER BY id", ["1|a|2026-01-02 03:04:05.678|1.500|7|2.5|2026-01-01|1", "2|NULL|NULL|NULL|NULL|NULL|x:y z|2"])
q("SELECT id, body, n, a[0].x, m['k'], dt, h FROM tr.t WHERE h = 1", [(1, "a", __import__("decimal").Decimal("1.500"), 7, 2.5, "2026-01-01", 1)])
q("SELECT id FROM tr.t WHERE dt = 'x:y z'", [(2,)])
q("INSERT INTO tr.t SELECT 3, 'c', TIMESTAMP'2026-01-02 00:00:00', 2.25, NULL, NULL, 'spark', 3")
trino("SELECT id, body, n, dt FROM hive.tr.t WHERE dt = 'spark'", ["3|c|2.250|spark"])
trino("ALTER TABLE hive.tr.t ADD COLUMN more varchar")
trino("SELECT * FROM hive.tr.\"t$partitions\" ORDER BY h", ["2026-01-01|1", "x:y z|2", "spark|3"])
trino("DELETE FROM hive.tr.t WHERE dt = 'spark' AND h = 3")
trino("ANALYZE hive.tr.t")
trino("SELECT count(*) FROM hive.tr.t WHERE dt > '2026'", ["2"])
trino("CREATE TABLE hive.tr.orc WITH (format = 'ORC') AS SELECT id, body FROM hive.tr.t")
q("SELECT * FROM tr.orc ORDER BY id", [(1, "a"), (2, None)])
trino("CREATE TABLE hive.tr.json WITH (format = 'JSON') AS SELECT id, body FROM hive.tr.t")
sql("SELECT * FROM tr.json ORDER BY id", ["1|a", "2|NULL"])
trino("CREATE TABLE hive.tr.text WITH (format = 'TEXTFILE') AS SELECT id, body FROM hive.tr.t")
sql("SELECT * FROM tr.text ORDER BY id", ["1|a", "2|NULL"])
trino("CALL hive.system.create_empty_partition('tr', 't', ARRAY['dt', 'h'], ARRAY['empty', '9'])")
sql("SELECT count(*) FROM tr.t", ["2"])
trino("CALL hive.system.unregister_partition('tr', 't', ARRAY['dt', 'h'], ARRAY['empty', '9'])")
trino("ALTER TABLE hive.tr.orc RENAME TO hive.tr.orc2")
trino("CREATE VIEW hive.tr.v AS SELECT id FROM hive.tr.t")
trino("SELECT count(*) FROM hive.tr.v", ["2"])
trino("SHOW TABLES FROM hive.tr", ["json", "orc2", "t", "text", "v"])
trino("SELECT table_name FROM hive.information_schema.columns WHERE table_schema = 'tr' AND column_name = 'more'", ["t"])
# A table of the lake's own SQL.
sql("CREATE EXTERNAL TABLE tr.ours (id bigint, body string) PARTITIONED BY (dt string, h int) STORED AS PARQUET LOCATION 's3://spark/tr.db/t/'")
sql("MSCK REPAIR TABLE tr.ours")
trino("SELECT id, dt FROM hive.tr.ours ORDER BY id", ["1|2026-01-01", "2|x:y z"])
trino("INSERT INTO hive.tr.ours VALUES (9, 'nine', 'trino', 9)")
sql("SELECT * FROM tr.ours WHERE dt = 'trino'", ["9|nine|trino|9"])
q("SELECT * FROM tr.ours WHERE dt = 'trino'", [(9, "nine", "trino", 9)])
# Spark's own kind of table, which Trino reads by Hive's columns.
q("CREATE TABLE tr.ds (i INT, s STRING, p STRING) USING parquet PARTITIONED BY (p)")
q("INSERT INTO tr.ds VALUES (1, 'one', 'x')")
trino("SELECT * FROM hive.tr.ds", ["1|one|x"])
for t in ("t", "orc2", "json", "text", "ours", "ds"):
    trino(f"DROP TABLE hive.tr.{t}")
trino("DROP VIEW hive.tr.v")
trino("DROP SCHEMA hive.tr")
q("SHOW DATABASES", [("default",)])
print("done")
