"""Writes Parquet files with PyArrow, and checks files after rows were cut.

    arrow.py write SEED COUNT DIR [COLUMN...]
                                      DIR/N.parquet, of which each row has a marker
                                      m<number of the row, 7 digits>x in its texts,
                                      without some columns
    arrow.py rust SEED COUNT DIR      DIR/rust-N.parquet, the same by arrow-rs, through
                                      the package deltalake
    arrow.py check MANIFEST           [{"before", "after", "cut": [rows], "mode"}, ...]
"""
import datetime
import decimal
import json
import random
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def table(r, n):
    def maybe(v):
        return None if r.random() < 0.2 else v

    marks = ["m%07dx" % i for i in range(n)]
    base = datetime.datetime(2024, 2, 29)
    sparse = r.random() < 0.3
    cols = {
        "id": pa.array(marks),
        "mail": pa.array([maybe(m + "@example.org") for m in marks], pa.string()),
        "grp": pa.array([maybe("g%d" % r.randrange(5)) for _ in marks], pa.string()),
        "i32": pa.array([maybe(r.randrange(-9, 9)) for _ in marks], pa.int32()),
        "u64": pa.array([r.randrange(2**64) for _ in marks], pa.uint64()),
        "i8": pa.array([r.randrange(-128, 128) for _ in marks], pa.int8()),
        "f": pa.array([maybe(r.choice([0.0, -0.0, float("nan"), r.gauss(0, 1)])) for _ in marks], pa.float32()),
        "d": pa.array([r.gauss(0, 1) for _ in marks]),
        "h": pa.array([maybe(r.gauss(0, 1)) for _ in marks], pa.float16()),
        "b": pa.array([maybe(r.random() < 0.5) for _ in marks], pa.bool_()),
        "day": pa.array([maybe(base.date() + datetime.timedelta(r.randrange(999))) for _ in marks], pa.date32()),
        "ts": pa.array([maybe(base + datetime.timedelta(microseconds=r.randrange(10**12))) for _ in marks], pa.timestamp("us", "UTC")),
        "dec": pa.array([maybe(decimal.Decimal(r.randrange(-10**12, 10**12)).scaleb(-2)) for _ in marks], pa.decimal128(r.choice([13, 30]), 2)),
        "raw": pa.array([maybe(r.randbytes(r.randrange(9))) for _ in marks], pa.binary()),
        "fix": pa.array([maybe(r.randbytes(5)) for _ in marks], pa.binary(5)),
        "tags": pa.array([maybe([maybe("t-" + m) for _ in range(r.randrange(4))]) for m in marks], pa.list_(pa.string())),
        "nest": pa.array(
            [None if sparse and i % 50 else maybe([maybe({"a": maybe(m), "b": maybe([r.randrange(99) for _ in range(r.randrange(3))])}) for _ in range(r.randrange(3))]) for i, m in enumerate(marks)],
            pa.list_(pa.struct([("a", pa.string()), ("b", pa.list_(pa.int64()))])),
        ),
        "attrs": pa.array([maybe([("k" + m, maybe("v" + m))] if r.random() < 0.5 else []) for m in marks], pa.map_(pa.string(), pa.string())),
        "addr": pa.array([maybe({"zip": maybe(m), "no": r.randrange(9)}) for m in marks], pa.struct([("zip", pa.string()), ("no", pa.int64())])),
        "none": pa.nulls(n, pa.string()),
    }
    t = pa.table(cols)
    if r.random() < 0.5:
        required = ["id", "u64", "i8", "d"]  # a blank is zero there, and no null
        t = t.cast(pa.schema([f.with_nullable(f.name not in required) for f in t.schema]))
    return t


def write(seed, count, folder, without):
    for k in range(count):
        r = random.Random(seed * 1000 + k)
        n = r.choice([1, 7, 100, 1000, r.randrange(1, 3000)])
        t = table(r, n).drop_columns(without)
        opts = {
            "compression": r.choice(["none", "snappy", "gzip", "brotli", "zstd", "lz4"]),
            "row_group_size": r.choice([50, 300, 10**6]),
            "version": r.choice(["1.0", "2.4", "2.6"]),
            "data_page_version": r.choice(["1.0", "2.0"]),
            "data_page_size": r.choice([64, 1000, 20000, 1 << 20]),
            "write_batch_size": r.choice([8, 64, 1024]),
            "write_page_index": r.random() < 0.6,
            "write_page_checksum": r.random() < 0.5,
            "store_decimal_as_integer": r.random() < 0.5,
            "store_schema": r.random() < 0.8,
        }
        if r.random() < 0.3 and opts["version"] == "1.0":
            opts["use_deprecated_int96_timestamps"] = True
        text = ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]
        number = ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]
        enc = {
            "id": text, "mail": text, "tags.list.element": text, "addr.zip": text, "attrs.key_value.key": text, "raw": text,
            "i32": number, "u64": number, "i8": number, "nest.list.element.b.list.element": number,
            "f": ["PLAIN", "BYTE_STREAM_SPLIT"], "d": ["PLAIN", "BYTE_STREAM_SPLIT"], "h": ["PLAIN", "BYTE_STREAM_SPLIT"],
            "fix": ["PLAIN", "BYTE_STREAM_SPLIT", "DELTA_BYTE_ARRAY"], "b": ["PLAIN", "RLE"],
        }
        chosen = {c: r.choice(e) for c, e in enc.items() if r.random() < 0.5 and c not in without}
        if opts["version"] == "1.0":
            chosen = {}
        if chosen:
            opts["column_encoding"] = chosen
            leaves = [c for c in enc if c not in chosen and c != "b"] + ["grp", "nest.list.element.a", "attrs.key_value.value", "day"]
            opts["use_dictionary"] = [c for c in leaves if r.random() < 0.6]
        else:
            opts["use_dictionary"] = r.random() < 0.7
            opts["dictionary_pagesize_limit"] = r.choice([200, 5000, 1 << 20])
        if r.random() < 0.4:
            opts["bloom_filter_options"] = {c: {"ndv": n, "fpp": 0.01} for c in ["id", "mail", "grp", "i32", "d"]}
        with open(f"{folder}/{k}.json", "w") as f:
            json.dump({"rows": n, **opts}, f)
        pq.write_table(t, f"{folder}/{k}.parquet", **opts)


def rust(seed, count, folder):
    import os
    import shutil

    from deltalake import BloomFilterProperties, ColumnProperties, DeltaTable, WriterProperties, write_deltalake

    for k in range(count):
        r = random.Random(seed * 1000 + k)
        n = r.choice([1, 7, 100, 1000, r.randrange(1, 3000)])
        t = table(r, n).drop_columns(["u64", "h", "fix", "none"])  # which a Delta table cannot have

        def column(encodings):
            encoding = r.choice(encodings)
            return ColumnProperties(
                dictionary_enabled=None if encoding else r.random() < 0.5,
                statistics_enabled=r.choice(["NONE", "CHUNK", "PAGE"]),
                bloom_filter_properties=BloomFilterProperties(True, fpp=0.01, ndv=n) if r.random() < 0.4 else None,
                encoding=encoding,
            )

        text = [None, "PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]
        number = [None, "PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]
        properties = WriterProperties(
            data_page_size_limit=r.choice([64, 1000, 20000, 1 << 20]),
            dictionary_page_size_limit=r.choice([200, 5000, 1 << 20]),
            data_page_row_count_limit=r.choice([10, 500, 20000]),
            write_batch_size=r.choice([8, 64, 1024]),
            max_row_group_size=r.choice([50, 300, 10**6]),
            compression=r.choice(["UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI", "LZ4_RAW", "ZSTD"]),
            statistics_truncate_length=r.choice([None, 4, 64]),
            default_column_properties=ColumnProperties(dictionary_enabled=r.random() < 0.7, statistics_enabled=r.choice(["NONE", "CHUNK", "PAGE"])),
            column_properties={"id": column(text), "mail": column(text), "grp": column(text), "i32": column(number), "d": column([None, "PLAIN", "BYTE_STREAM_SPLIT"])},
        )
        part = f"{folder}/part"
        write_deltalake(part, t, writer_properties=properties)
        [only] = DeltaTable(part).file_uris()
        os.rename(only, f"{folder}/rust-{k}.parquet")
        shutil.rmtree(part)


def value(x):
    # Two NaNs and two zeros are told apart or not by who compares: not here.
    if isinstance(x, float) and x != x:
        return "NaN"
    if isinstance(x, list):
        return [value(y) for y in x]
    if isinstance(x, dict):
        return {k: value(y) for k, y in x.items()}
    return x


def statistics(path):
    """Each chunk's statistics against those of its values."""
    f = pq.ParquetFile(path)
    m = f.metadata
    rows = 0
    for g in range(m.num_row_groups):
        t = f.read_row_group(g)
        rows += t.num_rows
        assert t.num_rows == m.row_group(g).num_rows, (path, g)
        for c in range(m.num_columns):
            chunk = m.row_group(g).column(c)
            s = chunk.statistics
            if s is None or "." in chunk.path_in_schema:
                continue
            col = t.column(chunk.path_in_schema)
            assert chunk.num_values == t.num_rows, (path, g, chunk.path_in_schema)
            if s.has_null_count:
                assert s.null_count == col.null_count, (path, g, chunk.path_in_schema, s.null_count, col.null_count)
            simple = pa.types.is_integer(col.type) or pa.types.is_float32(col.type) or pa.types.is_float64(col.type) or pa.types.is_string(col.type) or pa.types.is_boolean(col.type)
            if s.has_min_max and simple:
                if pa.types.is_floating(col.type):
                    col = col.filter(pc.invert(pc.is_nan(col)))
                mm = pc.min_max(col)
                lo, hi = mm["min"].as_py(), mm["max"].as_py()
                if isinstance(lo, str):
                    # arrow-rs cuts long bounds, the upper one after making it greater.
                    lo = s.min if lo.startswith(s.min) else lo
                    hi = s.max if s.max > hi and len(s.max) < len(hi) else hi
                assert (s.min, s.max) == (lo, hi), (path, g, chunk.path_in_schema, s.min, s.max, lo, hi)
    assert rows == m.num_rows, path


# What PyArrow makes of an INT96 of zeros, the first day of the Julian calendar, in 64 bits of nanoseconds.
INT96_ZERO = (-2440588 * 86_400_000_000_000 + 2**63) % 2**64 - 2**63


def blank(v, nullable):
    """A value with nothing in it: null, or zero where it cannot be null."""
    if nullable or v is None:
        return v is None or v == []
    if isinstance(v, dict):
        return all(blank(x, False) for x in v.values())
    return not v or v in (datetime.date(1970, 1, 1), INT96_ZERO)


def check(manifest):
    with open(manifest) as f:
        todo = json.load(f)
    for x in todo:
        try:
            before = pq.read_table(x["before"])
        except pa.ArrowInvalid:
            continue  # of its own nested files, PyArrow 26 refuses one in some hundred
        after = pq.read_table(x["after"], page_checksum_verification=True)
        cut = set(x["cut"])
        keep = pa.array([i for i in range(before.num_rows) if i not in cut], pa.int64())
        if x["mode"] == "delete":
            want, got = before.take(keep), after
        else:
            assert after.num_rows == before.num_rows, x
            want, got = before.take(keep), after.take(keep)
        assert want.schema.equals(got.schema), x["after"]
        if not want.equals(got):
            for name in want.schema.names:
                a, b = value(want.column(name).to_pylist()), value(got.column(name).to_pylist())
                for i, (p, q) in enumerate(zip(a, b)):
                    assert p == q, (x["before"], x["after"], name, i, p, q)
                assert len(a) == len(b), (x["after"], name, len(a), len(b))
        if x["mode"] == "blank":
            gone = after.take(pa.array(sorted(cut), pa.int64()))
            for name in gone.schema.names:
                field = gone.schema.field(name)
                values = gone.column(name)
                if pa.types.is_timestamp(values.type):
                    values = values.cast(pa.int64())
                assert all(blank(v, field.nullable) for v in values.to_pylist()), (x["after"], name)
        statistics(x["after"])
    print(len(todo), "files")


if sys.argv[1] == "rust":
    rust(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
elif sys.argv[1] == "write":
    write(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5:])
else:
    check(sys.argv[2])
