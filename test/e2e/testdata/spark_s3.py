# Spark with our catalog and, over S3A, our store: what it writes our SQL reads,
# and the other way round.
import datetime
import decimal
import sys

import engines

*where, iceberg = sys.argv[1:]
spark = engines.session(*where, iceberg == "iceberg")


def q(statement, want=None):
    engines.asked(spark, statement, want)


def sql(statement, want=None, fails=None):
    engines.other("SQL", statement, want, fails)


q("CREATE DATABASE sp LOCATION 's3a://spark/sp.db'")
# A table of Hive's, with partitions that are made as rows come.
q("SET hive.exec.dynamic.partition.mode=nonstrict")
q("CREATE TABLE sp.t (id BIGINT, body STRING) PARTITIONED BY (dt STRING, h INT) STORED AS PARQUET")
q("INSERT INTO sp.t VALUES (1,'a','2026-01-01',1), (2,'b','2026-01-02',2), (3,'ü','x:y z',3), (4,NULL,NULL,4)")
q("SELECT id, dt FROM sp.t WHERE dt >= '2026-01-02' AND h < 3", [(2, "2026-01-02")])
sql("SELECT * FROM sp.t ORDER BY id", ["1|a|2026-01-01|1", "2|b|2026-01-02|2", "3|ü|x:y z|3", "4|NULL|NULL|4"])
sql("SELECT id FROM sp.t WHERE dt = 'x:y z'", ["3"])
q("ALTER TABLE sp.t ADD COLUMNS (more INT)")
q("INSERT INTO sp.t PARTITION (dt='2026-01-03', h=3) VALUES (5, 'e', 50)")
q("INSERT OVERWRITE sp.t PARTITION (dt='2026-01-01', h=1) SELECT 7, 'z', 1")
q("ALTER TABLE sp.t PARTITION (dt='2026-01-02', h=2) RENAME TO PARTITION (dt='renamed', h=2)")
q("ALTER TABLE sp.t DROP PARTITION (dt='__HIVE_DEFAULT_PARTITION__', h=4)")
sql("SELECT id, body, more, dt FROM sp.t ORDER BY id", ["2|b|NULL|renamed", "3|ü|NULL|x:y z", "5|e|50|2026-01-03", "7|z|1|2026-01-01"])
# What our SQL makes, Spark reads and fills.
sql("CREATE EXTERNAL TABLE sp.ours (id BIGINT, body STRING) PARTITIONED BY (dt STRING, h INT) STORED AS PARQUET LOCATION 's3://spark/sp.db/t/'")
sql("ALTER TABLE sp.ours ADD PARTITION (dt = 'x:y z', h = 3)")
q("SELECT * FROM sp.ours", [(3, "ü", "x:y z", 3)])
sql("MSCK REPAIR TABLE sp.ours")
q("REFRESH TABLE sp.ours")  # Spark keeps what it has listed
q("SELECT count(*) FROM sp.ours WHERE dt LIKE '2026%'", [(3,)])  # renaming a partition moved no file
q("INSERT INTO sp.ours PARTITION (dt='new', h=8) VALUES (8, 'eight')")
sql("SELECT * FROM sp.ours WHERE dt = 'new'", ["8|eight|new|8"])
q("ALTER TABLE sp.t ADD PARTITION (dt='new', h=8)")
sql("SELECT more, dt FROM sp.t WHERE id = 8", ["NULL|new"])
sql("DROP TABLE sp.ours")
# A table of Spark's own kind: int96, nested columns, a schema in the parameters.
q("CREATE TABLE sp.ds (i INT, f FLOAT, d DOUBLE, b BOOLEAN, n DECIMAL(20,3), s STRING, bin BINARY, day DATE, ts TIMESTAMP, "
  "a ARRAY<STRUCT<x: INT, y: STRING>>, m MAP<STRING, INT>, st STRUCT<u: BIGINT, v: ARRAY<STRING>>, p INT) USING parquet PARTITIONED BY (p)")
q("INSERT INTO sp.ds VALUES (1, 1.5, 2.5, true, 12345.678, 's', X'00FF', DATE'2026-01-02', TIMESTAMP'2026-01-02 03:04:05.678901', "
  "array(named_struct('x', 1, 'y', 'one')), map('k', 7), named_struct('u', 9, 'v', array('w')), 5)")
sql("SELECT i, f, d, b, n, s, to_hex(bin), day, ts, a[1].y, m['k'], st.u, st.v[1], p FROM sp.ds",
    ["1|1.5|2.5|true|12345.678|s|00FF|2026-01-02|2026-01-02 03:04:05.679|one|7|9|w|5"])
for form in ("ORC", "TEXTFILE", "JSONFILE" if spark.version < "4" else "TEXTFILE"):
    q("DROP TABLE IF EXISTS sp.form")
    q(f"CREATE TABLE sp.form (i INT, s STRING) STORED AS {form}" if form != "JSONFILE" else "CREATE TABLE sp.form (i INT, s STRING) USING json")
    q("INSERT INTO sp.form VALUES (1, 'one'), (2, NULL)")
    if form == "TEXTFILE":
        sql("SELECT * FROM sp.form ORDER BY i", ["1|one", "2|NULL"])
# Views, statistics, renaming, dropping.
q("CREATE VIEW sp.v AS SELECT id, body FROM sp.t WHERE more > 1")
q("SELECT id FROM sp.v ORDER BY id", [(5,)])
q("ANALYZE TABLE sp.t COMPUTE STATISTICS FOR COLUMNS id")
q("ALTER TABLE sp.ds RENAME TO sp.ds2")
q("SELECT count(*) FROM sp.ds2", [(1,)])
q("MSCK REPAIR TABLE sp.t")
q("SHOW PARTITIONS sp.t", [("dt=2026-01-01/h=1",), ("dt=2026-01-02/h=2",), ("dt=2026-01-03/h=3",), ("dt=new/h=8",), ("dt=renamed/h=2",), ("dt=x%3Ay z/h=3",)])
if iceberg == "iceberg":
    q("CREATE TABLE ice.sp.i (id BIGINT, d DATE) USING iceberg PARTITIONED BY (d)")
    q("INSERT INTO ice.sp.i VALUES (1, DATE'2026-01-01'), (2, DATE'2026-01-02')")
    q("ALTER TABLE ice.sp.i ADD COLUMN more STRING")
    q("DELETE FROM ice.sp.i WHERE id = 1")
    q("SELECT * FROM ice.sp.i", [(2, datetime.date(2026, 1, 2), None)])
    sql("SELECT * FROM sp.i", fails="Iceberg")
    q("DROP TABLE ice.sp.i")
q("TRUNCATE TABLE sp.ds2")
q("DROP DATABASE sp CASCADE")
q("SHOW DATABASES", [("default",)])
print("done")
