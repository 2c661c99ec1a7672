"""Calls the delete function of Amazon S3 Find and Forget for one object.

    findandforget.py SOURCE ENDPOINT BUCKET KEY FORMAT COLUMN IDS

SOURCE is a folder with the release's own code. What is called, and in which order, is
what its backend/ecs_tasks/delete_files/main.py does for a message, without the queue and
the list of jobs. IDS is a file with a JSON array of the identifiers.
"""
import json
import logging
import os
import sys

source, endpoint, bucket, key, kind, column, ids = sys.argv[1:]
os.environ["LOG_LEVEL"] = "ERROR"
logging.disable(logging.CRITICAL)
sys.path[:0] = [f"{source}/backend/ecs_tasks/delete_files", f"{source}/backend/lambda_layers/boto_utils/python"]

import boto3
import pyarrow as pa
import pyarrow.fs

from json_handler import delete_matches_from_json_file
from parquet_handler import delete_matches_from_parquet_file
import s3
from s3 import delete_old_versions, get_object_info, save, validate_bucket_versioning, verify_object_versions_integrity

# The server of the benchmark has no ACLs of objects: an object has those of none.
s3.get_object_acl = lambda *_: ({}, {"Owner": {"ID": ""}, "Grants": []})

with open(ids) as f:
    columns = [{"Column": column, "Type": "Simple", "MatchIds": set(json.load(f))}]
client = boto3.client("s3", endpoint_url=endpoint)
validate_bucket_versioning(client, bucket)
scheme, host = endpoint.split("://")
fs = pa.fs.S3FileSystem(endpoint_override=host, scheme=scheme)
with fs.open_input_stream(f"{bucket}/{key}", buffer_size=5 * 2**20) as f:
    version = f.metadata()["VersionId"].decode("utf-8")
    info, _ = get_object_info(client, bucket, key, version)
    delete = delete_matches_from_json_file if kind == "jsonl" else delete_matches_from_parquet_file
    out, stats = delete(f, columns)
if stats["DeletedRows"] == 0:
    sys.exit("no row was deleted")
with pa.BufferReader(out.getvalue()) as body:
    new = save(client, body, bucket, key, info["Metadata"], version)
verify_object_versions_integrity(client, bucket, key, version, new)
delete_old_versions(client, bucket, key, new)
print(pa.__version__)
