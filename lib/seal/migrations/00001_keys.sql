-- +goose Up
-- The keys that values are sealed with, themselves sealed with a master key that is
-- not in this file.
CREATE TABLE seal_keys (
    id      text PRIMARY KEY,
    master  text NOT NULL, -- id of the master key
    wrapped text NOT NULL,
    created bigint NOT NULL -- microseconds since 1970
);
