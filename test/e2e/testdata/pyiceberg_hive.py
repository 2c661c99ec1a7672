# What PyIceberg does with a Hive catalog, against a running lake.
import os
import sys
import threading

import pyarrow as pa
from pyiceberg.catalog.hive import HiveCatalog
from pyiceberg.exceptions import (CommitFailedException, NamespaceAlreadyExistsError, NamespaceNotEmptyError,
                                  NoSuchNamespaceError, NoSuchTableError, TableAlreadyExistsError)
from pyiceberg.expressions import EqualTo
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType, TimestamptzType


def catalog(uri):
    return HiveCatalog("lake", **{
        "uri": uri,
        "s3.endpoint": os.environ["AWS_ENDPOINT"],
        "s3.access-key-id": os.environ["KEY"], "s3.secret-access-key": os.environ["SECRET"], "s3.region": "eu-central-1",
        "s3.force-virtual-addressing": "false",
    })


def fails(kind, fn):
    try:
        fn()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


uri = sys.argv[1]
c = catalog(uri)
assert ("default",) in c.list_namespaces(), c.list_namespaces()
c.create_namespace("ice", {"comment": "of ice", "owner": "ada"})
fails(NamespaceAlreadyExistsError, lambda: c.create_namespace("ice"))
fails(NoSuchNamespaceError, lambda: c.load_namespace_properties("nowhere"))
print("namespace", sorted(c.load_namespace_properties("ice").items()))

schema = Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "city", StringType(), doc="where"),
                NestedField(3, "at", TimestamptzType()))
t = c.create_table("ice.places", schema, partition_spec=PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "city")),
                   properties={"made.by": "pyiceberg"})
fails(TableAlreadyExistsError, lambda: c.create_table("ice.places", schema))
fails(NoSuchTableError, lambda: c.load_table("ice.nothing"))
assert c.list_tables("ice") == [("ice", "places")], c.list_tables("ice")
print("location", t.location())

rows = pa.table({"id": [1, 2, 3], "city": ["Graz", "Łódź", "Graz"], "at": pa.array([0, 1, 2], pa.timestamp("us", "UTC"))})
t.append(rows)
t.append(rows.slice(0, 1))
again = catalog(uri).load_table("ice.places")
assert again.scan().to_arrow().num_rows == 4
assert again.scan(row_filter=EqualTo("city", "Graz")).to_arrow().num_rows == 3
with again.update_schema() as u:
    u.add_column("note", StringType())
assert [f.name for f in catalog(uri).load_table("ice.places").schema().fields] == ["id", "city", "at", "note"]

# Writers at the same time: each commit is there or was refused, and none is lost.
done = []


def write(i):
    mine = catalog(uri)
    for _ in range(2):
        try:
            mine.load_table("ice.places").append(rows.slice(0, 1).append_column("note", pa.array([str(i)])))
            done.append(i)
        except CommitFailedException:
            pass


threads = [threading.Thread(target=write, args=(i,)) for i in range(2)]
[x.start() for x in threads]
[x.join() for x in threads]
have = catalog(uri).load_table("ice.places").scan().to_arrow().num_rows
assert have == 4 + len(done) and done, (have, len(done))
print("commits", "kept")

c.rename_table("ice.places", "ice.spots")
assert c.list_tables("ice") == [("ice", "spots")]
assert c.load_table("ice.spots").scan().to_arrow().num_rows == have
fails(NamespaceNotEmptyError, lambda: c.drop_namespace("ice"))
c.drop_table("ice.spots")
fails(NoSuchTableError, lambda: c.drop_table("ice.spots"))
c.drop_namespace("ice")
assert ("ice",) not in c.list_namespaces()
print("done")
