# A Spark session on the lake's catalog and, over S3A, its store; and the other
# engines, whose statements are asked of who runs the script: a line out, one in.
import json
import sys

from pyspark.sql import SparkSession


def session(uri, endpoint, region, key, secret, jars, iceberg=False):
    b = (SparkSession.builder.master("local[1]").config("spark.sql.catalogImplementation", "hive")
         .config("spark.hadoop.hive.metastore.uris", uri).config("spark.ui.enabled", "false")
         .config("spark.sql.shuffle.partitions", "1").config("spark.driver.memory", "1g").config("spark.jars", jars)
         .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
         .config("spark.sql.session.timeZone", "UTC").config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC -XX:TieredStopAtLevel=1")
         .config("spark.sql.warehouse.dir", "s3a://spark/warehouse")
         .config("spark.hadoop.fs.s3a.endpoint", endpoint).config("spark.hadoop.fs.s3a.endpoint.region", region)
         .config("spark.hadoop.fs.s3a.path.style.access", "true").config("spark.hadoop.fs.s3a.connection.ssl.enabled", "false")
         .config("spark.hadoop.fs.s3a.access.key", key).config("spark.hadoop.fs.s3a.secret.key", secret)
         .config("spark.hadoop.fs.s3.impl", "org.apache.hadoop.fs.s3a.S3AFileSystem")
         .config("spark.sql.parquet.outputTimestampType", "INT96"))
    if iceberg:
        b = (b.config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
             .config("spark.sql.catalog.ice", "org.apache.iceberg.spark.SparkCatalog").config("spark.sql.catalog.ice.type", "hive")
             .config("spark.sql.catalog.ice.uri", uri).config("spark.sql.catalog.ice.warehouse", "s3a://spark/ice"))
    spark = b.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def asked(spark, statement, want=None):
    """Runs a statement of Spark's."""
    got = [tuple(r) for r in spark.sql(statement).collect()]
    assert want is None or got == want, f"{statement}: {got}, want {want}"


def other(engine, statement, want=None, fails=None):
    """Runs a statement of another engine. Rows are texts joined by |."""
    print(engine + " " + json.dumps(statement), flush=True)
    got = json.loads(sys.stdin.readline())
    if fails is not None:
        assert isinstance(got, str) and fails in got, f"{engine}: {statement}: {got}, want a failure that says {fails}"
    else:
        assert isinstance(got, list) and want in (None, got), f"{engine}: {statement}: {got}, want {want}"
