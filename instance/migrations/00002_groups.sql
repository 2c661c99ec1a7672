-- +goose Up
-- Names are unique within a region. Documents are JSON; times are milliseconds since 1970.
CREATE TABLE instance_groups (
    region text NOT NULL,
    kind   text NOT NULL, -- pg, og, subgrp or es, as in ARNs
    name   text NOT NULL,
    doc    text NOT NULL,
    PRIMARY KEY (region, kind, name)
);
CREATE TABLE instance_parameters ( -- those of parameter groups that are not the engine's defaults
    region text NOT NULL,
    name   text NOT NULL, -- of the group
    parameter text NOT NULL,
    value  text NOT NULL,
    method text NOT NULL, -- immediate or pending-reboot
    PRIMARY KEY (region, name, parameter)
);
CREATE TABLE instance_events (
    id       integer PRIMARY KEY AUTOINCREMENT,
    region   text NOT NULL,
    kind     text NOT NULL,
    name     text NOT NULL,
    at       bigint NOT NULL,
    category text NOT NULL,
    message  text NOT NULL
);
CREATE INDEX instance_events_at ON instance_events (region, at);
CREATE INDEX instance_events_age ON instance_events (at);
CREATE TABLE instance_tags (
    arn   text NOT NULL,
    place bigint NOT NULL, -- in the order in which they were given
    key   text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (arn, key)
);
CREATE TABLE instance_authorities ( -- that sign the servers' certificates; the newest does
    generation bigint PRIMARY KEY,
    cert text NOT NULL, -- PEM
    key  text NOT NULL  -- PEM, sealed
);

-- +goose Down
DROP TABLE instance_authorities;
DROP TABLE instance_tags;
DROP TABLE instance_events;
DROP TABLE instance_parameters;
DROP TABLE instance_groups;
