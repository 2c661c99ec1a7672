-- +goose Up
-- Where the person and whoever asked are told, sealed; '' once they have been told all.
ALTER TABLE erasure_requests ADD COLUMN contacts text NOT NULL DEFAULT '';
-- Letters and posts that are to be sent, and that were.
CREATE TABLE erasure_notices (
    id        text PRIMARY KEY, -- the same for the same notice
    request   text NOT NULL,
    kind      text NOT NULL,
    recipient text NOT NULL,    -- a role, never an address
    due       bigint NOT NULL,  -- microseconds since 1970
    tries     bigint NOT NULL,
    made      bigint NOT NULL,
    sent      bigint NOT NULL,  -- 0 until it was
    problem   text NOT NULL     -- why it was given up
);
CREATE INDEX erasure_notices_due ON erasure_notices (sent, due);
-- Links by which approvers decide.
CREATE TABLE erasure_links (
    hash     blob PRIMARY KEY, -- SHA-256 of the token, which is in the letter only
    request  text NOT NULL,
    approver text NOT NULL,
    digest   text NOT NULL,    -- of the report
    code     blob NOT NULL,    -- HMAC-SHA256 of the code by the token
    tries    bigint NOT NULL,  -- wrong codes
    expires  bigint NOT NULL,  -- microseconds since 1970
    spent    bigint NOT NULL
);
CREATE INDEX erasure_links_request ON erasure_links (request);
-- Legal holds and exemptions that have not ended.
CREATE TABLE erasure_holds (
    name     text PRIMARY KEY, -- its id
    document text NOT NULL     -- the Hold as JSON
);
-- What holds kept of closed requests, to be erased once they end.
CREATE TABLE erasure_remainders (
    request text NOT NULL,
    hold    text NOT NULL,
    PRIMARY KEY (request, hold)
);
