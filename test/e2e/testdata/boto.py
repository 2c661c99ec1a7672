"""Talks to a lake with boto3 as a user's script would; run by TestBoto3."""
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = os.environ["AWS_ENDPOINT"]
s3 = boto3.client("s3", endpoint_url=endpoint)
athena = boto3.client("athena", endpoint_url=endpoint)
sts = boto3.client("sts", endpoint_url=endpoint)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response["Error"]["Message"]
    raise AssertionError(f"{call.__name__} is not refused with {code}")


def run(statement, **more):
    i = athena.start_query_execution(QueryString=statement, **more)["QueryExecutionId"]
    while True:
        x = athena.get_query_execution(QueryExecutionId=i)["QueryExecution"]
        if x["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return i, x
        time.sleep(0.02)


assert sts.get_caller_identity()["Account"] == "000000000000"

# Objects: metadata, tags, ranges, conditions, copies, versions of the body.
s3.create_bucket(Bucket="boto", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
put = s3.put_object(Bucket="boto", Key="a/1", Body=b"0123456789", Metadata={"who": "me"}, Tagging="k=v", ContentType="text/plain")
got = s3.get_object(Bucket="boto", Key="a/1", Range="bytes=2-4")
assert got["Body"].read() == b"234" and got["Metadata"] == {"who": "me"}, got
assert s3.get_object_tagging(Bucket="boto", Key="a/1")["TagSet"] == [{"Key": "k", "Value": "v"}]
refused("PreconditionFailed", s3.put_object, Bucket="boto", Key="a/1", Body=b"x", IfNoneMatch="*")
s3.put_object(Bucket="boto", Key="a/1", Body=b"new", IfMatch=put["ETag"])
s3.copy_object(Bucket="boto", Key="a/2", CopySource={"Bucket": "boto", "Key": "a/1"})
assert s3.head_object(Bucket="boto", Key="a/2")["ContentLength"] == 3
keys = [o["Key"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket="boto", PaginationConfig={"PageSize": 1}) for o in p["Contents"]]
assert keys == ["a/1", "a/2"], keys
refused("NoSuchKey", s3.get_object, Bucket="boto", Key="none")
refused("BucketNotEmpty", s3.delete_bucket, Bucket="boto")

# Multipart.
up = s3.create_multipart_upload(Bucket="boto", Key="big")["UploadId"]
parts = []
for n, body in enumerate([b"a" * (5 << 20), b"b" * 1000], 1):
    parts.append({"PartNumber": n, "ETag": s3.upload_part(Bucket="boto", Key="big", UploadId=up, PartNumber=n, Body=body)["ETag"]})
s3.complete_multipart_upload(Bucket="boto", Key="big", UploadId=up, MultipartUpload={"Parts": parts})
assert s3.get_object(Bucket="boto", Key="big", Range="bytes=-3")["Body"].read() == b"bbb"

# Keys that nobody has, secrets that are wrong, clocks that are off.
other = lambda service, **k: boto3.client(service, endpoint_url=endpoint, region_name="eu-central-1", config=Config(retries={"max_attempts": 1}), **k)
key = boto3.Session().get_credentials()
refused("InvalidAccessKeyId", other("s3", aws_access_key_id="AKIANOBODY", aws_secret_access_key="x").list_buckets)
refused("SignatureDoesNotMatch", other("s3", aws_access_key_id=key.access_key, aws_secret_access_key="x").list_buckets)
refused("UnrecognizedClientException", other("athena", aws_access_key_id="AKIANOBODY", aws_secret_access_key="x").list_work_groups)
refused("InvalidSignatureException", other("athena", aws_access_key_id=key.access_key, aws_secret_access_key="x").list_work_groups)

# Queries.
i, x = run("SELECT 1 AS n, 'a\"b' AS s, CAST(NULL AS varchar) AS z, '' AS e, ARRAY[1, 2] AS a")
assert x["Status"]["State"] == "SUCCEEDED", x
rows = athena.get_query_results(QueryExecutionId=i)["ResultSet"]["Rows"]
assert rows[1]["Data"] == [{"VarCharValue": "1"}, {"VarCharValue": 'a"b'}, {}, {"VarCharValue": ""}, {"VarCharValue": "[1, 2]"}], rows
bucket, _, k = x["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
csv = s3.get_object(Bucket=bucket, Key=k)["Body"].read()
assert csv == b'"n","s","z","e","a"\n"1","a""b",,"","[1, 2]"\n', csv
i, x = run("SELECT 1/0")
assert x["Status"]["State"] == "FAILED" and "Division by zero" in x["Status"]["StateChangeReason"], x
assert "QueryExecution" in refused("InvalidRequestException", athena.get_query_execution, QueryExecutionId="00000000-0000-4000-8000-000000000000")
assert "line 1:1" in refused("InvalidRequestException", athena.start_query_execution, QueryString="SELEC 1")
refused("InvalidRequestException", athena.get_query_results, QueryExecutionId=i)

# More than one page.
i, x = run("SELECT n FROM UNNEST(sequence(1, 2500)) AS t(n) ORDER BY n")
assert x["Status"]["State"] == "SUCCEEDED", x
n = [r["Data"][0]["VarCharValue"] for p in athena.get_paginator("get_query_results").paginate(QueryExecutionId=i) for r in p["ResultSet"]["Rows"]]
assert n == ["n"] + [str(v) for v in range(1, 2501)], len(n)

# A table over a CSV file, seen through the metadata operations.
s3.put_object(Bucket="boto", Key="people/p.csv", Body=b'name,age\n"Lovelace, Ada",36\nAlan,41\n')
for st in ("CREATE DATABASE people", """CREATE EXTERNAL TABLE people.p (name string, age string)
        ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://boto/people/'
        TBLPROPERTIES ('skip.header.line.count'='1')"""):
    _, x = run(st)
    assert x["Status"]["State"] == "SUCCEEDED", x
i, x = run("SELECT name, CAST(age AS integer) + 1 AS next FROM p ORDER BY 1", QueryExecutionContext={"Database": "people"})
assert x["Status"]["State"] == "SUCCEEDED", x
rows = athena.get_query_results(QueryExecutionId=i)["ResultSet"]["Rows"]
assert [[d["VarCharValue"] for d in r["Data"]] for r in rows[1:]] == [["Alan", "42"], ["Lovelace, Ada", "37"]], rows
t = athena.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="people", TableName="p")["TableMetadata"]
assert [c["Name"] for c in t["Columns"]] == ["name", "age"], t
assert [d["Name"] for d in athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]] == ["default", "lethe", "people"]
refused("MetadataException", athena.get_table_metadata, CatalogName="AwsDataCatalog", DatabaseName="people", TableName="none")

# Workgroups and data catalogs.
assert athena.get_work_group(WorkGroup="primary")["WorkGroup"]["Configuration"]["EngineVersion"]["EffectiveEngineVersion"]
athena.create_data_catalog(Name="mine", Type="HIVE", Parameters={"metadata-function": "arn:aws:lambda:eu-central-1:000000000000:function:lethe-hive-metastore"})
assert {c["CatalogName"] for c in athena.list_data_catalogs()["DataCatalogsSummary"]} == {"AwsDataCatalog", "mine"}
_, x = run("SELECT count(*) FROM mine.people.p")
assert x["Status"]["State"] == "SUCCEEDED", x
athena.delete_data_catalog(Name="mine")

# Stop, batch, list.
i = athena.start_query_execution(QueryString="SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y), UNNEST(sequence(1, 10000)) c(z)")["QueryExecutionId"]
athena.stop_query_execution(QueryExecutionId=i)
x = athena.get_query_execution(QueryExecutionId=i)["QueryExecution"]
assert x["Status"]["State"] == "CANCELLED", x
assert i in athena.list_query_executions()["QueryExecutionIds"]
b = athena.batch_get_query_execution(QueryExecutionIds=[i, "00000000-0000-4000-8000-000000000000"])
assert len(b["QueryExecutions"]) == 1 and len(b["UnprocessedQueryExecutionIds"]) == 1, b

print("all is well")
