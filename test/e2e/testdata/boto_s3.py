"""S3 in depth with boto3, as a user's script would; run by TestBoto3S3."""
import datetime
import os

import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT"])
B = "boto-s3"


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response["Error"]["Message"]
    raise AssertionError(f"{call.__name__} is not refused with {code}")


s3.create_bucket(Bucket=B, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}, ObjectLockEnabledForBucket=True)

# Any legal key, in listings that boto3 asks to be encoded.
keys = ["x//y", "./x", "a/../b", "n", "n/child", "a+b c", "a%2Fb", "ü€😀", "\x01\x02", "nl\nkey", "cr\rkey", "k" * 1024]
for k in keys:
    s3.put_object(Bucket=B, Key=k, Body=k.encode())
listed = [o["Key"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket=B, PaginationConfig={"PageSize": 2}) for o in p["Contents"]]
assert listed == sorted(keys, key=lambda k: k.encode()), listed
versions = [v["Key"] for p in s3.get_paginator("list_object_versions").paginate(Bucket=B, PaginationConfig={"PageSize": 3}) for v in p["Versions"]]
assert sorted(versions) == sorted(keys), versions
for k in keys:
    assert s3.get_object(Bucket=B, Key=k)["Body"].read() == k.encode(), k
out = s3.delete_objects(Bucket=B, Delete={"Objects": [{"Key": k} for k in keys if k.isprintable()]})
assert "Errors" not in out, out

# Versions, and what belongs to each.
ids = [s3.put_object(Bucket=B, Key="v", Body=f"body {i}".encode(), Metadata={"n": str(i)}, Tagging=f"n={i}")["VersionId"] for i in range(3)]
assert s3.get_object(Bucket=B, Key="v", VersionId=ids[0])["Metadata"] == {"n": "0"}
assert s3.get_object_tagging(Bucket=B, Key="v", VersionId=ids[1])["TagSet"][0]["Value"] == "1"
marker = s3.delete_object(Bucket=B, Key="v")
assert marker["DeleteMarker"] and marker["VersionId"] not in ids
refused("NoSuchKey", s3.get_object, Bucket=B, Key="v")
s3.delete_object(Bucket=B, Key="v", VersionId=marker["VersionId"])
assert s3.get_object(Bucket=B, Key="v")["Body"].read() == b"body 2"

# Locks.
s3.put_object_legal_hold(Bucket=B, Key="v", VersionId=ids[0], LegalHold={"Status": "ON"})
refused("AccessDenied", s3.delete_object, Bucket=B, Key="v", VersionId=ids[0])
s3.put_object_legal_hold(Bucket=B, Key="v", VersionId=ids[0], LegalHold={"Status": "OFF"})
s3.delete_object(Bucket=B, Key="v", VersionId=ids[0])
soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
s3.put_object_retention(Bucket=B, Key="v", VersionId=ids[1], Retention={"Mode": "GOVERNANCE", "RetainUntilDate": soon})
refused("AccessDenied", s3.delete_object, Bucket=B, Key="v", VersionId=ids[1])
s3.delete_object(Bucket=B, Key="v", VersionId=ids[1], BypassGovernanceRetention=True)

# Lifecycle.
refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=B)
rules = [
    {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}},
    {"ID": "old", "Status": "Enabled", "Filter": {"And": {"Prefix": "v", "Tags": [{"Key": "a", "Value": "b"}]}},
     "NoncurrentVersionExpiration": {"NoncurrentDays": 7, "NewerNoncurrentVersions": 2}},
    {"ID": "uploads", "Status": "Disabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
]
s3.put_bucket_lifecycle_configuration(Bucket=B, LifecycleConfiguration={"Rules": rules})
assert s3.get_bucket_lifecycle_configuration(Bucket=B)["Rules"] == rules
why = refused("NotImplemented", s3.put_bucket_lifecycle_configuration, Bucket=B, LifecycleConfiguration={"Rules": [
    {"Status": "Enabled", "Filter": {"Prefix": ""}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}]})
assert "one storage class" in why, why
s3.delete_bucket_lifecycle(Bucket=B)

# Notifications.
assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=B)
queue = {"Id": "q", "QueueArn": "arn:aws:sqs:eu-central-1:000000000000:nowhere", "Events": ["s3:ObjectCreated:*"],
         "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/"}]}}}
why = refused("InvalidArgument", s3.put_bucket_notification_configuration, Bucket=B, NotificationConfiguration={"QueueConfigurations": [queue]})
assert "Unable to validate the following destination configurations" in why, why
s3.put_bucket_notification_configuration(Bucket=B, NotificationConfiguration={"QueueConfigurations": [queue]}, SkipDestinationValidation=True)
assert s3.get_bucket_notification_configuration(Bucket=B)["QueueConfigurations"] == [queue]
s3.put_bucket_notification_configuration(Bucket=B, NotificationConfiguration={})

# CORS.
cors = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 60}]
s3.put_bucket_cors(Bucket=B, CORSConfiguration={"CORSRules": cors})
assert s3.get_bucket_cors(Bucket=B)["CORSRules"] == cors

# What no bucket here has, and what is not implemented.
assert all(s3.get_public_access_block(Bucket=B)["PublicAccessBlockConfiguration"].values())
refused("ServerSideEncryptionConfigurationNotFoundError", s3.get_bucket_encryption, Bucket=B)
assert "encrypt" in refused("NotImplemented", s3.put_object, Bucket=B, Key="k", Body=b"", ServerSideEncryption="AES256")
refused("InvalidStorageClass", s3.put_object, Bucket=B, Key="k", Body=b"", StorageClass="GLACIER")
refused("NotImplemented", s3.restore_object, Bucket=B, Key="v", RestoreRequest={"Days": 1})
refused("AccessControlListNotSupported", s3.put_object, Bucket=B, Key="k", Body=b"", ACL="public-read")

# A script that empties a bucket deletes what each page lists before it asks for the next.
for page in s3.get_paginator("list_object_versions").paginate(Bucket=B):
    for v in page.get("Versions", []):
        if not v["Key"].isprintable():  # XML, in which many are deleted at once, cannot say these keys
            s3.delete_object(Bucket=B, Key=v["Key"], VersionId=v["VersionId"])
boto3.resource("s3", endpoint_url=os.environ["AWS_ENDPOINT"]).Bucket(B).object_versions.page_size(3).delete()
s3.delete_bucket(Bucket=B)

print("all is well")
