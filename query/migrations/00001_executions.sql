-- +goose Up
CREATE TABLE query_executions (
    id        text PRIMARY KEY, -- a UUIDv7, so that ids sort by submission
    workgroup text NOT NULL,
    token     text UNIQUE, -- the request's idempotency token, if it had one
    submitted bigint NOT NULL, -- microseconds since 1970
    final     bigint NOT NULL,
    document  text NOT NULL -- the Execution as JSON
);
CREATE INDEX query_executions_by_workgroup ON query_executions (workgroup, id);
CREATE INDEX query_executions_open ON query_executions (id) WHERE final = 0;
CREATE TABLE query_workgroups (
    name     text PRIMARY KEY,
    document text NOT NULL -- the Workgroup as JSON
);
CREATE TABLE query_data_catalogs (
    name     text PRIMARY KEY, -- lower case
    document text NOT NULL -- the DataCatalog as JSON
);
