-- +goose Up
CREATE TABLE erasure_requests (
    id          text PRIMARY KEY, -- sorts by time
    state       text NOT NULL,
    document    text NOT NULL,    -- the Request as JSON, without a value of the person's
    identifiers text NOT NULL     -- sealed; '' once the request is closed
);
-- The keys that a request has found, and what became of them.
CREATE TABLE erasure_objects (
    request    text NOT NULL,
    bucket     text NOT NULL,
    object_key text NOT NULL,
    erased     bigint NOT NULL, -- 1 once outcome tells what became of it
    outcome    text NOT NULL,   -- the Outcome as JSON
    PRIMARY KEY (request, bucket, object_key)
);
-- Persons who must not come back, by keyed hashes.
CREATE TABLE erasure_suppressed (
    hash    blob PRIMARY KEY,
    request text NOT NULL,
    since   bigint NOT NULL -- microseconds since 1970
);
-- One row: a hash that tells whether the identifiers' key is still the same.
CREATE TABLE erasure_key (
    one   bigint PRIMARY KEY,
    proof text NOT NULL
);
