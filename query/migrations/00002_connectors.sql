-- +goose Up
CREATE TABLE query_connectors (
    name     text PRIMARY KEY,
    document text NOT NULL -- the Connector as JSON
);
