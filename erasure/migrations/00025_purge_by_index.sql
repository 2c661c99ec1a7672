-- +goose Up
-- What a request's holders were found to hold, until its report is made; '' if they
-- were not asked.
ALTER TABLE erasure_holders ADD COLUMN found text NOT NULL DEFAULT '';
-- Where records of large objects begin, so that one of them is read without the rest.
CREATE TABLE erasure_marks (
    object  text NOT NULL, -- keyed hash of bucket and key
    version text NOT NULL,
    etag    text NOT NULL,
    marks   blob NOT NULL, -- pairs of record and byte, each a varint and from the one before
    PRIMARY KEY (object, version)
);
-- 1 if the index may have been made to forget the hash, so that it is no proof of
-- where the person is not.
ALTER TABLE erasure_suppressed ADD COLUMN forgotten bigint NOT NULL DEFAULT 1;
