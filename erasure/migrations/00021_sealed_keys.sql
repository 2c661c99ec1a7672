-- +goose Up
-- Keys may name persons: they stand here as keyed hashes, and sealed. What could not
-- be read is found again by the next build, and open requests find their objects
-- again when they are verified.
DROP TABLE erasure_unread;
CREATE TABLE erasure_unread (
    object  text NOT NULL,   -- keyed hash of bucket and key
    version text NOT NULL,
    bucket  text NOT NULL,
    sealed  text NOT NULL,   -- the key
    etag    text NOT NULL,
    mapping text NOT NULL,   -- fingerprint of the mappings it was to be read with
    kind    text NOT NULL,   -- of the error
    reason  text NOT NULL,
    at      bigint NOT NULL, -- microseconds since 1970
    PRIMARY KEY (object, version)
);
DROP TABLE erasure_objects;
CREATE TABLE erasure_objects (
    request text NOT NULL,
    object  text NOT NULL,   -- keyed hash of bucket and key
    sealed  text NOT NULL,   -- bucket and key
    erased  bigint NOT NULL, -- 1 once outcome tells what became of it
    outcome text NOT NULL,   -- the Outcome as JSON, sealed
    PRIMARY KEY (request, object)
);
