"""Writes Parquet files with Spark, and checks files after rows were cut.

    spark.py write SEED COUNT DIR     DIR/spark-N.parquet, rows and markers as arrow.py's
    spark.py check MANIFEST           [{"before", "after", "cut": [rows], "mode"}, ...]
"""
import collections
import glob
import json
import os
import random
import re
import shutil
import sys

from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.ui.showConsoleProgress", "false")
    .config("spark.driver.memory", "1g")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.sql.parquet.enableVectorizedReader", "false")  # which has not all encodings
    .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")

COLUMNS = """
    m AS id, IF(id % 3 = 0, NULL, concat(m, '@example.org')) AS mail, concat('g', id % 7) AS grp,
    CAST(id % 100 AS TINYINT) AS t, CAST(id * id AS BIGINT) AS n, CAST(id % 9 AS INT) AS i, sqrt(id) AS d, CAST(sqrt(id) AS FLOAT) AS f, id % 2 = 0 AS b,
    date_add(DATE '2024-01-01', CAST(id % 300 AS INT)) AS day, timestampadd(SECOND, CAST(id AS INT), TIMESTAMP '2024-01-01') AS ts,
    CAST(id % 100000 / 100 AS DECIMAL(18, 3)) AS dec, CAST(id * 7 AS DECIMAL(30, 1)) AS huge, CAST(m AS BINARY) AS raw,
    IF(id % 5 = 0, NULL, transform(sequence(1, 1 + CAST(id % 3 AS INT)), x -> IF(x = 2, NULL, concat('t-', m)))) AS tags,
    named_struct('zip', m, 'no', id % 9) AS addr, map(concat('k', m), IF(id % 4 = 0, NULL, concat('v', m))) AS attrs,
    IF(id % 6 = 0, NULL, array(named_struct('a', m, 'b', array(id, NULL)), NULL)) AS nest, CAST(NULL AS STRING) AS none
"""


def write(seed, count, folder):
    for k in range(count):
        r = random.Random(seed * 1000 + k)
        n = r.choice([1, 7, 100, 1000, r.randrange(1, 6000)])
        options = {
            "compression": r.choice(["none", "snappy", "gzip", "zstd", "lz4_raw"]),
            "parquet.writer.version": r.choice(["PARQUET_1_0", "PARQUET_2_0"]),
            "parquet.block.size": r.choice([20_000, 100_000, 1 << 27]),
            "parquet.page.size": r.choice([500, 5000, 1 << 20]),
            "parquet.page.row.count.limit": r.choice([20, 500, 20_000]),
            "parquet.enable.dictionary": r.choice(["true", "false"]),
            "parquet.page.write-checksum.enabled": r.choice(["true", "false"]),
        }
        if r.random() < 0.5:
            options["parquet.bloom.filter.enabled#id"] = "true"
            options["parquet.bloom.filter.expected.ndv#id"] = n
        spark.conf.set("spark.sql.parquet.outputTimestampType", r.choice(["INT96", "TIMESTAMP_MICROS", "TIMESTAMP_MILLIS"]))
        part = os.path.join(folder, "part")
        rows = spark.range(0, n, 1, 1).selectExpr("id", "concat('m', lpad(id, 7, '0'), 'x') AS m").selectExpr(*split(COLUMNS))
        rows.write.options(**options).mode("overwrite").parquet(part)
        [only] = glob.glob(os.path.join(part, "part-*.parquet"))
        os.rename(only, os.path.join(folder, "spark-%d.parquet" % k))
        shutil.rmtree(part)


def split(columns):
    """The expressions of a list, at its outermost commas."""
    out, depth = [""], 0
    for c in columns.strip():
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == "," and depth == 0:
            out.append("")
        else:
            out[-1] += c
    return [e.strip() for e in out]


def digest(path, but=()):
    """How many rows a file has, and a sum over them that does not mind their order."""
    rows = spark.read.parquet(path)
    names = [n for n in rows.columns]
    rows = rows.selectExpr("to_json(struct(%s), map('ignoreNullFields', 'false')) AS row" % ", ".join("`%s`" % n for n in names), "_metadata.row_index AS at")
    if but:
        rows = rows.join(spark.createDataFrame([(i,) for i in but], "at BIGINT"), "at", "left_anti")
    got = rows.selectExpr("count(*)", "sum(CAST(xxhash64(row) AS DECIMAL(38, 0)))", "sum(CAST(hash(row) AS DECIMAL(38, 0)))").first()
    return tuple(str(v) for v in got)


def check(manifest):
    with open(manifest) as f:
        todo = json.load(f)
    compared, reasons = 0, collections.Counter()
    for x in todo:
        try:
            want = digest(x["before"], x["cut"])
        except Exception as e:  # Spark has not all that Parquet has, as Brotli
            reasons[re.sub(r"\S*/\S*", "", str(e))[:160]] += 1
            continue
        got = digest(x["after"], x["cut"] if x["mode"] == "blank" else ())
        assert want == got, (x, want, got)
        compared += 1
    print("compared", compared, "of", len(todo), dict(reasons))
    assert compared > len(todo) / 3  # two writers of five have UUIDs


if sys.argv[1] == "write":
    write(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
else:
    check(sys.argv[2])
