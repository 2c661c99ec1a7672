-- +goose Up
CREATE TABLE erasure_types (
    name     text PRIMARY KEY,
    document text NOT NULL -- the IdentifierType as JSON
);
CREATE TABLE erasure_mappings (
    name     text PRIMARY KEY,
    document text NOT NULL -- the Mapping as JSON
);
-- Object versions that could not be read for the index, and why.
CREATE TABLE erasure_unread (
    bucket     text NOT NULL,
    object_key text NOT NULL,
    version    text NOT NULL,
    etag       text NOT NULL,
    mapping    text NOT NULL,   -- fingerprint of the mappings it was to be read with
    kind       text NOT NULL,   -- of the error
    reason     text NOT NULL,
    at         bigint NOT NULL, -- microseconds since 1970
    PRIMARY KEY (bucket, object_key, version)
);
-- The folders that builds of the index have gone through.
CREATE TABLE erasure_roots (
    bucket text NOT NULL,
    prefix text NOT NULL,
    PRIMARY KEY (bucket, prefix)
);
