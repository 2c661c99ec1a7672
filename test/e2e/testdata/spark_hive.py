# What Spark does with a Hive metastore, against a running lake. The tables' files
# are in a local folder: Spark's S3 client does not come with PySpark.
import sys

from pyspark.sql import SparkSession

uri, folder = sys.argv[1:]
spark = (SparkSession.builder.master("local[1]").config("spark.sql.catalogImplementation", "hive")
         .config("spark.hadoop.hive.metastore.uris", uri).config("spark.ui.enabled", "false")
         .config("spark.sql.shuffle.partitions", "1").config("spark.driver.memory", "1g")
         .config("spark.sql.warehouse.dir", folder).getOrCreate())
spark.sparkContext.setLogLevel("ERROR")


def q(statement, want=None):
    got = [tuple(r) for r in spark.sql(statement).collect()]
    assert want is None or got == want, f"{statement}: {got}, want {want}"


q("SET hive.exec.dynamic.partition.mode=nonstrict")
q(f"CREATE DATABASE sp LOCATION 'file:{folder}/sp.db'")
q("SHOW DATABASES", [("default",), ("sp",)])
q("CREATE TABLE sp.t (id BIGINT, body STRING) PARTITIONED BY (dt STRING, h INT) STORED AS PARQUET")
q("INSERT INTO sp.t VALUES (1,'a','2026-01-01',1), (2,'b','2026-01-02',2), (3,'c','x:y',3)")
q("SELECT * FROM sp.t WHERE dt >= '2026-01-02' AND h < 3", [(2, "b", "2026-01-02", 2)])
q("SELECT count(*) FROM sp.t WHERE dt LIKE 'x%'", [(1,)])
q("SHOW PARTITIONS sp.t", [("dt=2026-01-01/h=1",), ("dt=2026-01-02/h=2",), ("dt=x%3Ay/h=3",)])
q("ALTER TABLE sp.t ADD COLUMNS (more INT)")
q("ALTER TABLE sp.t ADD PARTITION (dt='new', h=9)")
q("ALTER TABLE sp.t PARTITION (dt='new', h=9) RENAME TO PARTITION (dt='newer', h=9)")
q("ALTER TABLE sp.t DROP PARTITION (dt='newer', h=9)")
q("INSERT OVERWRITE sp.t PARTITION (dt='2026-01-01', h=1) SELECT 7, 'z', 1")
q("SELECT * FROM sp.t ORDER BY id", [(2, "b", None, "2026-01-02", 2), (3, "c", None, "x:y", 3), (7, "z", 1, "2026-01-01", 1)])
q("ANALYZE TABLE sp.t COMPUTE STATISTICS FOR COLUMNS id, body")
assert ("max", "7") in [tuple(r) for r in spark.sql("DESCRIBE EXTENDED sp.t id").collect()]
q("CREATE TABLE sp.ds USING parquet AS SELECT 1 AS a, array(1, 2) AS b")
q("SELECT * FROM sp.ds", [(1, [1, 2])])
q("CREATE VIEW sp.v AS SELECT id FROM sp.t")
q("SELECT count(*) FROM sp.v", [(3,)])
q("ALTER TABLE sp.ds RENAME TO sp.ds2")
q("SHOW TABLES IN sp", [("sp", "ds2", False), ("sp", "t", False), ("sp", "v", False)])
q("ALTER TABLE sp.t SET TBLPROPERTIES ('k'='v')")
q("SHOW TBLPROPERTIES sp.t ('k')", [("k", "v")])
q("CREATE FUNCTION sp.f AS 'org.apache.hadoop.hive.ql.udf.UDFSpace'")
q("SELECT length(sp.f(3))", [(3,)])
q("DROP FUNCTION sp.f")
q("MSCK REPAIR TABLE sp.t")
q("TRUNCATE TABLE sp.ds2")
q("DROP TABLE sp.ds2")
q("DROP DATABASE sp CASCADE")
q("SHOW DATABASES", [("default",)])
print("done")
