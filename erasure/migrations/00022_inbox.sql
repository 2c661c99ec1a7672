-- +goose Up
-- Files in the inbox that are worked on, or were refused.
CREATE TABLE erasure_inbox (
    file     text PRIMARY KEY, -- a hash of its name and bytes
    state    text NOT NULL,    -- taken or refused
    requests text NOT NULL,    -- their ids as JSON
    place    text NOT NULL     -- where a taken one lies, sealed
);
